/** One search of a whole file, on the server: its hits, its progress, and both in words. Knows no DOM. */

import { unescaped } from '../formats/text.js';
import { sentenceOf } from './hints.js';

/** The server takes no more: terms, and characters of them all. */
const MOST_TERMS = 20;
const MOST_CHARACTERS = 1_000;
const LEVELS = 'EWIDO';

/** @typedef {{start: number, end: number, parts: string[], before?: boolean, after?: boolean}} Hit as the server sends it */
/** @typedef {{text: string, not?: true}|{field: string, is: string, value: string, exact?: true, not?: true}} SoughtTerm `exact`: "*" is a character like others */
/** @typedef {{pattern?: string, regex: boolean, case: boolean, terms?: SoughtTerm[], levels?: string}} Sought as the server is asked for it */

/** @param {import('./terms.js').Term} term @returns {SoughtTerm[]} */
function soughtTerm(term) {
  const not = term.kind !== 'bad' && term.not ? { not: /** @type {true} */ (true) } : {};
  if (term.kind === 'text') return [{ text: term.text, ...not }];
  if (term.kind === 'bad') return [];
  return [{ field: term.name, is: term.op, value: term.value, ...(term.quoted ? { exact: /** @type {true} */ (true) } : {}), ...not }];
}

/**
 * What a filter means for a whole file: the expression or the first text that lines must hold, and all other terms and
 * levels.
 *
 * @param {import('./filter.js').Query} query @param {Set<string>} off levels that are hidden
 * @returns {Sought|null} null: there is nothing to look for
 */
export function soughtBy(query, off) {
  const terms = query.terms.flatMap(soughtTerm);
  if (!query.expression && !terms.length) return null;
  /** @type {Sought} */
  const sought = { regex: query.expression !== null, case: query.flags.case };
  const first = query.expression ? -1 : terms.findIndex((term) => 'text' in term && !term.not);
  if (query.expression) sought.pattern = query.expression.source;
  else if (first >= 0) sought.pattern = /** @type {{text: string}} */ (terms.splice(first, 1)[0]).text;
  if (terms.length) sought.terms = terms;
  if (off.size) sought.levels = [...LEVELS].filter((level) => !off.has(level)).join('');
  return sought;
}

/**
 * Why a server cannot be asked for that, as the name of a text; "" where it can.
 *
 * @param {Sought} sought @param {string[]} can what the server says that it can do
 */
export function refusalOf({ pattern = '', regex, terms, levels }, can) {
  if (regex && !can.includes('regex')) return 'search.literal';
  if ((terms || levels !== undefined || !pattern) && !can.includes('terms')) return 'search.oneterm';
  const texts = [pattern, ...(terms ?? []).flatMap((term) => ('text' in term ? [term.text] : [term.field, term.value]))];
  return (terms?.length ?? 0) > MOST_TERMS || texts.reduce((sum, text) => sum + Array.from(text).length, 0) > MOST_CHARACTERS ? 'search.long' : '';
}

/** The terms of a search, in words. @param {import('./filter.js').Query} query @param {Set<string>} off @param {import('../ui/format.js').Words} words */
export function searchedFor(query, off, words) {
  const said = query.expression ? [query.expression.source] : [];
  const terms = query.terms.filter((term) => term.kind !== 'bad');
  if (terms.length) said.push(sentenceOf(terms, words));
  const names = { E: 'error', W: 'warning', I: 'info', D: 'debug', O: 'other' };
  if (off.size) said.push(words.say('search.levels', { levels: [...LEVELS].filter((level) => !off.has(level)).map((level) => words.say(`level.${names[level]}`)).join(', ') }));
  return said.join(words.say('list.and'));
}

/** A hit's text as it may be shown, without escape sequences, and where it matches. @param {Hit} hit */
export function shownOf(hit) {
  let text = hit.before ? '…' : '';
  /** @type {[number, number][]} */
  const hits = [];
  hit.parts.forEach((part, i) => {
    const from = text.length;
    text += unescaped(part);
    if (i % 2) hits.push([from, text.length]);
  });
  if (hit.after) text += '…';
  return { text, hits };
}

export class Search {
  /**
   * @param {import('../connection/session.js').Session} session
   * @param {string} file
   * @param {Sought} sought
   * @param {(fresh: Hit[]) => void} onChange called with the hits that are new, if any
   */
  constructor(session, file, sought, onChange) {
    this.file = file;
    this.sought = sought;
    this.found = 0;
    /** Bytes searched, and to be searched. */
    this.at = 0;
    this.end = 0;
    /** What holds it up, as the server sent it. @type {Record<string, any>} */
    this.slowedBy = {};
    /** Whether it ended because there were enough hits. */
    this.more = false;
    /** @type {'running'|'done'|'cancelled'|'failed'} */
    this.state = 'running';
    /** @type {import('../connection/requests.js').Failure|null} */
    this.error = null;
    this.onChange = onChange;
    this.asked = session.search({ file, ...sought }, (message) => this.#hear(message));
    this.asked.done.then((message) => {
      if (this.state !== 'running') return;
      this.at = message.end;
      this.more = message.more === true;
      this.#become('done');
    }, (error) => {
      if (this.state !== 'running') return;
      this.error = error;
      this.#become('failed');
    });
  }

  /** @param {Record<string, any>} message */
  #hear(message) {
    if (this.state !== 'running') return;
    /** @type {Hit[]} */
    let fresh = [];
    if (message.type === 'found') {
      fresh = message.hits;
      this.found += fresh.length;
    } else {
      this.at = Math.max(this.at, message.at);
      this.end = message.end;
      this.slowedBy = message;
    }
    this.onChange(fresh);
  }

  /** @param {'done'|'cancelled'|'failed'} state */
  #become(state) {
    this.state = state;
    this.onChange([]);
  }

  cancel() {
    if (this.state !== 'running') return;
    this.asked.cancel();
    this.#become('cancelled');
  }

  get percent() { return this.end ? Math.min(100, Math.floor((this.at / this.end) * 100)) : 0; }

  /** @param {import('../ui/format.js').Words} words */
  said(words) {
    const found = words.say('search.found', { n: this.found });
    const after = (/** @type {string[]} */ ...said) => (this.found ? [found, ...said] : said).join(' · ');
    switch (this.state) {
      case 'running': {
        const said = [found, words.say('search.running', { p: words.percent(this.percent) })];
        if (this.end) said.push(words.say('search.of', { a: words.size(this.at), b: words.size(this.end) }));
        const slowed = words.reason(this.slowedBy.why, this.slowedBy.reason);
        if (slowed) said.push(slowed);
        return said.join(' · ');
      }
      case 'done':
        if (this.more) return words.say('search.first', { n: this.found });
        return this.found ? after(words.say('search.done', { size: words.size(this.at) })) : words.say('search.none', { size: words.size(this.at) });
      case 'cancelled': return after(words.say('search.cancelled', { p: words.percent(this.percent) }));
      default: {
        const error = /** @type {import('../connection/requests.js').Failure} */ (this.error);
        if (error.id === 'bad-pattern') return words.say('filter.bad', { msg: words.failure(error) });
        return error.id ? after(words.failure(error)) : after(words.say('search.cancelled', { p: words.percent(this.percent) }));
      }
    }
  }
}
