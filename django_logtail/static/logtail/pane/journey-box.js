/** The box over the lines that says which place is being looked for, how far it is, and how it ended. */

import { words } from '../ui/config.js';
import { write } from '../ui/dom.js';

/** @param {import('./pane.js').Parts} parts @param {import('../log/journey.js').Journey} journey */
export function drawJourney({ journey: box, journeyText, journeyStop }, { shown }) {
  box.hidden = !shown;
  if (!shown) return;
  const { at, end, isOver, key, values } = shown;
  const said = [words.say(key, values)];
  if (values.unread) said.push(words.say('seek.unread', { n: values.unread }));
  if (end) said.push(words.say('search.of', { a: words.size(at), b: words.size(Math.max(at, end)) }));
  write(journeyText, said.join(' '));
  box.dataset.over = String(isOver);
  journeyStop.hidden = isOver;
}
