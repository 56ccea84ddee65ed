/** The first line of an entry taller than the view: stays at the top while you scroll through its lines, and folds them. */

import { words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { firstLineOf, innerLinesOf } from '../log/entry.js';

/** @typedef {import('../log/item.js').Item} Item */

export class StuckHead {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, rows: import('./rows.js').Rows,
   *   painter: import('./painter.js').Painter,
   * }} parts
   */
  constructor({ log, parts, rows, painter }) {
    this.log = log;
    this.box = parts.stuck;
    this.rows = rows;
    this.painter = painter;
    this.row = el('div', { 'aria-hidden': 'true' });
    this.button = el('button.lt-unstick', { type: 'button', 'data-act': 'fold' });
  }

  /** Draws it again: the view shows other lines, or draws them differently. */
  draw() {
    const found = this.#found();
    if (found) {
      const { head, line, lines } = found;
      this.painter.paint(this.row, head);
      this.row.removeAttribute('role');
      this.rows.inDocument.itemOf.set(this.row, head);
      write(this.button, `${words.say('trace.line', { a: line, b: lines })} · ${words.say('trace.fold')}`);
    }
    // A line without a time and a level says nothing about the lines below.
    const isShown = found !== null && !this.row.classList.contains('lt-plain');
    if (!isShown) this.box.replaceChildren();
    else {
      this.row.append(this.button);
      if (!this.box.childElementCount) this.box.append(this.row);
    }
  }

  /** The entry whose lines fill the view, and which of them is the first visible one. @returns {{head: Item, line: number, lines: number}|null} */
  #found() {
    const { at, height, rowHeight, shown } = this.rows;
    if (at <= 0 || !shown.length) return null;
    const item = shown.at(shown.indexAt(at + rowHeight));
    if (!item?.inner) return null;
    const { store } = this.log;
    const head = firstLineOf(store, item);
    if (head.inner) return null;
    const top = shown.topOf(shown.indexOfSeq(head.seq));
    const last = innerLinesOf(store, head).at(-1) ?? item;
    const end = shown.topOf(shown.indexOfSeq(last.seq + 1));
    if (top >= at || end - top <= height || end <= at + 2 * rowHeight) return null;
    return { head, line: item.seq - head.seq + 1, lines: last.seq - head.seq + 1 };
  }
}
