/**
 * The head of a line: its format, and where time, level, logger and message are. Knows no DOM.
 *
 * A level is read only from where a format puts it, never from a word in the message. The host has the same in
 * `formats/heads.py`, and both pass `tests/formats/conformance.jsonl`.
 */

import { fieldsOfJson, fieldsOfPairs } from './fields.js';
import { captured, GENERAL, HEAD_CHARACTERS, INDENTED, LONG_HEAD_CHARACTERS, levelOf, levelOfPriority, levelOfStatus, rowsFor, wrappersFor } from './rows.js';

/** @typedef {import('./rows.js').Level} Level */
/** @typedef {import('./rows.js').Row} Row */
/** @typedef {[number, number]} Span */
/** @typedef {import('./detection.js').Formats} Formats */

/** Characters behind a time to search for the word of a level. */
const NEAR_CHARACTERS = 160;
const WORDS = /[A-Za-z\uff21-\uff5a\u3040-\u9fff\uac00-\ud7a3]{2,16}/g;
/** Depth of wrappers inside wrappers. */
const MOST_WRAPPERS = 3;
/** Where right-aligned levels end: five columns in log4j, eight in Python. */
const ALIGNED = [5, 8];

export class Head {
  /** @param {string} format */
  constructor(format) {
    this.format = format;
    /** The wrappers around the line, outermost first. */
    this.wrapper = '';
    /** @type {'lines'|'messages'|''} */
    this.of = '';
    /** @type {Level} */
    this.level = 'O';
    /** @type {Span|null} */
    this.time = null;
    /** The program that wrote it, if there are several, as in Docker Compose. */
    this.label = '';
    /** The level as written. @type {Span|null} */
    this.word = null;
    /** The logger. @type {Span|null} */
    this.source = null;
    /** Where the message begins. */
    this.message = 0;
    /** The time as written, even if it has no span. */
    this.written = '';
    /** @type {string|null} */
    this.name = null;
    /** @type {import('./fields.js').Fields|null} */
    this.fields = null;
    /** The wrapped line. @type {string|null} */
    this.inner = null;
    /** Whether that line has no head of its own. */
    this.isBare = false;
    /** Whether it belongs to the entry before; whether it has that entry's time; whether the next line names its level. */
    this.part = this.blank = this.follows = false;
    /** Whether the message is in the next line; whether blanks after the level would not align what follows, null: unknown. */
    this.below = false;
    /** @type {boolean|null} */
    this.isPadded = null;
    /** Whether it is JSON or pairs with a key for level or time. */
    this.isFields = this.isKeyed = false;
    /** The message of a line wrapped in JSON. @type {string|null} */
    this.text = null;
  }

  get logger() { return this.name ?? this.fields?.logger ?? ''; }
  /** The message of a line of fields. */
  get said() { return this.text ?? this.fields?.message ?? null; }
}

/**
 * The head of a line, or null if it has none.
 *
 * @param {string} text without escape sequences
 * @param {Formats|null} [formats] the log's formats; null: every format
 * @param {number} [depth]
 * @returns {Head|null}
 */
export function headOf(text, formats = null, depth = 0) {
  if (!text) return null;
  if (formats?.expression) return formats.expression.head(text);
  const first = text.charCodeAt(0);
  if (first === 123) return jsonHead(text, formats, depth);
  if (depth < MOST_WRAPPERS) {
    const wrappers = formats ? formats.wrappers : wrappersFor(text);
    for (const wrapper of wrappers) {
      const found = captured(wrapper, text.length > HEAD_CHARACTERS ? text.slice(0, HEAD_CHARACTERS) : text);
      if (!found) continue;
      const inside = formats && wrapper.of === 'lines' && !wrapper.many ? formats.within(wrapper.id) : null;
      const own = headOfMatch(found, wrapper);
      const head = wrapped(own, text, own.message, wrapper, inside, depth);
      if (wrapper.id === INDENTED && !isAligned(head)) continue;
      // Words and a bar may be a table in a message.
      if (head.isBare && wrapper.of === 'lines' && !formats && !wrapper.slots.includes('time')) head.level = 'O';
      return head;
    }
  }
  const rows = formats ? formats.rows : rowsFor(text);
  if (rows.length) {
    const part = text.length > HEAD_CHARACTERS ? text.slice(0, HEAD_CHARACTERS) : text;
    for (const row of rows) {
      if (row.alone && depth) continue;
      const found = captured(row, row.long && text.length > HEAD_CHARACTERS ? text.slice(0, LONG_HEAD_CHARACTERS) : part);
      if (!found) continue;
      const head = headOfMatch(found, row, text);
      head.isPadded ??= formats?.isPadded ?? null;
      return formats && GENERAL.includes(row.id) ? moreExact(head, text, formats) : head;
    }
  }
  return formats && !formats.takesPairs ? null : pairsHead(text);
}

/** The head of a line that begins an entry, even one written by another program. @param {string} text @param {Formats|null} formats */
export const headIn = (text, formats) => headOf(text, formats) ?? (formats?.isGiven ? null : headOf(text));

/** @param {string[]} found @param {Row} row @param {string} [text] @returns {Head} */
function headOfMatch(found, row, text = '') {
  const head = new Head(row.id);
  head.part = row.part;
  head.blank = row.blank;
  head.follows = row.follows;
  head.below = row.below;
  if (row.padded) head.isPadded = true;
  if (row.level) head.level = row.level;
  let at = 0;
  const { slots } = row;
  for (let i = 0; i < slots.length; i++) {
    const what = found[i + 1];
    const end = at + what.length;
    switch (slots[i]) {
      case 'time':
        if (what && !row.within) head.time = [at, end];
        head.written = what;
        break;
      case 'level':
        head.level = row.map ? row.map[what] ?? 'O' : levelOf(what);
        head.word = [at, end];
        break;
      case 'logger':
        if (what) head.source = [at, end];
        head.name = what;
        break;
      case 'status':
        head.level = levelOfStatus(what);
        break;
      case 'pri':
        head.level = levelOfPriority(+what);
        break;
      default:
    }
    at = end;
  }
  head.message = row.within || slots.includes('status') ? 0 : at;
  if (row.pairs && text.includes('=', at)) {
    const fields = fieldsOfPairs(text, at);
    if (fields?.level) head.level = fields.level;
  }
  return head;
}

/** @param {Head} head of the wrapper @param {string} text @param {number} at where the wrapped line begins @param {import('./rows.js').Wrapper} wrapper @param {Formats|null} formats @param {number} depth */
function wrapped(head, text, at, wrapper, formats, depth) {
  const inner = text.slice(at);
  const own = headOf(inner, formats, depth + 1);
  head.wrapper = wrapper.id;
  head.of = wrapper.of;
  head.inner = inner;
  if (wrapper.many) head.label = text.slice(0, at);
  if (!own) {
    head.isBare = true;
    head.format = '';
    return head;
  }
  const moved = (/** @type {Span|null} */ span) => (span ? /** @type {Span} */ ([span[0] + at, span[1] + at]) : null);
  own.wrapper = own.wrapper ? `${wrapper.id}>${own.wrapper}` : wrapper.id;
  own.of = wrapper.of;
  own.label ||= head.label;
  own.inner ??= inner;
  if (wrapper.slots.includes('pri')) own.level = head.level;
  own.time = own.written ? moved(own.time) : head.time;
  own.written ||= head.written;
  own.word = moved(own.word);
  const isNamed = own.logger !== '';
  own.source = isNamed ? moved(own.source) : head.source;
  if (!isNamed) own.name = head.name;
  own.message += at;
  return own;
}

/** The head of a line with a time, or one that also has a level: in a log of times alone, few lines may have one. @param {Head} head @param {string} text @param {Formats} formats */
function moreExact(head, text, formats) {
  if (formats.isGiven || head.level !== 'O') return head;
  const words = text.slice(head.message, head.message + NEAR_CHARACTERS).match(WORDS);
  if (!words?.some((word) => levelOf(word) !== 'O')) return head;
  const other = headOf(text);
  if (other) other.isPadded = true;
  return other?.word && !other.wrapper && head.time && other.time?.[0] === head.time[0] && other.time[1] === head.time[1] ? other : head;
}

/** @param {string} wrapper */
export const isIndented = (wrapper) => wrapper.startsWith(INDENTED);

/** Whether blanks before a head are how its program writes it: before a time, a number, or a right-aligned level. @param {Head} head */
function isAligned({ isBare, isFields, part, blank, word, time, inner }) {
  if (isBare || isFields || part || blank) return false;
  return word && !(time && time[0] < word[0]) ? ALIGNED.includes(word[1]) || /^\d/.test(inner ?? '') : time !== null;
}

/** @param {string} text @param {Formats|null} formats @param {number} depth @returns {Head|null} */
function jsonHead(text, formats, depth) {
  if (formats && !formats.takesJson) return null;
  const fields = fieldsOfJson(text);
  if (!fields) return null;
  const head = withFields(new Head('json'), fields);
  if (fields.inner !== null && depth < MOST_WRAPPERS) {
    const own = headOf(fields.inner, formats ? formats.within('docker') : null, depth + 1);
    if (!own) {
      head.format = '';
      head.wrapper = 'docker';
      head.of = 'lines';
      head.isBare = true;
      head.isFields = head.isKeyed = false;
      head.inner = head.text = fields.inner;
      return head;
    }
    own.text = own.said ?? fields.inner.slice(own.message);
    own.name ??= own.logger;
    own.wrapper = own.wrapper ? `docker>${own.wrapper}` : 'docker';
    own.of = 'lines';
    own.inner ??= fields.inner;
    own.time = own.word = own.source = null;
    own.message = 0;
    own.written ||= head.written;
    return own;
  }
  return formats && !head.isKeyed && !formats.takesAnyJson ? null : head;
}

/** @param {string} text @returns {Head|null} */
function pairsHead(text) {
  const sign = text.indexOf('=');
  if (sign < 1 || sign > 64) return null;
  const fields = fieldsOfPairs(text);
  if (!fields) return null;
  const head = withFields(new Head('logfmt'), fields);
  if (fields.time) {
    const at = text.indexOf(fields.time);
    if (at >= 0) head.time = [at, at + fields.time.length];
  }
  return head;
}

/** @param {Head} head @param {import('./fields.js').Fields} fields */
function withFields(head, fields) {
  head.level = fields.level ?? 'O';
  head.written = fields.time;
  head.fields = fields;
  head.isFields = true;
  head.isKeyed = fields.level !== null || fields.timeKey !== '';
  return head;
}
