/** The buttons beside the line under the pointer or the cursor: copy, link, context, fold. */

import { words } from '../ui/config.js';
import { firstLineOf, innerLinesOf } from '../log/entry.js';
import { reshape } from '../ui/icons.js';

/** Pixels: a row of one line. */
const ROW_HEIGHT = 20;

/** @typedef {import('../log/item.js').Item} Item */

export class Tools {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, rows: import('./rows.js').Rows,
   *   filtered: import('../find/filtered.js').Filtered, incoming: import('../log/incoming.js').Incoming,
   * }} parts
   */
  constructor({ log, parts, rows, filtered, incoming }) {
    this.log = log;
    this.parts = parts;
    this.rows = rows;
    this.filtered = filtered;
    this.incoming = incoming;
    /** The line that the buttons act on. @type {Item|null} */
    this.item = null;
    /** A tapped line keeps its tools, because without a pointer nothing would bring them back. */
    this.isTapped = false;
  }

  /** Another log was opened. */
  begin() {
    this.item = null;
    this.hide();
  }

  hide() {
    this.isTapped = false;
    this.parts.tools.hidden = true;
  }

  /** On a touch screen, a second tap hides them. @param {Item|null} item */
  tap(item) {
    if (this.isTapped && item === this.item) return this.hide();
    this.show(item);
    this.isTapped = true;
    return undefined;
  }

  /** Lines moved on screen. */
  moved() {
    if (this.isTapped) this.#draw();
    else this.hide();
  }

  /** @param {Item|null} item */
  show(item) {
    this.item = item;
    this.isTapped = false;
    this.#draw();
  }

  #draw() {
    const { filtered, item, parts, rows } = this;
    const { tools, contextButton } = parts;
    const row = item && rows.mounted.get(item);
    const at = row?.getBoundingClientRect();
    const box = parts.body.getBoundingClientRect();
    tools.hidden = !at || item?.kind !== 'line' || at.bottom <= box.top || at.top >= box.bottom;
    if (tools.hidden || !at) return;
    contextButton.hidden = !filtered.hides;
    parts.fieldsButton.hidden = !row?.classList.contains('lt-can');
    this.#drawFold(/** @type {Item} */ (item));
    const height = tools.offsetHeight;
    tools.style.top = `${Math.max(0, Math.min(box.height - height, at.top - box.top + (Math.min(at.height, ROW_HEIGHT) - height) / 2))}px`;
  }

  /** @param {Item} item */
  #drawFold(item) {
    const { store } = this.log;
    const { foldButton } = this.parts;
    const first = firstLineOf(store, item);
    const isFolded = this.filtered.folded.has(first);
    foldButton.hidden = innerLinesOf(store, first).length === 0;
    foldButton.setAttribute('aria-label', words.say(isFolded ? 'do.unfold' : 'do.fold'));
    reshape(foldButton, isFolded ? 'chevron' : 'chevron-up');
  }

  /** Folds an entry to its first line, or unfolds it. @param {Item} item a line of it */
  toggleFold(item) {
    const { folded } = this.filtered;
    const { store } = this.log;
    const first = firstLineOf(store, item);
    if (!innerLinesOf(store, first).length) return;
    this.rows.keeping(first, () => {
      if (!folded.delete(first)) folded.add(first);
      this.hide();
      this.incoming.rebuild();
      this.rows.refresh(first);
    });
  }

  /** Shows frames of libraries, or folds them again. @param {Item} item one of their lines */
  toggleFrames(item) {
    const { block } = item;
    const { opened } = this.filtered;
    if (!block) return;
    this.rows.keeping(block, () => {
      if (!opened.delete(block)) opened.add(block);
      this.hide();
      this.incoming.rebuild();
      this.rows.refresh(block);
    });
  }
}
