/** The button over the lines that leads to the newest one, and says what came meanwhile. */

import { words } from '../ui/config.js';
import { write } from '../ui/dom.js';

/** @param {Pick<import('./drawing.js').Drawn, 'log'|'parts'|'rows'|'incoming'>} drawn */
export function drawPill({ log, parts, rows, incoming }) {
  const { pill, pillCount, pillErrors } = parts;
  const { paused, unseen, unseenErrors } = incoming;
  pill.hidden = rows.follow || paused || (!unseen && !log.session?.holding);
  if (pill.hidden) return;
  write(pillCount, unseen ? words.say('pill.new', { n: unseen }) : words.say('do.live'));
  write(pillErrors, unseenErrors ? words.say('pill.errors', { n: unseenErrors }) : '');
}
