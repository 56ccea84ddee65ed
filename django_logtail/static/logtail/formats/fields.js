/**
 * What lines of fields say: JSON and logfmt. Knows no DOM. The host has the same in `formats/fields.py`.
 *
 * JSON is parsed, and its own keys are asked, never text that looks like them.
 */

import { FIELD_WORDS, KEYS, MAPS, REQUEST_KEYS, levelOf, levelOfNumber, levelOfStatus } from './rows.js';
import { plain } from './text.js';

/** @typedef {import('./rows.js').Level} Level */

/** Characters of a line that are parsed at most. */
export const MOST_CHARACTERS = 2_000_000;
const LETTERS = /** @type {Record<string, Level>} */ (MAPS.letter);
const POSTGRES = /** @type {Record<string, Level>} */ (MAPS.postgres);
const LEVEL_KEYS = /** @type {[string, string][]} */ (KEYS.level);
/** Depth of nested objects: real lines have fewer, and parsing a million of them would take seconds. */
const MOST_DEPTH = 200;
export const LONG = 1_000;
/** In a log of pairs, single letters and names of programs do not name a level. */
const PAIR_LEVELS = new Set(['level', 'lvl', 'severity', 'loglevel', 'log.level', 'at']);

/** @typedef {{name: string, path: string[]|null, family: string}} Key `path`: keys of objects in objects */

/** Keys as they are written, and with a capital. @param {string[]} keys @param {string} [family] @returns {Key[]} */
function keysOf(keys, family = '') {
  const made = (/** @type {string} */ name) => ({ name, path: name.includes('.') ? name.split('.') : null, family });
  return keys.flatMap((key) => (/^[a-z]/.test(key) ? [made(key), made(key[0].toUpperCase() + key.slice(1))] : [made(key)]));
}

const LEVELS = LEVEL_KEYS.flatMap(([key, family]) => keysOf([key], family));
const LEVELS_OF_PAIRS = LEVEL_KEYS.filter(([key]) => PAIR_LEVELS.has(key)).flatMap(([key, family]) => keysOf([key], family));
const TIMES = keysOf(KEYS.time);
const LOGGERS = keysOf(KEYS.logger);
const MESSAGES = keysOf(KEYS.message);
const STATUSES = keysOf(REQUEST_KEYS.status);
const REQUESTS = keysOf([...REQUEST_KEYS.method, ...REQUEST_KEYS.request]);
const FAILED = /^[45]\d\d$/;
/** A request, or its method alone. */
const REQUEST = /^[A-Z]{3,10}(?: |$)/;

/** @param {any} from @param {Key} key */
function valueAt(from, { name, path }) {
  const value = from[name];
  if (path === null || value !== undefined) return value;
  let inner = from;
  for (const part of path) {
    if (inner === null || typeof inner !== 'object' || !Object.hasOwn(inner, part)) return undefined;
    inner = inner[part];
  }
  return inner;
}

/** A number that JavaScript and Python write in the same way. @param {any} value */
const isOrdinary = (value) => typeof value === 'number' && Math.abs(value) < 1e20;

/** The first of some keys that has text or a number. @param {any} from @param {Key[]} keys @returns {[string, any]} */
function firstOf(from, keys) {
  for (const key of keys) {
    const value = valueAt(from, key);
    if ((typeof value === 'string' && value !== '') || isOrdinary(value)) return [key.name, value];
  }
  return ['', ''];
}

/** The level of a line of an access log, by its status; null for a success: many other lines have one, too. @param {any} from @returns {Level|null} */
function levelOfRequest(from) {
  const status = String(firstOf(from, STATUSES)[1]);
  return FAILED.test(status) && REQUEST.test(String(firstOf(from, REQUESTS)[1])) ? levelOfStatus(status) : null;
}

/** @param {string} word */
const levelInField = (word) => (Object.hasOwn(FIELD_WORDS, word.toLowerCase()) ? FIELD_WORDS[word.toLowerCase()] : levelOf(word));

/** @param {any} value @param {string} family @param {string} key @param {any} from @returns {Level|null} */
function levelFrom(value, family, key, from) {
  if (family === 'any' && typeof value === 'string' && value > ':') return value.length === 1 ? LETTERS[value.toUpperCase()] ?? 'O' : levelInField(value);
  const number = isOrdinary(value) ? value : typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : null;
  if (number === null) {
    if (typeof value !== 'string') return null;
    if (value === '') return null;
    if (family === 'postgres') return Object.hasOwn(POSTGRES, value) ? POSTGRES[value] : null;
    if (family === 'letter') return value.length === 1 || /^D[1-5]$/.test(value) ? levelOfLetter(value) : null;
    return family === 'any' ? levelInField(value) : null;
  }
  if (family === 'letter' || family === 'postgres') return null;
  if (family !== 'any') return levelOfNumber(number, /** @type {'pino'} */ (family));
  if (key.toLowerCase() === 'severity') return levelOfNumber(number, number >= 100 ? 'google' : number < 8 ? 'syslog' : 'otel');
  if (number >= 5000) return levelOfNumber(number, 'log4j');
  if (number >= 100) return levelOfNumber(number, 'monolog');
  if (number < 8 && from.reqId !== undefined) return levelOfNumber(number, 'nextcloud');
  if (number < 8 || from.short_message !== undefined) return levelOfNumber(number, 'syslog');
  return levelOfNumber(number, 'pino');
}

/** MongoDB's severities. @param {string} letter @returns {Level|null} */
const levelOfLetter = (letter) => /** @type {Record<string, Level>} */ ({ F: 'E', E: 'E', W: 'W', I: 'I', D: 'D' })[letter[0]] ?? null;

/** What the keys of an object, or the pairs of a line, say. */
export class Fields {
  /** @param {any} from @param {Key[]} levels */
  constructor(from, levels) {
    this.from = from;
    /** @type {Level|null} */
    this.level = null;
    this.levelKey = '';
    /** The level as written, a word or a number. @type {any} */
    this.levelValue = '';
    /** A line that a container's runtime has put into this one. @type {string|null} */
    this.inner = null;
    this.#find(levels);
    const [key, time] = firstOf(from, TIMES);
    this.timeKey = key;
    this.time = String(time);
    if (this.level === null && from['@t'] !== undefined && (from['@mt'] !== undefined || from['@m'] !== undefined)) this.level = 'I';
    this.level ??= levelOfRequest(from);
  }

  /** A word is asked before a number: where both are there, they are of one level, and the word names it. @param {Key[]} levels */
  #find(levels) {
    let number = null;
    for (const key of levels) {
      const value = valueAt(this.from, key);
      if (value === undefined || value === null) continue;
      const isWord = typeof value === 'string' && !/^\d/.test(value);
      if (!isWord && number !== null) continue;
      const level = levelFrom(value, key.family, key.name, this.from);
      if (level === null) continue;
      if (isWord) {
        this.level = level;
        this.levelKey = key.name;
        this.levelValue = value;
        return;
      }
      number = { level, name: key.name, value };
    }
    if (!number) return;
    this.level = number.level;
    this.levelKey = number.name;
    this.levelValue = number.value;
  }

  // Few lines are asked for these.
  get logger() { return String(firstOf(this.from, LOGGERS)[1]); }
  get loggerKey() { return firstOf(this.from, LOGGERS)[0]; }
  get message() { return String(firstOf(this.from, MESSAGES)[1]); }
  get messageKey() { return firstOf(this.from, MESSAGES)[0]; }
}

/** @param {string} text */
export function isDeep(text) {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length && depth <= MOST_DEPTH; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) isQuoted = !isQuoted;
    else if (code === 92) at++;
    else if (isQuoted) continue;
    else if (code === 91 || code === 123) depth++;
    else if (code === 93 || code === 125) depth--;
  }
  return depth > MOST_DEPTH;
}

/**
 * The fields of a line of JSON; null if it is not JSON. If a container's runtime has wrapped another line, the fields of that line.
 *
 * @param {string} text
 * @returns {Fields|null}
 */
export function fieldsOfJson(text) {
  if (text.length > MOST_CHARACTERS || (text.length > LONG && isDeep(text))) return null;
  let from;
  try { from = JSON.parse(text); } catch { return null; }
  if (from === null || typeof from !== 'object' || Array.isArray(from)) return null;
  const fields = new Fields(from, LEVELS);
  const { log, stream, time } = from;
  if (typeof log === 'string' && (typeof stream === 'string' || typeof time === 'string') && fields.levelKey === '') fields.inner = plain(log.replace(/\r?\n$/, ''));
  return fields;
}

/**
 * Where a value in single quotes ends, as Python writes it; -1: there is none. A quotation mark that a blank doesn't
 * follow is an apostrophe.
 *
 * @param {string} text @param {number} begin of the value @param {number} end of what is read
 */
export function singleQuotedEnd(text, begin, end) {
  if (text[begin] !== "'") return -1;
  let at = begin + 1;
  while (at < end && text[at] !== "'") at += text[at] === '\\' ? 2 : 1;
  return at < end && (at + 1 === end || text[at + 1] === ' ' || text[at + 1] === '\t') ? at + 1 : -1;
}

/**
 * The pairs of a line `key=value other="with blanks" third='as Python'`, or null if it is not such a line.
 *
 * @param {string} text @param {number} [at] where they begin
 * @returns {Fields|null}
 */
export function fieldsOfPairs(text, at = 0) {
  const end = Math.min(text.length, 100_000);
  const from = Object.create(null);
  let pairs = 0;
  while (at < end) {
    while (at < end && (text[at] === ' ' || text[at] === '\t')) at++;
    const begin = at;
    while (at < end && isKey(text.charCodeAt(at))) at++;
    if (at === begin || text[at] !== '=') {
      if (!pairs) return null;
      while (at < end && text[at] !== ' ') at++;
      continue;
    }
    const key = text.slice(begin, at++);
    let value;
    const single = singleQuotedEnd(text, at, end);
    if (single > 0) {
      value = text.slice(at + 1, single - 1);
      at = single;
    } else if (text[at] === '"') {
      const open = ++at;
      while (at < end && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
      value = text.slice(open, Math.min(at, end));
      at++;
    } else {
      const open = at;
      while (at < end && text[at] !== ' ' && text[at] !== '\t') at++;
      value = text.slice(open, at);
    }
    pairs++;
    if (from[key] === undefined) from[key] = value;
  }
  if (pairs < 2) return null;
  const fields = new Fields(from, LEVELS_OF_PAIRS);
  return fields.level !== null || fields.time ? fields : null;
}

/** @param {number} code of a letter, a digit, or one of "_.@-/" */
export const isKey = (code) => (code >= 97 && code <= 122) || (code >= 64 && code <= 90) || (code >= 45 && code <= 57) || code === 95;

/** What JSON does not allow in its strings. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f]/;
/** @type {Map<string, string>} */
const FAMILIES = new Map(LEVELS.map(({ name, family }) => [name, family]));
/** Keys that may say more than the two that are looked for: not a number inside an object, which comes last. */
const TELLING = new Set([...LEVELS.filter(({ path, family }) => !path || family === 'any'), ...TIMES].flatMap(({ name, path }) => [name, path?.[0] ?? name]).concat('log', 'stream', 'short_message', 'reqId', '@mt', '@m'));

/**
 * The values of two keys of a line of JSON, without parsing all of it: for a log whose lines are all alike.
 *
 * @param {string} text that begins with a brace
 * @param {string} levelKey @param {string} timeKey those that named level and time of the line before
 * @returns {{level: Level, time: string}|null} null: the line has to be parsed
 */
export function peek(text, levelKey, timeKey) {
  if (CONTROL.test(text)) return null;
  /** @type {Level|null} */
  let level = null;
  let time = '';
  let at = 1;
  const end = text.length;
  for (;;) {
    at = afterBlanks(text, at);
    if (text.charCodeAt(at) !== 34) return null;
    const keyEnd = text.indexOf('"', at + 1);
    if (keyEnd < 0) return null;
    const key = text.slice(at + 1, keyEnd);
    if (key.includes('\\')) return null;
    at = afterBlanks(text, keyEnd + 1);
    if (text.charCodeAt(at) !== 58) return null;
    at = afterBlanks(text, at + 1);
    const begin = at;
    at = afterValue(text, at);
    if (at < 0) return null;
    if (TELLING.has(key)) {
      const isString = text.charCodeAt(begin) === 34;
      const value = isString ? text.slice(begin + 1, at - 1) : text.slice(begin, at);
      if (value === '' || (isString ? value.includes('\\') : !/^-?\d{1,15}(?:\.\d{1,6})?$/.test(value))) return null;
      if (key === levelKey && level === null) level = levelFrom(isString ? value : Number(value), FAMILIES.get(key) ?? 'any', key, {});
      else if (key === timeKey && time === '') time = isString ? value : String(Number(value));
      else return null;
    }
    at = afterBlanks(text, at);
    const next = text.charCodeAt(at++);
    if (next === 44) continue;
    if (next !== 125 || afterBlanks(text, at) !== end) return null;
    return level !== null && time ? { level, time } : null;
  }
}

/** @param {string} text @param {number} at */
export function afterBlanks(text, at) {
  while (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9) at++;
  return at;
}

/** Where a string ends that begins there, or -1. @param {string} text @param {number} at */
export function afterString(text, at) {
  for (let from = at + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return -1;
    let slashes = quote - 1;
    while (text.charCodeAt(slashes) === 92) slashes--;
    if ((quote - slashes) & 1) return quote + 1;
    from = quote + 1;
  }
}

/** Where a value ends that begins there, or -1. @param {string} text @param {number} at */
export function afterValue(text, at) {
  const first = text.charCodeAt(at);
  if (first === 34) return afterString(text, at);
  if (first !== 123 && first !== 91) {
    const begin = at;
    for (let code = first; (code >= 48 && code <= 57) || (code >= 97 && code <= 122) || code === 45 || code === 43 || code === 46 || code === 69; code = text.charCodeAt(++at));
    return at > begin ? at : -1;
  }
  let depth = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = afterString(text, at);
      if (at < 0) return -1;
      continue;
    }
    at++;
    if (code === 123 || code === 91) {
      // The line's own brace is one more.
      if (++depth >= MOST_DEPTH) return -1;
    } else if ((code === 125 || code === 93) && --depth === 0) return at;
  }
  return -1;
}
