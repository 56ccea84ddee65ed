/** Draws the line that replaces folded frames of libraries: how many there are, and of which library. */

import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

/** @typedef {import('../log/item.js').Item} Item */

/**
 * @param {HTMLElement} row @param {Item} item the first of those lines
 * @param {{count: number, names: string}} block @param {import('../ui/format.js').Words} words
 */
export function paintFold(row, item, { count, names }, words) {
  row.className = 'lt-row lt-cont lt-foldrow';
  row.setAttribute('role', 'listitem');
  if (item.level === 'O') delete row.dataset.lv;
  else row.dataset.lv = item.level;
  const button = el('button.lt-unfold', { type: 'button', 'data-act': 'frames', 'aria-expanded': 'false', tabindex: '-1' }, icon('chevron'), words.say('fold.frames', { n: count, what: names }));
  row.replaceChildren(el('span.lt-gut', { 'aria-hidden': 'true' }), button);
}

/**
 * Offers to fold frames, beside the first of them while they are shown.
 *
 * @param {HTMLElement} row @param {{count: number}} block @param {import('../ui/format.js').Words} words
 */
export function offerFold(row, { count }, words) {
  row.classList.add('lt-more');
  row.append(el('span.lt-extra.lt-offer', {}, el('button.lt-link', { type: 'button', 'data-act': 'frames', 'aria-expanded': 'true', tabindex: '-1' }, words.say('fold.frames.again', { n: count }))));
}
