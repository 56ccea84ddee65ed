/**
 * The format that an administrator gave a log, or that the viewer chose: a name, or an expression. Knows no DOM.
 *
 * Both page and host (which has the same in `formats/given.py`) use RE2 for expressions, which takes time linear in the
 * line. An expression is matched at the beginning of a line; a line that doesn't match continues the entry above.
 */

import { Formats } from './detection.js';
import { Head } from './heads.js';
import { ANY_TIME, formatNames, levelOf, MAPS, wrapperCalled, wrapperNames } from './rows.js';

/** Characters that mark an expression: no name contains them. */
const SIGNS = /[(<\\[]/;

/** Characters of a line that an expression is matched against, and the ways that it may choose between: every line is matched. */
const MOST_CHARACTERS = 200;
const MOST_CHOICES = 20;
/** Instructions of an expression; the host allows fewer. */
const MOST_INSTRUCTIONS = 1_000;
const GROUP = /\((?:\?(?:P?<[A-Za-z0-9_]*>|[A-Za-z-]*:?))?/y;
const CLASS = /\[\^?\]?(?:\[:[^\]]*:\]|\\[^]|[^\]\\])*\]?/y;
const ESCAPE = /\\(?:Q[^]*?(?:\\E|$)|[pP]\{[^}]*\}|x\{[^}]*\}|[^]?)/y;
const COUNTED = /\{(\d+)(,(\d*))?\}/y;

/** What an expression matches at a place. @param {RegExp} expression @param {string} text @param {number} at */
function foundAt(expression, text, at) {
  expression.lastIndex = at;
  return expression.exec(text);
}

/**
 * How often an expression repeats something any number of times, each counted as often as it is repeated itself. That,
 * and the length of the text, is what matching it costs.
 *
 * @param {string} source
 */
export function choices(source) {
  const totals = [0];
  let last = 0;
  let at = 0;
  while (at < source.length) {
    const sign = source[at];
    const counted = sign === '{' ? foundAt(COUNTED, source, at) : null;
    if (sign === '(') {
      totals.push(0);
      at += foundAt(GROUP, source, at)?.[0].length ?? 1;
    } else if (sign === ')' && totals.length > 1) {
      last = /** @type {number} */ (totals.pop());
      totals[totals.length - 1] += last;
      at++;
    } else if ('*+?'.includes(sign)) {
      last++;
      totals[totals.length - 1]++;
      at += source[at + 1] === '?' ? 2 : 1;
    } else if (counted) {
      const least = Number(counted[1].slice(0, 9));
      const most = Number((counted[3] || counted[1]).slice(0, 9));
      const repeated = last * Math.max(most, 1) + (counted[2] === ',' ? 1 : most - least);
      totals[totals.length - 1] += repeated - last;
      last = repeated;
      at += counted[0].length;
      if (source[at] === '?') at++;
    } else {
      last = 0;
      const skipped = sign === '[' ? CLASS : sign === '\\' ? ESCAPE : null;
      at += (skipped && foundAt(skipped, source, at)?.[0].length) || 1;
    }
  }
  return totals.reduce((sum, one) => sum + one, 0);
}

/** An expression whose groups mark time, level, logger and message. */
class Expression {
  /** @param {string} source @param {any} compiled by RE2 */
  constructor(source, compiled) {
    this.source = source;
    this.compiled = compiled;
    this.groups = Object.keys(compiled.namedGroups());
  }

  /** @param {string} text @returns {Head|null} */
  head(text) {
    const part = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;
    const found = this.compiled.matcher(part);
    if (!found.lookingAt()) return null;
    const head = new Head('expression');
    head.message = found.end();
    for (const name of this.groups) {
      const begin = found.start(name);
      const end = found.end(name);
      if (begin < 0 || begin === end) continue;
      const what = part.slice(begin, end);
      if (name === 'time') {
        head.time = [begin, end];
        head.written = what;
      } else if (name === 'level') {
        head.word = [begin, end];
        head.level = what.length === 1 ? /** @type {any} */ (MAPS.letter)[what] ?? 'O' : levelOf(what);
      } else if (name === 'logger') {
        head.source = [begin, end];
        head.name = what;
      } else if (name === 'message') head.message = begin;
    }
    return head;
  }
}

/**
 * The formats that `text` means; null if none. The host has checked what an administrator gave, but this page may still
 * not know it.
 *
 * @param {string} text
 * @returns {Promise<Formats|null>}
 */
export async function given(text) {
  const formats = SIGNS.test(text) ? await expressed(text) : called(text);
  if (formats) formats.isGiven = true;
  return formats;
}

/** The names that `given` accepts, each with its name for people, sorted by the latter. @returns {[string, string][]} */
export function names() {
  /** @type {[string, string][]} */
  const found = [['json', 'JSON lines'], ['logfmt', 'logfmt'], ['docker', 'Docker (json-file)'], ...formatNames(), ...wrapperNames()];
  return found.sort(([, a], [, b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
}

/** @param {string} name @returns {Formats|null} */
function called(name) {
  if (name === 'json' || name === 'logfmt') return new Formats([`${name}|`]);
  if (name === 'docker' || wrapperCalled(name)) return new Formats([`${name}>|`]);
  return formatNames().has(name) ? new Formats([`${name}|${ANY_TIME}`]) : null;
}

/** @param {string} source @returns {Promise<Formats|null>} */
async function expressed(source) {
  if (choices(source) > MOST_CHOICES) return null;
  try {
    const { RE2JS } = await import(new URL('../vendor/re2js.js', import.meta.url).href);
    const formats = new Formats([]);
    const compiled = RE2JS.compile(source);
    if (compiled.programSize() > MOST_INSTRUCTIONS) return null;
    formats.expression = new Expression(source, compiled);
    return formats;
  } catch {
    return null;
  }
}
