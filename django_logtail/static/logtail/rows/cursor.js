/** The line that the keyboard is at. Knows no DOM but the rows. */

/** @typedef {import('../log/item.js').Item} Item */

export class Cursor {
  /** @param {{rows: import('./rows.js').Rows, tools: import('./tools.js').Tools}} parts */
  constructor({ rows, tools }) {
    this.rows = rows;
    this.tools = tools;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** @type {Item|null} */
    this.item = null;
  }

  /** @param {number} step 1 down, -1 up @param {(item: Item) => boolean} [fits] only lines for which it is true; in the middle of the view then */
  move(step, fits) {
    const { rows, tools } = this;
    const { shown } = rows;
    if (!shown.length) return;
    let index;
    const at = this.item ? shown.indexOfSeq(this.item.seq) : -1;
    if (this.item && shown.at(at) === this.item) index = at;
    else index = rows.follow ? shown.length : shown.indexAt(rows.at + (step > 0 ? 0 : rows.height)) - step;
    do index += step; while (index >= 0 && index < shown.length && (shown.at(index).kind !== 'line' || (fits && !fits(shown.at(index)))));
    if (index < 0 || index >= shown.length) return;
    this.item = shown.at(index);
    rows.reveal(index, fits ? 'center' : 'nearest');
    rows.mounted.get(this.item)?.focus({ preventScroll: true });
    tools.show(this.item);
  }
}
