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

  /** @param {number} step 1 down, -1 up */
  move(step) {
    const item = this.find(step);
    if (item) this.show(item, 'nearest');
  }

  /**
   * The next line.
   *
   * @param {number} step 1 down, -1 up @param {(item: Item) => boolean} [fits] only lines for which it is true
   * @param {(mark: Item) => boolean} [ends] marks beyond which nothing is looked for
   * @returns {Item|null} or the mark that ended it
   */
  find(step, fits = () => true, ends = () => false) {
    const { rows } = this;
    const { shown } = rows;
    if (!shown.length) return null;
    let index;
    const at = this.item ? shown.indexOfSeq(this.item.seq) : -1;
    if (this.item && shown.at(at) === this.item) index = at;
    else index = rows.follow ? shown.length : shown.indexAt(rows.at + (step > 0 ? 0 : rows.height)) - step;
    for (index += step; index >= 0 && index < shown.length; index += step) {
      const item = shown.at(index);
      if (item.kind === 'line' ? fits(item) : ends(item)) return item;
    }
    return null;
  }

  /** To a line that is shown. @param {Item} item @param {'center'|'nearest'} where */
  show(item, where) {
    const { rows, tools } = this;
    this.item = item;
    rows.reveal(rows.shown.indexOfSeq(item.seq), where);
    rows.mounted.get(item)?.focus({ preventScroll: true });
    tools.show(item);
  }
}
