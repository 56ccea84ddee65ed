/** What people filter by: an expression, or terms. Knows no DOM. */

import { FieldTest } from './field-test.js';
import { termIn, termsIn } from './terms.js';

/** Hits marked in one line; a regular expression like "." would make an element of each character. */
const MOST_HITS = 500;

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {{case: boolean, regex: boolean, invert: boolean, only: boolean}} Flags */

/** @param {string} text */
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * What it takes to read and test field terms in a log.
 *
 * @typedef {{isField(name: string): boolean, formats(): import('../formats/detection.js').Formats|null}} Known
 */

/** No log, or one without fields. @type {Known} */
const NOTHING_KNOWN = { isField: () => false, formats: () => null };

export class Query {
  /**
   * @param {string} text as typed
   * @param {Flags} flags
   * @param {string[]} [pinned] chips: further terms that a line must, or must not, contain
   * @param {Known} [known]
   * @param {import('../log/volume.js').Range|null} [range] the time that entries must be of
   */
  constructor(text, flags, pinned = [], known = NOTHING_KNOWN, range = null) {
    this.text = text;
    this.range = range;
    this.flags = flags;
    this.known = known;
    /** What the worker found for a line: where, or null. Only for expressions. @type {WeakMap<object, number[]|null>} */
    this.verdicts = new WeakMap();
    /** The typed expression. @type {{source: string}|null} */
    this.expression = flags.regex && text ? { source: text } : null;
    /** The typed terms; empty if an expression is typed. @type {import('./terms.js').Term[]} */
    this.typed = flags.regex ? [] : termsIn(text, known.isField);
    this.terms = [...this.typed, ...pinned.map(termIn)];
    const sources = [...(this.expression ? [text] : []), ...this.terms.flatMap((term) => (term.kind === 'regex' ? term.source : []))];
    /** The expressions of RE2 that are matched in a worker, and never here: the typed one, then those of chips. @type {import('./matcher.js').Expressions|null} */
    this.expressions = sources.length ? { sources, flags: flags.case ? '' : 'i' } : null;
    const mode = flags.case ? 'g' : 'gi';
    const texts = (/** @type {boolean} */ not) => this.terms.flatMap((term) => (term.kind === 'text' && term.not === not ? new RegExp(literal(term.text), mode) : []));
    const fields = (/** @type {boolean} */ not) => this.terms.flatMap((term) => (term.kind === 'field' && term.not === not ? new FieldTest(term, flags.case) : []));
    this.wanted = texts(false);
    this.unwanted = texts(true);
    this.fields = fields(false);
    this.unwantedFields = fields(true);
    /** Without "g", which makes an expression remember its place in the previous line. */
    this.tests = this.wanted.map((term) => new RegExp(term.source, mode.slice(1)));
  }

  /** Whether lines must contain something. */
  get seeks() { return this.expressions !== null || this.wanted.length > 0 || this.fields.length > 0; }

  /** Whether lines must not contain something. */
  get shuns() { return this.unwanted.length > 0 || this.unwantedFields.length > 0; }

  /** Whether the worker has yet to match a line. @param {object} item */
  awaits(item) { return this.expressions !== null && !this.verdicts.has(item); }

  /** Whether there is anything to look for. */
  get active() { return this.seeks || this.shuns; }
  /** Whether it hides lines. */
  get hides() { return this.range !== null || (this.active && (this.flags.only || this.flags.invert || this.shuns)); }

  /** @param {string} text @param {Item} [item] the line that it is of */
  matches(text, item) {
    const { tests } = this;
    if (this.expressions !== null && !(item && this.verdicts.get(item))) return false;
    for (let i = 0; i < tests.length; i++) if (!tests[i].test(text)) return false;
    if (this.fields.length > 0) {
      const formats = this.known.formats();
      for (const field of this.fields) if (!field.test(text, formats, item)) return false;
    }
    return this.seeks && !(this.shuns && this.excludes(text, item));
  }

  /** @param {string} text @param {Item} [item] the line that it is of */
  excludes(text, item) {
    for (const term of this.unwanted) {
      term.lastIndex = 0;
      if (term.test(text)) return true;
    }
    if (this.unwantedFields.length === 0) return false;
    const formats = this.known.formats();
    return this.unwantedFields.some((field) => field.test(text, formats, item));
  }

  /** Where to mark what is drawn of a line: nowhere in one that does not meet all terms. @param {string} text @param {Item} item @returns {[number, number][]} */
  marks(text, item) { return this.active && this.matches(item.plain, item) ? this.hits(text, item) : []; }

  /** Where the terms are in a line. @param {string} text @param {object} [item] @returns {[number, number][]} in order, without overlap */
  hits(text, item) {
    /** @type {[number, number][]} */
    const found = [];
    if (this.flags.invert) return found;
    if (this.expressions) {
      const flat = (item && this.verdicts.get(item)) || [];
      for (let i = 0; i < flat.length; i += 2) if (flat[i] < text.length) found.push([flat[i], Math.min(flat[i + 1], text.length)]);
    }
    for (const term of this.wanted) {
      term.lastIndex = 0;
      for (let match = term.exec(text); match && found.length < MOST_HITS; match = term.exec(text)) {
        if (!match[0]) term.lastIndex++;
        else found.push([match.index, match.index + match[0].length]);
      }
    }
    for (const field of this.fields) found.push(...field.spans(text, this.known.formats()).filter(([from, to]) => to > from));
    if (this.wanted.length + this.fields.length + (this.expressions?.sources.length ?? 0) < 2) return found;
    found.sort((a, b) => a[0] - b[0]);
    let end = 0;
    return found.filter((hit) => {
      if (hit[0] < end) return false;
      [, end] = hit;
      return true;
    });
  }
}
