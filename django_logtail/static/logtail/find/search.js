/** One search of a whole file, on the server: what it found so far, how far it is, and how to say so. Knows no DOM. */

import { terms } from './filter.js';
import { unescaped } from '../formats/text.js';

/** The server takes no longer one. */
const MOST_CHARACTERS = 1_000;

/** @typedef {{start: number, end: number, parts: string[], before?: boolean, after?: boolean}} Hit as the server sends it */
/** @typedef {{pattern: string, regex: boolean, case: boolean}} Sought */

/**
 * What a filter's field and its switches mean for a whole file: one text, or one expression. Excluded words do not
 * count there.
 *
 * @param {string} text as typed @param {{case: boolean, regex: boolean}} flags @param {string[]} pinned
 * @returns {Sought|null} null: there is nothing to look for
 */
export function soughtBy(text, flags, pinned) {
  const pattern = flags.regex && text ? text : terms(text).wanted[0] ?? pinned.flatMap((term) => terms(term).wanted).pop() ?? '';
  if (!pattern) return null;
  return { pattern: Array.from(pattern).slice(0, MOST_CHARACTERS).join(''), regex: flags.regex && text !== '', case: flags.case };
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
