/** How the lines of a log are shown: wrapped or not, which times, where continued lines begin, what is opened. */

import { settings } from '../ui/config.js';
import { hangOf } from './row.js';
import { plain } from '../formats/text.js';

const TIMES = /** @type {const} */ (['compact', 'raw', 'relative', 'hidden']);
export const PHONE = matchMedia('(max-width: 640px)');
/** Of a longer line its head is in the first ones. */
export const HEAD_CHARACTERS = 400;
/** Lines looked at for one with a head. */
const MOST_LOOKED = 200;

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
    /** JSON lines that are shown as fields. @type {Set<Item>} */
    this.opened = new Set();
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** Columns before the message, where continued lines begin; null until a line tells. @type {number|null} */
    this.hang = null;
    /** Whether the lines of a file that seems to be no text are shown all the same. */
    this.showsBinary = false;
    this.opened.clear();
  }

  /** As it was left the last time. @param {import('../ui/settings.js').LogSettings} kept */
  restore(kept) {
    this.wrap = kept.wrap ?? PHONE.matches;
    this.time = kept.time;
    this.apply();
  }

  apply() {
    const { rows, view } = this;
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
    for (const item of items) {
      if (item.kind !== 'line' || item.inner) continue;
      const columns = hangOf(plain(item.text.slice(0, HEAD_CHARACTERS)), this.time, this.log.store.entries.formats);
      if (columns === null) continue;
      this.hang = columns;
      style.setProperty('--lt-hang', `${columns}ch`);
      return;
    }
    if (this.hang === null) style.removeProperty('--lt-hang');
  }

  showBinary() {
    this.showsBinary = true;
    this.listener.uncovered();
  }

  /** A JSON line as its fields, or as it is again. @param {Item} item */
  toggleFields(item) {
    this.rows.keeping(item, () => {
      if (!this.opened.delete(item)) this.opened.add(item);
      this.rows.refresh(item);
    });
  }

  /** A long line to its end. @param {Item} item */
  showWhole(item) {
    this.rows.keeping(item, () => {
      item.whole = true;
      this.rows.refresh(item);
    });
  }
}
