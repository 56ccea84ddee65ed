/** What people filter by: an expression, or terms. Knows no DOM. */

import { FieldTest } from './field-test.js';
import { termIn, termsIn } from './terms.js';

/** Hits marked in one line; a regular expression like "." would make an element of each character. */
const MOST_HITS = 500;

/** @typedef {{case: boolean, regex: boolean, invert: boolean, only: boolean}} Flags */

/** @param {string} text */
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * What the terms of a log's fields are read and tested with.
 *
 * @typedef {{isField(name: string): boolean, formats(): import('../formats/detection.js').Formats|null}} Known
 */

/** No log, or one without fields. @type {Known} */
const NOTHING_KNOWN = { isField: () => false, formats: () => null };

export class Query {
  /**
   * @param {string} text as typed
   * @param {Flags} flags
   * @param {string[]} [pinned] chips: further terms that a line must hold, or must not
   * @param {Known} [known]
   */
  constructor(text, flags, pinned = [], known = NOTHING_KNOWN) {
    this.text = text;
    this.flags = flags;
    this.known = known;
    /** What the worker found for a line: where, or null. Only for regular expressions. @type {WeakMap<object, number[]|null>} */
    this.verdicts = new WeakMap();
    /** The expression of RE2 that is matched in a worker, and never here. @type {{source: string, flags: string}|null} */
    this.expression = flags.regex && text ? { source: text, flags: flags.case ? '' : 'i' } : null;
    /** The typed terms; empty if an expression is typed. @type {import('./terms.js').Term[]} */
    this.typed = flags.regex ? [] : termsIn(text, known.isField);
    this.terms = [...this.typed, ...pinned.map(termIn)];
    const mode = flags.case ? 'g' : 'gi';
    const texts = (/** @type {boolean} */ not) => this.terms.flatMap((term) => (term.kind === 'text' && term.not === not ? new RegExp(literal(term.text), mode) : []));
    const fields = (/** @type {boolean} */ not) => this.terms.flatMap((term) => (term.kind === 'field' && term.not === not ? new FieldTest(term, flags.case) : []));
    this.wanted = texts(false);
    this.unwanted = texts(true);
    this.fields = fields(false);
    this.unwantedFields = fields(true);
    /** Without "g", which would have them remember where the last line ended. */
    this.tests = this.wanted.map((term) => new RegExp(term.source, mode.slice(1)));
  }

  /** Whether lines are to hold something. */
  get seeks() { return this.expression !== null || this.wanted.length > 0 || this.fields.length > 0; }

  /** Whether lines must not hold something. */
  get shuns() { return this.unwanted.length > 0 || this.unwantedFields.length > 0; }

  /** Whether a line is still to be matched by the worker. @param {object} item */
  awaits(item) { return this.expression !== null && !this.verdicts.has(item); }

  /** Whether there is anything to look for. */
  get active() { return this.seeks || this.shuns; }
  /** Whether lines are hidden by it. */
  get hides() { return this.active && (this.flags.only || this.flags.invert || this.shuns); }

  /** @param {string} text @param {object} [item] the line it is of, for a regular expression */
  matches(text, item) {
    const { tests } = this;
    if (this.expression !== null && !(item && this.verdicts.get(item))) return false;
    for (let i = 0; i < tests.length; i++) if (!tests[i].test(text)) return false;
    if (this.fields.length > 0) {
      const formats = this.known.formats();
      for (const field of this.fields) if (!field.test(text, formats)) return false;
    }
    return this.seeks && !(this.shuns && this.excludes(text));
  }

  /** @param {string} text */
  excludes(text) {
    for (const term of this.unwanted) {
      term.lastIndex = 0;
      if (term.test(text)) return true;
    }
    if (this.unwantedFields.length === 0) return false;
    const formats = this.known.formats();
    return this.unwantedFields.some((field) => field.test(text, formats));
  }

  /** Where to mark a line. @param {string} text @param {object} [item] @returns {[number, number][]} in order, without overlap */
  hits(text, item) {
    /** @type {[number, number][]} */
    const found = [];
    if (this.flags.invert) return found;
    if (this.expression) {
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
    if (this.wanted.length + this.fields.length + (this.expression ? 1 : 0) < 2) return found;
    found.sort((a, b) => a[0] - b[0]);
    let end = 0;
    return found.filter((hit) => {
      if (hit[0] < end) return false;
      [, end] = hit;
      return true;
    });
  }
}
