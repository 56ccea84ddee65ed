/**
 * Detects a log's formats: those that explain most heads of its lines. Knows no DOM. The host has the same in
 * `formats/detection.py`.
 */

import { brief, GENERAL, INDENTED, nameOf, rowsLike, shapeOf, wrapperCalled } from './rows.js';
import { headOf, isIndented } from './heads.js';

/** @typedef {import('./rows.js').Row} Row */
/** @typedef {import('./heads.js').Head} Head */

/** Formats a log may have in addition to its first. */
const MOST_BESIDE = 3;
/** The share of counted heads that the detected formats must explain. */
const MUST_EXPLAIN = 0.6;
/** The share of heads that an additional format must have. */
const MUST_HAVE = 0.02;

/** Formats without a time: as fields, lines have one that isn't part of the sign. */
const UNTIMED = /^(?!(?:[a-z-]+>)*(?:json|logfmt)\|)[^|]*\|$/;

/** The formats of one log: what its entries begin with. */
export class Formats {
  /** @param {string[]} signs as `signOf` gives them, the most common one first */
  constructor(signs) {
    this.signs = signs;
    /** The expression that was given, which then decides alone. @type {{source: string, head: (text: string) => Head|null}|null} */
    this.expression = null;
    /** Whether the format was given: then other programs' lines don't begin entries. */
    this.isGiven = false;
    /** Whether blanks after a level would not align what follows: the program aligns its levels with blanks before them, or most lines have none; null: unknown. @type {boolean|null} */
    this.isPadded = null;
    /** Whether no format has a time, so that a line begins an entry if nothing says that it continues one. */
    this.isUntimed = signs.every((sign) => UNTIMED.test(sign));
    /** How entries write their times, if nothing is wrapped around them. @type {Set<string>} */
    this.timeShapes = new Set();
    /** @type {Row[]} */
    this.rows = [];
    /** @type {import('./rows.js').Wrapper[]} */
    this.wrappers = [];
    /** Whether lines of JSON, or of pairs, begin entries; and whether all lines of JSON do, or only those with a level or a time. */
    this.takesJson = this.takesPairs = this.takesAnyJson = false;
    /** @type {Map<string, string[]>} */
    const inside = new Map();
    for (const sign of signs) {
      const [path, rest] = cut(sign);
      if (path) {
        const [outer, ...deeper] = path.split('>');
        if (!inside.has(outer)) inside.set(outer, []);
        if (rest !== '|') inside.get(outer)?.push([...deeper, rest].join('>'));
      } else if (rest === 'json|') {
        this.takesJson = true;
        this.takesAnyJson ||= sign === signs[0];
      } else if (rest === 'logfmt|') this.takesPairs = true;
      else {
        const [id, ...others] = rest.split('|');
        const shape = others.join('|');
        this.rows.push(...rowsLike(id, shape));
        if (shape) this.timeShapes.add(shape);
      }
    }
    /** The rows in a faster form, for every line; null if they aren't enough. */
    this.brief = inside.size || this.rows.length === 0 ? null : brief(this.rows);
    /** @type {Map<string, Formats>} */
    this.inside = new Map();
    for (const [id, inner] of inside) {
      if (id === 'docker') this.takesJson = true;
      else {
        const wrapper = wrapperCalled(id);
        if (wrapper) this.wrappers.push(wrapper);
      }
      this.inside.set(id, new Formats(inner));
    }
    const indented = this.inside.get(INDENTED);
    this.isIndented = indented !== undefined;
    // Right-aligned numbers and levels have no blanks before the longest.
    if (indented) this.rows.push(...indented.rows);
  }

  /** The formats of lines inside a wrapper; null (any format) if none were found. @param {string} id */
  within(id) {
    const found = this.inside.get(id);
    return found?.signs.length ? found : null;
  }

  /** Names for people, the most common format first. */
  get names() { return this.expression ? [this.expression.source] : [...new Set(this.signs.map(named))]; }
}

/** @param {string} sign @returns {[string, string]} the wrappers, and what is inside them */
function cut(sign) {
  const bar = sign.indexOf('|');
  const at = sign.lastIndexOf('>', bar < 0 ? sign.length : bar);
  return at < 0 ? ['', sign] : [sign.slice(0, at), sign.slice(at + 1)];
}

/** @param {string} sign */
function named(sign) {
  const [path, rest] = cut(sign);
  const own = rest === 'json|' ? 'JSON lines' : rest === 'logfmt|' ? 'logfmt' : nameOf(rest.split('|')[0]);
  if (!path) return own;
  const outer = path.split('>').map((id) => (id === 'docker' ? 'Docker (json-file)' : nameOf(id)));
  return [...outer, own].filter(Boolean).join(', ');
}

/**
 * Whether a head behind blanks is part of the entry above, like a quoted log.
 *
 * @param {Head} head @param {{wrapper: string, format: string, written: string}} above
 */
export function isBelow(head, above) {
  if (!isIndented(head.wrapper) || isIndented(above.wrapper) || above.format === head.format) return false;
  return above.written !== '' || head.word === null;
}

/** Whether this line announces the lines that follow. @param {string} text */
export function announces(text) {
  const last = text.charCodeAt(text.length - 1);
  return last === 58 || last === 123 || last === 91 || last === 40;
}

/** What heads of one format have in common. @param {Head} head */
function signOf(head) {
  const own = `${head.format}|${head.written && head.format && !head.isFields ? shapeOf(head.written) : ''}`;
  return head.wrapper ? `${head.wrapper}>${own}` : own;
}

/**
 * The formats that explain most heads of some lines, or null if too little is known: then lines are read with every
 * format.
 *
 * A head inside another entry's body (a dumped response, a quoted log) counts for its format only if that format also
 * has heads elsewhere.
 *
 * @param {string[]} first lines of the log, without escape sequences
 * @param {string[]} [last] lines of it
 * @returns {Formats|null}
 */
export function detect(first, last = []) {
  /** @type {Map<string, {count: number, clean: number, isTimed: boolean, lengths: Set<number>, widths: Set<number>}>} `widths`: of levels with the blanks before them */
  const found = new Map();
  let heads = 0;
  for (const lines of [first, last]) {
    let isAfterHead = true;
    /** @type {Head|null} */
    let above = null;
    for (const text of lines) {
      const head = headOf(text);
      if (!head || head.blank || (head.format === 'json' && !head.isKeyed) || (head.isBare && head.of === 'lines') || (above && isBelow(head, above))) {
        if (text) isAfterHead = false;
        continue;
      }
      above = head;
      const sign = signOf(head);
      let about = found.get(sign);
      if (!about) found.set(sign, about = { count: 0, clean: 0, isTimed: head.written !== '', lengths: new Set(), widths: new Set() });
      about.count++;
      if (head.word) {
        const [begin, end] = head.word;
        about.lengths.add(end - begin);
        about.widths.add(end - text.slice(0, begin).trimEnd().length);
      }
      heads++;
      if (isAfterHead) about.clean++;
      // Words like ERROR: in an entry's body often follow one another.
      isAfterHead = (isAfterHead || (head.written !== '' && head.level !== 'O')) && !announces(text);
    }
  }
  const ranked = [...found].sort(([a, x], [b, y]) => y.count - x.count || y.clean - x.clean || (a < b ? -1 : 1));
  if (!ranked.length) return null;
  const main = ranked.find(([, about]) => about.isTimed && about.count * 2 > ranked[0][1].count) ?? ranked[0];
  const beside = ranked.filter((one) => one !== main && one[1].clean >= 2 && one[1].clean * 2 >= one[1].count && one[1].count >= heads * MUST_HAVE).slice(0, MOST_BESIDE);
  const chosen = [main, ...beside];
  if (main[1].count < 2) return null;
  const known = chosen.reduce((sum, [, about]) => sum + about.count, 0);
  const counted = ranked.reduce((sum, [, about]) => sum + Math.max(about.clean, chosen.some((one) => one[1] === about) ? about.count : 0), 0);
  if (known < counted * MUST_EXPLAIN) return null;
  const formats = new Formats(chosen.map(([sign]) => sign));
  if (GENERAL.includes(main[0].split('|')[0])) formats.isPadded = true;
  else if (main[1].lengths.size > 1) formats.isPadded = main[1].widths.size === 1;
  return formats;
}
