/**
 * Tests whether lines have a field with a certain name and value: one field term, many lines. Knows no DOM.
 *
 * `formats/shape.js` defines the fields. A field's name is dotted if it is nested, and its value is compared as written
 * and, if it is a number, as a number. Parsing 200,000 lines takes seconds, so most lines of JSON are judged by their
 * text alone wherever that gives the same answer.
 */

import { afterBlanks } from '../formats/fields.js';
import { mayHaveFields, shapeOf } from '../formats/shape.js';
import { numberIn } from './terms.js';

/** @typedef {import('../formats/detection.js').Formats} Formats */
/** @typedef {import('./terms.js').FieldTerm} FieldTerm */

const INTEGER = /^[+-]?\d+$/;
const PLAIN = /^[1-9]\d*$/;
/** Other ways to write a number that digits alone can write. */
const OTHERWISE = /^[+-]?0|[.eE+]/;
/** JavaScript rounds integers with this many digits or more. */
const ROUNDED_DIGITS = 16;
/** A number with an exponent. */
const EXPONENT = /\d[eE][+-]?\d/;
/** Names and values that JSON can write in only one way, except with "\u" escapes. */
const ORDINARY = /^[\w@$ .:,;=+*()<>-]*$/;
/** Names that a line without a backslash can write in only one way. */
// eslint-disable-next-line no-control-regex
const UNESCAPED = /^[^"\\\u0000-\u001f]+$/;
/** Lines to look at before deciding whether most lines have the value. */
const ENOUGH = 100;
/** The key under which a container runtime wraps another line. */
const INNER = 'log"';

/** An ordinary access line up to its size. Its fields can be read without parsing the line. */
const ACCESS = /^(?:\[[0-9a-fA-F:.]{2,64}\](?::\d{1,5})? )?(?:[^ "[]{1,255} ){2,4}\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "([A-Z][A-Z-]{1,15}) ([^"\\ ]*) (HTTP\/[\d.]{1,5})" (\d{3}) (\d+|-)(?= |$)/;
/** The groups of `ACCESS`. */
const ACCESS_FIELDS = ['method', 'path', 'protocol', 'status', 'size'];
/** Fields whose names don't appear in the line. */
const UNWRITTEN = new Set([...ACCESS_FIELDS, 'host', 'address', 'ident', 'user', 'time', 'request', 'duration', 'referer', 'agent', 'level', 'logger']);
/** Names of what is in a list: lines of JSON may be lists. */
const IN_LIST = /^\d+(?:\.|$)/;
/** The usual beginning of a line of pairs. */
const PAIRS = /^(?:time|ts|timestamp)="?\d{4}[^=]*[^ =]=/;

const [QUOTE, COMMA, COLON, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE, BLANK, TAB] = [34, 44, 58, 91, 93, 123, 125, 32, 9];

/** The text with each letter in upper case if that is a single letter too, as case-insensitive expressions fold it. @param {string} text */
function folded(text) {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toUpperCase();
  return text.replace(/[^]/g, (letter) => {
    const upper = letter.toUpperCase();
    return upper.length === 1 && (upper > '\u007f' || letter < '\u0080') ? upper : letter;
  });
}

/** Tests whether a text contains the parts in order, the first at its beginning and the last at its end. @param {string[]} parts folded @param {(text: string) => string} fold */
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

/** An expression that matches exactly this text. @param {string} text */
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/**
 * An expression for how a matching value begins in a line of JSON. Other values may match it too; "" matches anything.
 *
 * @param {FieldTerm} term
 */
function beginOf({ op, value, quoted }) {
  const isNumber = !quoted && !Number.isNaN(numberIn(value));
  if (op !== ':') return '';
  if (!isNumber) return literal(quoted ? value : value.split('*')[0]);
  return PLAIN.test(value) ? `(?:${value}|[+-]?(?:0|\\.|\\d+[.eE])|\\+)` : '';
}

/** The test for the values that a term matches. Each takes time linear in the text: typed text becomes an expression only literally. @param {FieldTerm} term @param {boolean} isCase @returns {(text: string) => boolean} */
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
    const parts = value.split(/\*+/);
    const filled = parts.filter((part) => part !== '');
    if (filled.length > 1 || parts[parts.length - 1] !== '') return likeTest(parts.map(fold), fold);
    // For a single part, the usual case, an expression takes a third of the time.
    const expression = new RegExp((parts[0] ? '^' : '') + literal(filled[0] ?? ''), isCase ? '' : 'i');
    return (text) => expression.test(text);
  }
  const wanted = fold(value);
  const hasLetters = !isCase && value.toUpperCase() !== value.toLowerCase();
  const isText = (/** @type {string} */ text) => text === value || (hasLetters && text.length === value.length && fold(text) === wanted);
  if (quoted || Number.isNaN(number)) return isText;
  const isPlain = PLAIN.test(value);
  // Two different integers without leading zeros are never equal, even if JavaScript rounds them to the same number.
  const isLong = INTEGER.test(value) && value.length >= ROUNDED_DIGITS;
  return (text) => isText(text) || ((!isPlain || OTHERWISE.test(text)) && numberIn(text) === number && !(isLong && INTEGER.test(text)));
}

/** An expression that every text with a matching value contains; null if there is none. @param {FieldTerm} term @param {boolean} isCase @returns {RegExp|null} */
function certainIn({ op, value, quoted }, isCase) {
  if (op !== ':') return null;
  // 5e2 equals 500.
  if (!quoted && !Number.isNaN(numberIn(value)) && !PLAIN.test(value)) return null;
  const parts = quoted ? [value] : value.split('*');
  const longest = parts.reduce((one, other) => (other.length > one.length ? other : one));
  // A quoted value of a pair escapes its quotes.
  return longest === '' || /["\\]/.test(longest) ? null : new RegExp(literal(longest), isCase ? '' : 'i');
}

/** The position of the value after the next occurrence of a key, or -1. @param {string} text @param {string} keyEnd the key and its closing quotation mark @param {number} from */
function valueAfter(text, keyEnd, from) {
  for (let at = text.indexOf(keyEnd, from); at >= 0; at = text.indexOf(keyEnd, at + 1)) {
    if (text.charCodeAt(at - 1) !== QUOTE) continue;
    at += keyEnd.length;
    if (text.charCodeAt(at) !== COLON) at = afterBlanks(text, at);
    if (text.charCodeAt(at) !== COLON) continue;
    const code = text.charCodeAt(at + 1);
    return code === BLANK || code === TAB ? afterBlanks(text, at + 1) : at + 1;
  }
  return -1;
}

/** @typedef {boolean|null} Verdict null: the text alone doesn't decide, so the line must be parsed */

export class FieldTest {
  /** @param {FieldTerm} term @param {boolean} isCase */
  constructor(term, isCase) {
    this.term = term;
    this.takes = valueTest(term, isCase);
    this.certain = certainIn(term, isCase);
    this.isNumber = !term.quoted && !Number.isNaN(numberIn(term.value));
    this.path = term.name.split('.');
    this.pair = `${term.name}=`;
    this.isUnwritten = UNWRITTEN.has(term.name) || IN_LIST.test(term.name);
    this.accessField = ACCESS_FIELDS.indexOf(term.name) + 1;
    const last = this.path[this.path.length - 1];
    /** Whether the text of a line without a backslash shows where the field is. */
    this.isUnescaped = UNESCAPED.test(term.name);
    /** Whether only "\u" escapes can write the name, or the value, differently from how it was typed. */
    this.isOrdinaryName = ORDINARY.test(term.name);
    this.isOrdinaryValue = ORDINARY.test(term.value);
    this.isNested = this.path.length > 1;
    // Without the opening quotation mark: JSON is full of them, and a search that starts with one is slow.
    this.hint = last;
    this.keyEnd = `${last}"`;
    const begin = beginOf(term);
    /** Every line of JSON that has the value matches this, unless it contains escapes. */
    this.holder = begin ? new RegExp(`${this.isNested ? '[".]' : '"'}${literal(last)}"[ \\t]*:[ \\t]*"?${begin}`, isCase ? '' : 'i') : null;
    /** Lines tested with `holder`, and those that matched. If most do, the test only costs time. */
    this.looks = this.held = 0;
    /** The position of the field's value in the line judged last; 0 if its text didn't show it. */
    this.at = 0;
    this.parentEnd = `${this.path[0]}"`;
    this.wholeEnd = `.${last}"`;
  }

  /**
   * @param {string} text without escape sequences
   * @param {Formats|null} formats of the log
   * @param {import('../log/item.js').Item} [item] the line itself, which remembers where the field is
   */
  test(text, formats, item) {
    const isGiven = formats?.isGiven ?? false;
    if (text.charCodeAt(0) === OPEN) {
      const isRead = !isGiven || formats?.takesAnyJson === true;
      if (isRead && item?.fieldName === this.term.name) return this.#takesAt(text, item.fieldAt);
      this.at = 0;
      const verdict = this.#judge(text, isRead);
      if (this.at > 0 && item && !item.coded) {
        item.fieldName = this.term.name;
        item.fieldAt = this.at;
      }
      if (verdict !== null) return verdict;
    } else {
      if (!this.#mayHold(text)) return false;
      const verdict = isGiven || text.includes('\\') ? null : this.#judgeText(text);
      if (verdict !== null) return verdict;
    }
    return this.#slowly(text, formats);
  }

  /** Judges an access line, or a line of pairs, without escapes. @param {string} text @returns {Verdict} */
  #judgeText(text) {
    if (this.accessField > 0) {
      const found = ACCESS.exec(text);
      if (found) return this.takes(found[this.accessField]) || (text.includes(this.pair) ? null : false);
    }
    return PAIRS.test(text) && !text.includes('\t') && !text.includes("='") ? this.#judgePairs(text) : null;
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

  /** Whether a line that doesn't begin with a brace may contain the value. @param {string} text */
  #mayHold(text) {
    if (this.certain?.test(text) === false && !(this.isNumber && EXPONENT.test(text)) && !text.includes('\\')) return false;
    if (!this.isUnwritten && !text.includes(this.pair) && !text.includes(this.keyEnd) && !text.includes('\\')) return false;
    return mayHaveFields(text);
  }

  /** @param {string} text @param {Formats|null} formats */
  #slowly(text, formats) {
    const shape = shapeOf(text, formats);
    if (!shape) return false;
    for (const field of shape.fields) if (field.name === this.term.name && this.takes(field.text)) return true;
    return false;
  }

  /** Judges a line of JSON. @param {string} text @param {boolean} isRead whether the log's formats include JSON @returns {Verdict} */
  #judge(text, isRead) {
    if (!this.isUnescaped) return null;
    const isEscaped = text.includes('\\');
    if (isEscaped) {
      if (!this.isOrdinaryName || text.includes('\\u')) return null;
      if (!text.includes(this.hint)) return false;
      if (!this.isOrdinaryValue) return null;
    }
    if (this.holder && this.held <= ENOUGH + this.looks / 2) {
      this.looks++;
      if (!this.holder.test(text)) return this.#judgeInside(text);
      this.held++;
    }
    if (isEscaped || !isRead || text.charCodeAt(text.length - 1) !== CLOSE) return null;
    // In a line without escapes, every quotation mark begins or ends a string.
    return this.isNested ? this.#judgeNested(text) : this.#judgeOwn(text);
  }

  /** Judges a line of JSON that lacks the field itself: a container runtime may have wrapped another line in it. @param {string} text @returns {Verdict} */
  #judgeInside(text) { return text.includes(INNER) && text.includes(this.hint) ? null : false; }

  /** Judges a line for a name with one part. @param {string} text @returns {Verdict} */
  #judgeOwn(text) {
    const { keyEnd } = this;
    let other = -1;
    let value = valueAfter(text, keyEnd, 0);
    if (value < 0) return this.#judgeInside(text);
    const next = valueAfter(text, keyEnd, value);
    if (next > 0) {
      // An earlier key inside a nested object is another field. With two of them, parse the line.
      if (valueAfter(text, keyEnd, next) > 0) return null;
      other = value;
      value = next;
    }
    const open = text.indexOf('{', 1);
    // If only the line's closing brace follows, or only its opening brace precedes, the key is at the top level.
    if (text.indexOf('}', value) !== text.length - 1 && open > 0 && open < value) return null;
    if (other > 0 && (open < 0 || open > other || (text.indexOf('}', open) < other && text.lastIndexOf('{', other) < text.lastIndexOf('}', other)))) return null;
    return this.#judgeValue(text, value);
  }

  /** Judges a line for a name with two parts; longer ones are left to the parser. @param {string} text @returns {Verdict} */
  #judgeNested(text) {
    const { parentEnd } = this;
    if (this.path.length > 2) return null;
    const begin = valueAfter(text, parentEnd, 0);
    const open = begin < 0 ? -1 : text.indexOf('{', 1);
    // The parent may itself be nested.
    if (open > 0 && open < begin) return null;
    const verdict = open > 0 && open === begin ? this.#judgeMember(text, begin) : false;
    if (verdict === null) return null;
    // A line with a duplicate key has no fields. And a single key may have the whole dotted name.
    const isTwice = this.at > 0 && valueAfter(text, parentEnd, begin) > 0;
    const hasWhole = text.includes(this.wholeEnd);
    if (isTwice || hasWhole || text.includes(INNER)) this.at = 0;
    if (verdict) return isTwice ? null : true;
    return hasWhole ? null : this.#judgeInside(text);
  }

  /** Judges an object by one of its keys. @param {string} text @param {number} begin where the object begins @returns {Verdict} */
  #judgeMember(text, begin) {
    const { keyEnd } = this;
    const end = text.indexOf('}', begin);
    const inner = text.indexOf('{', begin + 1);
    if (inner > 0 && inner < end) return null;
    const value = valueAfter(text, keyEnd, begin);
    if (value < 0 || value > end) return false;
    const other = valueAfter(text, keyEnd, value);
    return other > 0 && other < end ? null : this.#judgeValue(text, value);
  }

  /** @param {string} text @param {number} at where the value begins @returns {Verdict} */
  #judgeValue(text, at) {
    const first = text.charCodeAt(at);
    if (first === OPEN || first === OPEN_LIST) return null;
    this.at = at;
    return this.#takesAt(text, at);
  }

  /** @param {string} text @param {number} at where a string, a number or a word begins */
  #takesAt(text, at) {
    const first = text.charCodeAt(at);
    if (first === QUOTE) return this.takes(text.slice(at + 1, text.indexOf('"', at + 1)));
    let end = at;
    for (let code = first; code !== COMMA && code !== CLOSE && code !== CLOSE_LIST && code !== BLANK && code === code; code = text.charCodeAt(++end));
    return this.takes(text.slice(at, end));
  }

  /** The spans of the matching values in the line. @param {string} text @param {Formats|null} formats @returns {[number, number][]} */
  spans(text, formats) {
    /** @type {[number, number][]} */
    const found = [];
    for (const field of shapeOf(text, formats)?.fields ?? []) if (field.at && field.name === this.term.name && this.takes(field.text)) found.push(field.at);
    return found;
  }
}

/** The names of the fields in one log's lines. */
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
    /** Names that no line had, each with the number of the first line not yet searched for it. @type {Map<string, number>} */
    this.missing = new Map();
    this.sampledAt = -1;
  }

  /** Whether a loaded line has a field with this name. @param {string} name */
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

  /** Adds a name that a chip uses. @param {string} name */
  learn(name) { this.known.add(name); }

  /** Whether a name that was missing exists now. */
  get isBetter() {
    for (const name of [...this.missing.keys()]) if (this.has(name)) return true;
    return false;
  }

  /** Learns the names from some lines, because access lines don't contain theirs. @param {ReturnType<FieldNames['storeOf']>} store */
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

  /** @param {string} name @param {ReturnType<FieldNames['storeOf']>} store @param {number} from the first line not yet searched */
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

/** Lines at the end of a log from which names are learned, and the most lines to parse for one name. */
const SAMPLED = 50;
const MOST_LOOKS = 300;
