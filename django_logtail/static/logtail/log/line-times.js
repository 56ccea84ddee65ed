/** The moments of lines: of their own times, in the log's zone where these have none. Knows no DOM. */

import { headOf } from '../formats/heads.js';
import { momentOf } from '../formats/moments.js';
import { knownZone, ZoneClock } from '../formats/time-zone.js';

/** @typedef {import('./item.js').Item} Item */

export class LineTimes {
  /** @param {Pick<import('./open-log.js').OpenLog, 'store'|'stream'>} log @param {() => number} [now] */
  constructor(log, now = Date.now) {
    this.log = log;
    this.now = now;
    /** What they were read with. @type {{formats: object|null, zone: string}} */
    this.with = { formats: null, zone: '' };
    this.clock = new ZoneClock('UTC');
    /** @type {WeakMap<Item, number|null>} */
    this.known = new WeakMap();
  }

  /** Milliseconds since the epoch; null without a time. @param {Item} item @returns {number|null} */
  of(item) {
    const { formats } = this.log.store.entries;
    const zone = this.log.stream.hello?.zone ?? '';
    if (formats !== this.with.formats || zone !== this.with.zone) {
      this.with = { formats, zone };
      this.clock = new ZoneClock(knownZone(zone));
      this.known = new WeakMap();
    }
    const known = this.known.get(item);
    if (known !== undefined) return known;
    const found = item.inner ? null : this.ofText(item.plain);
    this.known.set(item, found);
    return found;
  }

  /** The same of a line's text. @param {string} text @returns {number|null} */
  ofText(text) {
    const written = headOf(text, this.log.store.entries.formats)?.written;
    const now = this.now();
    const moment = written ? momentOf(written, now) : null;
    return moment && this.clock.lastOf(moment, now);
  }
}
