/** The row above the first line: how much of the file is loaded, and the button that loads more. */

import { words } from '../ui/config.js';
import { el } from '../ui/dom.js';

/** @param {Pick<import('./drawing.js').Drawn, 'log'|'parts'|'earlier'|'linkedLines'>} drawn */
export function drawTop({ log, parts, earlier, linkedLines }) {
  const { top } = parts;
  const first = log.lines ? earlier.first : null;
  const hasPrevious = first?.start === 0 && linkedLines.hasPrevious(first.file);
  const key = !first ? 'none' : linkedLines.loading && hasPrevious ? 'loading' : first.start === 0 ? `start:${hasPrevious}` : earlier.loading ? 'loading'
    : log.stream.can('range') ? `earlier:${first.start}:${earlier.failed?.message ?? ''}` : 'none';
  if (top.dataset.about === key) return;
  top.dataset.about = key;
  top.hidden = key === 'none';
  if (key.startsWith('start')) top.replaceChildren(...(hasPrevious ? [link('previous', 'mark.rotated.open')] : []), el('span', {}, words.say('top.start')));
  else if (key === 'loading') top.replaceChildren(el('span', {}, words.say('top.loading')));
  else if (key !== 'none') {
    top.replaceChildren(link('earlier', 'top.earlier'), el('span', {}, earlier.failed ? words.failure(earlier.failed) : words.say('top.above', { size: words.size(first.start) })));
    earlier.failed = null;
  }
}

/** @param {string} act @param {string} label */
function link(act, label) {
  return el('button.lt-link', { type: 'button', 'data-act': act }, words.say(label));
}
