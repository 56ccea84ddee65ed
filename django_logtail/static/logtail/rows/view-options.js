/** How the lines of a log are shown: wrapped or not, which times, where continued lines begin, what is opened. */

import { settings } from '../ui/config.js';
import { columnsIn } from './column.js';
import { hangOf, hangOfShape } from './row.js';
import { shapeOf } from '../formats/shape.js';

const TIMES = /** @type {const} */ (['compact', 'raw', 'relative', 'hidden']);
export const PHONE = matchMedia('(max-width: 640px)');
/** Lines looked at for one with a head. */
const MOST_LOOKED = 200;
/** Lines of those that are taken apart, which is dear. */
const MOST_TAKEN_APART = 20;

/** @typedef {import('../log/item.js').Item} Item */

export class ViewOptions {
  /**
   * @param {{log: import('../log/open-log.js').OpenLog, view: HTMLElement, rows: import('./rows.js').Rows}} parts
   * @param {{changed(): void, uncovered(): void}} listener `uncovered`: lines are shown that seem to be no text
   */
  constructor({ log, view, rows }, listener) {
    this.log = log;
    this.view = view;
    this.rows = rows;
    this.listener = listener;
    this.wrap = false;
    /** @type {import('../ui/settings.js').LogSettings['time']} */
    this.time = 'compact';
    /** Lines as they were written, and not as their fields. */
    this.raw = false;
    /** Fields that have a place of their own in lines, in order. @type {import('./column.js').Column[]} */
    this.columns = [];
    /** The heading over them. @type {import('./columns.js').Columns|null} */
    this.heading = null;
    /** Lines whose fields are opened. @type {Set<Item>} */
    this.opened = rows.tall;
    /** Lines that are drawn as they were written, whatever the others are. @type {Set<Item>} */
    this.rawItems = new Set();
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** Columns before the message, where continued lines begin; null until a line tells. @type {number|null} */
    this.hang = null;
    /** Whether to show the lines of a file that doesn't look like text. */
    this.showsBinary = false;
    /** Whether lines with fields were seen, and whether those were requests. */
    this.hasFields = this.isAccess = false;
    this.opened.clear();
    this.rawItems.clear();
  }

  /** As it was left the last time. @param {import('../ui/settings.js').LogSettings} kept */
  restore(kept) {
    this.wrap = kept.wrap ?? PHONE.matches;
    this.time = kept.time;
    this.raw = kept.raw === true;
    this.columns = columnsIn(kept.columns);
    this.apply();
  }

  apply() {
    const { rows, view } = this;
    this.heading?.draw(PHONE.matches);
    view.dataset.time = this.time;
    view.dataset.wrap = String(this.wrap);
    rows.wrap = this.wrap;
    this.findHangAgain();
    rows.measureAgain();
    this.listener.changed();
    if (rows.follow) rows.schedule(true);
  }

  toggleWrap() {
    this.wrap = !this.wrap;
    settings.saveLog(this.log.info.slug, { wrap: this.wrap });
    this.apply();
  }

  /** @param {ViewOptions['time']} [time] the next one when left out */
  setTime(time) {
    this.time = time ?? TIMES[(TIMES.indexOf(this.time) + 1) % TIMES.length];
    settings.saveLog(this.log.info.slug, { time: this.time });
    this.apply();
  }

  /** In another format or with other times, the message begins elsewhere. */
  findHangAgain() {
    const { store } = this.log;
    this.hang = null;
    this.findHang(store.items.slice(store.first, store.first + MOST_LOOKED));
  }

  /** @param {Item[]} items */
  findHang(items) {
    const { style } = this.view;
    const { formats } = this.log.store.entries;
    let looked = 0;
    for (const item of items) {
      if (item.kind !== 'line' || item.inner) continue;
      const shape = looked++ < MOST_TAKEN_APART ? shapeOf(item.plain, formats) : null;
      if (shape) this.sawFields(shape);
      const found = shape && !this.raw ? hangOfShape(shape, this.time) : null;
      const columns = found?.hang ?? hangOf(item.plain, this.time, formats);
      if (columns === null) continue;
      this.hang = columns;
      style.setProperty('--lt-hang', `${columns}ch`);
      if (found) style.setProperty('--lt-time-w', `${found.time}ch`);
      if (this.columns.length) this.heading?.draw(PHONE.matches);
      return;
    }
    if (this.hang === null) style.removeProperty('--lt-hang');
  }

  /** @param {import('../formats/shape.js').Shape} shape */
  sawFields(shape) {
    this.isAccess = shape.kind === 'access';
    if (this.hasFields) return;
    this.hasFields = true;
    this.listener.changed();
  }

  /** Lines as their fields, or as they were written. */
  toggleRaw() {
    this.raw = !this.raw;
    this.rawItems.clear();
    settings.saveLog(this.log.info.slug, { raw: this.raw });
    this.apply();
  }

  // --- columns --------------------------------------------------------------

  /** @param {string} name */
  hasColumn(name) { return this.columns.some((column) => column.name === name); }

  /** Shows a field as a column, behind those there are, or no longer. @param {string} name */
  toggleColumn(name) {
    if (this.hasColumn(name)) this.setColumns(this.columns.filter((column) => column.name !== name));
    else this.setColumns([...this.columns, { name, width: this.heading?.widthFor(name) ?? 16 }]);
  }

  /** @param {string} name @param {number} to from 0 */
  placeColumn(name, to) {
    const column = this.columns.find((one) => one.name === name);
    const others = this.columns.filter((one) => one !== column);
    if (!column || to < 0 || to > others.length) return;
    this.setColumns([...others.slice(0, to), column, ...others.slice(to)]);
  }

  /** @param {string} name @param {number} width in characters */
  sizeColumn(name, width) { this.setColumns(this.columns.map((column) => (column.name === name ? { name, width } : column))); }

  /** @param {import('./column.js').Column[]} columns */
  setColumns(columns) {
    this.columns = columnsIn(columns);
    settings.saveLog(this.log.info.slug, { columns: this.columns });
    this.apply();
  }

  showBinary() {
    this.showsBinary = true;
    this.listener.uncovered();
  }

  /** Opens the fields of a line below it, or closes them. This ends following, and the line stays where it is. @param {Item} item */
  toggleFields(item) {
    this.rows.keeping(item, () => {
      if (!this.opened.delete(item)) this.opened.add(item);
      this.rows.refresh(item);
    });
  }

  /** A line as it was written, while its fields are open. @param {Item} item */
  toggleRawLine(item) {
    if (!this.rawItems.delete(item)) this.rawItems.add(item);
    this.rows.refresh(item);
  }

  /** A long line to its end. @param {Item} item */
  showWhole(item) {
    this.rows.keeping(item, () => {
      item.whole = true;
      this.rows.refresh(item);
    });
  }
}
