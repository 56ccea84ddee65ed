/** The view options of one log: wrapping, times, columns, where continued lines begin, and what is opened. */

import { config, settings } from '../ui/config.js';
import { columnsIn } from './column.js';
import { hangOfShape } from './formatted.js';
import { shapeOf } from '../formats/shape.js';
import { knownZone } from '../formats/time-zone.js';
import { MODES, Times } from './times.js';
import { hangOf } from './written.js';

export const PHONE = matchMedia('(max-width: 640px)');
/** The most lines to search for one with a head. */
const MOST_LOOKED = 200;
/** The most of those to parse, which is expensive. */
const MOST_TAKEN_APART = 20;

/** @typedef {import('../log/item.js').Item} Item */

export class ViewOptions {
  /**
   * @param {{log: import('../log/open-log.js').OpenLog, view: HTMLElement, rows: import('./rows.js').Rows}} parts
   * @param {{changed(): void, uncovered(): void}} listener `uncovered`: the viewer wants to see lines that don't look like text
   */
  constructor({ log, view, rows }, listener) {
    this.log = log;
    this.view = view;
    this.rows = rows;
    this.listener = listener;
    this.wrap = false;
    /** @type {import('../ui/settings.js').LogSettings['time']} */
    this.time = 'compact';
    /** @type {import('../ui/settings.js').LogSettings['zone']} */
    this.zone = 'written';
    /** Whether lines are drawn as they were written, not as their fields. */
    this.raw = false;
    /** Fields that are shown as columns, in order. @type {import('./column.js').Column[]} */
    this.columns = [];
    /** The heading over the columns. @type {import('./columns.js').Columns|null} */
    this.heading = null;
    /** Lines whose fields are opened. @type {Set<Item>} */
    this.opened = rows.tall;
    /** Lines that are drawn as written although the others aren't. @type {Set<Item>} */
    this.rawItems = new Set();
    /** The `Times` made last, and what they were made from. @type {{of: {mode: string, zone: string, logZone: string, isBrief: boolean}, times: Times}|null} */
    this.made = null;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** The column where continued lines begin; null until a line with a head is seen. @type {number|null} */
    this.hang = null;
    /** Whether to show the lines of a file that doesn't look like text. */
    this.showsBinary = false;
    /** Whether lines with fields were seen, and whether they are lines of an access log. */
    this.hasFields = this.isAccess = false;
    this.opened.clear();
    this.rawItems.clear();
  }

  /** Restores the options that the viewer left the log with. @param {import('../ui/settings.js').LogSettings} kept */
  restore(kept) {
    this.wrap = kept.wrap ?? PHONE.matches;
    this.time = kept.time;
    this.zone = kept.zone;
    this.raw = kept.raw === true;
    this.columns = columnsIn(kept.columns);
    this.apply();
  }

  apply() {
    const { rows, view } = this;
    this.heading?.draw(PHONE.matches);
    view.dataset.time = this.time;
    // The style sheet then hides written times: something else is drawn in their place.
    view.toggleAttribute('data-drawn', this.time !== 'hidden' && !this.times.isAsWritten);
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
    this.time = time ?? MODES[(MODES.indexOf(this.time) + 1) % MODES.length];
    settings.saveLog(this.log.info.slug, { time: this.time });
    this.apply();
  }

  /** @param {ViewOptions['zone']} zone */
  setZone(zone) {
    this.zone = zone;
    settings.saveLog(this.log.info.slug, { zone });
    this.apply();
  }

  /** What draws times with these options. */
  get times() {
    const logZone = this.log.stream?.hello?.zone ?? '';
    const isBrief = PHONE.matches;
    const { made } = this;
    if (made?.of.mode === this.time && made.of.zone === this.zone && made.of.logZone === logZone && made.of.isBrief === isBrief) return made.times;
    const of = { mode: this.time, zone: this.zone, logZone, isBrief };
    const times = new Times({ ...of, logZone: knownZone(logZone), language: config.language });
    this.made = { of, times };
    return times;
  }

  /** Call this each second: ages grow. */
  tick() {
    if (this.time === 'age') this.rows.repaint();
  }

  /** Finds the column anew: the format or the times changed. */
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
      const found = shape && !this.raw ? hangOfShape(shape, this.times) : null;
      const columns = found?.hang ?? hangOf(item.plain, (written, isStamp) => this.times.widthOf(written, isStamp), formats);
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

  /** Switches between formatted and raw lines. */
  toggleRaw() {
    this.raw = !this.raw;
    this.rawItems.clear();
    settings.saveLog(this.log.info.slug, { raw: this.raw });
    this.apply();
  }

  // --- columns --------------------------------------------------------------

  /** @param {string} name */
  hasColumn(name) { return this.columns.some((column) => column.name === name); }

  /** Adds a field as the last column, or removes it. @param {string} name */
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

  /** Opens or closes the fields of a line. This ends following and keeps the line where it is, unless its fields would be out of view. @param {Item} item */
  toggleFields(item) {
    this.rows.keeping(item, () => {
      if (!this.opened.delete(item)) this.opened.add(item);
      this.rows.refresh(item);
    });
    if (this.opened.has(item)) this.rows.showEnd(item);
  }

  /** Switches one line between formatted and raw while its fields are open. @param {Item} item */
  toggleRawLine(item) {
    if (!this.rawItems.delete(item)) this.rawItems.add(item);
    this.rows.refresh(item);
  }

  /** Shows a long line to its end. @param {Item} item */
  showWhole(item) {
    this.rows.keeping(item, () => {
      item.whole = true;
      this.rows.refresh(item);
    });
  }
}
