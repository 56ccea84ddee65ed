/** What the reader of the page searches for. Knows no DOM. */

/** Hits marked in one line; a regular expression like "." would make an element of each character. */
const MOST_HITS = 500;

/** @typedef {{case: boolean, regex: boolean, invert: boolean, only: boolean}} Flags */

/** @param {string} text */
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The words of a query: `-word` excludes, "a phrase" is taken as it stands. @param {string} query */
export function terms(query) {
  const wanted = [];
  const unwanted = [];
  const rest = query.replace(/(^|\s)-("[^"]+"|[^\s\d"-]\S*)/g, (_, before, term) => {
    unwanted.push(term.replace(/^"|"$/g, ''));
    return before;
  }).trim();
  const phrase = rest.replace(/^"([^"]+)"$/, '$1');
  if (phrase) wanted.push(phrase);
  return { wanted, unwanted };
}

export class Query {
  /**
   * @param {string} text as typed
   * @param {Flags} flags
   * @param {string[]} [pinned] further terms that a line must hold
   */
  constructor(text, flags, pinned = []) {
    this.text = text;
    this.flags = flags;
    this.error = '';
    /** What the worker found for a line: where, or null. Only for regular expressions. @type {WeakMap<object, number[]|null>} */
    this.verdicts = new WeakMap();
    /** @type {RegExp[]} */
    this.wanted = [];
    /** @type {RegExp[]} */
    this.unwanted = [];
    const mode = flags.case ? 'g' : 'gi';
    try {
      if (flags.regex) {
        if (text) this.wanted.push(new RegExp(text, mode));
      } else {
        const { wanted, unwanted } = terms(text);
        this.wanted.push(...wanted.map((term) => new RegExp(literal(term), mode)));
        this.unwanted.push(...unwanted.map((term) => new RegExp(literal(term), mode)));
      }
      this.wanted.push(...pinned.map((term) => new RegExp(literal(term), mode)));
    } catch (error) {
      this.error = String(/** @type {Error} */ (error).message).replace(/^.*?: .*?: /, '').toLowerCase();
      this.wanted = [];
      this.unwanted = [];
    }
    /** Without "g", which would have them remember where the last line ended. */
    this.tests = this.wanted.map((term) => new RegExp(term.source, mode.slice(1)));
    /** The expression that is matched in a worker, and never here. */
    this.expression = flags.regex && text && this.wanted.length ? this.wanted[0] : null;
  }

  /** Whether a line is still to be matched by the worker. @param {object} item */
  awaits(item) { return this.expression !== null && !this.verdicts.has(item); }

  /** Whether there is anything to look for. */
  get active() { return this.wanted.length + this.unwanted.length > 0; }
  /** Whether lines are hidden by it. */
  get hides() { return this.active && (this.flags.only || this.flags.invert || this.unwanted.length > 0); }

  /** @param {string} text @param {object} [item] the line it is of, for a regular expression */
  matches(text, item) {
    const { tests } = this;
    const judged = this.expression !== null;
    if (judged && !(item && this.verdicts.get(item))) return false;
    for (let i = judged ? 1 : 0; i < tests.length; i++) if (!tests[i].test(text)) return false;
    return tests.length > 0 && (this.unwanted.length === 0 || !this.excludes(text));
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
      return found;
    }
    for (const term of this.wanted) {
      term.lastIndex = 0;
      for (let match = term.exec(text); match && found.length < MOST_HITS; match = term.exec(text)) {
        if (!match[0]) term.lastIndex++;
        else found.push([match.index, match.index + match[0].length]);
      }
    }
    if (this.wanted.length < 2) return found;
    found.sort((a, b) => a[0] - b[0]);
    let end = 0;
    return found.filter((hit) => {
      if (hit[0] < end) return false;
      [, end] = hit;
      return true;
    });
  }
}
