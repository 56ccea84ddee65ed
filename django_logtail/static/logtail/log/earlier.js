/** Loads the part of a file above the first line, and what a gap leaves out, when the person asks. Knows no DOM. */

import { Item } from './item.js';

/** @typedef {import('../connection/requests.js').Failure} Failure */

const EARLIER_LINES = 1_000;
const MOST_RANGE = 1024 * 1024;
/** Lines of a gap that are loaded at once. */
const MOST_GAP_LINES = 50_000;

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
  get first() {
    const { store } = this.log;
    for (let i = 0; i < store.length; i++) {
      const item = store.at(i);
      if (item.kind === 'line' || item.kind === 'gap') return item;
    }
    return null;
  }

  /** The lines before the first one here. */
  async load() {
    const { first, log, rows } = this;
    const { session, store } = log;
    if (!first || this.loading || first.start === 0 || log.stream.phase !== 'open') return;
    this.loading = true;
    this.listener.changed();
    try {
      const { bytes, start } = await session.range({ file: first.file, before: first.start, lines: EARLIER_LINES });
      if (log.store !== store) return;
      if (bytes.length) {
        if (rows.follow) rows.leave();
        const at = store.items.indexOf(first) - store.first;
        store.splice(Math.max(0, at), 0, store.linesOf(first.file, start, bytes));
        this.listener.loaded();
      }
    } catch (error) {
      // With the log that is left goes its connection, and nobody asks any more.
      if (log.store !== store) return;
      this.failed = /** @type {Failure} */ (error);
      this.listener.failed(this.failed);
    }
    this.loading = false;
    this.listener.changed();
  }

  /** @param {Item} mark of a gap */
  async loadGap(mark) {
    const { log, rows } = this;
    if (mark.details.loading || log.stream.phase !== 'open') return;
    mark.details.loading = true;
    rows.refresh(mark);
    const { at, lines, failed } = await this.#linesWithin(mark);
    mark.details.loading = false;
    if (failed && !lines.length) mark.details.failed = failed;
    const { store } = log;
    const index = store.items.indexOf(mark) - store.first;
    if (index < 0) return;
    if (!lines.length) {
      rows.refresh(mark);
      return;
    }
    const rest = at < mark.end ? Object.assign(new Item('gap'), { file: mark.file, start: at, end: mark.end, details: { reason: mark.details.reason } }) : null;
    if (rows.follow) rows.leave();
    store.splice(index, 1, rest ? [...lines, rest] : lines);
    this.listener.loaded();
  }

  /** As many lines as may be shown at once: the rest stays a gap, and loads on the next click. @param {Item} mark */
  async #linesWithin({ file, start, end }) {
    const { session, store } = this.log;
    let at = start;
    /** @type {Item[]} */
    let lines = [];
    try {
      while (at < end && lines.length <= MOST_GAP_LINES) {
        const answer = await session.range({ file, start: at, end: Math.min(end, at + MOST_RANGE) });
        if (!answer.bytes.length) break;
        lines = lines.concat(store.linesOf(file, answer.start, answer.bytes));
        at = answer.end;
      }
    } catch (error) {
      return { at, lines, failed: /** @type {Failure} */ (error) };
    }
    return { at, lines, failed: null };
  }
}
