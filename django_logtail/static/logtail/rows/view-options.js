/** How the lines of a log are shown: wrapped or not, which times, where continued lines begin, what is opened. */

import { settings, words } from '../ui/config.js';
import { innerLinesOf, writtenBefore } from '../log/entry.js';
import { hangOf, paint } from './row.js';
import { plain } from '../log/text.js';

const TIMES = /** @type {const} */ (['compact', 'raw', 'relative', 'hidden']);
const PHONE = matchMedia('(max-width: 640px)');
/** Of a longer line its head is in the first ones. */
const HEAD_CHARACTERS = 400;
/** Lines looked at for one with a head. */
const MOST_LOOKED = 200;

/** @typedef {import('../log/item.js').Item} Item */

export class Look {
  /** @param {import('../log-tail.js').LogTail} tail */
  constructor(tail) {
    this.tail = tail;
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
    const { parts, rows, store } = this.tail;
    parts.view.dataset.time = this.time;
    parts.view.dataset.wrap = String(this.wrap);
    rows.wrap = this.wrap;
    this.hang = null;
    this.findHang(store.items.slice(store.first, store.first + MOST_LOOKED));
    rows.measureAgain();
    this.tail.drawing.status();
    if (rows.follow) rows.schedule(true);
  }

  toggleWrap() {
    this.wrap = !this.wrap;
    settings.saveLog(this.tail.info.slug, { wrap: this.wrap });
    this.apply();
  }

  /** @param {Look['time']} [time] the next one when left out */
  setTime(time) {
    this.time = time ?? TIMES[(TIMES.indexOf(this.time) + 1) % TIMES.length];
    settings.saveLog(this.tail.info.slug, { time: this.time });
    this.apply();
  }

  /** @param {Item[]} items */
  findHang(items) {
    const { style } = this.tail.parts.view;
    for (const item of items) {
      if (item.kind !== 'line' || item.inner) continue;
      const columns = hangOf(plain(item.text.slice(0, HEAD_CHARACTERS)), this.time, this.tail.store.outline.formats);
      if (columns === null) continue;
      this.hang = columns;
      style.setProperty('--lt-hang', `${columns}ch`);
      return;
    }
    if (this.hang === null) style.removeProperty('--lt-hang');
  }

  showBinary() {
    this.showsBinary = true;
    this.tail.drawing.all();
  }

  /** A JSON line as its fields, or as it is again. @param {Item} item */
  toggleFields(item) {
    if (!this.opened.delete(item)) this.opened.add(item);
    this.tail.rows.refresh(item);
  }

  /** A long line to its end. @param {Item} item */
  showWhole(item) {
    item.whole = true;
    this.tail.rows.refresh(item);
  }

  /** @param {HTMLElement} row @param {Item} item */
  paint(row, item) {
    const { chosen, finding, history, info, selection, store } = this.tail;
    const { query } = finding;
    paint(row, item, {
      words, formats: store.outline.formats, time: this.time, colours: settings.reader.colours, phone: PHONE.matches, name: info?.name ?? '',
      hitsOf: (text, line) => (query.active ? query.hits(text, line) : []),
      isCurrent: (line) => chosen.matches[finding.current] === line,
      timeBefore: (line) => writtenBefore(store, line),
      hasPrevious: (mark) => history.isCutOff(mark), opened: this.opened, folded: chosen.folded, innerCount: (line) => innerLinesOf(store, line).length,
    });
    if (selection.has(item)) row.classList.add('lt-sel');
    row.removeAttribute('aria-current');
    if (!history.isTarget(item)) return;
    row.classList.add('lt-target');
    row.setAttribute('aria-current', 'true');
  }
}
