/**
 * A line with fields as a line for people: its parts, in the order in which they are drawn. Knows no DOM.
 *
 * Each part knows where in the line it was written, so that matches are marked in it and copying gives the bytes of the file.
 */

import { briefClockOf, clockOf, momentOf } from '../formats/moments.js';
import { placesOf } from '../formats/shape.js';

/** @typedef {import('../formats/shape.js').Shape} Shape */
/** @typedef {import('../formats/shape.js').Field} Field */
/** @typedef {import('../formats/heads.js').Span} Span */
/** @typedef {import('./column.js').Column} Column */

/** Characters drawn of one value, and of a whole line. */
const MOST_OF_VALUE = 400;
const MOST_DRAWN = 4_000;
/** What the level is called where it is a number. @type {Record<string, string>} */
const LEVEL_NAMES = { E: 'ERROR', W: 'WARNING', I: 'INFO', D: 'DEBUG' };
/** What an access line draws in places of its own, or leaves to the fields that are opened. */
const REQUEST_FIELDS = new Set(['time', 'method', 'path', 'request', 'protocol', 'status', 'size', 'duration', 'ident']);
const UNNAMED = new Set(['', 'host', 'address', 'user', 'referer', 'agent']);
const QUOTED = new Set(['referer', 'agent']);

/**
 * @typedef {{
 *   name: string, text: string, key: string, at: Span|null, keyAt: Span|null, isQuoted: boolean, field: Field|null, isApart: boolean,
 *   column: number, isNumber: boolean, isMissing: boolean, isCut: boolean, tip: string,
 * }} Piece `name`: its class; `key`: what stands before its value; `field`: that it is drawn for; `isApart`: a blank
 *   follows; `column`: of those chosen, or -1; `isCut`: the rest of its text is not drawn
 */

/** What an element of a row is drawn for. @type {WeakMap<Element, Piece>} */
export const pieceOf = new WeakMap();

/** @param {Partial<Piece>} given @returns {Piece} */
const piece = (given) => ({ name: '', text: '', key: '', at: null, keyAt: null, isQuoted: false, field: null, isApart: false, column: -1, isNumber: false, isMissing: false, isCut: false, tip: '', ...given });

export class Pieces {
  /**
   * @param {Shape} shape
   * @param {{columns: Column[], whole: boolean, size: (bytes: number) => string, isFound: (at: Span) => boolean}} how
   *   `whole`: a long line to its end; `isFound`: whether something that is sought is there, so that it is not cut away
   */
  constructor(shape, { columns, whole, size, isFound }) {
    this.shape = shape;
    this.size = size;
    this.whole = whole;
    this.isFound = isFound;
    /** @type {Piece[]} */
    this.all = [];
    this.room = whole ? Infinity : MOST_DRAWN;
    /** Whether the rest of the line is not drawn. */
    this.isCut = false;
    /** Fields that are drawn. @type {Set<Field>} */
    this.drawn = new Set();
    this.#time();
    if (shape.kind !== 'access') this.#level(columns.length > 0);
    columns.forEach((column, i) => this.#column(column, i));
    if (shape.kind === 'access') this.#request();
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
  }

  #time() {
    const { shape } = this;
    const field = shape.partOf('time');
    const text = field?.text ?? shape.time;
    if (text) this.#put({ name: 'lt-ts', text, at: field?.at ?? shape.timeAt, field: field ?? null, isApart: true });
  }

  /** @param {boolean} isTable lines stand under one another, also those without a level */
  #level(isTable) {
    const { shape } = this;
    const field = shape.partOf('level');
    const text = shape.word ? shape.word.toUpperCase() : LEVEL_NAMES[shape.level] ?? '';
    if (text || isTable) this.#put({ name: 'lt-lv lt-pad', text, at: field?.at ?? null, field: field ?? null });
  }

  /** @param {Column & {isNumber?: boolean}} column @param {number} i */
  #column({ name, width, isNumber = false }, i) {
    const field = this.shape.field(name);
    const text = field?.text ?? '–';
    this.#put({ name: 'lt-col', text, at: field?.at ?? null, field: field ?? null, column: i, isNumber: field?.isNumber ?? isNumber, isMissing: !field, tip: text.length > width - 3 ? text : '' });
  }

  #text() {
    const { shape } = this;
    if (shape.prefix) this.#put({ name: 'lt-sep lt-said', text: shape.prefix.trimEnd(), at: [0, shape.prefix.trimEnd().length], isApart: true });
    const logger = shape.partOf('logger');
    if (shape.logger && !(logger && this.drawn.has(logger))) this.#put({ name: 'lt-src', text: shape.logger, at: logger?.at ?? null, field: logger ?? null, isApart: true });
    const message = shape.partOf('message');
    if (shape.message && !(message && this.drawn.has(message))) this.#put({ name: 'lt-msg', text: shape.message, at: message?.at ?? shape.messageAt, field: message ?? null });
    for (const field of shape.fields) {
      if (field.part === 'inner' || this.drawn.has(field) || !this.#hasRoom(field)) continue;
      this.#put({ name: 'lt-kv', text: field.text, key: field.name ? `${field.name}=` : '', at: field.at, keyAt: field.keyAt, isQuoted: field.isQuoted, field, isNumber: field.isNumber });
    }
  }

  #request() {
    const { shape } = this;
    const own = (/** @type {string} */ name) => shape.field(name);
    if (shape.prefix) this.#put({ name: 'lt-sep lt-said', text: shape.prefix.trimEnd(), at: [0, shape.prefix.trimEnd().length], isApart: true });
    const put = (/** @type {string} */ name, /** @type {Field|undefined} */ field, /** @type {Partial<Piece>} */ more = {}) => {
      if (field && !this.drawn.has(field)) this.#put({ name, text: field.text, at: field.at, field, isNumber: field.isNumber, ...more });
    };
    const method = own('method');
    if (method) put('lt-verb', method);
    else this.#put({ name: 'lt-verb' });
    put('lt-path', own('path') ?? own('request'));
    put('lt-code', own('status'));
    const size = own('size');
    put('lt-n', size, size?.isNumber ? { text: this.size(Number(size.text)), tip: size.text } : {});
    put('lt-n', own('duration'));
    for (const field of shape.fields) {
      if (this.drawn.has(field) || REQUEST_FIELDS.has(field.name) || (field.name === 'user' && field.text === '-') || !this.#hasRoom(field)) continue;
      this.#put({ name: 'lt-kv lt-rest', text: field.text, key: UNNAMED.has(field.name) ? '' : `${field.name}=`, at: field.at, isQuoted: QUOTED.has(field.name), field });
    }
  }

  /** @param {Field} field */
  #hasRoom(field) {
    if (this.room > 0 || (field.at && this.isFound(field.at))) return true;
    this.isCut = true;
    return false;
  }

  /** Whether a match is seen in what is drawn. @param {Span} hit */
  shows(hit) {
    return this.all.some(({ at, keyAt, name }) => meets(at, hit) || (name.startsWith('lt-kv') && meets(keyAt, hit)));
  }
}

/** @param {Span|null} one @param {Span} other */
export const meets = (one, other) => one !== null && one[0] < other[1] && one[1] > other[0];

/**
 * Where matches are in what is drawn of a part whose text is written in another way: with escapes, or as a number that is
 * drawn as a size, which is marked whole.
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

/** The clock of a time, as people read it: of a count of seconds that of Greenwich, which it says. @param {string} written @param {boolean} [isBrief] */
export function clockDrawn(written, isBrief = false) {
  const clock = isBrief ? briefClockOf(written) : clockOf(written);
  if (!/^\d+(?:\.\d+)?$/.test(written)) return clock;
  const moment = momentOf(written);
  if (moment?.has !== 'moment') return clock;
  const greenwich = new Date(moment.ms).toISOString().slice(11, 23);
  return isBrief ? greenwich.slice(0, 8) : `${greenwich}Z`;
}
