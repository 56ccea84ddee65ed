/**
 * Which items are shown: levels, query and folded entries, decided entry by entry as they come. Knows no DOM.
 *
 * An entry is shown whole or not at all: its first line and the lines that belong to it.
 */

import { plain } from './text.js?v=0.1.0';

/** @typedef {import('./store.js').Item} Item */
/** @typedef {import('./filter.js').Query} Query */

export class Chosen {
  /** @param {{push(item: Item): void, pop(): void}} shown */
  constructor(shown) {
    this.shown = shown;
    /** @type {Query|null} */
    this.query = null;
    /** @type {Set<string>} */
    this.off = new Set();
    /** @type {Set<Item>} */
    this.folded = new Set();
    this.begin();
  }

  begin() {
    /** @type {Item[]} lines that hold the query, in order */
    this.matches = [];
    /** Lines shown, and lines seen. */
    this.lines = 0;
    this.all = 0;
    /** @type {Item[]} */
    this.entry = [];
    this.entryShown = false;
    this.entryMatches = false;
    this.entryExcluded = false;
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
    this.entry.push(item);
    if (query?.active) {
      const text = plain(item.text);
      if (query.matches(text, item)) {
        this.entryMatches = true;
        if (!this.off.has(item.level)) this.matches.push(item);
      }
      if (query.unwanted.length && query.excludes(text)) this.entryExcluded = true;
    }
    const show = this.#wants(item);
    if (show && !this.entryShown) {
      this.entryShown = true;
      this.entry.forEach((line, i) => this.#show(line, i));
    } else if (show) this.#show(item, this.entry.length - 1);
    else if (this.entryShown) {
      // The entry's own lines are the last ones shown: a line further down decided against it.
      for (const line of this.entry) if (line !== item && this.#isShown(line)) { shown.pop(); this.lines--; }
      this.entryShown = false;
    }
  }

  #newEntry() {
    this.entry.length = 0;
    this.entryShown = this.entryMatches = this.entryExcluded = false;
  }

  #wants(/** @type {Item} */ item) {
    if (this.off.has(this.entry[0].inner ? item.level : this.entry[0].level)) return false;
    const { query } = this;
    if (!query?.active) return true;
    if (this.entryExcluded) return false;
    if (query.flags.invert) return !this.entryMatches;
    return query.flags.only ? this.entryMatches || query.wanted.length === 0 : true;
  }

  #isShown(/** @type {Item} */ line) {
    return line === this.entry[0] || !this.folded.has(this.entry[0]);
  }

  #show(/** @type {Item} */ line, /** @type {number} */ index) {
    if (index > 0 && this.folded.has(this.entry[0])) return;
    this.shown.push(line);
    this.lines++;
  }

  /** The unfinished line goes; it comes again when it is whole. @param {Item[]} items */
  untake(items) {
    for (const item of [...items].reverse()) {
      if (this.matches[this.matches.length - 1] === item) this.matches.pop();
      if (this.entry[this.entry.length - 1] === item) this.entry.pop();
      this.all--;
    }
  }

  /** @param {number} seq */
  dropBefore(seq) {
    let gone = 0;
    while (gone < this.matches.length && this.matches[gone].seq < seq) gone++;
    if (gone) this.matches.splice(0, gone);
  }
}
