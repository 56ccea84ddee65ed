/**
 * What you look for: the query, its chips, and the way from match to match. Knows no DOM; the field is anything that has
 * a `value`.
 *
 * Typed text belongs to one log, with its flags; chips also apply to the next one, with the flags that they are matched
 * and shown by.
 */

import { firstLineOf } from '../log/entry.js';
import { CUT } from '../rows/row.js';
import { FieldNames } from './field-test.js';
import { Query } from './filter.js';
import { BadExpression, Matcher } from './matcher.js';
import { contraryOf, termIn, termOfExpression } from './terms.js';

const TYPING_MS = 60;
/** With this many lines, finding takes long enough to wait for more typing. */
const MANY_LINES = 20_000;

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('./filter.js').Flags} Flags */

export class Finding {
  /**
   * @param {{log: import('../log/open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, filtered: import('./filtered.js').Filtered, field: {value: string}}} parts
   * @param {{changed(): void, used(): void, unfolded(): void, found(): void}} listener
   *   `changed`: redraw it; `used`: another query applies, and `unfolded`: an entry was unfolded, so choose the shown
   *   lines again; `found`: that is done, so redraw everything that depends on the query
   * @param {(expressions: import('./matcher.js').Expressions) => Matcher} [makeMatcher]
   */
  constructor({ log, rows, filtered, field }, listener, makeMatcher = (expressions) => new Matcher(expressions)) {
    this.log = log;
    this.rows = rows;
    this.filtered = filtered;
    this.field = field;
    this.listener = listener;
    this.makeMatcher = makeMatcher;
    /** @type {Flags} */
    this.flags = { case: false, regex: false, invert: false, only: false };
    /** The time that is kept to. @type {import('../log/volume.js').Range|null} */
    this.range = null;
    /** The chips, as `terms.js` describes them. @type {string[]} */
    this.pinned = [];
    /** Those of them that are not used, because their expression came with a link, is invalid, or too slow. @type {Map<string, {why: 'link'|'slow'}|BadExpression>} */
    this.held = new Map();
    /** An expression that came with a link: it runs once you want it to. */
    this.proposed = '';
    this.names = new FieldNames(() => this.log.store);
    /** What typed terms are read with. @type {import('./filter.js').Known} */
    this.known = { isField: (name) => this.names.has(name), formats: () => this.log.store.entries.formats };
    /** Of the log that is open. */
    this.slug = '';
    /** What lines are matched with now, what was asked for last, and what the worker matches lines with. */
    this.query = this.wanted = this.matched = new Query('', { ...this.flags }, [], this.known);
    /** @type {Matcher|null} */
    this.matcher = null;
    /** Why the typed expression is not used: it is invalid, or too slow. @type {{bad: BadExpression|null, isSlow: boolean}} */
    this.trouble = { bad: null, isSlow: false };
    this.isStepped = false;
    this.begin();
  }

  /** A log was opened. Text typed for another log is dropped, and flags that no chip needs. */
  begin() {
    /** The match that you are at; -1 before the first step. */
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
    this.flags = this.pinned.length ? { ...this.flags, regex: false } : { case: false, regex: false, invert: false, only: false };
    this.query = this.wanted = this.matched = this.filtered.query = new Query('', { ...this.flags }, this.applied, this.known, this.range);
    if (this.query.expressions) this.matcher = this.makeMatcher(this.query.expressions);
  }

  /** The chips that are used. */
  get applied() { return this.pinned.filter((chip) => !this.held.has(chip)); }

  /** The expressions that came with a link and wait for "Run it". */
  get asked() {
    const chips = this.pinned.flatMap((chip) => {
      const term = termIn(chip);
      return term.kind === 'regex' && this.#isAsked(chip) ? term.source : [];
    });
    return this.proposed ? [...chips, this.proposed] : chips;
  }

  /** Whether an expression came with a link and has not run. */
  get asks() { return this.proposed !== '' || this.pinned.some((chip) => this.#isAsked(chip)); }

  /** @param {string} chip */
  #isAsked(chip) { return this.held.get(chip)?.why === 'link'; }

  /** The log that is opened next shows a hit of what is sought: typed text stays. @param {string} slug */
  goAlong(slug) { this.slug = slug; }

  /** @param {keyof Flags} flag */
  toggleFlag(flag) {
    this.flags[flag] = !this.flags[flag];
    if (flag === 'invert' && this.flags.invert) this.flags.only = false;
    if (flag === 'only' && this.flags.only) this.flags.invert = false;
    this.search();
  }

  /** Takes a filter out of an address. @param {{query: string, terms: string[], flags: Flags, range?: import('../log/volume.js').Range|null}} given @param {boolean} [isOwn] the viewer ran its expressions before: they are run without asking */
  restore({ query, terms, flags, range = null }, isOwn = false) {
    this.range = range;
    const isProposed = flags.regex && query !== '' && !isOwn;
    this.flags = { ...flags, regex: flags.regex && !isProposed };
    this.field.value = isProposed ? '' : query;
    this.proposed = isProposed ? query : '';
    this.pinned = [...terms];
    this.held.clear();
    if (!isOwn) for (const chip of terms) if (termIn(chip).kind === 'regex') this.held.set(chip, { why: 'link' });
    this.search();
  }

  clear() {
    this.range = null;
    this.field.value = '';
    this.pinned = [];
    this.held.clear();
    this.proposed = '';
    this.search();
  }

  /** Only entries of this time are wanted. @param {import('../log/volume.js').Range|null} range null: of any time */
  keepTo(range) {
    this.range = range;
    this.search();
  }

  /** Removes typed text; chips stay. */
  clearTyped() {
    this.field.value = '';
    this.search();
  }

  /** Turns typed text into chips, one for each term. Text that can't be read stays in the field. */
  pin() {
    if (this.flags.regex) return this.#pinExpression();
    const { typed } = new Query(this.field.value, { ...this.flags }, [], this.known);
    const chips = typed.flatMap(({ kind, term }) => (kind === 'bad' ? [] : [term]));
    if (!chips.length) return;
    this.field.value = typed.flatMap(({ kind, term }) => (kind === 'bad' ? [term] : [])).join(' ');
    this.#add(chips);
    this.search();
    return undefined;
  }

  #pinExpression() {
    const source = this.field.value;
    if (!source || (this.wanted.text === source && (this.trouble.bad || this.trouble.isSlow))) return;
    const chip = termOfExpression(source);
    this.field.value = '';
    this.held.delete(chip);
    this.#add([chip]);
    this.search();
  }

  /** Takes the last chip back into the field. */
  takeBack() {
    const last = this.pinned[this.pinned.length - 1];
    if (last === undefined) return;
    const term = termIn(last);
    if (term.kind === 'field') this.names.learn(term.name);
    this.flags.regex = term.kind === 'regex';
    this.field.value = term.kind === 'regex' ? term.source : term.term;
    this.remove(last);
  }

  /** Offers an expression that came with a link. @param {string} expression */
  propose(expression) {
    this.proposed = expression;
    this.listener.changed();
  }

  /** Runs the expressions that came with a link. */
  runProposed() {
    if (this.proposed) {
      this.field.value = this.proposed;
      this.flags.regex = true;
    }
    this.proposed = '';
    for (const chip of this.pinned) if (this.#isAsked(chip)) this.held.delete(chip);
    this.search();
  }

  /** Forgets the expressions that came with a link. */
  dismissProposed() {
    this.pinned = this.pinned.filter((chip) => !this.#isAsked(chip));
    this.propose('');
  }

  /** Filters for something in a line, or hides it: adds a chip, and removes its opposite. @param {string} term as `terms.js` describes chips; see `termOf` there */
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

  /** Lines arrived: a term that was read as text may name a field that exists now. */
  grew() {
    if (this.field.value && !this.flags.regex && this.names.missing.size && this.names.isBetter) this.search();
  }

  /** Takes a chip away. @param {string} term */
  remove(term) {
    this.pinned = this.pinned.filter((other) => other !== term);
    this.held.delete(term);
    this.search();
  }

  /** Something was typed; more may follow. */
  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), this.log.store.lines > MANY_LINES ? TYPING_MS * 2 : TYPING_MS);
  }

  /** Finds the text in the field at once, without waiting for more to be typed. */
  search() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wanted = new Query(this.field.value, { ...this.flags }, this.applied, this.known, this.range);
    this.trouble = { bad: null, isSlow: false };
    this.#begin(this.wanted);
    this.listener.changed();
  }

  /** Uses a query as soon as its expressions are matched. @param {Query} query */
  #begin(query) {
    const { store } = this.log;
    this.end();
    this.matched = query;
    this.matcher = query.expressions ? this.makeMatcher(query.expressions) : null;
    if (!this.matcher) this.#use(query);
    else void this.match(store.items.slice(store.first)).then((done) => { if (done && this.matched === query) this.#use(query); });
  }

  /** Ends the worker. */
  end() { this.matcher?.end(); }

  /** Whether there is a worker that matches lines. */
  get isMatching() { return this.matcher !== null && !this.matcher.ended; }

  /** Has the worker match lines; false if it can't: an expression is invalid, or takes too long. @param {Item[]} items */
  async match(items) {
    const { matcher, matched } = this;
    const lines = items.filter((item) => item.kind === 'line');
    if (!matcher) return false;
    try {
      const found = await matcher.match(lines.map((item) => item.plain));
      lines.forEach((item, i) => matched.verdicts.set(item, found[i]));
      return true;
    } catch (error) {
      if (this.matched === matched) this.#leaveOut(matched, error instanceof BadExpression ? error : null);
      return false;
    }
  }

  /** Continues without the expression that can't be used. If several take too long, the typed one is left out first. @param {Query} query @param {BadExpression|null} bad null: too slow */
  #leaveOut(query, bad) {
    if (query.expression && (bad === null || bad.at === 0)) this.trouble = { bad, isSlow: bad === null };
    else {
      const chips = this.applied.filter((chip) => termIn(chip).kind === 'regex');
      for (const chip of bad ? [chips[bad.at - Number(query.expression !== null)]] : chips) this.held.set(chip, bad ?? { why: 'slow' });
    }
    const text = this.trouble.bad || this.trouble.isSlow ? '' : query.text;
    this.#begin(new Query(text, { ...this.flags }, this.applied, this.known, this.range));
    this.listener.changed();
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

  /** Brings a line to the middle of the view, and removes a filter that hides it. @param {Item} item */
  reveal(item) {
    const { rows } = this;
    const { shown } = rows;
    this.#unfold(item);
    if (this.range && shown.at(shown.indexOfSeq(item.seq)) !== item) this.keepTo(null);
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
