/**
 * The fields of a line of JSON, logfmt or an access log, each as written and with its position. Knows no DOM.
 *
 * Numbers are kept as written, because JavaScript's would be rounded beyond 2^53.
 */

import { afterBlanks, afterString, afterValue, isDeep, isKey, LONG, MOST_CHARACTERS, singleQuotedEnd } from './fields.js';
import { headIn, headOf } from './heads.js';
import { levelOf, REQUEST_KEYS, REQUESTS } from './rows.js';
import { plain, unescaped } from './text.js';

/** @typedef {import('./rows.js').Level} Level */
/** @typedef {Partial<Record<keyof typeof REQUEST_KEYS, Field>>} Request */
/** @typedef {import('./heads.js').Head} Head */
/** @typedef {import('./heads.js').Span} Span */
/** @typedef {import('./detection.js').Formats} Formats */
/** @typedef {'string'|'number'|'word'|'list'|'object'} Kind `word`: true, false, null; `object`: one without fields */
/** @typedef {'time'|'level'|'logger'|'message'|'inner'|''} Part the role in which a field is drawn; `inner`: it contains the line that is drawn */

/** Fields of one line at most; a line with more is drawn raw. */
const MOST_FIELDS = 5_000;
/** Objects in objects, as on the host. */
const MOST_DEPTH = 200;
/** Fields of an access line that are shown without a name. */
const REQUEST = /^([A-Z][A-Z-]{1,15}) (.*?)(?: (HTTP\/[\d.]{1,5}|[12](?:\.\d)?))?$/;
/** What separates a part of a head from its neighbours. */
const BEFORE_SAID = /^[\s\]:|,;>)/"-]+/;
const AFTER_SAID = /[\s[(<:|,;"-]+$/;
const ENTRIES = /"(?:[^"\\]|\\.)*"|\[[^[\]]*\]|[^ ]+/g;
const DURATION = /^(?:\d+\.\d+|\d+(?:\.\d+)?(?:[mun\u00b5\u03bc]?s|sec))$/;
const NAMED_DURATION = /^(?:rt|request_time|duration|took|time_taken|elapsed|latency)=(.+)$/;
/** A request without quotation marks, as hypercorn and morgan write it. */
const STATUS = /^[1-5]\d\d$/;
const WORD_OF_REQUEST = /^[A-Z]{3,10}(?: |$)/;
const VERB = /(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT) +[/h*"]/;
/** Characters from a line's message on to search for a request. */
const REQUEST_CHARACTERS = 16_000;
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
    /** How a value without a name is written, with its escapes: only its text can be searched for. */
    this.written = text;
  }

  /** The value as a JavaScript value, which rounds a long number; `text` doesn't. */
  get value() {
    if (this.kind === 'string') return this.text;
    try { return JSON.parse(this.text); } catch { return this.text; }
  }

  get isNumber() { return this.kind === 'number'; }

  /** Whether it must be quoted to be distinguishable from its neighbours. */
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
    /** The fields that make it a line of an access log; null for any other line. @type {Request|null} */
    this.request = null;
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
  if (code !== 123 && !mayHaveFields(text)) return null;
  const head = headIn(text, formats);
  if (!head) return code === 91 && !formats?.isGiven ? list(text) : null;
  if (!head.wrapper) return ownShape(text, head);
  return code === 123 ? insideJson(text, head, formats) : insideText(text, head, formats);
}

/** Whether a line that doesn't begin with a brace may have fields. @param {string} text */
export const mayHaveFields = (text) => text.includes('=') || text.includes('"') || VERB.test(text);

/** @param {string} text @param {Head} head @returns {Shape|null} */
function ownShape(text, head) {
  if (head.format === 'json') return named(new Shape('json', []), fieldsIn(text), head);
  if (head.format === 'logfmt') return named(new Shape('pairs', []), pairsIn(text), head);
  return head.format === 'access' || head.format === 'access-time' ? access(text, head) : request(text, head);
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
  if (shape.message === '') shape.request = requestIn(fields);
  return shape;
}

/** @param {Field[]} fields of a line of JSON or of pairs @returns {Request|null} */
function requestIn(fields) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  /** @type {Request} */
  const found = {};
  for (const [role, names] of Object.entries(REQUEST_KEYS)) {
    const name = names.find((one) => byName.get(one)?.part === '');
    if (name) found[/** @type {keyof Request} */ (role)] = byName.get(name);
  }
  return STATUS.test(found.status?.text ?? '') && WORD_OF_REQUEST.test((found.method ?? found.request)?.text ?? '') ? found : null;
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
  if (path.length >= MOST_DEPTH) return failed(scan);
  const keys = new Set();
  let at = afterBlanks(text, begin + 1);
  if (text.charCodeAt(at) === 125) {
    if (path.length) fields.push(new Field(path, '{}', 'object', [begin, at + 1], null));
    return at + 1;
  }
  for (;;) {
    const keyEnd = text.charCodeAt(at) === 34 ? afterString(text, at) : -1;
    if (keyEnd < 0 || fields.length >= MOST_FIELDS) return failed(scan);
    const key = said(text, at, keyEnd);
    // JSON.parse keeps the last of two, and a box without the first would hide it.
    if (keys.has(key)) return failed(scan);
    keys.add(key);
    /** @type {Span} */
    const keyAt = [at + 1, keyEnd - 1];
    at = afterBlanks(text, afterBlanks(text, keyEnd) + 1);
    at = member(scan, at, [...path, key], keyAt);
    if (at < 0) return -1;
    at = afterBlanks(text, at);
    const next = text.charCodeAt(at);
    if (next === 125) return at + 1;
    if (next !== 44) return failed(scan);
    at = afterBlanks(text, at + 1);
  }
}

/** A value of an object or a list. @param {Scan} scan @param {number} begin @param {string[]} path @param {Span|null} keyAt @returns {number} where it ends, or -1 */
function member(scan, begin, path, keyAt) {
  const { text, fields } = scan;
  if (text.charCodeAt(begin) === 123) {
    const before = fields.length;
    const end = object(scan, begin, path);
    if (end > 0 && fields.length === before + 1 && fields[before].kind === 'object') fields[before].keyAt ??= keyAt;
    return end;
  }
  const end = afterValue(text, begin);
  if (end < 0) return failed(scan);
  const field = valueOf(text, begin, end, path, keyAt);
  if (field.name === '' && field.at) field.written = text.slice(...field.at);
  fields.push(field);
  return end;
}

/** A line of JSON that is a list: its fields are named by their place in it, and a text that comes first is its message. @param {string} text @returns {Shape|null} */
function list(text) {
  if (text.length > MOST_CHARACTERS || (text.length > LONG && isDeep(text))) return null;
  try { JSON.parse(text); } catch { return null; }
  /** @type {Scan} */
  const scan = { text, fields: [], isWhole: true };
  let at = afterBlanks(text, 1);
  for (let number = 0; text.charCodeAt(at) !== 93; number++) {
    if (number >= MOST_FIELDS) return null;
    at = member(scan, at, [String(number)], null);
    if (at < 0 || !scan.isWhole) return null;
    at = afterBlanks(text, at);
    if (text.charCodeAt(at) === 44) at = afterBlanks(text, at + 1);
  }
  const { fields } = scan;
  if (!fields.length) return null;
  const shape = new Shape('json', fields);
  if (fields[0].name === '0' && fields[0].kind === 'string') {
    fields[0].part = 'message';
    shape.message = fields[0].text;
  }
  return shape;
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
    if (fields.length >= MOST_FIELDS) return null;
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
    const single = singleQuotedEnd(text, at, end);
    if (single > 0) {
      const value = text.slice(at + 1, single - 1);
      fields.push(new Field([key], unescaped(value.replace(/\\(['\\])/g, '$1')), 'string', [at + 1, single - 1], keyAt));
      at = single;
    } else if (text[at] === '"') {
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
  const add = adder(text, fields);
  const before = (/** @type {number} */ from, /** @type {number} */ to) => [...text.slice(from, to).matchAll(/[^ ]+/g)].map((found) => /** @type {Span} */ ([from + found.index, from + found.index + found[0].length]));
  const isClf = head.format === 'access';
  const hosts = isClf ? before(0, time[0]).filter(([from, to]) => text.slice(from, to) !== '[') : before(Math.min(time[1] + 1, open), open);
  const names = hosts.length > 3 ? ['host', 'address', 'ident', 'user'] : hosts.length === 3 ? ['address', 'ident', 'user'] : ['address', 'user'];
  hosts.forEach(([from, to], i) => add(names[i] ?? '', from, to));
  add('time', time[0], time[1]);
  fields[fields.length - 1].part = 'time';
  requestLine(text, open + 1, close - 1, add);
  afterRequest(text, close, text.length, add);
  shape.request = partsOfRequest(shape);
  shape.time = head.written;
  shape.timeAt = time;
  shape.level = head.level;
  return shape;
}

/** @param {Shape} shape @returns {Request} */
const partsOfRequest = (shape) => Object.fromEntries(Object.keys(REQUEST_KEYS).map((name) => [name, shape.field(name)]));

/** @typedef {(name: string, from: number, to: number) => void} Add */

/** @param {string} text @param {Field[]} fields @returns {Add} */
function adder(text, fields) {
  return (name, from, to) => {
    const value = text.slice(from, to);
    fields.push(new Field([name], value, NUMBER.test(value) ? 'number' : 'string', [from, to], null));
  };
}

/** `GET / HTTP/1.1`, or what a client sent in its place. @param {string} text @param {number} from @param {number} to @param {Add} add */
function requestLine(text, from, to, add) {
  const found = REQUEST.exec(text.slice(from, to));
  if (!found) return add('request', from, to);
  const [, method, path, protocol] = found;
  const at = from + method.length + 1;
  add('method', from, at - 1);
  add('path', at, at + path.length);
  if (protocol) add('protocol', to - protocol.length, to);
  return undefined;
}

/** A line with a head of its own, whose message is a request: that of uvicorn, for example. @param {string} text @param {Head} head @returns {Shape|null} */
function request(text, head) {
  const begin = head.message;
  const part = text.slice(begin, begin + REQUEST_CHARACTERS);
  /** @type {RegExpExecArray|null} */
  let found = null;
  for (const line of REQUESTS) if ((found = line.exec(part))) break;
  if (!found || head.part) return null;
  const shape = new Shape('access', []);
  const { fields } = shape;
  const add = adder(text, fields);
  /** @type {[string, Span|null, Part][]} */
  const own = [['time', head.time, 'time'], ['level', head.word, 'level'], ['logger', head.source, 'logger']];
  const groups = /** @type {Record<string, Span|undefined>} */ (found.indices?.groups);
  const said = Object.keys(groups).filter((name) => groups[name]);
  const spans = [...own, ...said.map((name) => /** @type {typeof own[0]} */ ([name, /** @type {Span} */ (groups[name]).map((at) => begin + at), '']))];
  let at = 0;
  const addBetween = (/** @type {number} */ to) => {
    // The process, the thread: what is said without a name.
    const between = text.slice(at, to).replace(BEFORE_SAID, '');
    const from = to - between.length;
    const end = from + between.replace(AFTER_SAID, '').length;
    if (/[\p{L}\p{N}]/u.test(text.slice(from, end))) add('', from, end);
  };
  const written = /** @type {[string, Span, Part][]} */ (spans.filter(([, span]) => span));
  for (const [name, [from, to], part] of written.sort(([, a], [, b]) => a[0] - b[0])) {
    addBetween(from);
    if (name === 'request') requestLine(text, from, to, add);
    else {
      add(name, from, to);
      fields[fields.length - 1].part = part;
    }
    at = to;
  }
  addBetween(begin + found[0].length);
  afterRequest(text, begin + found[0].length, begin + part.length, add, said.filter((name) => name === 'size' || name === 'duration'));
  shape.request = partsOfRequest(shape);
  shape.time = head.written;
  shape.timeAt = head.time;
  shape.level = head.level;
  shape.logger = head.logger;
  const word = head.word ? text.slice(...head.word) : '';
  // A letter, such as Tornado's, is drawn by its name.
  if (word.length > 1) shape.word = word;
  return shape;
}

/** Status, size and whatever a server's own format appends. @param {string} text @param {number} from @param {number} to @param {Add} add @param {string[]|null} [before] which of them, besides the status, are written before `from`; null: none, not even the status */
function afterRequest(text, from, to, add, before = null) {
  const seen = new Set(before ? ['status', ...before] : []);
  const once = (/** @type {string} */ name) => {
    if (seen.has(name)) return '';
    seen.add(name);
    return name;
  };
  let quoted = 0;
  for (const found of text.slice(from, to).matchAll(ENTRIES)) {
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
      // A number in a sentence is no size: "GET /a 200 after 3 tries".
      if (!pair && /^[a-z]/.test(entry)) seen.add('size');
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
  // A line that begins an entry only if nothing is wrapped around it.
  const time = head.isBare ? shape.partOf('time') : undefined;
  if (time) time.part = '';
  if (!shape.time || head.isBare) {
    shape.time = head.written;
    shape.timeAt = head.time;
  }
  if (shape.level === 'O' || head.isBare) shape.level = head.level;
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

/** A line of text inside another line. @param {string} text @param {Formats|null} formats @returns {Shape} */
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
