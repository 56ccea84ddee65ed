/** The button over the lines that leads to the newest one, and says what came meanwhile. */

import { words } from '../ui/config.js';
import { write } from '../ui/dom.js';

/** @param {import('../log-tail.js').LogTail} tail */
export function drawPill(tail) {
  const { pill, pillCount, pillErrors } = tail.parts;
  const { paused, unseen, unseenErrors } = tail.arrivals;
  pill.hidden = tail.rows.follow || paused || (!unseen && !tail.session?.holding);
  if (pill.hidden) return;
  write(pillCount, unseen ? words.say('pill.new', { n: unseen }) : words.say('do.live'));
  write(pillErrors, unseenErrors ? words.say('pill.errors', { n: unseenErrors }) : '');
}
