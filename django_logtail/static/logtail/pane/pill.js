/** The button over the lines that leads to the newest one, and says how many arrived meanwhile. */

import { words } from '../ui/config.js';
import { write } from '../ui/dom.js';

/** @param {Pick<import('./drawing.js').Drawn, 'log'|'parts'|'rows'|'incoming'>} drawn */
export function drawPill({ log, parts, rows, incoming }) {
  const { pill, pillCount, pillErrors } = parts;
  const { paused, unseen, unseenErrors } = incoming;
  // Then more lines wait on the server than have arrived, and nobody knows how many.
  const isHeld = log.session?.holding ?? false;
  pill.hidden = rows.follow || paused || (!unseen && !isHeld);
  if (pill.hidden) return;
  write(pillCount, isHeld ? words.say('do.live') : words.say('pill.new', { n: unseen }));
  write(pillErrors, unseenErrors && !isHeld ? words.say('pill.errors', { n: unseenErrors }) : '');
}
