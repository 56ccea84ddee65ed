/** A search of several logs: each is a search of its own, so that one that fails stops no other. Knows no DOM. */

import { Search } from './search.js';

/** Logs that are searched together. */
export const MOST_LOGS = 200;
/** Hits of a log that are shown at first, and that "Show more" brings. */
const FIRST_HITS = 100;
const MORE_HITS = 1_000;
/** Hits of all logs together that a page shows; the others are counted. */
const MOST_HITS = 10_000;
/** Groups of logs that are offered. */
const MOST_GROUPS = 30;
/** Why a log may no longer be named, or was never there for this person. */
const LOST = ['no-access', 'no-such-log'];

/** @typedef {{slug: string, name: string, queue?: string, search: string}} Searched a log, and where it is searched */
/** @typedef {import('./search.js').Found} Found */

/** The groups that are more than one log and fewer than all, in the order of the list. @param {{group: string}[]} logs @returns {[string, number][]} */
export function groupsOf(logs) {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  for (const { group } of logs) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return [...sizes].filter(([, size]) => size > 1 && size < logs.length).slice(0, MOST_GROUPS);
}

/** One of the logs. */
export class OfLog {
  /** @param {Searched} log */
  constructor(log) {
    this.log = log;
    /** @type {Search|null} */
    this.search = null;
  }

  /** Whether the person may no longer see the log: nothing of it is shown. */
  get isLost() { return LOST.includes(this.search?.error?.id ?? ''); }

  get isRunning() { return this.search?.state === 'running'; }

  /** Whether it could only be searched in part, and asking again may help. */
  get isBroken() { return this.search?.state === 'failed' || (this.search?.state === 'cancelled' && !this.search.hasNext); }

  /** What is said beside its name. @param {import('../ui/format.js').Words} words */
  said(words) {
    const { log, search } = this;
    if (!search) return '';
    const why = words.reason(search.slowedBy.why, search.slowedBy.reason);
    if (search.isWaiting) return [words.say('search.wait'), why].filter(Boolean).join(' · ');
    switch (search.state) {
      case 'running': {
        if (search.isMore) return words.say('search.getting');
        const at = search.end ? words.say('search.of', { a: words.size(search.at), b: words.size(search.end) }) : words.say('search.running', { p: words.percent(0) });
        return [at, why].filter(Boolean).join(' · ');
      }
      case 'done': return words.say('search.ok', { size: words.size(search.at) });
      case 'cancelled': return words.say('search.cancelled', { p: words.percent(search.percent) });
      default: {
        const error = /** @type {import('../connection/requests.js').Failure} */ (search.error);
        if (error.id === 'no-reader' && log.queue) return words.say('search.noreader', { queue: log.queue });
        return error.id === 'bad-pattern' ? words.say('filter.bad', { msg: words.failure(error) }) : words.failure(error);
      }
    }
  }

  /** How many lines match. @param {import('../ui/format.js').Words} words */
  counted(words) {
    const { search } = this;
    if (!search || (!search.found && (search.isWaiting || search.state !== 'done'))) return '';
    if (search.left) return words.say('search.shown', { n: search.found, m: /** @type {number} */ (search.count) });
    return search.found ? words.say('search.found', { n: search.found }) : words.say('filter.zero');
  }
}

export class Several {
  /**
   * @param {Searched[]} logs in the order in which they are searched
   * @param {{order: 'newest'|'oldest', sought: import('./search.js').Sought}} asked
   * @param {import('../connection/searches.js').Searches} searches
   * @param {(of: OfLog, fresh: Found[]) => void} onChange called with the hits that are new, if any
   */
  constructor(logs, { order, sought }, searches, onChange) {
    this.order = order;
    this.sought = sought;
    this.searches = searches;
    this.onChange = onChange;
    /** Logs that the search leaves out. */
    this.leftOut = Math.max(0, logs.length - MOST_LOGS);
    this.all = logs.slice(0, MOST_LOGS).map((log) => new OfLog(log));
    this.limit = Math.max(1, Math.min(FIRST_HITS, Math.floor(MOST_HITS / this.all.length)));
    for (const of of this.all) this.#begin(of);
  }

  /** @param {OfLog} of */
  #begin(of) {
    const { limit, order, sought } = this;
    const search = new Search(this.searches.of(of.log.search), { file: '', order, sought, limit }, (fresh) => { if (of.search === search) this.onChange(of, fresh); });
    of.search = search;
  }

  /** Hits that may still be shown. */
  get room() { return Math.max(0, MOST_HITS - this.found - this.#expected); }

  /** Hits that those logs may bring that have not ended. */
  get #expected() { return this.all.reduce((sum, { search }) => sum + (search?.state === 'running' ? Math.max(0, search.limit - search.foundNow) : 0), 0); }

  get found() { return this.all.reduce((sum, { search }) => sum + (search?.found ?? 0), 0); }

  /** How many lines match in all logs, as far as counted. */
  get count() { return this.all.reduce((sum, { search }) => sum + Math.max(search?.found ?? 0, search?.count ?? 0), 0); }

  get isRunning() { return this.all.some((of) => of.isRunning); }

  /** Whether the person has to sign in again. */
  get isSignedOut() { return this.all.some(({ search }) => search?.error?.id === 'signed-out'); }

  get percent() {
    const at = this.all.reduce((sum, of) => sum + (of.isRunning ? (of.search?.percent ?? 0) : 100), 0);
    return this.all.length ? Math.floor(at / this.all.length) : 100;
  }

  /** Gets the hits of a log after its last one. @param {OfLog} of */
  more(of) {
    if (of.search?.hasNext && this.room) of.search.next(Math.min(MORE_HITS, this.room));
  }

  /** Searches a log again, from the beginning. @param {OfLog} of */
  again(of) {
    of.search?.cancel();
    this.#begin(of);
    this.onChange(of, []);
  }

  /** From the end: otherwise those that wait would begin. */
  cancel() { for (const of of [...this.all].reverse()) of.search?.cancel(); }

  /** Forgets logs that the person may not see any more. @param {Set<string>} slugs those they may see @returns {OfLog[]} those that are forgotten */
  keep(slugs) {
    const gone = this.all.filter(({ log }) => !slugs.has(log.slug));
    for (const of of gone) this.forget(of);
    return gone;
  }

  /** @param {OfLog} of */
  forget(of) {
    this.all = this.all.filter((one) => one !== of);
    const { search } = of;
    of.search = null;
    search?.cancel();
  }

  /** @param {import('../ui/format.js').Words} words */
  said(words) {
    const { all, count, found } = this;
    const withHits = all.filter(({ search }) => search?.found).length;
    const done = all.filter((of) => !of.isRunning).length;
    const said = [found < count ? words.say('search.shown', { n: found, m: count }) : words.say('search.found', { n: count })];
    if (withHits) said.push(words.say('search.inlogs', { n: withHits }));
    said.push(words.say('search.logs', { a: done, b: all.length }));
    return said.join(' · ');
  }
}
