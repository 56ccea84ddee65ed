/** Loads the part of a file above the first line, and what a gap leaves out. Knows no DOM. */

import { Item } from './item.js';

/** @typedef {import('../connection/requests.js').Failure} Failure */
/** @typedef {'above'|'below'} Side where the lines are that a part of a gap is put next to */

const EARLIER_LINES = 1_000;
const MOST_RANGE = 1024 * 1024;
/** Lines of a gap that are loaded at once. */
const MOST_GAP_LINES = 50_000;
/** What one movement at the edge of a gap loads: from above by bytes, from below by lines. */
export const PART_BYTES = 256 * 1024;
export const PART_LINES = 1_000;

export class Earlier {
  /**
   * @param {{log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows}} parts
   * @param {{changed(): void, loaded(): void, failed(error: Failure): void}} listener `changed`: redraw the row above the first line
   */
  constructor({ log, rows }, listener) {
    this.log = log;
    this.rows = rows;
    this.listener = listener;
    /** Why the last try failed. @type {Failure|null} */
    this.failed = null;
    this.begin();
  }

  /** Another log was opened. */
  begin() { this.loading = false; }

  /** The first line here, or the gap before it; null without any. */
  get first() { return this.log.store.head; }

  /** The lines before the first one here. @returns {Promise<boolean>} whether some came */
  async load() {
    const { first, log, rows } = this;
    const { session, store } = log;
    if (!first || this.loading || first.start === 0 || log.stream.phase !== 'open') return false;
    this.loading = true;
    this.listener.changed();
    let isLoaded = false;
    try {
      const { bytes, hidden, start } = await session.range({ file: first.file, before: first.start, lines: EARLIER_LINES });
      if (log.store !== store) return false;
      isLoaded = bytes.length > 0;
      if (isLoaded) {
        const at = store.items.indexOf(first) - store.first;
        rows.still(() => store.splice(Math.max(0, at), 0, store.linesOf(first.file, start, bytes, hidden)));
        this.listener.loaded();
      }
    } catch (error) {
      // Leaving a log closes its connection, and the answer is no longer needed.
      if (log.store !== store) return false;
      this.failed = /** @type {Failure} */ (error);
      this.listener.failed(this.failed);
    }
    this.loading = false;
    this.listener.changed();
    return isLoaded;
  }

  /** As much of a gap as fits the page: the rest stays a gap, and loads on the next click. @param {Item} mark */
  loadGap(mark) { return this.#fill(mark, 'above', () => this.#linesWithin(mark)); }

  /** A small part of a gap. @param {Item} mark @param {Side} side @returns {Promise<boolean>} whether some came */
  loadPart(mark, side) { return this.#fill(mark, side, () => (side === 'above' ? this.#firstOf(mark) : this.#lastOf(mark))); }

  /** @param {Item} mark @param {Side} side @param {() => Promise<Item[]>} load returns lines up to one end of the gap; may set `details.failed` */
  async #fill(mark, side, load) {
    const { log, rows } = this;
    const { store } = log;
    if (mark.details.loading || log.stream.phase !== 'open') return false;
    Object.assign(mark.details, { loading: true, failed: undefined });
    rows.refresh(mark);
    /** @type {Item[]} */
    let lines = [];
    try {
      lines = await load();
    } catch (error) {
      mark.details.failed = error;
    }
    mark.details.loading = false;
    const index = log.store === store ? store.items.indexOf(mark) - store.first : -1;
    if (index < 0) return false;
    if (!lines.length) {
      rows.refresh(mark);
      return false;
    }
    const rest = side === 'above' ? [...lines, ...restOf(mark, lines[lines.length - 1].end, mark.end)] : [...restOf(mark, mark.start, lines[0].start), ...lines];
    rows.still(() => store.splice(index, 1, rest));
    this.listener.loaded();
    return true;
  }

  /** What came before a failure is shown. @param {Item} mark */
  async #linesWithin({ file, start, end }) {
    /** @type {Item[]} */
    let lines = [];
    let at = start;
    try {
      while (at < end && lines.length <= MOST_GAP_LINES) {
        const more = await this.#linesFrom(file, at, end, MOST_RANGE);
        if (!more.length) break;
        lines = lines.concat(more);
        at = more[more.length - 1].end;
      }
    } catch (error) {
      if (!lines.length) throw error;
    }
    return lines;
  }

  /** @param {Item} mark */
  async #firstOf({ file, start, end }) {
    const lines = await this.#linesFrom(file, start, end, PART_BYTES);
    // A line longer than that.
    const isCut = lines.length === 1 && lines[0].end < end && lines[0].end - start === PART_BYTES;
    return isCut ? this.#linesFrom(file, start, end, MOST_RANGE) : lines;
  }

  /** @param {Item} mark */
  async #lastOf({ file, start, end }) {
    const { session, store } = this.log;
    const answer = await session.range({ file, before: end, lines: PART_LINES });
    const known = Math.max(0, start - answer.start);
    return store.linesOf(file, answer.start + known, answer.bytes.subarray(known), answer.hidden);
  }

  /** Whole lines, except for one that is longer than `most`. @param {string} file @param {number} start @param {number} end @param {number} most bytes */
  async #linesFrom(file, start, end, most) {
    const { session, store } = this.log;
    const { bytes, hidden, end: at, start: from } = await session.range({ file, start, end: Math.min(end, start + most) });
    const lines = store.linesOf(file, from, bytes, hidden);
    if (at < end && lines.length > 1 && !store.endsLine(bytes)) lines.pop();
    return lines;
  }
}

/** What is left of a gap. @param {Item} mark @param {number} start @param {number} end */
function restOf({ file, details: { reason } }, start, end) {
  return start < end ? [Object.assign(new Item('gap'), { file, start, end, details: { reason } })] : [];
}
