/** How what is hidden is drawn in a text: its name, or the original for those who see it. */

import { nameOf } from '../log/hidden.js';
import { words } from '../ui/config.js';

/** @param {import('../log/hidden.js').Secret[]} secrets @param {boolean} isOriginal @returns {import('./fill.js').Secret[]} */
export function drawnSecrets(secrets, isOriginal) {
  return secrets.map(({ start, end, name, bytes }) => {
    const values = { name: nameOf(name), n: bytes };
    return isOriginal ? { start, end, className: 'lt-shown', tip: words.say('red.tip.shown', values) } : { start, end, className: 'lt-red', tip: words.say('red.tip', values) };
  });
}
