/**
 * Parts of a log that are not in the stream: the lines a link leads to, and the file before the first one here.
 *
 * They come by `range` and are put where they belong, with gaps for what is missing in between. While the viewer looks
 * at linked lines, the server is asked to hold; going back to live lets it continue.
 */

import { isProven, linkTo } from './link.js';
import { unlessTooOld } from './too-old.js';
/** @typedef {import('./item.js').Item} Item */

const LINES_BEFORE = 200;
const BYTES_AFTER = 256 * 1024;
const MOST_RANGE = 1024 * 1024;
const PREVIOUS_LINES = 1_000;

/** @typedef {import('./link.js').Linked} Linked */
/** @typedef {{result: import('../connection/requests.js').Reached['result'], time: string}} Went how going to a time ended; `time` for people */
/** @typedef {import('../connection/requests.js').Failure} Failure */

export class LinkedLines {
  /**
   * @param {{log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows}} parts
   * @param {{
   * whereOf(file: string): {at?: number, next?: string, isNext?: boolean}, wanted(): void, unconnected(): void, hold(): void, loaded(): void, arrived(item: Item, linked: Linked): void,
   * left(): void, changed(): void, failed(error: Failure): void, }} listener `whereOf`: where a file belongs, as the store's `put` takes it; `wanted`: lines are, so that a pause ends;
   * `unconnected`: they need a connection; `hold`: ask the server to stop sending; `loaded`: lines were put in;
   * `arrived`: at the target of a link; `left`: the viewer has left them
   */
  constructor({ log, rows }, listener) {
    this.log = log;
    this.rows = rows;
    this.listener = listener;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** The linked lines that are not shown yet. @type {Linked|null} */
    this.sought = null;
    /** The lines marked as linked. @type {Linked|null} */
    this.target = null;
    /** Why linked lines, or another place (`unreached`), are not shown: "" while nothing is wrong. @type {{kind: ''|'lost'|'notloaded'|'unreached', failure?: Failure}} */
    this.trouble = { kind: '' };
    /** The file before a file; null if it has no previous file. @type {Map<string, {file: string, exact: boolean}|null>} */
    this.before = new Map();
    /** The result of going to a time, for the notice above the log. @type {Went|null} */
    this.went = null;
    this.loading = false;
    /** Whether the viewer came here by a link and has not gone back to live. */
    this.isAway = false;
  }

  get #can() { return this.log.stream.can('range'); }

  // --- linked lines -------------------------------------------------------

  /** Shows the lines a link leads to, once they are available. @param {Linked} linked @param {Went|null} [went] */
  show(linked, went = null) {
    this.went = went;
    this.trouble = { kind: '' };
    this.sought = linked;
    this.listener.wanted();
    this.seek();
    // After Stop: lines that are not here need a connection.
    if (this.sought && this.log.session?.ended) this.listener.unconnected();
    this.listener.changed();
  }

  /** Looks for the linked lines; called whenever more is known. */
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
    // The backlog is on its way: its first line shows what lies in between.
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
      const before = sought.start ? await unlessTooOld(session.range({ file: sought.file, before: sought.start, lines: LINES_BEFORE })) : null;
      const ends = after.end < reach ? after : await session.range({ file: sought.file, before: Number.MAX_SAFE_INTEGER, lines: 1 });
      this.loading = false;
      if (!isStill()) return this.seek();
      if (after.file !== sought.file) {
        // The stream knows the same file by another id.
        this.sought = { ...sought, file: after.file };
        return this.seek();
      }
      const lines = store.linesOf(after.file, after.start, after.bytes, after.hidden);
      if (!isProven(sought, lines[0]) || (before && !store.endsLine(before.bytes))) return this.#lose('lost');
      if (after.end === reach && lines.length > 1 && !store.endsLine(after.bytes)) lines.pop();
      const earlier = before ? store.linesOf(after.file, before.start, before.bytes, before.hidden) : [];
      store.put(after.file, [...earlier, ...lines], ends.end, this.listener.whereOf(after.file));
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
    // The top line of a view was not chosen by anyone, so it is not marked.
    this.target = sought.isRead ? null : sought;
    this.listener.arrived(item, sought);
  }

  /** Shows a line that is here, as one that nobody linked. @param {Item} item */
  goTo(item) {
    const { file, start } = item;
    this.trouble = { kind: '' };
    this.went = null;
    this.#arrive({ file, start, end: start, sum: '', isRead: true }, item);
  }

  /** A place that the viewer wanted to go to could not be loaded; they stay where they are. @param {Failure} failure */
  failed(failure) {
    this.trouble = { kind: 'unreached', failure };
    this.listener.failed(failure);
    this.listener.changed();
  }

  /** @param {'lost'|'notloaded'} kind @param {Failure} [failure] */
  #lose(kind, failure) {
    this.sought = null;
    this.isAway = true;
    this.trouble = { kind, failure };
    this.leave();
    this.listener.changed();
  }

  /** No place was found for a time. @param {Went} went */
  tell(went) {
    this.went = went;
    this.listener.changed();
  }

  /** The viewer has read that the linked lines are unavailable. */
  dismiss() {
    this.went = null;
    this.trouble = { kind: '' };
    this.listener.changed();
  }

  /** The viewer is back at the newest line. */
  leave() {
    this.target = null;
    this.went = null;
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

  /** Whether there is a file before this one that can be opened; asks the server if unknown. @param {string} file */
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
      if (error.id !== 'not-there' && error.id !== 'not-allowed') this.before.delete(file);
    });
    return false;
  }

  /** Whether a mark is where a file begins, and the end of the previous file is not loaded. @param {Item} mark */
  isCutOff(mark) {
    if (mark.kind !== 'rotated' || !mark.details?.before?.file) return false;
    const { store } = this.log;
    const above = store.at(store.indexOfSeq(mark.seq) - 1);
    return !above || above.file !== mark.details.before.file;
  }

  /** The backlog begins with the first byte of its file: the missing lines are at the end of the previous one. @param {number} lines that were asked for */
  async fillBacklog(lines) {
    const { store } = this.log;
    const begin = store.head ?? { ...store.place, kind: 'line', start: store.place?.offset };
    if (begin.kind !== 'line' || begin.start !== 0 || store.lines >= lines || this.sought || this.isAway) return;
    await this.loadPrevious(begin.file, { lines: lines - store.lines, isBacklog: true });
  }

  /**
   * Loads the end of the file before `file`, and puts it above.
   *
   * @param {string} file
   * @param {{lines?: number, isBacklog?: boolean}} [how] `isBacklog`: nobody asked, so following continues and a failure is not announced
   * @returns {Promise<boolean>} whether it came
   */
  async loadPrevious(file, { lines = PREVIOUS_LINES, isBacklog = false } = {}) {
    const { log } = this;
    const { session, store } = log;
    if (this.loading || !this.#can) return false;
    this.loading = true;
    this.listener.changed();
    const known = this.before.get(file);
    const wanted = known?.exact ? { file: known.file, before: Number.MAX_SAFE_INTEGER, lines } : { file, before: 0, lines };
    /** @type {Failure|null} */
    let failed = null;
    let isLoaded = false;
    try {
      const answer = await session.range(wanted);
      isLoaded = log.store === store && answer.bytes.length > 0;
      if (isLoaded) this.#putAbove(file, answer, isBacklog && this.rows.follow);
    } catch (error) {
      failed = /** @type {Failure} */ (error);
      // If it is there, it can be asked for again.
      if (log.store === store && failed.id === 'not-there') this.before.set(file, null);
    }
    this.loading = false;
    if (failed && !isBacklog) this.listener.failed(failed);
    this.listener.changed();
    this.seek();
    return isLoaded;
  }

  /** @param {string} file @param {import('../connection/requests.js').Range} answer @param {boolean} follows whether the view stays at the end */
  #putAbove(file, answer, follows) {
    const { rows } = this;
    const { store } = this.log;
    const lines = store.linesOf(answer.file, answer.start, answer.bytes, answer.hidden);
    let at = 0;
    while (at < store.length && store.at(at).file !== file) at++;
    if (at === store.length) at = 0;
    const first = store.at(at);
    const put = () => store.put(answer.file, lines, lines[lines.length - 1].end, { at, next: file });
    if (follows) put();
    else rows.still(put);
    if (first && first.kind !== 'line' && rows.mounted.has(first)) rows.refresh(first);
    this.listener.loaded();
  }
}
