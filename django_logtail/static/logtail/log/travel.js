/**
 * Goes to any place of a log: to the first byte of a file or of all, to a part of the history, and into the files between
 * two. Knows no DOM.
 *
 * One request at a time is under way for a place; while it is, only the newest wish is kept.
 */

import { History } from './history.js';
import { PART_BYTES, PART_LINES } from './earlier.js';
import { unlessTooOld } from './too-old.js';

/** @typedef {import('./item.js').Item} Item */
/** @typedef {import('../connection/requests.js').Failure} Failure */
/** @typedef {{file: string, offset: number}} Place */

const LINES_BEFORE = 200;
/** Milliseconds after which going to a place requests the list of files again. */
const FRESH_MS = 60_000;
/** After a rotation: a log may rotate faster than anybody can look. */
const STALE_MS = 2_000;

/** Marks after which the log has other files. */
const RENAMES = new Set(['rotated', 'replaced', 'truncated', 'elsewhere', 'back', 'gone']);

export class Travel {
  /**
   * @param {{log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, linkedLines: import('./linked-lines.js').LinkedLines}} parts
   * @param {{changed(): void, listed(): void, wanted(): void, hold(): void, loaded(): void}} listener `changed`: the
   * history is known, or another; `listed`: files were listed; `wanted`: lines are, so that a pause ends; `hold`: ask the server to stop sending; `loaded`: lines were put in
   * @param {{now?: () => number}} [clock] milliseconds
   */
  constructor({ log, rows, linkedLines }, listener, { now = () => Date.now() } = {}) {
    this.log = log;
    this.rows = rows;
    this.linkedLines = linkedLines;
    this.listener = listener;
    this.now = now;
    this.history = new History();
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    this.history.clear();
    this.askedAt = -Infinity;
    /** Whether files were renamed since the list came. */
    this.isStale = false;
    /** @type {Promise<void>|null} */
    this.asking = null;
    /** Where the viewer wants to be, and is not yet. @type {Place|null} */
    this.sought = null;
    this.isSeeking = false;
    /** The file whose first byte Home went to, and where the view was then. @type {{file: string, at: number}|null} */
    this.beginning = null;
  }

  get can() { return this.log.stream.can('range'); }

  // --- the history ----------------------------------------------------------

  /** Requests the list of files if it isn't known or may have changed. */
  async know() {
    const { log } = this;
    const { session, store } = log;
    if (this.asking) return this.asking;
    if (!log.stream.can('files') || this.now() - this.askedAt < (this.isStale ? STALE_MS : FRESH_MS)) return undefined;
    this.askedAt = this.now();
    this.isStale = false;
    this.asking = session.files().then(({ files }) => {
      if (log.store !== store) return;
      this.history.take(files);
      this.listener.changed();
      this.listener.listed();
    }, () => {}).finally(() => { if (log.store === store) this.asking = null; });
    return this.asking;
  }

  /** The current file has grown. */
  grew() {
    const { place } = this.log.store;
    if (place) this.history.grow(place.file, Math.max(place.offset, this.log.stream.server?.size ?? 0));
  }

  /** @param {Item[]} items that arrived */
  heard(items) { if (items.some((item) => RENAMES.has(item.kind))) this.isStale = true; }

  // --- to a place -------------------------------------------------------------

  /** The first byte of the file on screen; there already: of all files. */
  async home() {
    const { history, log, rows } = this;
    const { store } = log;
    const { isWhole, line } = this.#firstInView();
    if (!this.can || !line) return rows.toTop();
    const isThere = (line.start === 0 && isWhole) || (this.beginning?.file === line.file && this.beginning.at === rows.at);
    let { file } = line;
    if (isThere) {
      await this.know();
      if (log.store !== store) return undefined;
      file = history.first ?? file;
    }
    await this.goTo({ file, offset: 0 });
    return undefined;
  }

  /** The first line in view, and whether all of it is. */
  #firstInView() {
    const { at, shown } = this.rows;
    let index = shown.indexAt(Math.max(0, at));
    while (index < shown.length && shown.at(index).kind !== 'line') index++;
    return { line: index < shown.length ? shown.at(index) : null, isWhole: shown.topOf(index) >= at - 1 };
  }

  /** The viewer wants to be elsewhere: what is on its way is put in, but not shown. */
  cancel() { this.sought = null; }

  /** @param {Place} place of any byte; the line that contains it is shown */
  async goTo(place) {
    this.sought = place;
    this.listener.wanted();
    if (this.isSeeking) return;
    const { store } = this.log;
    this.isSeeking = true;
    for (let next = this.sought; next; next = this.sought) {
      const isThere = this.#show(next) || (await this.#load(next) && this.#show(next));
      if (this.log.store !== store) return;
      // Not before the lines are in view: a full page unloads those that are far from it.
      if (!isThere) this.listener.loaded();
      if (!isThere && this.sought === next) this.sought = null;
    }
    this.isSeeking = false;
  }

  /** Shows the line at a place if it is here and still wanted. @param {Place} place */
  #show(place) {
    const item = this.log.store.lineAt(place.file, place.offset);
    if (!item || this.sought !== place) return false;
    this.sought = null;
    this.linkedLines.goTo(item);
    // With what stands above the first line.
    if (this.rows.shown.at(0) === item) this.rows.toTop();
    this.beginning = place.offset ? null : { file: place.file, at: this.rows.at };
    return true;
  }

  /** @param {Place} place @returns {Promise<boolean>} whether lines were put in */
  async #load({ file, offset }) {
    const { log } = this;
    const { session, store } = log;
    if (!this.can) return false;
    try {
      const [before, after] = await Promise.all([
        offset ? unlessTooOld(session.range({ file, before: offset, lines: LINES_BEFORE })) : null,
        session.range({ file, start: offset, end: offset + PART_BYTES }),
      ]);
      if (log.store !== store) return false;
      const isPastEnd = before !== null && before.end < offset;
      const bytes = before ? joined(before.bytes, isPastEnd ? new Uint8Array() : after.bytes) : after.bytes;
      // Who may see recent lines only is given those: they begin further on.
      const start = before ? before.start : after.start;
      const end = start + bytes.length;
      const isEnd = isPastEnd || after.end < offset + PART_BYTES;
      const lines = store.linesOf(file, start, bytes, [...(before?.hidden ?? []), ...(after.hidden ?? [])]);
      if (!isEnd && lines.length > 1 && !store.endsLine(bytes)) lines.pop();
      if (!lines.length) return false;
      await this.#put(file, lines, isEnd ? end : null);
      // The estimated size was too large, or what begins there is too old: the last line or the first is the nearest.
      const nearest = isPastEnd ? lines[lines.length - 1] : start > offset ? lines[0] : null;
      if (nearest && this.sought?.file === file && this.sought.offset === offset) this.sought.offset = nearest.start;
      return log.store === store;
    } catch (error) {
      if (log.store === store) this.linkedLines.failed(/** @type {Failure} */ (error));
      return false;
    }
  }

  /** Puts lines of a file where they belong. @param {string} file @param {Item[]} lines @param {number|null} fileEnd null: unknown */
  async #put(file, lines, fileEnd) {
    const { history, log, rows } = this;
    const { session, store } = log;
    const known = history.files[history.indexOf(file)];
    const end = fileEnd ?? (known && !known.isEstimated ? known.size : (await session.range({ file, before: Number.MAX_SAFE_INTEGER, lines: 1 })).end);
    if (log.store !== store) return;
    if (file !== store.place?.file) history.grow(file, end, true);
    this.listener.hold();
    rows.still(() => store.put(file, lines, Math.max(end, lines[lines.length - 1].end), this.whereOf(file)));
    this.listener.changed();
  }

  /** Where a file without loaded parts belongs among those that have some, as `put` takes it. @param {string} file */
  whereOf(file) {
    const { history } = this;
    const { store } = this.log;
    const own = history.indexOf(file);
    if (own < 0) return {};
    let [at, above, below] = [0, '', ''];
    let last = '';
    for (let i = 0; i < store.length && !below; i++) {
      const { file } = store.at(i);
      // Thousands of lines are of one file.
      if (!file || file === last) continue;
      last = file;
      const index = history.indexOf(file);
      if (index > own) [at, below] = [i, file];
      else if (index >= 0 && index < own) above = file;
    }
    if (!below) return {};
    return { at, next: history.between(file, below)?.length === 0 ? below : '', isNext: above !== '' && history.between(above, file)?.length === 0 };
  }

  // --- between two files --------------------------------------------------------

  /** Loads what is next to a mark between two files. @param {Item} mark @param {'above'|'below'} side @returns {Promise<boolean>} whether something came */
  async open(mark, side) {
    const { log, rows } = this;
    const { session, store } = log;
    if (mark.details.loading || !this.can) return false;
    mark.details = { loading: true };
    rows.refresh(mark);
    let isLoaded = false;
    try {
      await this.know();
      const between = log.store === store ? this.#filesAt(mark) : null;
      if (between?.length) {
        const file = side === 'above' ? between[0] : between[between.length - 1];
        const answer = await session.range(side === 'above' ? { file, start: 0, end: PART_BYTES } : { file, before: Number.MAX_SAFE_INTEGER, lines: PART_LINES });
        if (log.store !== store) return false;
        const lines = store.linesOf(file, answer.start, answer.bytes, answer.hidden);
        const isEnd = side === 'below' || answer.end < PART_BYTES;
        if (!isEnd && lines.length > 1 && !store.endsLine(answer.bytes)) lines.pop();
        isLoaded = lines.length > 0;
        if (isLoaded) {
          await this.#put(file, lines, isEnd ? answer.end : null);
          this.listener.loaded();
        }
      } else if (between) mark.kind = 'next';
      mark.details = {};
      rows.refresh(mark);
      return between !== null && (mark.kind === 'next' || isLoaded);
    } catch (error) {
      mark.details = { failed: error };
      rows.refresh(mark);
      return false;
    }
  }

  /** How many files, and bytes, a mark between two files leaves out; null if that is unknown, or none. @param {Item} mark */
  leftOutBy(mark) {
    const { history } = this;
    const files = this.#filesAt(mark) ?? [];
    const size = files.reduce((sum, file) => sum + history.files[history.indexOf(file)].size, 0);
    return files.length ? { files: files.length, size } : null;
  }

  /** The files that a mark leaves out. @param {Item} mark */
  #filesAt(mark) {
    const { store } = this.log;
    let i = store.indexOfSeq(mark.seq) - 1;
    while (i >= 0 && store.at(i).kind !== 'line' && store.at(i).kind !== 'gap') i--;
    return i < 0 ? null : this.history.between(store.at(i).file, mark.file);
  }
}

/** @param {Uint8Array} first @param {Uint8Array} second */
function joined(first, second) {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
