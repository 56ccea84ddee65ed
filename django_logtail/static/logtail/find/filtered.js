/**
 * Which items are shown: levels, query, its range of time, and folded entries, decided entry by entry as they come. Knows no DOM.
 *
 * An entry is shown whole or not at all: its first line and the lines that belong to it.
 */

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('./filter.js').Query} Query */

export class Filtered {
  /** @param {{push(item: Item): void, pop(): void}} shown @param {(item: Item) => number|null} [timeOf] the moment of an entry's first line, in milliseconds */
  constructor(shown, timeOf = () => null) {
    this.shown = shown;
    this.timeOf = timeOf;
    /** @type {Query|null} */
    this.query = null;
    /** @type {Set<string>} */
    this.off = new Set();
    /** @type {Set<Item>} */
    this.folded = new Set();
    /** Whether frames of libraries are folded to one line, but for those that were opened. */
    this.foldsFrames = true;
    /** First lines of frames that were opened. @type {Set<Item>} */
    this.opened = new Set();
    /** The first number that is here: lines folded to one that is gone are shown. */
    this.firstSeq = -Infinity;
    this.begin();
  }

  begin() {
    /** @type {Item[]} lines that match the query, in order */
    this.matches = [];
    /** Lines shown, and lines seen. */
    this.lines = 0;
    this.all = 0;
    /** The current entry: its first line and, separately, its other lines. Most entries are one line, and making 200,000
     * lists of one item would be slow. @type {Item|null} */
    this.head = null;
    /** @type {Item[]} */
    this.inner = [];
    this.entryShown = false;
    this.entryMatches = false;
    this.entryExcluded = false;
    this.entryInRange = true;
    /** The time of the last entry that has one. @type {number|null} */
    this.lastTime = null;
  }

  get hides() { return this.off.size > 0 || (this.query?.hides ?? false); }

  /** @param {Item} item */
  take(item) {
    const { shown, query } = this;
    if (item.kind !== 'line') {
      this.#newEntry();
      shown.push(item);
      return;
    }
    this.all++;
    if (!item.inner) this.#newEntry();
    if (this.head === null) {
      this.head = item;
      this.entryInRange = this.#isInRange(item);
    } else this.inner.push(item);
    if (query?.active) {
      const text = item.plain;
      if (query.matches(text, item)) {
        this.entryMatches = true;
        if (!this.off.has(item.level) && this.entryInRange) this.matches.push(item);
      }
      if (query.shuns && query.excludes(text, item)) this.entryExcluded = true;
    }
    const show = this.#wants(item);
    if (show && !this.entryShown) {
      this.entryShown = true;
      this.#show(this.head);
      for (const line of this.inner) this.#show(line);
    } else if (show) this.#show(item);
    else if (this.entryShown) {
      // The entry's own lines are the last ones shown: a line further down decided against it.
      for (const line of [this.head, ...this.inner]) if (line !== item && !this.#isFolded(line)) { shown.pop(); this.lines--; }
      this.entryShown = false;
    }
  }

  /** Takes items in order. Most entries are one line, so these decide how long a filter over 200,000 lines takes. @param {Item[]} items @param {number} from @param {number} to */
  takeAll(items, from, to) {
    for (let i = from; i < to; i++) {
      const item = items[i];
      if (item.kind === 'line' && !item.inner && i + 1 < to && !items[i + 1].inner) this.#takeAlone(item);
      else this.take(item);
    }
  }

  /** @param {Item} item a line that is an entry, and known to be whole */
  #takeAlone(item) {
    const { off, query } = this;
    this.all++;
    let shows = this.#isInRange(item) && (off.size === 0 || !off.has(item.level));
    if (query?.active) {
      const text = item.plain;
      const matches = query.matches(text, item);
      if (matches && shows) this.matches.push(item);
      if (query.flags.invert) shows &&= !matches;
      else if (query.flags.only && query.seeks) shows &&= matches;
      if (shows && query.shuns) shows = !query.excludes(text, item);
    }
    if (!shows) return;
    this.shown.push(item);
    this.lines++;
  }

  /** Whether an entry is of the wanted time; one without a time has that of the one before. @param {Item} head */
  #isInRange(head) {
    const range = this.query?.range;
    if (!range) return true;
    const ms = this.lastTime = this.timeOf(head) ?? this.lastTime;
    return ms !== null && ms >= range.from && ms < range.to;
  }

  #newEntry() {
    this.head = null;
    if (this.inner.length) this.inner = [];
    this.entryShown = this.entryMatches = this.entryExcluded = false;
  }

  #wants(/** @type {Item} */ item) {
    const head = /** @type {Item} */ (this.head);
    if (!this.entryInRange || (this.off.size && this.off.has(head.inner ? item.level : head.level))) return false;
    const { query } = this;
    if (!query?.active) return true;
    if (this.entryExcluded) return false;
    if (query.flags.invert) return !this.entryMatches;
    return query.flags.only ? this.entryMatches || !query.seeks : true;
  }

  /** Whether it is one of the lines that folding its entry hides. */
  #isFolded(/** @type {Item} */ line) {
    return (line !== this.head && this.folded.has(/** @type {Item} */ (this.head))) || this.isUnderFrame(line);
  }

  /** Whether it is the line to which frames of libraries are folded. @param {Item} line */
  isFoldOfFrames(line) { return line.block === line && this.foldsFrames && !this.opened.has(line); }

  /** Whether it is hidden below such a line. @param {Item} line */
  isUnderFrame(line) {
    const { block } = line;
    return block !== null && block !== line && block.seq >= this.firstSeq && this.isFoldOfFrames(block);
  }

  #show(/** @type {Item} */ line) {
    if (this.#isFolded(line)) return;
    this.shown.push(line);
    this.lines++;
  }

  /** Removes the unfinished line, which comes again once it is complete. @param {Item[]} items */
  untake(items) {
    for (const item of [...items].reverse()) {
      if (this.matches[this.matches.length - 1] === item) this.matches.pop();
      if (this.inner[this.inner.length - 1] === item) this.inner.pop();
      else if (this.head === item) this.head = null;
      this.all--;
    }
  }

  /** @param {number} seq @returns {number} matches that are gone */
  dropBefore(seq) {
    this.firstSeq = seq;
    let gone = 0;
    while (gone < this.matches.length && this.matches[gone].seq < seq) gone++;
    if (gone) this.matches.splice(0, gone);
    return gone;
  }
}
