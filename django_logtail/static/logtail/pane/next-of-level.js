/**
 * To the next or the previous line of a level. Where the loaded lines end, the host looks for it in the rest of the
 * log; the lines on screen stay until it is found.
 */

import { soughtBy, refusalOf } from '../find/search.js';
import { firstLineOf } from '../log/entry.js';
import { words } from '../ui/config.js';

/** Lines found that the filter hides, after which it gives up. */
const MOST_HIDDEN = 20;
const NOTHING = new Set();

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('../log/travel.js').Place} Place */
/** @typedef {'E'|'W'} Level */
/** @typedef {1|-1} Step */

/** Whether lines are missing here. @param {Item} item */
const isUnloaded = (item) => item.kind === 'gap' || item.kind === 'between';

export class NextOfLevel {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, cursor: import('../rows/cursor.js').Cursor,
   *   finding: import('../find/finding.js').Finding, filtered: import('../find/filtered.js').Filtered,
   *   travel: import('../log/travel.js').Travel, journey: import('../log/journey.js').Journey,
   * }} parts
   * @param {{say(text: string): void}} listener
   */
  constructor({ log, rows, cursor, finding, filtered, travel, journey }, listener) {
    this.log = log;
    this.rows = rows;
    this.cursor = cursor;
    this.finding = finding;
    this.filtered = filtered;
    this.travel = travel;
    this.journey = journey;
    this.listener = listener;
    /** Where the last search gave up, and what it was. @type {{said: string, query: any, edge: Place, from: Place}|null} */
    this.gaveUp = null;
  }

  /** @param {Level} level @param {Step} step */
  async to(level, step) {
    const { cursor, journey, log } = this;
    const said = `${level === 'E' ? 'error' : 'warning'}.${step < 0 ? 'earlier' : 'later'}`;
    if (journey.isUnderWay && journey.shown?.key === `seek.${said}`) return;
    const found = cursor.find(step, (item) => item.level === level && !item.inner, isUnloaded);
    journey.stop();
    if (found?.kind === 'line') {
      cursor.show(found, 'center');
      return;
    }
    // Those of a hidden level are not to be seen.
    if (this.filtered.off.has(level) || !log.stream.can('heads')) return;
    const { store } = log;
    try {
      const outcome = await this.#seek(said, level, step, this.#edge(found, step));
      if (outcome && log.store === store) this.#tell('hidden' in outcome ? 'hidden' : said, outcome);
    } catch (error) {
      if (log.store === store) this.#tell('failed', { reason: words.failure(/** @type {any} */ (error)) });
    }
  }

  /** @param {string} said @param {Record<string, any>} values */
  #tell(said, values) {
    this.journey.tell(`seek.none.${said}`, values);
    this.listener.say(words.say(`seek.none.${said}`, values));
  }

  /** @param {string} said @param {Level} level @param {Step} step @param {Place|null} edge @returns {Promise<Record<string, any>|null>} null: found, or stopped */
  async #seek(said, level, step, edge) {
    const { journey, log, travel } = this;
    const { session, store } = log;
    const conditions = this.#conditions(level);
    const { query } = this.finding;
    const before = this.gaveUp;
    const goesOn = before && edge && before.said === said && before.query === query && before.edge.file === edge.file && before.edge.offset === edge.offset;
    let from = goesOn ? before.from : edge;
    this.gaveUp = null;
    for (let tries = 0; from && tries < MOST_HIDDEN; tries++) {
      /** @type {{file: string, start: number, end: number}|null} */
      let hit = null;
      const bound = step < 0 ? { order: 'newest', to: from } : { order: 'oldest', from };
      if (!tries) this.listener.say(words.say(`seek.${said}`));
      const done = await journey.go(`seek.${said}`, {}, (hear) => session.search({ ...conditions, ...bound, count: false, limit: 1 }, (message) => {
        if (message.type === 'found') hit = { ...message.hits[0], file: message.file };
        hear(message);
      }));
      if (!done || log.store !== store) return null;
      const { file, start, end } = /** @type {{file: string, start: number, end: number}} */ (hit ?? {});
      if (file === undefined) return done.unread?.length ? { unread: done.unread.length } : {};
      await travel.goTo({ file, offset: start });
      const item = log.store === store ? store.lineAt(file, start) : null;
      if (!item || this.#show(firstLineOf(store, item))) return null;
      from = { file, offset: step < 0 ? start : end };
    }
    if (!edge || !from) return {};
    this.gaveUp = { said, query, edge, from };
    return { hidden: MOST_HIDDEN };
  }

  /** @param {Item} item @returns {boolean} whether the filter shows it */
  #show(item) {
    const { shown } = this.rows;
    if (shown.at(shown.indexOfSeq(item.seq)) !== item) return false;
    this.cursor.show(item, 'center');
    return true;
  }

  /** Where the loaded lines end; null at the live end. @param {Item|null} mark the one that ends them @param {Step} step @returns {Place|null} */
  #edge(mark, step) {
    const { session, store } = this.log;
    if (mark && step < 0) return { file: mark.file, offset: mark.kind === 'gap' ? mark.end : 0 };
    if (mark?.kind === 'gap') return { file: mark.file, offset: mark.start };
    if (mark) {
      let i = store.indexOfSeq(mark.seq) - 1;
      while (i > 0 && store.at(i).kind !== 'line') i--;
      return i < 0 ? null : { file: store.at(i).file, offset: store.at(i).end };
    }
    if (step > 0) return session?.holding ? store.place : null;
    const { head } = store;
    return head ? { file: head.file, offset: head.start } : store.place;
  }

  /** What the host is to look for: with what the filter asks for, as far as the host knows that. @param {Level} level */
  #conditions(level) {
    const { query } = this.finding;
    const sought = query.hides && !query.flags.invert ? soughtBy(query, NOTHING) : null;
    // A term may be in any line of an entry.
    if (sought && !refusalOf({ ...sought, levels: level }, this.log.stream.hello?.can ?? [])) return { ...sought, levels: level };
    return { levels: level, heads: true };
  }
}
