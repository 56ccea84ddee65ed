/**
 * The format that an administrator gave a log, or that a person chose: a name, or an expression. Knows no DOM.
 *
 * Both page and host (which has the same in `formats/given.py`) use RE2 for expressions, which takes time linear in the
 * line. An expression is matched at the beginning of a line; a line that doesn't match continues the entry above.
 */

import { Formats } from './detection.js';
import { Head } from './heads.js';
import { ANY_TIME, formatNames, HEAD_CHARACTERS, levelOf, MAPS, wrapperCalled, wrapperNames } from './rows.js';

/** Characters that mark an expression: no name contains them. */
const SIGNS = /[(<\\[]/;

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
    const part = text.length > HEAD_CHARACTERS ? text.slice(0, HEAD_CHARACTERS) : text;
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
  try {
    const { RE2JS } = await import(new URL('../vendor/re2js.js', import.meta.url).href);
    const formats = new Formats([]);
    formats.expression = new Expression(source, RE2JS.compile(source));
    return formats;
  } catch {
    return null;
  }
}
