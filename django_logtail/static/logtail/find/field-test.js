/**
 * Whether a line has a field of a name and a value: one field term over many lines. Knows no DOM.
 *
 * What counts are the fields that `formats/shape.js` finds, each by its dotted name and its value as it was written;
 * numbers are also compared as numbers. Taking 200,000 lines apart takes seconds, so that most lines of JSON are
 * judged by their text, wherever that is as exact: at the one place where the key stands.
 */

import { shapeOf } from '../formats/shape.js';
import { numberIn } from './terms.js';

/** @typedef {import('../formats/detection.js').Formats} Formats */
/** @typedef {import('./terms.js').FieldTerm} FieldTerm */

const INTEGER = /^[+-]?\d+$/;
const PLAIN = /^[1-9]\d*$/;
/** How a number may be written that is also written with digits alone. */
const OTHERWISE = /^[+-]?0|[.eE+]/;
/** Digits from which on numbers of the language are rounded. */
const ROUNDED_DIGITS = 16;
/** Where a number may be written with an exponent. */
const EXPONENT = /\d[eE][+-]?\d/;
/** Keys that are written in one way only, but for escapes with "\u". */
const ORDINARY = /^[\w@$-]+$/;
/** The line of a container's runtime, which holds another one. */
const INNER = 'log"';

/** A line of an access log without anything unusual, up to its size: what is in it is told without taking it apart. */
const ACCESS = /^(?:\[[0-9a-fA-F:.]{2,64}\](?::\d{1,5})? )?(?:[^ "[]{1,255} ){2,4}\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "([A-Z][A-Z-]{1,15}) ([^"\\ ]*) (HTTP\/[\d.]{1,5})" (\d{3}) (\d+|-)(?= |$)/;
/** Its groups. */
const ACCESS_FIELDS = ['method', 'path', 'protocol', 'status', 'size'];
/** Names of fields that may be in a line without being written there. */
const UNWRITTEN = new Set([...ACCESS_FIELDS, 'host', 'address', 'ident', 'user', 'time', 'request', 'duration', 'referer', 'agent']);
/** A line of pairs that begins as such lines do. */
const PAIRS = /^(?:time|ts|timestamp)="?\d{4}[^=]*[^ =]=/;

const [QUOTE, COMMA, COLON, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE, BLANK, TAB] = [34, 44, 58, 91, 93, 123, 125, 32, 9];

/** Each letter in its upper case where that is one letter too, as expressions fold them. @param {string} text */
function folded(text) {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toUpperCase();
  return text.replace(/[^]/g, (letter) => {
    const upper = letter.toUpperCase();
    return upper.length === 1 && (upper > '\u007f' || letter < '\u0080') ? upper : letter;
  });
}

/** Whether a text has the parts in order, the first at its begin and the last at its end. @param {string[]} parts folded @param {(text: string) => string} fold */
function likeTest(parts, fold) {
  const [first, last, inner] = [parts[0], parts[parts.length - 1], parts.slice(1, -1)];
  const least = first.length + last.length;
  return (/** @type {string} */ text) => {
    const { length } = text;
    if (length < least || fold(text.slice(0, first.length)) !== first || fold(text.slice(length - last.length)) !== last) return false;
    if (inner.length === 0) return true;
    const between = fold(text.slice(first.length, length - last.length));
    let at = 0;
    for (const part of inner) {
      const found = between.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  };
}

/** What text of a value a term takes. Nothing here makes an expression of what was typed: each test is linear in the text. @param {FieldTerm} term @param {boolean} isCase @returns {(text: string) => boolean} */
function valueTest({ op, value, quoted }, isCase) {
  const number = numberIn(value);
  switch (op) {
    case '>': return (text) => numberIn(text) > number;
    case '>=': return (text) => numberIn(text) >= number;
    case '<': return (text) => numberIn(text) < number;
    case '<=': return (text) => numberIn(text) <= number;
    default:
  }
  const fold = isCase ? (/** @type {string} */ text) => text : folded;
  if (!quoted && value.includes('*')) {
    return likeTest(fold(value).split(/\*+/), fold);
  }
  const wanted = fold(value);
  const hasLetters = !isCase && value.toUpperCase() !== value.toLowerCase();
  const isText = (/** @type {string} */ text) => text === value || (hasLetters && text.length === value.length && fold(text) === wanted);
  if (quoted || Number.isNaN(number)) return isText;
  const isPlain = PLAIN.test(value);
  // Digits alone, without a zero before them, are written in one way only.
  const isLong = INTEGER.test(value) && value.length >= ROUNDED_DIGITS;
  return (text) => isText(text) || ((!isPlain || OTHERWISE.test(text)) && numberIn(text) === number && !(isLong && INTEGER.test(text)));
}

/** What text must hold to hold such a value; null where nothing is certain. @param {FieldTerm} term @param {boolean} isCase @returns {RegExp|null} */
function certainIn({ op, value, quoted }, isCase) {
  if (op !== ':') return null;
  const parts = quoted ? [value] : value.split('*');
  const longest = parts.reduce((one, other) => (other.length > one.length ? other : one));
  // In pairs, what is quoted has its own quotes escaped.
  return longest === '' || /["\\]/.test(longest) ? null : new RegExp(longest.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'), isCase ? '' : 'i');
}

/** @param {string} text @param {number} at */
function afterBlanks(text, at) {
  for (let code = text.charCodeAt(at); code === BLANK || code === TAB; code = text.charCodeAt(++at));
  return at;
}

/** Where the value begins if there is a key; -1: it isn't a key. @param {string} text @param {number} keyEnd after its quotation mark */
function valueAfter(text, keyEnd) {
  const at = afterBlanks(text, keyEnd);
  return text.charCodeAt(at) === COLON ? afterBlanks(text, at + 1) : -1;
}

/** @typedef {boolean|null} Verdict null: the text alone does not tell */

export class FieldTest {
  /** @param {FieldTerm} term @param {boolean} isCase */
  constructor(term, isCase) {
    this.term = term;
    this.takes = valueTest(term, isCase);
    this.certain = certainIn(term, isCase);
    this.isNumber = !term.quoted && !Number.isNaN(numberIn(term.value));
    this.path = term.name.split('.');
    this.pair = `${term.name}=`;
    this.isUnwritten = UNWRITTEN.has(term.name);
    this.accessField = ACCESS_FIELDS.indexOf(term.name) + 1;
    this.isOrdinary = this.path.length <= 2 && this.path.every((part) => ORDINARY.test(part));
    // Without the quotation mark before them: it is what a line of JSON has most of, and finding it takes the time.
    this.hint = this.path[this.path.length - 1];
    this.keyEnd = `${this.hint}"`;
    this.parentEnd = `${this.path[0]}"`;
    this.isInner = this.path.length === 2;
    this.wholeEnd = `.${this.hint}"`;
  }

  /** @param {string} text without escape sequences @param {Formats|null} formats of the log */
  test(text, formats) {
    if (this.isOrdinary && text.charCodeAt(0) === OPEN && !formats?.isGiven && text.charCodeAt(text.length - 1) === CLOSE) {
      const verdict = text.includes('\\') ? (text.includes(this.hint) || text.includes('\\u') ? null : false) : this.#judge(text);
      if (verdict !== null) return verdict;
    }
    if (text.charCodeAt(0) !== OPEN) {
      if (!this.#mayHold(text)) return false;
      const verdict = formats?.isGiven || text.includes('\\') ? null : this.#judgeText(text);
      if (verdict !== null) return verdict;
    }
    return this.#slowly(text, formats);
  }

  /** Of an access line, or a line of pairs, without escapes. @param {string} text @returns {Verdict} */
  #judgeText(text) {
    if (this.accessField > 0) {
      const found = ACCESS.exec(text);
      if (found) return this.takes(found[this.accessField]) || (text.includes(this.pair) ? null : false);
    }
    return PAIRS.test(text) && !text.includes('\t') ? this.#judgePairs(text) : null;
  }

  /** @param {string} text @returns {Verdict} */
  #judgePairs(text) {
    const { pair } = this;
    let quotes = 0;
    let from = 0;
    for (let at = text.indexOf(pair); at >= 0; at = text.indexOf(pair, at + 1)) {
      if (at > 0 && text.charCodeAt(at - 1) !== BLANK) continue;
      for (let quote = text.indexOf('"', from); quote >= 0 && quote < at; quote = text.indexOf('"', quote + 1)) quotes++;
      from = at;
      if (quotes % 2) continue;
      const begin = at + pair.length;
      const isQuoted = text.charCodeAt(begin) === QUOTE;
      const end = isQuoted ? text.indexOf('"', begin + 1) : text.indexOf(' ', begin);
      if (isQuoted && end < 0) return null;
      if (this.takes(text.slice(isQuoted ? begin + 1 : begin, end < 0 ? undefined : end))) return true;
    }
    return false;
  }

  /** Whether a line that begins with no brace may hold the value. @param {string} text */
  #mayHold(text) {
    if (this.certain?.test(text) === false && !(this.isNumber && EXPONENT.test(text)) && !text.includes('\\')) return false;
    if (!this.isUnwritten && !text.includes(this.pair) && !text.includes(this.keyEnd) && !text.includes('\\')) return false;
    return text.includes('"') || text.includes('=');
  }

  /** @param {string} text @param {Formats|null} formats */
  #slowly(text, formats) {
    const shape = shapeOf(text, formats);
    if (!shape) return false;
    for (const field of shape.fields) if (field.name === this.term.name && this.takes(field.text)) return true;
    return false;
  }

  /** Of a line of JSON without escapes, so that each quotation mark begins or ends a string. @param {string} text @returns {Verdict} */
  #judge(text) {
    if (this.isInner) return this.#judgeInner(text);
    const { keyEnd } = this;
    let value = -1;
    let other = -1;
    for (let at = text.indexOf(keyEnd); at > 0; at = text.indexOf(keyEnd, at + keyEnd.length)) {
      if (text.charCodeAt(at - 1) !== QUOTE) continue;
      const begin = valueAfter(text, at + keyEnd.length);
      if (begin < 0) continue;
      // One key before it that stands in an object of its own is another field; of two, the line tells.
      if (other > 0) return null;
      other = value;
      value = begin;
    }
    if (value < 0) return text.includes(this.hint) && text.includes(INNER) ? null : false;
    // Behind it only the object's own end, or before it only its begin: it is a key of the line's own.
    if (text.indexOf('}', value) !== text.length - 1 && text.lastIndexOf('{', value - 1) !== 0) return null;
    if (other > 0) {
      const open = text.indexOf('{', 1);
      if (open < 0 || open > other || (text.indexOf('}', open) < other && text.lastIndexOf('{', other) < text.lastIndexOf('}', other))) return null;
    }
    return this.#judgeValue(text, value);
  }

  /** A name of two parts. @param {string} text @returns {Verdict} */
  #judgeInner(text) {
    const { parentEnd } = this;
    const at = text.indexOf(parentEnd);
    if (at < 0) return text.includes(this.hint) && (text.includes(this.wholeEnd) || text.includes(INNER)) ? null : false;
    const begin = text.charCodeAt(at - 1) === QUOTE ? valueAfter(text, at + parentEnd.length) : -1;
    if (begin < 0 || text.indexOf('{', 1) < at) return null;
    const verdict = this.#judgeMember(text, begin);
    if (verdict === null) return null;
    // A line with two keys of one name has no fields; and a key may have the whole name.
    if (verdict) return text.indexOf(parentEnd, begin) > 0 ? null : true;
    return text.includes(this.wholeEnd) || text.includes(INNER) ? null : false;
  }

  /** The key in an object that begins there. @param {string} text @param {number} begin @returns {Verdict} */
  #judgeMember(text, begin) {
    const { keyEnd } = this;
    if (text.charCodeAt(begin) !== OPEN) return false;
    const end = text.indexOf('}', begin);
    const inner = text.indexOf('{', begin + 1);
    if (inner > 0 && inner < end) return null;
    const found = text.indexOf(keyEnd, begin);
    if (found < 0 || found > end) return false;
    const value = text.charCodeAt(found - 1) === QUOTE ? valueAfter(text, found + keyEnd.length) : -1;
    if (value < 0 || text.slice(found + 1, end).includes(keyEnd)) return null;
    return this.#judgeValue(text, value);
  }

  /** @param {string} text @param {number} at where the value begins @returns {Verdict} */
  #judgeValue(text, at) {
    const first = text.charCodeAt(at);
    if (first === OPEN || first === OPEN_LIST) return null;
    if (first === QUOTE) return this.takes(text.slice(at + 1, text.indexOf('"', at + 1)));
    let end = at;
    for (let code = first; code !== COMMA && code !== CLOSE && code !== CLOSE_LIST && code !== BLANK && code === code; code = text.charCodeAt(++end));
    return this.takes(text.slice(at, end));
  }

  /** Where in the line the values stand that it takes. @param {string} text @param {Formats|null} formats @returns {[number, number][]} */
  spans(text, formats) {
    /** @type {[number, number][]} */
    const found = [];
    for (const field of shapeOf(text, formats)?.fields ?? []) if (field.at && field.name === this.term.name && this.takes(field.text)) found.push(field.at);
    return found;
  }
}

/** Which names fields have in the lines of one log. */
export class FieldNames {
  /** @param {() => {items: import('../log/item.js').Item[], first: number, nextSeq: number, entries: {formats: Formats|null}}} storeOf the log's */
  constructor(storeOf) {
    this.storeOf = storeOf;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** @type {Set<string>} */
    this.known = new Set();
    /** Names that were asked for in vain, and up to which line. @type {Map<string, number>} */
    this.missing = new Map();
    this.sampledAt = -1;
  }

  /** Whether a line that is loaded has a field of that name. @param {string} name */
  has(name) {
    if (this.known.has(name)) return true;
    const store = this.storeOf();
    const from = this.missing.get(name) ?? -Infinity;
    if (from >= store.nextSeq) return false;
    this.#sample(store);
    if (this.known.has(name) || this.#isIn(name, store, from)) {
      this.known.add(name);
      this.missing.delete(name);
      return true;
    }
    this.missing.set(name, store.nextSeq);
    return false;
  }

  /** A name that a chip has. @param {string} name */
  learn(name) { this.known.add(name); }

  /** Whether one of the names that were asked for in vain is there now. */
  get isBetter() {
    for (const name of [...this.missing.keys()]) if (this.has(name)) return true;
    return false;
  }

  /** The names of some lines: those of an access log are not written in its lines. @param {ReturnType<FieldNames['storeOf']>} store */
  #sample(store) {
    if (this.sampledAt === store.nextSeq) return;
    this.sampledAt = store.nextSeq;
    const { items, first, entries } = store;
    for (let i = items.length - 1; i >= Math.max(first, items.length - SAMPLED); i--) {
      const item = items[i];
      if (item.kind !== 'line' || item.inner) continue;
      for (const field of shapeOf(item.plain, entries.formats)?.fields ?? []) if (field.name) this.known.add(field.name);
    }
  }

  /** @param {string} name @param {ReturnType<FieldNames['storeOf']>} store @param {number} from the first line that was not looked at */
  #isIn(name, { items, first, entries }, from) {
    const key = `${name.slice(name.lastIndexOf('.') + 1)}"`;
    const pair = `${name}=`;
    let looks = MOST_LOOKS;
    for (let i = items.length - 1; i >= first && looks > 0; i--) {
      const item = items[i];
      if (item.seq < from) return false;
      if (item.kind !== 'line') continue;
      const { text } = item;
      if (!text.includes(key) && !text.includes(pair)) continue;
      looks--;
      if (shapeOf(item.plain, entries.formats)?.fields.some((field) => field.name === name)) return true;
    }
    return false;
  }
}

/** Lines at the end of a log whose names are learned, and lines that are taken apart for one name. */
const SAMPLED = 50;
const MOST_LOOKS = 300;
