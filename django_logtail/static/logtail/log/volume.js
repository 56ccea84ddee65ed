/**
 * The entries of a log over time, by level: the server's picture of them, and the lines that came since. Knows no DOM.
 *
 * A picture says up to which place it has counted, so that no line counts twice.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The times that can be seen: how long they are, and in how many columns; `all` has that of the log. */
export const SPANS = /** @type {const} */ ({
  hour: { ms: HOUR, columns: 120 }, hours: { ms: 6 * HOUR, columns: 120 }, day: { ms: DAY, columns: 144 }, week: { ms: 7 * DAY, columns: 168 }, all: { ms: 0, columns: 150 },
});
/** Lines that are kept while a picture is on its way. */
const MOST_ADDED = 20_000;
const KINDS = { E: 0, W: 1 };

/** @typedef {keyof typeof SPANS} Span */
/** @typedef {import('./item.js').Item} Item */
/** @typedef {[number, number, number]} Column errors, warnings and others */
/** @typedef {{from: number, to: number}} Range moments in milliseconds */

/** The time to show first: the last day, or the shortest longer one with the newest line in it. @param {number|null} newest @param {number} now @returns {Span} */
export function firstSpan(newest, now) {
  if (newest === null || now - newest < DAY) return 'day';
  return now - newest < SPANS.week.ms ? 'week' : 'all';
}

export class Volume {
  /**
   * @param {{log: Pick<import('./open-log.js').OpenLog, 'session'|'store'|'stream'>, times: Pick<import('./line-times.js').LineTimes, 'of'>}} parts
   * @param {() => void} changed
   * @param {() => number} [now] milliseconds
   */
  constructor({ log, times }, changed, now = Date.now) {
    this.log = log;
    this.times = times;
    this.changed = changed;
    this.now = now;
    /** @type {Span} */
    this.span = 'day';
    /** @type {{cancel(): void}|null} */
    this.asked = null;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    this.asked?.cancel();
    this.asked = null;
    /** @type {'idle'|'running'|'done'|'failed'} */
    this.state = 'idle';
    this.#empty();
  }

  #empty() {
    /** @type {Column[]} */
    this.columns = [];
    this.from = 0;
    this.to = 0;
    this.isEstimated = false;
    /** Lines that were read, and will be at most. */
    this.read = { at: 0, end: 0 };
    /** Whether the server has answered that it knows no times. */
    this.hasNone = false;
    /** @type {import('../connection/requests.js').Failure|null} */
    this.error = null;
    /** Entries that came since the picture was asked for. @type {{item: Item, ms: number}[]} */
    this.added = [];
  }

  /** Milliseconds of a column. */
  get width() { return this.columns.length ? (this.to - this.from) / this.columns.length : 0; }

  get total() { return this.columns.reduce((sum, [errors, warnings, others]) => sum + errors + warnings + others, 0); }

  get percent() { return this.read.end ? Math.min(100, Math.floor((this.read.at / this.read.end) * 100)) : 0; }

  /** @param {number} index @returns {Range} */
  rangeOf(index) { return { from: this.from + index * this.width, to: this.from + (index + 1) * this.width }; }

  /** The column of a moment; one beside the picture has the first or the last. @param {number} ms */
  indexOf(ms) { return Math.max(0, Math.min(this.columns.length - 1, Math.floor((ms - this.from) / (this.width || 1)))); }

  /** Asks for another time. @param {Span} span */
  choose(span) {
    this.span = span;
    this.ask();
  }

  /** Asks for the picture anew. */
  ask() {
    const { session, store, stream } = this.log;
    if (!session || !stream.can('volume')) return;
    this.asked?.cancel();
    this.#empty();
    this.state = 'running';
    const { ms, columns } = SPANS[this.span];
    const width = ms / columns;
    const to = ms ? Math.ceil((this.now() + 1) / width) * width : null;
    const asked = session.volume({ from: to === null ? null : to - ms, to, columns }, (message) => { if (this.asked === asked) this.#take(message); });
    this.asked = asked;
    asked.done.then(() => this.#end(asked, null), (error) => { if (this.log.store === store) this.#end(asked, error); });
    this.changed();
  }

  /** @param {object} asked @param {import('../connection/requests.js').Failure|null} error */
  #end(asked, error) {
    if (this.asked !== asked) return;
    this.asked = null;
    this.state = error ? 'failed' : 'done';
    this.error = error;
    this.added = [];
    this.changed();
  }

  /** @param {Record<string, any>} message */
  #take({ from, to, columns, estimated, at, end, file, offset }) {
    this.hasNone = columns.length === 0;
    this.columns = columns.map((/** @type {number[]} */ column) => [...column]);
    this.from = from ?? 0;
    this.to = to ?? 0;
    this.isEstimated = estimated === true;
    this.read = { at, end };
    const last = this.added.reduce((found, { item }, i) => (item.file === file ? i : found), -1);
    this.added.forEach(({ item, ms }, i) => { if (item.file === file ? item.start >= offset : i > last) this.#count(item, ms, 1); });
    this.changed();
  }

  /** Lines came, or an unfinished one went. @param {Item[]} items @param {1|-1} [sign] */
  heard(items, sign = 1) {
    if (this.state !== 'running' && this.state !== 'done') return;
    let isChanged = false;
    for (const item of items) {
      if (item.kind !== 'line' || item.inner || item.late) continue;
      const ms = this.times.of(item);
      if (ms === null) continue;
      if (this.state === 'running') {
        if (sign < 0) this.added = this.added.filter((one) => one.item !== item);
        else if (this.added.length < MOST_ADDED) this.added.push({ item, ms });
      }
      if (!this.columns.length) continue;
      isChanged = true;
      this.#count(item, ms, sign);
    }
    if (isChanged) this.changed();
  }

  /** @param {Item} item @param {number} ms @param {1|-1} sign */
  #count({ level }, ms, sign) {
    if (ms >= this.to) this.#reach(ms);
    if (ms < this.from || ms >= this.to) return;
    const column = this.columns[this.indexOf(ms)];
    const kind = /** @type {0|1|2} */ (KINDS[/** @type {'E'|'W'} */ (level)] ?? 2);
    column[kind] = Math.max(0, column[kind] + sign);
  }

  /** Time goes on: the picture does, too. */
  tick() {
    if (this.state !== 'done' || !this.columns.length || this.span === 'all' || this.now() < this.to) return;
    this.#reach(this.now());
    this.changed();
  }

  /** Lets the picture end after a moment. @param {number} ms */
  #reach(ms) {
    const { columns, width } = this;
    const more = Math.floor((ms - this.to) / width) + 1;
    if (this.span !== 'all') {
      // A clock that is far ahead leaves nothing.
      this.columns = [...columns.slice(more), ...blank(Math.min(more, columns.length))];
      this.from += more * width;
      this.to += more * width;
      return;
    }
    const most = 2 * SPANS.all.columns;
    let wide = width;
    let kept = columns;
    while (kept.length + Math.floor((ms - this.from - kept.length * wide) / wide) + 1 > most) {
      kept = halved(kept);
      wide *= 2;
    }
    const end = Math.max(kept.length, Math.floor((ms - this.from) / wide) + 1);
    this.columns = [...kept, ...blank(end - kept.length)];
    this.to = this.from + end * wide;
  }
}

/** @param {number} count @returns {Column[]} */
const blank = (count) => Array.from({ length: Math.max(0, count) }, () => /** @type {Column} */ ([0, 0, 0]));

/** Two columns as one each. @param {Column[]} columns @returns {Column[]} */
function halved(columns) {
  /** @type {Column[]} */
  const found = [];
  for (let i = 0; i < columns.length; i += 2) {
    const [first, second = [0, 0, 0]] = [columns[i], columns[i + 1]];
    found.push([first[0] + second[0], first[1] + second[1], first[2] + second[2]]);
  }
  return found;
}
