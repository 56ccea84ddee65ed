/**
 * The fields of a line of JSON, logfmt or an access log, each as written and with its position. Knows no DOM.
 *
 * Numbers are kept as written, because JavaScript's would be rounded beyond 2^53.
 */

import { afterBlanks, afterString, afterValue, isKey } from './fields.js';
import { headIn, headOf } from './heads.js';
import { levelOf } from './rows.js';
import { plain, unescaped } from './text.js';

/** @typedef {import('./rows.js').Level} Level */
/** @typedef {import('./heads.js').Head} Head */
/** @typedef {import('./heads.js').Span} Span */
/** @typedef {import('./detection.js').Formats} Formats */
/** @typedef {'string'|'number'|'word'|'list'|'object'} Kind `word`: true, false, null; `object`: one without fields */
/** @typedef {'time'|'level'|'logger'|'message'|'inner'|''} Part the role in which a field is drawn; `inner`: it contains the line that is drawn */

/** Fields of one line at most; a line with more is drawn raw. */
const MOST_FIELDS = 5_000;
/** Fields of an access line that are shown without a name. */
const REQUEST = /^([A-Z][A-Z-]{1,15}) (.*?)(?: (HTTP\/[\d.]{1,5}|[12](?:\.\d)?))?$/;
const ENTRIES = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^ ]+/g;
const DURATION = /^(?:\d+\.\d+|\d+(?:\.\d+)?(?:[mun\u00b5\u03bc]?s|sec))$/;
const NAMED_DURATION = /^(?:rt|request_time|duration|took|time_taken|elapsed|latency)=(.+)$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export class Field {
  /** @param {string[]} path keys of objects in objects @param {string} text @param {Kind} kind @param {Span|null} at where the value is in the line @param {Span|null} keyAt */
  constructor(path, text, kind, at, keyAt) {
    this.path = path;
    /** Dotted for a nested field. Empty for a word without a key. */
    this.name = path.length === 1 ? path[0] : path.join('.');
    /** The value as people read it: a string's content, anything else as written. */
    this.text = text;
    this.kind = kind;
    this.at = at;
    this.keyAt = keyAt;
    /** @type {Part} */
    this.part = '';
  }

  /** The value as a JavaScript value, which rounds a long number; `text` doesn't. */
  get value() {
    if (this.kind === 'string') return this.text;
    try { return JSON.parse(this.text); } catch { return this.text; }
  }

  get isNumber() { return this.kind === 'number'; }

  /** Whether it must be quoted to be told from what is next to it. */
  get isQuoted() { return this.kind === 'string' && (this.text === '' || /[\s"=]/.test(this.text)); }
}

export class Shape {
  /** @param {'json'|'pairs'|'access'} kind @param {Field[]} fields in the order in which they are written */
  constructor(kind, fields) {
    this.kind = kind;
    this.fields = fields;
    /** As it was written. */
    this.time = '';
    /** @type {Level} */
    this.level = 'O';
    /** The level's word as written; empty for a number, or without a level. */
    this.word = '';
    this.logger = '';
    this.message = '';
    /** What surrounds the line: a container's name, or a host and its clock. */
    this.prefix = '';
    /** Where the time is, if it isn't a field. @type {Span|null} */
    this.timeAt = null;
    /** Where the message is, if it isn't a field. @type {Span|null} */
    this.messageAt = null;
  }

  /** The first field with a name. @param {string} name */
  field(name) { return this.fields.find((field) => field.name === name); }

  /** @param {Part} part */
  partOf(part) { return this.fields.find((field) => field.part === part); }
}

/**
 * The parts of a line, or null if it isn't JSON, logfmt or an access log, or can't be shown field by field without
 * hiding something.
 *
 * @param {string} text without escape sequences
 * @param {Formats|null} formats of the log
 * @returns {Shape|null}
 */
export function shapeOf(text, formats) {
  const code = text.charCodeAt(0);
  if (code !== 123 && !text.includes('=') && !text.includes('"')) return null;
  const head = headIn(text, formats);
  if (!head) return null;
  if (!head.wrapper) return ownShape(text, head);
  return code === 123 ? insideJson(text, head, formats) : insideText(text, head, formats);
}

/** @param {string} text @param {Head} head @returns {Shape|null} */
function ownShape(text, head) {
  if (head.format === 'json') return named(new Shape('json', []), fieldsIn(text), head);
  if (head.format === 'logfmt') return named(new Shape('pairs', []), pairsIn(text), head);
  return head.format === 'access' || head.format === 'access-time' ? access(text, head) : null;
}

/** @param {Shape} shape @param {Field[]|null} fields @param {Head} head @returns {Shape|null} */
function named(shape, fields, head) {
  if (!fields || !head.fields) return null;
  const { levelKey, timeKey, loggerKey, messageKey } = head.fields;
  shape.fields = fields;
  const level = take(fields, levelKey, 'level');
  take(fields, timeKey, 'time');
  shape.time = head.written;
  shape.level = head.level;
  if (level?.kind === 'string' && !/^\d+$/.test(level.text)) shape.word = level.text;
  shape.logger = take(fields, loggerKey, 'logger')?.text ?? '';
  shape.message = take(fields, messageKey, 'message')?.text ?? '';
  return shape;
}

/** @param {Field[]} fields @param {string} name @param {Part} part */
function take(fields, name, part) {
  if (!name) return undefined;
  const mine = (/** @type {Field} */ field) => field.name === name && field.part === '';
  const found = fields.find((field) => mine(field) && field.path.length === 1) ?? fields.find(mine);
  if (found) found.part = part;
  return found;
}

// --- JSON -------------------------------------------------------------------

/** @typedef {{text: string, fields: Field[], isWhole: boolean}} Scan */

/** The fields of a well-formed object; null if two have the same name. @param {string} text @returns {Field[]|null} */
function fieldsIn(text) {
  /** @type {Scan} */
  const scan = { text, fields: [], isWhole: true };
  const end = object(scan, afterBlanks(text, 0), []);
  return scan.isWhole && end > 0 ? scan.fields : null;
}

/** @param {Scan} scan @param {number} begin its brace @param {string[]} path @returns {number} where it ends, or -1 */
function object(scan, begin, path) {
  const { text, fields } = scan;
  const keys = new Set();
  let at = afterBlanks(text, begin + 1);
  if (text.charCodeAt(at) === 125) {
    if (path.length) fields.push(new Field(path, '{}', 'object', [begin, at + 1], null));
    return at + 1;
  }
  for (;;) {
    const keyEnd = text.charCodeAt(at) === 34 ? afterString(text, at) : -1;
    if (keyEnd < 0 || fields.length > MOST_FIELDS) return failed(scan);
    const key = said(text, at, keyEnd);
    // JSON.parse keeps the last of two, and a box without the first would hide it.
    if (keys.has(key)) return failed(scan);
    keys.add(key);
    /** @type {Span} */
    const keyAt = [at + 1, keyEnd - 1];
    at = afterBlanks(text, afterBlanks(text, keyEnd) + 1);
    const inner = [...path, key];
    const first = text.charCodeAt(at);
    const start = at;
    if (first === 123) {
      const before = fields.length;
      at = object(scan, at, inner);
      if (at < 0) return -1;
      if (fields.length === before + 1 && fields[before].kind === 'object') fields[before].keyAt ??= keyAt;
    } else {
      at = afterValue(text, at);
      if (at < 0) return failed(scan);
      fields.push(valueOf(text, start, at, inner, keyAt));
    }
    at = afterBlanks(text, at);
    const next = text.charCodeAt(at);
    if (next === 125) return at + 1;
    if (next !== 44) return failed(scan);
    at = afterBlanks(text, at + 1);
  }
}

/** @param {Scan} scan */
function failed(scan) {
  scan.isWhole = false;
  return -1;
}

/** @param {string} text @param {number} from @param {number} to @param {string[]} path @param {Span} keyAt */
function valueOf(text, from, to, path, keyAt) {
  const first = text.charCodeAt(from);
  if (first === 34) return new Field(path, unescaped(said(text, from, to)), 'string', [from + 1, to - 1], keyAt);
  const kind = first === 91 ? 'list' : first === 45 || (first >= 48 && first <= 57) ? 'number' : 'word';
  return new Field(path, text.slice(from, to), kind, [from, to], keyAt);
}

/** The content of a string. @param {string} text @param {number} from its quotation mark @param {number} to */
function said(text, from, to) {
  const inner = text.slice(from + 1, to - 1);
  if (!inner.includes('\\')) return inner;
  try { return String(JSON.parse(text.slice(from, to))); } catch { return inner; }
}

// --- pairs ------------------------------------------------------------------

/** The pairs of a line, and the words between them; null if there are too many. @param {string} text @returns {Field[]|null} */
function pairsIn(text) {
  /** @type {Field[]} */
  const fields = [];
  const end = text.length;
  let at = 0;
  for (;;) {
    while (at < end && (text[at] === ' ' || text[at] === '\t')) at++;
    if (at >= end) return fields;
    if (fields.length > MOST_FIELDS) return null;
    const begin = at;
    while (at < end && isKey(text.charCodeAt(at))) at++;
    if (at === begin || text[at] !== '=') {
      while (at < end && text[at] !== ' ') at++;
      fields.push(new Field([''], text.slice(begin, at), 'word', [begin, at], null));
      continue;
    }
    /** @type {Span} */
    const keyAt = [begin, at];
    const key = text.slice(begin, at++);
    if (text[at] === '"') {
      const open = at;
      at++;
      while (at < end && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
      at = Math.min(at + 1, end);
      const isEnded = at - open > 1 && text[at - 1] === '"';
      fields.push(new Field([key], unescaped(isEnded ? said(text, open, at) : text.slice(open + 1, at)), 'string', [open + 1, isEnded ? at - 1 : at], keyAt));
    } else {
      const open = at;
      while (at < end && text[at] !== ' ' && text[at] !== '\t') at++;
      const value = text.slice(open, at);
      fields.push(new Field([key], value, NUMBER.test(value) ? 'number' : 'string', [open, at], keyAt));
    }
  }
}

// --- access logs ------------------------------------------------------------

/** @param {string} text @param {Head} head @returns {Shape|null} */
function access(text, head) {
  const { time } = head;
  if (!time) return null;
  const open = text.indexOf('"', time[1]);
  const close = open < 0 ? -1 : afterString(text, open);
  if (close < 0) return null;
  const shape = new Shape('access', []);
  const { fields } = shape;
  const add = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to) => {
    const value = text.slice(from, to);
    fields.push(new Field([name], value, NUMBER.test(value) ? 'number' : 'string', [from, to], null));
    return value;
  };
  const before = (/** @type {number} */ from, /** @type {number} */ to) => [...text.slice(from, to).matchAll(/[^ ]+/g)].map((found) => /** @type {Span} */ ([from + found.index, from + found.index + found[0].length]));
  const isClf = head.format === 'access';
  const hosts = isClf ? before(0, time[0]).filter(([from, to]) => text.slice(from, to) !== '[') : before(Math.min(time[1] + 1, open), open);
  const names = hosts.length > 3 ? ['host', 'address', 'ident', 'user'] : hosts.length === 3 ? ['address', 'ident', 'user'] : ['address', 'user'];
  hosts.forEach(([from, to], i) => add(names[i] ?? '', from, to));
  add('time', time[0], time[1]);
  fields[fields.length - 1].part = 'time';
  const request = REQUEST.exec(text.slice(open + 1, close - 1));
  if (request) {
    const [, method, path, protocol] = request;
    let at = open + 1;
    add('method', at, at + method.length);
    at += method.length + 1;
    add('path', at, at + path.length);
    if (protocol) add('protocol', close - 1 - protocol.length, close - 1);
  } else add('request', open + 1, close - 1);
  afterRequest(text, close, add);
  shape.time = head.written;
  shape.timeAt = time;
  shape.level = head.level;
  return shape;
}

/** Status, size and whatever a server's own format appends. @param {string} text @param {number} from @param {(name: string, from: number, to: number) => string} add */
function afterRequest(text, from, add) {
  const seen = new Set();
  const once = (/** @type {string} */ name) => {
    if (seen.has(name)) return '';
    seen.add(name);
    return name;
  };
  let quoted = 0;
  for (const found of text.slice(from).matchAll(ENTRIES)) {
    const [entry] = found;
    const start = from + found.index;
    const end = start + entry.length;
    const isQuoted = entry.length > 1 && entry[0] === '"' && entry.endsWith('"');
    const inner = isQuoted ? entry.slice(1, -1) : entry;
    if (!seen.has('status')) add(once('status'), start, end);
    else if (seen.size === 1 && quoted === 0 && /^(?:-|\d+)$/.test(entry)) add(once('size'), start, end);
    else if (DURATION.test(inner)) add(once('duration'), isQuoted ? start + 1 : start, isQuoted ? end - 1 : end);
    else if (NAMED_DURATION.test(inner)) {
      const begin = start + entry.indexOf('=') + 1;
      add(once('duration'), begin, isQuoted ? end - 1 : end);
    } else if (isQuoted && quoted < 2) add(['referer', 'agent'][quoted++], start + 1, end - 1);
    else {
      const pair = /^([\w.@/-]{1,64})=(.+)$/.exec(entry);
      if (pair) add(pair[1], start + pair[1].length + 1, end);
      else add('', start, end);
    }
  }
}

// --- lines in lines ---------------------------------------------------------

/** @param {string} wrapper @param {Formats|null} formats of the log @returns {Formats|null} those of the lines inside */
function formatsWithin(wrapper, formats) {
  let inside = formats;
  for (const id of wrapper.split('>')) inside = inside?.within(id) ?? null;
  return inside;
}

/** A line after a container's name, or after a syslog head. @param {string} text @param {Head} head @param {Formats|null} formats @returns {Shape|null} */
function insideText(text, head, formats) {
  const { inner } = head;
  if (!inner || !text.endsWith(inner)) return null;
  const shape = shapeOf(inner, formatsWithin(head.wrapper, formats));
  if (!shape) return null;
  const before = text.length - inner.length;
  const moved = (/** @type {Span|null} */ span) => (span ? /** @type {Span} */ ([span[0] + before, span[1] + before]) : null);
  for (const field of shape.fields) {
    field.at = moved(field.at);
    field.keyAt = moved(field.keyAt);
  }
  shape.timeAt = moved(shape.timeAt);
  shape.messageAt = moved(shape.messageAt);
  shape.prefix = text.slice(0, before) + shape.prefix;
  if (!shape.time) {
    shape.time = head.written;
    shape.timeAt = head.time;
  }
  if (shape.level === 'O') shape.level = head.level;
  return shape;
}

/** A line that a container's runtime has put into one of JSON. @param {string} text @param {Head} head @param {Formats|null} formats @returns {Shape|null} */
function insideJson(text, head, formats) {
  const outer = fieldsIn(text);
  const log = outer?.find((field) => field.name === 'log');
  if (!outer || !log?.at) return null;
  const inner = plain(log.text.replace(/\r?\n$/, ''));
  const inside = formatsWithin('docker', formats);
  const shape = shapeOf(inner, inside) ?? textShape(inner, inside);
  const places = inner === log.text.replace(/\r?\n$/, '') ? placesOf(text, log.at) : null;
  const moved = (/** @type {Span|null} */ span) => (span && places && span[1] < places.length ? /** @type {Span} */ ([places[span[0]], places[span[1]]]) : null);
  for (const field of shape.fields) {
    field.at = moved(field.at);
    field.keyAt = moved(field.keyAt);
  }
  shape.timeAt = moved(shape.timeAt);
  shape.messageAt = moved(shape.messageAt);
  log.part = 'inner';
  if (!shape.time) {
    const time = outer.find((field) => field.name === 'time');
    if (time) time.part = 'time';
    shape.time = head.written;
  }
  shape.level = head.level;
  shape.fields.push(...outer);
  return shape;
}

/** A line of text as it stands in another one. @param {string} text @param {Formats|null} formats @returns {Shape} */
function textShape(text, formats) {
  const shape = new Shape('json', []);
  const head = headOf(text, formats) ?? headOf(text);
  shape.message = text;
  shape.messageAt = [0, text.length];
  if (!head) return shape;
  shape.time = head.written;
  shape.timeAt = head.time;
  shape.level = head.level;
  if (head.word) shape.word = text.slice(head.word[0], head.word[1]);
  if (levelOf(shape.word) === 'O') shape.word = '';
  shape.logger = head.logger;
  shape.message = text.slice(head.message);
  shape.messageAt = [head.message, text.length];
  return shape;
}

/** Where each character of a string of JSON begins in the line, and where the last one ends. @param {string} text @param {Span} at */
export function placesOf(text, at) {
  const places = [];
  for (let i = at[0]; i < at[1];) {
    places.push(i);
    if (text[i] !== '\\') i++;
    else i += text[i + 1] === 'u' ? 6 : 2;
  }
  places.push(at[1]);
  return places;
}
