/**
 * What you look for: the query, its chips, and the way from match to match. Knows no DOM; the field is anything that has
 * a `value`.
 *
 * Typed text belongs to one log; chips also apply to the next one.
 */

import { firstLineOf } from '../log/entry.js';
import { CUT } from '../rows/row.js';
import { FieldNames } from './field-test.js';
import { Query } from './filter.js';
import { BadExpression, Matcher } from './matcher.js';
import { contraryOf, termIn } from './terms.js';

const TYPING_MS = 60;
/** Lines from which on finding takes long enough to wait for more to be typed. */
const MANY_LINES = 20_000;

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('./filter.js').Flags} Flags */

export class Finding {
  /**
   * @param {{log: import('../log/open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, filtered: import('./filtered.js').Filtered, field: {value: string}}} parts
   * @param {{changed(): void, used(): void, unfolded(): void, found(): void}} listener
   *   `changed`: redraw it; `used`: another query applies, and `unfolded`: an entry was unfolded, so choose the shown
   *   lines again; `found`: that is done, so redraw everything that depends on the query
   * @param {(term: {source: string, flags: string}) => Matcher} [makeMatcher]
   */
  constructor({ log, rows, filtered, field }, listener, makeMatcher = (term) => new Matcher(term)) {
    this.log = log;
    this.rows = rows;
    this.filtered = filtered;
    this.field = field;
    this.listener = listener;
    this.makeMatcher = makeMatcher;
    /** @type {Flags} */
    this.flags = { case: false, regex: false, invert: false, only: false };
    /** The chips, as `terms.js` describes them. @type {string[]} */
    this.pinned = [];
    /** An expression that came with a link: it runs once you want it to. */
    this.proposed = '';
    this.names = new FieldNames(() => this.log.store);
    /** What typed terms are read with. @type {import('./filter.js').Known} */
    this.known = { isField: (name) => this.names.has(name), formats: () => this.log.store.entries.formats };
    /** Of the log that is open. */
    this.slug = '';
    /** What lines are matched with now, and what they will be once the worker has answered. */
    this.query = this.wanted = new Query('', { ...this.flags }, [], this.known);
    /** @type {Matcher|null} */
    this.matcher = null;
    /** Why the expression is not used: it is invalid, or too slow. @type {{bad: BadExpression|null, isSlow: boolean}} */
    this.trouble = { bad: null, isSlow: false };
    this.isStepped = false;
    this.begin();
  }

  /** A log was opened. Text typed for another log is dropped. */
  begin() {
    /** Of the matches, the one that you are at; -1: before the first step. */
    this.current = -1;
    this.names.begin();
    const slug = this.log.info?.slug ?? '';
    const isOther = this.slug !== '' && slug !== this.slug;
    this.slug = slug || this.slug;
    if (!isOther) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.field.value = '';
    this.proposed = '';
    this.end();
    this.matcher = null;
    this.trouble = { bad: null, isSlow: false };
    this.query = this.wanted = this.filtered.query = new Query('', { ...this.flags }, this.pinned, this.known);
  }

  /** @param {keyof Flags} flag */
  toggleFlag(flag) {
    this.flags[flag] = !this.flags[flag];
    if (flag === 'invert' && this.flags.invert) this.flags.only = false;
    if (flag === 'only' && this.flags.only) this.flags.invert = false;
    this.search();
  }

  /** Takes a filter out of an address. @param {{query: string, terms: string[], flags: Flags}} given @param {boolean} [isOwn] the person ran its expression before: it is run without asking */
  restore({ query, terms, flags }, isOwn = false) {
    const isProposed = flags.regex && query !== '' && !isOwn;
    this.flags = { ...flags, regex: flags.regex && !isProposed };
    this.field.value = isProposed ? '' : query;
    this.proposed = isProposed ? query : '';
    this.pinned = [...terms];
    this.search();
  }

  clear() {
    this.field.value = '';
    this.pinned = [];
    this.proposed = '';
    this.search();
  }

  /** Takes away what is typed; chips stay. */
  clearTyped() {
    this.field.value = '';
    this.search();
  }

  /** Keeps what is typed as chips, one for each term. What cannot be read stays in the field. */
  pin() {
    if (this.flags.regex) return;
    const { typed } = new Query(this.field.value, { ...this.flags }, [], this.known);
    const chips = typed.flatMap(({ kind, term }) => (kind === 'bad' ? [] : [term]));
    if (!chips.length) return;
    this.field.value = typed.flatMap(({ kind, term }) => (kind === 'bad' ? [term] : [])).join(' ');
    this.#add(chips);
    this.search();
  }

  /** Takes the last chip back into the field. */
  takeBack() {
    const last = this.pinned[this.pinned.length - 1];
    if (last === undefined || this.flags.regex) return;
    const term = termIn(last);
    if (term.kind === 'field') this.names.learn(term.name);
    this.field.value = last;
    this.remove(last);
  }

  /** Offers an expression that came with a link. @param {string} expression */
  propose(expression) {
    this.proposed = expression;
    this.listener.changed();
  }

  /** Runs the expression that came with a link. */
  runProposed() {
    this.field.value = this.proposed;
    this.proposed = '';
    this.flags.regex = true;
    this.search();
  }

  /** Forgets the expression that came with a link. */
  dismissProposed() { this.propose(''); }

  /** Filters for something in a line, or hides it: adds a chip, and takes the contrary one away. @param {string} term as `terms.js` describes chips; see `termOf` there */
  add(term) {
    const isNew = this.#add([term]);
    const read = termIn(term);
    const isFilter = read.kind !== 'bad' && !read.not && !this.flags.invert && !this.flags.only;
    if (isFilter) this.flags.only = true;
    if (isNew || isFilter) this.search();
  }

  /** @param {string[]} chips @returns {boolean} whether one of them is new */
  #add(chips) {
    const before = this.pinned;
    for (const chip of chips) {
      if (this.pinned.includes(chip)) continue;
      const contrary = contraryOf(chip);
      this.pinned = [...this.pinned.filter((other) => other !== contrary), chip];
    }
    return this.pinned !== before;
  }

  /** Lines came: what was read as a text may be the name of a field, now that there is one. */
  grew() {
    if (this.field.value && !this.flags.regex && this.names.missing.size && this.names.isBetter) this.search();
  }

  /** Takes a chip away. @param {string} term */
  remove(term) {
    this.pinned = this.pinned.filter((other) => other !== term);
    this.search();
  }

  /** Something was typed; more may follow. */
  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), this.log.store.lines > MANY_LINES ? TYPING_MS * 2 : TYPING_MS);
  }

  /** Finds what is in the field, without waiting for more to be typed. */
  search() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { store } = this.log;
    const query = new Query(this.field.value, { ...this.flags }, this.pinned, this.known);
    this.end();
    this.matcher = query.expression ? this.makeMatcher(query.expression) : null;
    this.wanted = query;
    this.trouble = { bad: null, isSlow: false };
    if (!this.matcher) this.#use(query);
    else void this.match(store.items.slice(store.first)).then((done) => { if (done && this.wanted === query) this.#use(query); });
    this.listener.changed();
  }

  /** Ends the worker. */
  end() { this.matcher?.end(); }

  /** Whether there is a worker that matches lines. */
  get isMatching() { return this.matcher !== null && !this.matcher.ended; }

  /** Has the worker match lines; false when the expression was ended for taking too long. @param {Item[]} items */
  async match(items) {
    const { matcher, wanted } = this;
    const lines = items.filter((item) => item.kind === 'line');
    if (!matcher) return false;
    try {
      const found = await matcher.match(lines.map((item) => item.plain));
      lines.forEach((item, i) => wanted.verdicts.set(item, found[i]));
      return true;
    } catch (error) {
      if (this.wanted === wanted) {
        const bad = error instanceof BadExpression ? error : null;
        this.trouble = { bad, isSlow: bad === null };
        this.listener.changed();
        this.#use(new Query('', { ...this.flags }, this.pinned, this.known));
      }
      return false;
    }
  }

  /** @param {Query} query one that is ready to be used */
  #use(query) {
    this.query = query;
    this.filtered.query = query;
    this.current = -1;
    this.isStepped = false;
    this.listener.used();
    this.rows.repaint();
    // Finding begins where you look now, and not at the end of the file.
    if (query.active) this.current = this.#nearest();
    this.listener.found();
  }

  #nearest() {
    const { rows } = this;
    const { matches } = this.filtered;
    if (rows.follow || !matches.length) return matches.length - 1;
    const { shown } = rows;
    const seq = shown.length ? shown.at(shown.indexAt(rows.at + rows.height / 2)).seq : 0;
    const index = matches.findIndex((item) => item.seq >= seq);
    return index < 0 ? matches.length - 1 : index;
  }

  /** The matches were chosen again: you are at the same one, or at the next where that one is hidden now. @param {Item|undefined} item */
  comeBackTo(item) {
    if (!item) return;
    const { matches } = this.filtered;
    const index = matches.findIndex((one) => one.seq >= item.seq);
    this.current = index < 0 ? matches.length - 1 : index;
    if (matches[this.current] !== item) this.rows.repaint();
  }

  /** The first matches are gone. @param {number} count */
  dropped(count) {
    if (!count || this.current < 0) return;
    if (this.current < count) this.rows.repaint();
    this.current = Math.max(0, this.current - count);
  }

  /** To another match. @param {number} step 1 forwards, -1 back */
  step(step) {
    // Search for text typed just now first; later, that search would undo the step.
    if (this.timer !== undefined) this.search();
    const { rows } = this;
    const { matches } = this.filtered;
    if (!matches.length) return;
    const before = matches[this.current];
    // The first step after typing goes to the match that was counted from, not past it.
    if (this.current < 0) this.current = matches.length - 1;
    else if (this.isStepped || step < 0) this.current = (this.current + step + matches.length) % matches.length;
    this.isStepped = true;
    const item = matches[this.current];
    this.#unfold(item);
    const isBehindCut = this.#openWhole(item);
    rows.reveal(rows.shown.indexOfSeq(item.seq), 'center');
    for (const line of [before, item]) if (line && rows.mounted.has(line)) rows.refresh(line);
    if (isBehindCut) rows.revealPart(item, '.lt-hit');
    this.listener.changed();
  }

  /** The lines around one that a filter shows. @param {Item} item */
  showContext(item) {
    const { rows } = this;
    this.#hideNothing();
    this.search();
    rows.reveal(rows.shown.indexOfSeq(item.seq), 'center');
    rows.repaint();
  }

  /** Brings a line to the middle of the view; a filter that hides it is taken away. @param {Item} item */
  reveal(item) {
    const { rows } = this;
    const { shown } = rows;
    this.#unfold(item);
    if (shown.at(shown.indexOfSeq(item.seq)) !== item) {
      this.#hideNothing();
      this.clear();
    }
    rows.reveal(shown.indexOfSeq(item.seq), 'center');
    rows.repaint();
  }

  /** Opens a line that is so long that it is cut before its first match. @param {Item} item @returns {boolean} whether the match is behind the cut */
  #openWhole(item) {
    const text = item.plain;
    if (text.length <= CUT) return false;
    const [first] = this.query.hits(text, item);
    if (!first || first[1] <= CUT) return false;
    item.whole = true;
    return true;
  }

  #hideNothing() {
    this.flags.only = this.flags.invert = false;
    this.filtered.off.clear();
  }

  #unfold(/** @type {Item} */ item) {
    const { filtered } = this;
    const isUnderFrame = item.block !== null && filtered.isFoldOfFrames(item.block);
    if (isUnderFrame) filtered.opened.add(/** @type {Item} */ (item.block));
    if (filtered.folded.delete(firstLineOf(this.log.store, item)) || isUnderFrame) this.listener.unfolded();
    // Its row stays, and is another now.
    if (isUnderFrame) this.rows.refresh(/** @type {Item} */ (item.block));
  }
}
