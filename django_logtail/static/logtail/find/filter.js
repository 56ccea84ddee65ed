/** What the reader of the page searches for. Knows no DOM. */

/** Hits marked in one line; a regular expression like "." would make an element of each character. */
const MOST_HITS = 500;

/** @typedef {{case: boolean, regex: boolean, invert: boolean, only: boolean}} Flags */

/** @param {string} text */
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * The term that was typed: a text, blanks and all. One that begins with "-" is not wanted; one in quotes is what stands
 * between them. `rm -rf /tmp` is a text.
 *
 * @param {string} typed
 */
export function terms(typed) {
  /** @type {string[]} */
  const wanted = [];
  /** @type {string[]} */
  const unwanted = [];
  const excluded = /^-(?=[^\s\d-])(.+)$/.exec(typed);
  const term = (excluded ? excluded[1] : typed).replace(/^"(.+)"$/, '$1');
  if (typed.trim()) (excluded ? unwanted : wanted).push(term);
  return { wanted, unwanted };
}

export class Query {
  /**
   * @param {string} text as typed
   * @param {Flags} flags
   * @param {string[]} [pinned] further terms that a line must hold, or must not
   */
  constructor(text, flags, pinned = []) {
    this.text = text;
    this.flags = flags;
    /** What the worker found for a line: where, or null. Only for regular expressions. @type {WeakMap<object, number[]|null>} */
    this.verdicts = new WeakMap();
    /** The expression of RE2 that is matched in a worker, and never here. @type {{source: string, flags: string}|null} */
    this.expression = flags.regex && text ? { source: text, flags: flags.case ? '' : 'i' } : null;
    const all = [...(flags.regex ? [] : [text]), ...pinned].map(terms);
    const mode = flags.case ? 'g' : 'gi';
    const made = (/** @type {string} */ term) => new RegExp(literal(term), mode);
    this.wanted = all.flatMap(({ wanted }) => wanted.map(made));
    this.unwanted = all.flatMap(({ unwanted }) => unwanted.map(made));
    /** Without "g", which would have them remember where the last line ended. */
    this.tests = this.wanted.map((term) => new RegExp(term.source, mode.slice(1)));
  }

  /** Whether lines are to hold something. */
  get seeks() { return this.expression !== null || this.wanted.length > 0; }

  /** Whether a line is still to be matched by the worker. @param {object} item */
  awaits(item) { return this.expression !== null && !this.verdicts.has(item); }

  /** Whether there is anything to look for. */
  get active() { return this.seeks || this.unwanted.length > 0; }
  /** Whether lines are hidden by it. */
  get hides() { return this.active && (this.flags.only || this.flags.invert || this.unwanted.length > 0); }

  /** @param {string} text @param {object} [item] the line it is of, for a regular expression */
  matches(text, item) {
    const { tests } = this;
    if (this.expression !== null && !(item && this.verdicts.get(item))) return false;
    for (let i = 0; i < tests.length; i++) if (!tests[i].test(text)) return false;
    return this.seeks && (this.unwanted.length === 0 || !this.excludes(text));
  }

  /** @param {string} text */
  excludes(text) {
    for (const term of this.unwanted) {
      term.lastIndex = 0;
      if (term.test(text)) return true;
    }
    return false;
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
    if (this.wanted.length + (this.expression ? 1 : 0) < 2) return found;
    found.sort((a, b) => a[0] - b[0]);
    let end = 0;
    return found.filter((hit) => {
      if (hit[0] < end) return false;
      [, end] = hit;
      return true;
    });
  }
}
