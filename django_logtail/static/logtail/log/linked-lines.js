/**
 * Parts of a log that the stream did not bring: the lines a link leads to, and the file before the first one here.
 *
 * They come by `range` and are put where they belong, with gaps for what still lies between. While the person looks
 * at linked lines the server is asked to hold; going back to live lets it go on.
 */

import { isProven, linkTo } from './link.js';
import { Item } from './item.js';

const LINES_BEFORE = 200;
const BYTES_AFTER = 256 * 1024;
const MOST_RANGE = 1024 * 1024;
const PREVIOUS_LINES = 1_000;

/** @typedef {import('./link.js').Linked} Linked */
/** @typedef {import('../connection/requests.js').Failure} Failure */

export class LinkedLines {
  /**
   * @param {{log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows}} parts
   * @param {{
   * wanted(): void, unconnected(): void, hold(): void, loaded(): void, arrived(item: Item, linked: Linked): void,
   * left(): void, changed(): void, failed(error: Failure): void, }} listener `wanted`: lines are, so that a pause ends;
   * `unconnected`: they take a connection; `hold`: the server is to send no more; `loaded`: lines were put in;
   * `arrived`: at what a link leads to; `left`: the person has left them
   */
  constructor({ log, rows }, listener) {
    this.log = log;
    this.rows = rows;
    this.listener = listener;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** What a link leads to and is not shown yet. @type {Linked|null} */
    this.sought = null;
    /** The lines marked as linked. @type {Linked|null} */
    this.target = null;
    /** Why linked lines are not shown: "" while nothing is wrong. @type {{kind: ''|'lost'|'notloaded', failure?: Failure}} */
    this.trouble = { kind: '' };
    /** The file before a file; null if it has no previous file. @type {Map<string, {file: string, exact: boolean}|null>} */
    this.before = new Map();
    this.loading = false;
    /** Whether the person came here by a link and has not gone back to live. */
    this.isAway = false;
  }

  get #can() { return this.log.stream.can('range'); }

  // --- linked lines -------------------------------------------------------

  /** Shows the lines a link leads to, once they can be had. @param {Linked} linked */
  show(linked) {
    this.trouble = { kind: '' };
    this.sought = linked;
    this.listener.wanted();
    this.seek();
    // After Stop: what is not here takes a connection.
    if (this.sought && this.log.session?.ended) this.listener.unconnected();
    this.listener.changed();
  }

  /** Looks for what is sought; called whenever more is known. */
  seek() {
    const { sought } = this;
    const { store, stream } = this.log;
    const { server } = stream;
    if (!sought || this.loading) return;
    const item = store.find(sought.file, sought.start);
    if (item) return this.#arrive(sought, item);
    if (!this.#can || !store.place) return;
    const isLive = server?.state === 'live';
    if (sought.file === store.place.file && sought.start >= store.place.offset) {
      if (isLive && Number.isFinite(server.size) && sought.start >= server.size) this.#lose('lost');
      return;
    }
    // The backlog is under way: with its first line it is known what lies between.
    if (!store.lines && !isLive) return;
    void this.#load(sought);
  }

  /** @param {Linked} sought */
  async #load(sought) {
    const { log } = this;
    const { session, store } = log;
    const isStill = () => log.store === store && this.sought === sought;
    this.loading = true;
    try {
      const reach = Math.min(sought.end + BYTES_AFTER, sought.start + MOST_RANGE);
      const after = await session.range({ file: sought.file, start: sought.start, end: reach });
      const before = sought.start ? await session.range({ file: sought.file, before: sought.start, lines: LINES_BEFORE }) : null;
      const ends = after.end < reach ? after : await session.range({ file: sought.file, before: Number.MAX_SAFE_INTEGER, lines: 1 });
      this.loading = false;
      if (!isStill()) return this.seek();
      if (after.file !== sought.file) {
        // The stream knows the same file by another id.
        this.sought = { ...sought, file: after.file };
        return this.seek();
      }
      const lines = store.linesOf(after.file, after.start, after.bytes);
      if (!isProven(sought, lines[0]) || (before && !store.endsLine(before.bytes))) return this.#lose('lost');
      if (after.end === reach && lines.length > 1 && !store.endsLine(after.bytes)) lines.pop();
      const earlier = before ? store.linesOf(after.file, before.start, before.bytes) : [];
      store.put(after.file, [...earlier, ...lines], ends.end);
      this.listener.hold();
      this.#arrive(sought, lines[0]);
    } catch (error) {
      this.loading = false;
      if (!isStill()) return this.seek();
      // A lost connection looks again when it is back.
      if (!this.#can) return;
      const failure = /** @type {Failure} */ (error);
      this.#lose(failure.id === 'not-there' ? 'lost' : 'notloaded', failure);
    }
  }

  /** @param {Linked} sought @param {Item} item */
  #arrive(sought, item) {
    if (!isProven(sought, item)) return this.#lose('lost');
    this.sought = null;
    this.isAway = true;
    // Nobody pointed at what only stood at the top of a view.
    this.target = sought.isRead ? null : sought;
    this.listener.arrived(item, sought);
  }

  /** @param {'lost'|'notloaded'} kind @param {Failure} [failure] */
  #lose(kind, failure) {
    this.sought = null;
    this.isAway = true;
    this.trouble = { kind, failure };
    this.leave();
    this.listener.changed();
  }

  /** The reader has read that linked lines are not to be had. */
  dismiss() {
    this.trouble = { kind: '' };
    this.listener.changed();
  }

  /** The reader is back at the newest line. */
  leave() {
    this.target = null;
    if (!this.isAway) return;
    this.isAway = false;
    this.listener.left();
  }

  /** @param {Item} item */
  isTarget(item) {
    const { target } = this;
    return target !== null && item.kind === 'line' && item.file === target.file && item.start >= target.start && item.start <= target.end;
  }

  /** Marks a line. @param {Item} item */
  mark(item) {
    this.target = linkTo([item]);
  }

  // --- the file before ----------------------------------------------------

  /** @param {string} file @param {string} before */
  follows(file, before) {
    if (file !== before) this.before.set(file, { file: before, exact: true });
  }

  /** Whether there is a file before this one that can be opened; asks when it is not known. @param {string} file */
  hasPrevious(file) {
    const known = this.before.get(file);
    if (known !== undefined) return known !== null;
    if (!this.#can) return false;
    this.before.set(file, null);
    this.log.session.range({ file, before: 0, lines: 1 }).then((answer) => {
      if (answer.bytes.length && answer.file !== file) this.before.set(file, { file: answer.file, exact: false });
      this.listener.changed();
    }, (error) => {
      // Not answered: to be asked again.
      if (error.id !== 'not-there') this.before.delete(file);
    });
    return false;
  }

  /** Whether a mark stands where a file begins and the end of the file before is not here. @param {Item} mark */
  isCutOff(mark) {
    if (mark.kind !== 'rotated' || !mark.details?.before?.file) return false;
    const { store } = this.log;
    const above = store.at(store.indexOfSeq(mark.seq) - 1);
    return !above || above.file !== mark.details.before.file;
  }

  /** Loads the end of the file before `file`, to stand above it. @param {string} file */
  async loadPrevious(file) {
    const { log } = this;
    const { session, store } = log;
    if (this.loading || !this.#can) return;
    this.loading = true;
    this.listener.changed();
    const known = this.before.get(file);
    const wanted = known?.exact ? { file: known.file, before: Number.MAX_SAFE_INTEGER, lines: PREVIOUS_LINES } : { file, before: 0, lines: PREVIOUS_LINES };
    /** @type {Failure|null} */
    let failed = null;
    try {
      const answer = await session.range(wanted);
      if (log.store === store && answer.bytes.length) this.#putAbove(file, answer);
    } catch (error) {
      failed = /** @type {Failure} */ (error);
      if (log.store === store) this.before.set(file, null);
    }
    this.loading = false;
    if (failed) this.listener.failed(failed);
    this.listener.changed();
    this.seek();
  }

  /** @param {string} file @param {{file: string, start: number, bytes: Uint8Array}} answer */
  #putAbove(file, answer) {
    const { rows } = this;
    const { store } = this.log;
    const lines = store.linesOf(answer.file, answer.start, answer.bytes);
    if (rows.follow) rows.leave();
    let at = 0;
    while (at < store.length && store.at(at).file !== file) at++;
    if (at === store.length) at = 0;
    const first = store.at(at);
    if (first?.kind !== 'rotated') lines.push(Object.assign(new Item('next'), { file, details: {} }));
    store.splice(at, 0, lines);
    if (first?.kind === 'rotated' && rows.mounted.has(first)) rows.refresh(first);
    this.listener.loaded();
  }
}
