/**
 * Arranges the fields of a line for reading: returns its parts in the order in which they are drawn. Knows no DOM.
 *
 * Each part knows its position in the written line: matches are marked there, and copying gives the bytes of the file.
 */

import { LEVEL_COLUMNS } from './column.js';
import { placesOf } from '../formats/shape.js';

/** @typedef {import('../formats/shape.js').Shape} Shape */
/** @typedef {import('../formats/shape.js').Field} Field */
/** @typedef {import('../formats/heads.js').Span} Span */
/** @typedef {import('./column.js').Column} Column */

/** The most characters that are drawn of one value, and of a whole line. */
const MOST_OF_VALUE = 400;
const MOST_DRAWN = 4_000;
/** Names for levels that are written as numbers. @type {Record<string, string>} */
const LEVEL_NAMES = { E: 'ERROR', W: 'WARNING', I: 'INFO', D: 'DEBUG' };
/** Those of pino and bunyan, where the level's name is more exact. @type {Record<string, string>} */
const NUMBER_NAMES = { 10: 'TRACE', 60: 'FATAL' };
/** Fields of an access line that only the opened fields show, apart from those with a place of their own. */
const REQUEST_FIELDS = new Set(['time', 'method', 'path', 'request', 'protocol', 'status', 'size', 'duration', 'ident']);
const UNNAMED = new Set(['', 'host', 'address', 'user', 'referer', 'agent', 'logger']);
/** The whole of a request in one field. */
const WHOLE_REQUEST = /^([A-Z]+) (.*?)(?: HTTP\/[\d.]+)?$/;
const QUOTED = new Set(['referer', 'agent']);

/**
 * @typedef {{
 *   name: string, text: string, key: string, at: Span|null, keyAt: Span|null, isQuoted: boolean, field: Field|null, isApart: boolean,
 *   column: number, isNumber: boolean, isMissing: boolean, isCut: boolean, isSought: boolean, tip: string,
 * }} Piece `name`: its class; `key`: the text before its value; `field`: the one it shows; `isApart`: whether a
 *   space follows; `column`: its place among the chosen columns, or -1; `isCut`: whether the rest of its text isn't drawn;
 *   `isSought`: whether it stands for a key that has a match and isn't drawn
 */

/** The piece that an element of a row shows. @type {WeakMap<Element, Piece>} */
export const pieceOf = new WeakMap();

/** @param {Partial<Piece>} given @returns {Piece} */
const piece = (given) => ({ name: '', text: '', key: '', at: null, keyAt: null, isQuoted: false, field: null, isApart: false, column: -1, isNumber: false, isMissing: false, isCut: false, isSought: false, tip: '', ...given });

export class Pieces {
  /**
   * @param {Shape} shape
   * @param {{columns: Column[], whole: boolean, size: (bytes: number) => string, isFound: (at: Span) => boolean}} how
   *   `whole`: draws a long line to its end; `isFound`: whether a match is there, which must not be cut off
   */
  constructor(shape, { columns, whole, size, isFound }) {
    this.shape = shape;
    this.size = size;
    this.whole = whole;
    this.isFound = isFound;
    /** @type {Piece[]} */
    this.all = [];
    this.room = whole ? Infinity : MOST_DRAWN;
    /** Whether the line is longer than what is drawn. */
    this.isCut = false;
    /** Fields that already have a piece. @type {Set<Field>} */
    this.drawn = new Set();
    this.#time();
    if (!shape.request || shape.partOf('level')) this.#level(columns.length > 0);
    columns.forEach((column, i) => this.#column(column, i));
    if (shape.request) this.#request(shape.request);
    else this.#text();
  }

  /** @param {Partial<Piece>} given */
  #put(given) {
    const made = piece(given);
    const isNeeded = (made.at !== null && this.isFound(made.at)) || this.whole;
    if (!isNeeded && made.text.length > MOST_OF_VALUE && made.name !== 'lt-msg') {
      made.tip = made.text;
      made.text = made.text.slice(0, MOST_OF_VALUE);
      made.isCut = true;
    }
    if (!isNeeded && made.text.length > this.room) {
      made.text = made.text.slice(0, Math.max(0, this.room));
      made.isCut = this.isCut = true;
    }
    this.room -= made.text.length + made.key.length;
    this.all.push(made);
    if (made.field) this.drawn.add(made.field);
    const keyAt = made.key ? null : made.field?.keyAt;
    made.isSought = made.text !== '' && made.at !== null && Boolean(keyAt && this.isFound(keyAt));
  }

  #time() {
    const { shape } = this;
    const field = shape.partOf('time');
    const text = field?.text ?? shape.time;
    if (text) this.#put({ name: 'lt-ts', text, at: field?.at ?? shape.timeAt, field: field ?? null, isApart: true });
  }

  /** @param {boolean} isTable whether columns must line up, even in lines without a level */
  #level(isTable) {
    const { shape } = this;
    const field = shape.partOf('level');
    const number = field?.name === 'level' ? NUMBER_NAMES[field.text] : undefined;
    const text = shape.word ? shape.word.toUpperCase() : number ?? LEVEL_NAMES[shape.level] ?? '';
    if (text || isTable) this.#put({ name: 'lt-lv lt-pad', text, at: field?.at ?? null, field: field ?? null });
  }

  /** @param {Column & {isNumber?: boolean}} column @param {number} i */
  #column({ name, width, isNumber = false }, i) {
    const field = this.shape.field(name);
    const text = field?.text ?? '–';
    this.#put({ name: 'lt-col', text, at: field?.at ?? null, field: field ?? null, column: i, isNumber: field?.isNumber ?? isNumber, isMissing: !field, tip: text.length > width - 3 ? text : '' });
  }

  /** What surrounds the line, without the time that is drawn before it. */
  #prefix() {
    const { prefix, timeAt } = this.shape;
    const end = prefix.trimEnd().length;
    const isDrawn = timeAt?.[0] === 0 && !this.shape.partOf('time');
    const from = isDrawn ? timeAt[1] + (prefix.slice(timeAt[1]).length - prefix.slice(timeAt[1]).trimStart().length) : 0;
    if (end > from) this.#put({ name: 'lt-sep lt-said', text: prefix.slice(from, end), at: [from, end], isApart: true });
  }

  #text() {
    const { shape } = this;
    this.#prefix();
    const logger = shape.partOf('logger');
    if (shape.logger && !(logger && this.drawn.has(logger))) this.#put({ name: 'lt-src', text: shape.logger, at: logger?.at ?? null, field: logger ?? null, isApart: true });
    const message = shape.partOf('message');
    if (shape.message && !(message && this.drawn.has(message))) this.#put({ name: 'lt-msg', text: shape.message, at: message?.at ?? shape.messageAt, field: message ?? null });
    for (const field of shape.fields) {
      if (field.part === 'inner' || this.drawn.has(field) || !this.#hasRoom(field)) continue;
      this.#put({ name: 'lt-kv', text: field.text, key: field.name ? `${field.name}=` : '', at: field.at, keyAt: field.keyAt, isQuoted: field.isQuoted, field, isNumber: field.isNumber });
    }
  }

  /** @param {import('../formats/shape.js').Request} request */
  #request({ method, path, request, status, size, duration }) {
    const { shape } = this;
    const isAccess = shape.kind === 'access';
    this.#prefix();
    const put = (/** @type {string} */ name, /** @type {Field|undefined} */ field, /** @type {Partial<Piece>} */ more = {}) => {
      if (field && !this.drawn.has(field)) this.#put({ name, text: field.text, at: field.at, field, isNumber: field.isNumber, ...more });
    };
    const whole = method || !request || isAccess ? null : WHOLE_REQUEST.exec(request.text);
    if (whole && request?.at && !this.drawn.has(request)) {
      const [from, to] = request.at;
      const isPlain = to - from === request.text.length;
      const end = from + whole[1].length;
      this.#put({ name: 'lt-verb', text: whole[1], at: isPlain ? [from, end] : null, field: request });
      this.#put({ name: 'lt-path', text: whole[2], at: isPlain ? [end + 1, end + 1 + whole[2].length] : null, field: request });
    } else {
      if (method) put('lt-verb', method);
      else this.#put({ name: 'lt-verb' });
      put('lt-path', path ?? request);
    }
    put('lt-code', status);
    put('lt-n', size, size && /^\d+$/.test(size.text) ? { text: this.size(Number(size.text)), tip: size.text } : {});
    put('lt-n', duration);
    for (const field of shape.fields) {
      if (this.drawn.has(field) || (isAccess && (REQUEST_FIELDS.has(field.name) || (field.name === 'user' && field.text === '-'))) || field.part === 'inner' || !this.#hasRoom(field)) continue;
      const isNamed = !isAccess || !UNNAMED.has(field.name);
      this.#put({ name: 'lt-kv lt-rest', text: field.text, key: isNamed && field.name ? `${field.name}=` : '', at: field.at, keyAt: isAccess ? null : field.keyAt, isQuoted: isAccess ? QUOTED.has(field.name) : field.isQuoted, field });
    }
  }

  /** @param {Field} field */
  #hasRoom(field) {
    if (this.room > 0 || (field.at && this.isFound(field.at))) return true;
    this.isCut = true;
    return false;
  }

  /** Where the pieces that are drawn as written are in the line, in order. @param {string} text @returns {Span[]} */
  written(text) {
    return this.all.flatMap((one) => (one.at && isAsWritten(one, text) ? [one.at] : [])).sort((a, b) => a[0] - b[0]);
  }

  /** Of those, the parts that are no field's value. @param {string} text @returns {Span[]} */
  prose(text) {
    return this.all.flatMap((one) => (one.at && one.name.startsWith('lt-msg') && isAsWritten(one, text) ? [one.at] : []));
  }

  /** Whether a drawn piece contains a match, or stands for a key that does. */
  get showsMatch() {
    return this.all.some(({ at, keyAt, name, isSought }) => isSought || (at !== null && this.isFound(at)) || (name.startsWith('lt-kv') && keyAt !== null && this.isFound(keyAt)));
  }
}

/** Whether one of the hits overlaps a span: a line may have thousands of fields, and hundreds of hits. @param {Span[]} hits in order, without overlap @returns {(at: Span) => boolean} */
export function finderOf(hits) {
  if (!hits.length) return () => false;
  return ([from, to]) => {
    let low = 0;
    let high = hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hits[middle][1] <= from) low = middle + 1;
      else high = middle;
    }
    return low < hits.length && hits[low][0] < to;
  };
}

/** Whether the drawn text is exactly that of the line. @param {Piece} piece @param {string} text of the line */
export const isAsWritten = ({ at, isCut, text: drawn }, text) => at !== null && !isCut && at[1] - at[0] === drawn.length && text.slice(at[0], at[1]) === drawn;

/**
 * The marks that overlap one of the spans: a line has thousands, and few of them are drawn.
 *
 * @template {{start: number, end: number}} M
 * @param {M[]} marks in order, without overlap @param {Span[]} spans in order, without overlap
 * @returns {M[]}
 */
export function marksWithin(marks, spans) {
  let next = 0;
  return marks.filter(({ start, end }) => {
    while (next < spans.length && spans[next][1] <= start) next++;
    return next < spans.length && spans[next][0] < end;
  });
}

/** @param {Span|null} one @param {Span} other */
export const meets = (one, other) => one !== null && one[0] < other[1] && one[1] > other[0];

/**
 * Where matches are in the drawn text of a piece that differs from what is written: escapes are mapped character by
 * character; a number that is drawn as a size is marked as a whole.
 *
 * @param {Piece} piece @param {string} text of the line @param {Span[]} hits
 * @returns {Span[]}
 */
export function hitsIn({ at, text: drawn }, text, hits) {
  if (!at) return [];
  const found = hits.filter((hit) => meets(at, hit));
  if (!found.length) return [];
  const places = placesOf(text, at);
  if (places.length !== drawn.length + 1) return [[0, drawn.length]];
  return found.map(([from, to]) => {
    const start = places.findIndex((_, i) => places[i + 1] > from);
    const end = places.findIndex((place) => place >= to);
    return [Math.max(0, start), end < 0 ? drawn.length : end];
  });
}

/**
 * For a line that is drawn as its fields: the column where its text begins, after time and level, and the number of
 * columns that the time takes.
 *
 * @param {Shape} shape @param {import('./times.js').Times} times
 * @returns {{hang: number, time: number}}
 */
export function hangOfShape(shape, times) {
  const written = shape.partOf('time')?.text ?? shape.time;
  const columns = written ? times.widthOf(written, false, true) : 0;
  const before = columns ? columns + 1 : 0;
  return { hang: before + ((shape.request && !shape.partOf('level')) || shape.level === 'O' ? 0 : LEVEL_COLUMNS), time: before };
}
