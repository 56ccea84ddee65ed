/** The rows of the table of formats, ready for matching. Knows no DOM. The host has the same in `formats/rows.py`. */

import table from './table.js';

/** @typedef {'E'|'W'|'I'|'D'|'O'} Level error (and worse), warning, info, debug, other */
/**
 * @typedef {{
 *   id: string, name: string, expression: RegExp, time: {before: RegExp}|null, slots: (string|null)[], groups: string[], map: Record<string, Level>|null, level: Level|null,
 *   part: boolean, blank: boolean, pairs: boolean, follows: boolean, within: boolean, alone: boolean, below: boolean, padded: boolean, long: boolean, first: string,
 * }} Row `slots`: what each group captures, in order; null: text in between; `within`: the time is part of the message; `alone`: nothing
 * is wrapped around the line; `below`: the
 * message is in the next line; `padded`: the program aligns its levels with blanks before them; `time`: set if the time is matched
 * separately, after which `expression` continues
 */
/** @typedef {Row & {of: 'lines'|'messages', many: boolean}} Wrapper `many`: it wraps lines of several programs, each with its name */

/** Characters to search for a head; a line may be longer. */
export const HEAD_CHARACTERS = 800;
/** The same for access logs, where a whole request precedes the status. */
export const LONG_HEAD_CHARACTERS = 16_000;

const SLOT = /<(time|level|logger|status|pri)(?::([a-z]+))?(\?)?>/g;

/** The level of each word; case doesn't matter. @type {Map<string, Level>} */
const LEVELS = new Map();
for (const [level, words] of Object.entries(table.words)) for (const word of words) LEVELS.set(word, /** @type {Level} */ (level));

/** ERROR in the wide letters of Chinese and Japanese text. @param {string} word */
const wide = (word) => word.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0));
/** @param {string} word */
const narrow = (word) => word.replace(/[\uff21-\uff3a\uff41-\uff5a]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) - 0xfee0));
/** @param {string} word */
const title = (word) => word[0] + word.slice(1).toLowerCase();
/** @param {string[]} words */
const oneOf = (words) => `(?:${[...new Set(words)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).join('|')})`;

const ALL = [...LEVELS.keys()];
const UPPER = [...ALL, ...['ERROR', 'WARN', 'WARNING', 'INFO', 'DEBUG', 'FATAL', 'CRITICAL'].map(wide)];
/** A cache of words in lower case. @type {Map<string, Level>} */
const OTHER_CASES = new Map([...LEVELS].flatMap(([word, level]) => [[word.toLowerCase(), level], [title(word), level]]));
/** @type {Record<string, string>} */
const LEVEL_SLOTS = {
  any: oneOf([...UPPER, ...ALL.map((word) => word.toLowerCase()), ...ALL.map(title)]),
  // Python's name for a level that has none.
  upper: `(?:${oneOf(UPPER)}|Level [0-9]{1,2}(?![0-9]))`,
  letter: '[A-Z]',
  sign: '[*#.-]',
  ...Object.fromEntries(Object.entries(table.levels).map(([name, words]) => [name, oneOf(words)])),
  ...Object.fromEntries(Object.entries(table.maps).filter(([name]) => !['letter', 'redis', 'severity'].includes(name)).map(([name, words]) => [name, oneOf(Object.keys(words))])),
};
/** @type {Record<string, string>} */
const PARTS = { ...table.parts, LEVELS: oneOf([...ALL, ...table.levels.near]) };
/** @type {Record<string, any>} */
const SLOTS = { time: table.times, level: LEVEL_SLOTS, logger: table.loggers, status: { any: '[1-5]\\d\\d' }, pri: { any: '\\d{1,3}' } };

/** @param {string} text @returns {string} */
export function expanded(text) {
  return text.replace(/\{(T:)?([A-Za-z]+)\}/g, (_, time, name) => expanded(time ? table.times[/** @type {'any'} */ (name)] : PARTS[name]));
}

/** @param {any} row @param {string} [shape] an expression for its time; without it, written in any way @returns {Row} */
function compiled(row, shape) {
  let last = 0;
  /** @type {(string|null)[]} */
  const slots = [];
  /** @type {string[]} */
  const groups = [];
  /** @type {Row['time']} */
  let time = null;
  const put = (/** @type {string} */ between) => {
    if (!between) return;
    groups.push(`(${expanded(between)})`);
    slots.push(null);
  };
  for (const found of row.head.matchAll(SLOT)) {
    put(row.head.slice(last, found.index));
    last = found.index + found[0].length;
    const [, slot, variant = 'any', optional] = found;
    if (slot === 'time' && variant === 'any' && shape === undefined) {
      // The expression for any time is long: it is matched once for all rows.
      time = { before: new RegExp(groups.join(''), 'y') };
      groups.length = 0;
      slots.push('time');
      continue;
    }
    const what = slot === 'time' && shape !== undefined ? shape : expanded(SLOTS[slot][variant]);
    groups.push(optional ? `((?:${what})?)` : `(${what})${slot === 'time' ? expanded('{AFTERTIME}') : ''}`);
    slots.push(slot);
  }
  put(row.head.slice(last));
  return {
    id: row.id, name: row.name ?? row.id, expression: new RegExp(groups.join(''), 'y'), time, slots, groups, map: row.map ? /** @type {any} */ (table.maps)[row.map] : null, level: row.level ?? null,
    part: !!row.part, blank: !!row.blank, pairs: !!row.pairs, follows: !!row.follows, within: !!row.within, alone: !!row.alone, below: !!row.below, padded: !!row.padded, long: !!row.long, first: row.first,
  };
}

const TIME = new RegExp(`(?:${expanded(table.times.any)})${expanded('{AFTERTIME}')}`, 'y');
/** The ends of times in the most recent text, by where they begin. @type {{text: string, ends: Map<number, number>}} */
const times = { text: '', ends: new Map() };

/** @param {string} text @param {number} at @returns {number} the end of a time that begins there, or -1 */
function timeEnd(text, at) {
  if (times.text !== text) {
    times.text = text;
    times.ends.clear();
  }
  let end = times.ends.get(at);
  if (end === undefined) {
    TIME.lastIndex = at;
    end = TIME.test(text) ? TIME.lastIndex : -1;
    times.ends.set(at, end);
  }
  return end;
}

/** What a row's slots capture at the beginning of a text, in order and from 1 on, or null. @param {Row} row @param {string} text @returns {string[]|null} */
export function captured(row, text) {
  const { time, expression } = row;
  if (!time) {
    expression.lastIndex = 0;
    return expression.exec(text);
  }
  time.before.lastIndex = 0;
  const before = time.before.exec(text);
  if (!before) return null;
  const at = before[0].length;
  const end = timeEnd(text, at);
  if (end < 0) return null;
  expression.lastIndex = end;
  const after = expression.exec(text);
  return after && [...before, text.slice(at, end), ...after.slice(1)];
}

const ROWS = table.rows.map((row) => compiled(row));
const WRAPPERS = table.wrappers.map((row) => /** @type {Wrapper} */ ({ ...compiled(row), of: row.of, many: 'many' in row }));

/** Rows by the first character of their lines: 0 for digits, A and a for letters, otherwise the character itself. @param {Row[]} rows */
function byFirst(rows) {
  /** @type {any[][]} */
  const found = Array.from({ length: 129 }, () => []);
  for (const row of rows) {
    for (let code = 0; code < 128; code++) {
      const character = String.fromCharCode(code);
      const kind = code >= 48 && code <= 57 ? '0' : code >= 65 && code <= 90 ? 'A' : code >= 97 && code <= 122 ? 'a' : character;
      if (row.first.includes(character) || row.first.includes(kind)) found[code].push(row);
    }
    // Wide letters and brackets.
    if (/[A[]/.test(row.first)) found[128].push(row);
  }
  return found;
}

const ROWS_BY_FIRST = byFirst(ROWS);
const WRAPPERS_BY_FIRST = byFirst(WRAPPERS);

/** @param {string} text @returns {Row[]} that may fit */
export const rowsFor = (text) => ROWS_BY_FIRST[Math.min(128, text.charCodeAt(0))] ?? [];
/** @param {string} text @returns {Wrapper[]} that may fit */
export const wrappersFor = (text) => WRAPPERS_BY_FIRST[Math.min(128, text.charCodeAt(0))] ?? [];

/** Formats with nothing but a time, which lines of formats with more have, too. */
export const GENERAL = ['time', 'epoch'];
/** The wrapper of heads behind blanks. */
export const INDENTED = 'indented';

/** The shape that matches times written in any form. */
export const ANY_TIME = 'any';

/** All rows of a format, for times of one shape or of any. @param {string} id @param {string} shape @returns {Row[]} */
export function rowsLike(id, shape) {
  const rows = /** @type {any[]} */ (table.rows).filter((row) => row.id === id);
  const written = shape === ANY_TIME ? undefined : expressionOf(shape);
  return rows.map((row) => compiled(row, row.own ? undefined : written));
}

/** @typedef {{expression: RegExp, time: number, level: number, row: Row}} Brief `time`, `level`: the group that captures it, 0 for none */

/**
 * Rows that capture only time and level, for reading 200,000 lines at once. Null if the rows need more than that.
 *
 * @param {Row[]} rows made by `rowsLike`
 * @returns {Brief[]|null}
 */
export function brief(rows) {
  /** @type {Brief[]} */
  const found = [];
  for (const row of rows) {
    if (GENERAL.includes(row.id) || row.part || row.blank || row.follows || row.within || row.pairs || row.time || row.long || row.slots.includes('pri') || row.slots.includes('status')) return null;
    let time = 0;
    let level = 0;
    let group = 0;
    const { groups } = row;
    const source = row.slots.map((slot, i) => {
      if (slot === 'time') time = ++group;
      else if (slot === 'level') level = ++group;
      else return groups[i].replace(/^\(/, '(?:');
      return groups[i];
    }).join('');
    found.push({ expression: new RegExp(source, 'y'), time, level, row });
  }
  return found;
}

/** The table's formats: ids, each with its name for people. @returns {Map<string, string>} */
export const formatNames = () => new Map(ROWS.map((row) => [row.id, nameOf(row.id)]));
/** The table's wrappers: ids, each with its name for people. @returns {Map<string, string>} */
export const wrapperNames = () => new Map(WRAPPERS.map((row) => [row.id, nameOf(row.id)]));
/** @param {string} id */
export const wrapperCalled = (id) => WRAPPERS.find((row) => row.id === id);
/** @param {string} id */
export const nameOf = (id) => (ROWS.find((row) => row.id === id && row.name !== row.id) ?? WRAPPERS.find((row) => row.id === id))?.name ?? id;

/** How a time is written: digits become "0", words "a", and a zone's sign "+". @param {string} written */
export function shapeOf(written) {
  return written.replace(/\d+/g, '0').replace(/[A-Za-z_/]{2,}|[A-Za-z]/g, (word) => (word.length === 1 && 'TZ'.includes(word) ? word : 'a'))
    .replace(/ +/g, ' ').replace(/(:0(?:[.,:]0)? ?)-/, '$1+');
}

/** @param {string} shape @returns {string} */
function expressionOf(shape) {
  return shape.replace(/[0a +]|[^0a +]/g, (part) => (part === '0' ? '\\d{1,20}' : part === 'a' ? '[A-Za-z_/]{1,60}' : part === ' ' ? ' {1,2}' : part === '+' ? '[+-]' : /[A-Za-z\u0080-\uffff]/.test(part) ? part : `\\${part}`));
}

/** @param {string} word @returns {Level} */
export function levelOf(word) {
  if (word.startsWith('Level ')) return /^\d+$/.test(word.slice(6)) ? levelOfNumber(Number(word.slice(6)), 'python') : 'O';
  const known = LEVELS.get(word) ?? OTHER_CASES.get(word);
  if (known) return known;
  return LEVELS.get(narrow(word).toUpperCase().replace(/[+-]\d{1,3}$/, '')) ?? 'O';
}

/** @param {string} status of HTTP @returns {Level} */
export const levelOfStatus = (status) => (status >= '500' ? 'E' : status >= '400' ? 'W' : 'I');
/** @param {number} priority of syslog: facility and severity @returns {Level} */
export const levelOfPriority = (priority) => /** @type {any} */ (table.maps.severity)[priority & 7];

/** @param {number} number @param {keyof typeof table.numbers} family @returns {Level} */
export function levelOfNumber(number, family) {
  /** @type {Level} */
  let level = 'O';
  for (const [from, name] of table.numbers[family]) if (number >= /** @type {number} */ (from)) level = /** @type {Level} */ (name);
  return level;
}

const { parts: REQUEST_PARTS, lines: REQUEST_LINES, keys } = table.requests;
/** How the message of an access line may be written; the groups are its fields. */
export const REQUESTS = REQUEST_LINES.map((line) => new RegExp(`^(?:${expanded(line.replace(/<([a-z]+)>/g, (_, name) => `(?<${name}>${/** @type {any} */ (REQUEST_PARTS)[name]})`))})`, 'd'));
/** The keys of a request in a line of JSON or of pairs, by what they name. */
export const REQUEST_KEYS = keys;

const expression = (/** @type {string} */ source) => new RegExp(`^(?:${expanded(source)})`);
/** How crashes begin and continue. */
export const CRASH = {
  hard: expression(table.crash.hard), soft: expression(table.crash.soft), thrown: expression(table.crash.thrown), at: expression(table.crash.at),
  frames: expression(table.crash.frames), more: expression(table.crash.more), names: expression(table.crash.names),
};
export const KEYS = table.keys;
export const MAPS = table.maps;
/** Words of levels that are too common to name a level anywhere but in a field. @type {Record<string, Level>} */
export const FIELD_WORDS = /** @type {any} */ (table.fieldWords);
/** Minutes east of Greenwich. @type {Record<string, number>} */
export const ZONES = table.zones;
