/** One search of a whole log, on the server: its hits, its progress, and both in words. Knows no DOM. */

import { unescaped } from '../formats/text.js';
import { shownAs } from '../log/hidden.js';
import { sentenceOf } from './hints.js';

/** The server's limits: terms, those that are expressions, and characters of all terms. */
const MOST_TERMS = 20;
const MOST_EXPRESSIONS = 4;
const MOST_CHARACTERS = 1_000;
const LEVELS = 'EWIDO';

/** @typedef {{start: number, end: number, parts: string[], before?: boolean, after?: boolean, level?: string, ms?: number, hidden?: [number, number, string, number][]}} Hit as the server sends it; `level`, `ms`: those of its entry; `hidden`: what is hidden in the parts: where in their characters, how many of these, the rule's name, and its bytes */
/** @typedef {Hit & {file: string, name: string}} Found a hit, and which file it is in */
/** @typedef {'newest'|'oldest'|''} Order "": in one file, in its order, because the server can't do more */
/** @typedef {{name: string, reason: string, why?: Record<string, any>}} Unread a file that couldn't be searched whole */
/** @typedef {{reason: string, why?: Record<string, any>}} Inexact */
/** @typedef {{text: string, not?: true}|{regex: string}|{field: string, is: string, value: string, exact?: true, not?: true}} SoughtTerm `exact`: "*" is a character like others */
/** @typedef {{pattern?: string, regex: boolean, case: boolean, terms?: SoughtTerm[], levels?: string, since?: number, until?: number}} Sought as the server is asked for it */

/** @param {import('./terms.js').Term} term @returns {SoughtTerm[]} */
function soughtTerm(term) {
  const not = term.kind !== 'bad' && term.not ? { not: /** @type {true} */ (true) } : {};
  if (term.kind === 'text') return [{ text: term.text, ...not }];
  if (term.kind === 'regex') return [{ regex: term.source }];
  if (term.kind === 'bad') return [];
  return [{ field: term.name, is: term.op, value: term.value, ...(term.quoted ? { exact: /** @type {true} */ (true) } : {}), ...not }];
}

/**
 * What a filter means for a whole file: the typed expression, or the first text that lines must hold, and all other
 * terms and levels.
 *
 * @param {import('./filter.js').Query} query @param {Set<string>} off levels that are hidden
 * @returns {Sought|null} null: there is nothing to look for
 */
export function soughtBy(query, off) {
  const terms = query.terms.flatMap(soughtTerm);
  const { range } = query;
  if (!query.expression && !terms.length && !range) return null;
  /** @type {Sought} */
  const sought = { regex: query.expression !== null, case: query.flags.case };
  const first = query.expression ? -1 : terms.findIndex((term) => 'text' in term && !term.not);
  if (query.expression) sought.pattern = query.expression.source;
  else if (first >= 0) sought.pattern = /** @type {{text: string}} */ (terms.splice(first, 1)[0]).text;
  if (terms.length) sought.terms = terms;
  if (off.size) sought.levels = [...LEVELS].filter((level) => !off.has(level)).join('');
  if (range) Object.assign(sought, { since: Math.max(0, range.from), until: range.to });
  return sought;
}

/**
 * Why a server can't be asked for that, as the name of a text; "" where it can.
 *
 * @param {Sought} sought @param {string[]} can what the server says that it can do
 */
export function refusalOf({ pattern = '', regex, terms, levels, since }, can) {
  if (since !== undefined && !can.includes('volume')) return 'search.norange';
  const expressions = Number(regex) + (terms ?? []).filter((term) => 'regex' in term).length;
  if (expressions && !can.includes('regex')) return 'search.literal';
  if ((terms || levels !== undefined || !pattern) && !can.includes('terms')) return 'search.oneterm';
  const texts = [pattern, ...(terms ?? []).flatMap((term) => ('text' in term ? [term.text] : 'regex' in term ? [term.regex] : [term.field, term.value]))];
  if (expressions > MOST_EXPRESSIONS) return 'search.expressions';
  return (terms?.length ?? 0) > MOST_TERMS || texts.reduce((sum, text) => sum + Array.from(text).length, 0) > MOST_CHARACTERS ? 'search.long' : '';
}

/** The terms of a search, in words. @param {import('./filter.js').Query} query @param {Set<string>} off @param {import('../ui/format.js').Words} words @param {string} [range] its time, in words */
export function searchedFor(query, off, words, range = '') {
  const said = query.expression ? [query.expression.source] : [];
  const terms = query.terms.filter((term) => term.kind !== 'bad');
  if (terms.length) said.push(sentenceOf(terms, words));
  const names = { E: 'error', W: 'warning', I: 'info', D: 'debug', O: 'other' };
  if (off.size) said.push(words.say('search.levels', { levels: [...LEVELS].filter((level) => !off.has(level)).map((level) => words.say(`level.${names[level]}`)).join(', ') }));
  if (query.range) said.push(words.say('search.range', { range }));
  return said.join(words.say('list.and'));
}

/**
 * A hit's text as it may be shown, without escape sequences, where it matches, and what is hidden in it.
 *
 * @param {Hit} hit @param {boolean} [isOriginal] whether its parts are the original of what is hidden
 */
export function shownOf(hit, isOriginal = false) {
  let text = hit.before ? '…' : '';
  /** @type {[number, number][]} */
  const hits = [];
  /** @type {import('../log/hidden.js').Secret[]} */
  const secrets = [];
  for (const { part, isMatch, secret } of piecesOf(hit)) {
    const from = text.length;
    text += !secret || isOriginal ? unescaped(part) : secret.isRest ? '' : shownAs(secret.name);
    if (isMatch && text.length > from) hits.push([from, text.length]);
    if (secret && text.length > from) secrets.push({ start: from, end: text.length, name: secret.name, bytes: secret.bytes });
  }
  if (hit.after) text += '…';
  return { text, hits, secrets };
}

/** @typedef {{part: string, isMatch: boolean, secret: {name: string, bytes: number, isRest: boolean}|null}} Piece `isRest`: of something hidden that began in another piece */

/** The parts of a hit, cut where something is hidden. @param {Hit} hit @returns {Piece[]} */
function piecesOf({ parts, hidden = [] }) {
  if (!hidden.length) return parts.map((part, i) => ({ part, isMatch: i % 2 === 1, secret: null }));
  let at = 0;
  return parts.flatMap((part, i) => {
    const isMatch = i % 2 === 1;
    // Places count characters, and not the halves of some.
    const characters = Array.from(part);
    /** @type {Piece[]} */
    const pieces = [];
    let done = 0;
    const put = (/** @type {number} */ end, /** @type {Piece['secret']} */ secret) => {
      if (end > done) pieces.push({ part: characters.slice(done, end).join(''), isMatch, secret });
      done = Math.max(done, end);
    };
    for (const [start, length, name, bytes] of hidden) {
      put(Math.min(characters.length, start - at), null);
      if (start + length > at + done) put(Math.min(characters.length, start + length - at), { name, bytes, isRest: start < at });
    }
    put(characters.length, null);
    at += characters.length;
    return pieces;
  });
}

export class Search {
  /**
   * @param {import('../connection/searches.js').Searcher} session
   * @param {{file: string, order: Order, sought: Sought, limit?: number}} asked `file`: to be searched without an order; `limit`: hits at first, if not as many as the server sends
   * @param {(fresh: Found[]) => void} onChange called with the hits that are new, if any
   */
  constructor(session, { file, order, sought, limit = 0 }, onChange) {
    this.session = session;
    this.file = file;
    this.order = order;
    this.sought = sought;
    this.limit = limit;
    this.found = 0;
    /** Those since it was last asked for. */
    this.foundNow = 0;
    /** Whether others must end before it may run. */
    this.isWaiting = false;
    /** How many lines match, as far as the server has counted; null if it doesn't count. @type {number|null} */
    this.count = null;
    /** The last hit. @type {Found|null} */
    this.last = null;
    /** @type {Unread[]} */
    this.unread = [];
    /** Why these may not be exactly the wanted lines, as the server sent it; null if they are. @type {Inexact|null} */
    this.inexact = null;
    /** Bytes searched, and to be searched. */
    this.at = 0;
    this.end = 0;
    /** What holds it up, as the server sent it. @type {Record<string, any>} */
    this.slowedBy = {};
    /** Whether there are, or may be, more hits than these; also true if the search didn't finish. */
    this.more = false;
    /** @type {'running'|'done'|'cancelled'|'failed'} */
    this.state = 'running';
    /** Whether it gets more hits of a search that is done. */
    this.isMore = false;
    /** @type {import('../connection/requests.js').Failure|null} */
    this.error = null;
    this.onChange = onChange;
    this.asked = this.#ask(order ? { order } : { file });
  }

  /** Gets the hits after the last one. @param {number} [limit] how many, if not as many as the server sends */
  next(limit = 0) {
    const { last, order } = this;
    if (this.state === 'running' || !this.more || !last || !order) return;
    this.limit = limit;
    this.foundNow = 0;
    this.state = 'running';
    this.isMore = true;
    const bound = order === 'newest' ? { to: { file: last.file, offset: last.start } } : { from: { file: last.file, offset: last.end } };
    this.asked = this.#ask({ order, ...bound, count: false });
    this.onChange([]);
  }

  /** @param {Record<string, any>} where */
  #ask(where) {
    const asked = this.session.search({ ...where, ...(this.limit ? { limit: this.limit } : {}), ...this.sought }, (message) => { if (this.asked === asked) this.#hear(message); });
    asked.done.then((message) => {
      if (this.asked !== asked || this.state !== 'running') return;
      this.#hear(message);
      this.more = message.more === true;
      // A part of the hits doesn't say it again, and of a file that was not read whole it is said there.
      if (message.reason && !this.unread.some(({ reason }) => reason === message.reason)) this.inexact ??= { reason: message.reason, why: message.why };
      this.#become('done');
    }, (error) => {
      if (this.asked !== asked || this.state !== 'running') return;
      this.error = error;
      this.more = true;
      this.#become('failed');
    });
    return asked;
  }

  /** @param {Record<string, any>} message */
  #hear(message) {
    if (this.state !== 'running') return;
    this.isWaiting = message.waits === true;
    if (typeof message.waits === 'boolean') {
      this.slowedBy = message;
      return this.onChange([]);
    }
    if (message.type === 'found') {
      const fresh = message.hits.map((/** @type {Hit} */ hit) => ({ ...hit, file: message.file ?? this.file, name: message.name ?? '' }));
      this.found += fresh.length;
      this.foundNow += fresh.length;
      this.last = fresh.at(-1) ?? this.last;
      return this.onChange(fresh);
    }
    for (const one of message.unread ?? []) if (!this.unread.some(({ name }) => name === one.name)) this.unread.push(one);
    if (!this.isMore) {
      this.at = Math.max(this.at, message.at ?? message.end);
      this.end = message.end;
      this.count = message.count ?? null;
    }
    this.slowedBy = message;
    return this.onChange([]);
  }

  /** @param {'done'|'cancelled'|'failed'} state */
  #become(state) {
    this.state = state;
    this.isWaiting = false;
    this.onChange([]);
  }

  cancel() {
    if (this.state !== 'running') return;
    this.asked.cancel();
    this.more = true;
    this.#become('cancelled');
  }

  get percent() { return this.end ? Math.min(100, Math.floor((this.at / this.end) * 100)) : 0; }

  /** How many matching lines are not shown; null if nobody knows. */
  get left() { return this.count === null ? null : Math.max(0, this.count - this.found); }

  /** Whether the hits after the last one can be asked for. */
  get hasNext() { return this.state !== 'running' && this.order !== '' && this.last !== null && this.more; }

  /** @param {import('../ui/format.js').Words} words */
  said(words) {
    const found = this.left ? words.say('search.shown', { n: this.found, m: /** @type {number} */ (this.count) }) : words.say('search.found', { n: this.found });
    const after = (/** @type {string[]} */ ...said) => (this.found || this.left ? [found, ...said] : said).join(' · ');
    switch (this.state) {
      case 'running': {
        if (this.isMore) return [found, words.say('search.getting')].join(' · ');
        const said = [found, words.say('search.running', { p: words.percent(this.percent) })];
        if (this.end) said.push(words.say('search.of', { a: words.size(this.at), b: words.size(this.end) }));
        const slowed = words.reason(this.slowedBy.why, this.slowedBy.reason);
        if (slowed) said.push(slowed);
        return said.join(' · ');
      }
      case 'done':
        if (this.more && !this.order) return words.say('search.first', { n: this.found });
        return this.found ? after(words.say('search.done', { size: words.size(this.at) })) : words.say('search.none', { size: words.size(this.at) });
      case 'cancelled': return this.isMore ? found : after(words.say('search.cancelled', { p: words.percent(this.percent) }));
      default: {
        const error = /** @type {import('../connection/requests.js').Failure} */ (this.error);
        if (error.id === 'bad-pattern') return words.say('filter.bad', { msg: words.failure(error) });
        return error.id ? after(words.failure(error)) : after(words.say('search.cancelled', { p: words.percent(this.percent) }));
      }
    }
  }
}
