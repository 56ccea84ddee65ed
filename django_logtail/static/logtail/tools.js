/** The buttons beside a line that is pointed at or stepped to: copy, link, context, fold. */

import { words } from './config.js?v=0.1.0';
import { firstLineOf, innerLinesOf } from './entries.js?v=0.1.0';
import { reshape } from './icons.js?v=0.1.0';

/** Pixels: the buttons, and a row of one line. */
const HEIGHT = 26;
const ROW_HEIGHT = 20;

/** @typedef {import('./store.js').Item} Item */

export class Tools {
  /** @param {import('./log-tail.js').LogTail} tail */
  constructor(tail) {
    this.tail = tail;
    /** What they act on. @type {Item|null} */
    this.item = null;
  }

  hide() { this.tail.parts.tools.hidden = true; }

  /** @param {Item|null} item */
  show(item) {
    const { chosen, parts, rows } = this.tail;
    const { tools, contextButton } = parts;
    const row = item && rows.mounted.get(item);
    this.item = item;
    tools.hidden = !row || item?.kind !== 'line';
    if (tools.hidden || !row) return;
    contextButton.hidden = !chosen.hides;
    this.#drawFold(item);
    const at = row.getBoundingClientRect();
    const box = parts.body.getBoundingClientRect();
    tools.style.top = `${Math.max(0, Math.min(box.height - HEIGHT, at.top - box.top + Math.min(at.height, ROW_HEIGHT) / 2 - HEIGHT / 2))}px`;
  }

  /** @param {Item} item */
  #drawFold(item) {
    const { chosen, parts, store } = this.tail;
    const { foldButton } = parts;
    const first = firstLineOf(store, item);
    const isFolded = chosen.folded.has(first);
    foldButton.hidden = innerLinesOf(store, first).length === 0;
    foldButton.setAttribute('aria-label', words.say(isFolded ? 'do.unfold' : 'do.fold'));
    reshape(foldButton, isFolded ? 'chevron' : 'chevron-up');
  }

  /** Folds an entry to its first line, or unfolds it. @param {Item} item a line of it */
  toggleFold(item) {
    const { arrivals, chosen, rows, store } = this.tail;
    const first = firstLineOf(store, item);
    if (!innerLinesOf(store, first).length) return;
    if (!chosen.folded.delete(first)) chosen.folded.add(first);
    this.hide();
    arrivals.rebuild();
    rows.refresh(first);
  }
}
