/** Lines a second, of the last seconds: the number and the columns of the status bar. Knows no DOM. */

import { headOf } from '../formats/heads.js';
import { momentOf } from '../formats/moments.js';

const SAMPLES = 24;
/** Lines of the backlog whose times are read. */
const MOST_READ = 5_000;
/** Milliseconds that the clock of the host may be ahead. */
const AHEAD_MS = 5_000;
/** Lines a second that fill a column, unless there were more, so that an occasional line isn't a peak. */
const LEAST_FULL = 8;
const HEIGHT = 14;

export class Rate {
  constructor() { this.begin(); }

  /** Another log was opened. */
  begin() {
    /** @type {number[]} */
    this.samples = new Array(SAMPLES).fill(0);
    this.takenBefore = 0;
    this.wasLive = false;
    this.isFilled = false;
  }

  /** The log is live for the first time: its last lines count in the seconds that they were written in. @param {Pick<import('../log/store.js').Store, 'items'|'first'|'entries'>} store @param {number} now */
  fill(store, now) {
    if (this.isFilled) return;
    this.isFilled = true;
    const { items, first, entries } = store;
    let inner = 0;
    for (let i = items.length - 1; i >= Math.max(first, items.length - MOST_READ); i--) {
      const item = items[i];
      if (item.kind !== 'line') continue;
      inner++;
      const written = item.inner ? '' : headOf(item.plain, entries.formats)?.written;
      if (!written) continue;
      const age = ageOf(written, now);
      if (age === null || age >= SAMPLES) return;
      this.samples[SAMPLES - 1 - age] += inner;
      inner = 0;
    }
  }

  /**
   * A second has passed. Lines that came while the log was not live are backlog, and do not count.
   *
   * @param {number} taken lines ever taken @param {boolean} isLive
   * @returns {number} lines of this second
   */
  beat(taken, isLive) {
    const lines = isLive && this.wasLive ? taken - this.takenBefore : 0;
    this.takenBefore = taken;
    this.wasLive = isLive;
    this.samples.push(lines);
    if (this.samples.length > SAMPLES) this.samples.shift();
    return lines;
  }

  get last() { return this.samples[this.samples.length - 1]; }

  /** The columns, as the `d` of an SVG path. */
  get path() {
    const most = Math.max(LEAST_FULL, ...this.samples);
    return this.samples.map((n, i) => {
      const height = Math.max(1, Math.round((n / most) * (HEIGHT - 1)));
      return `M${i * 3} ${HEIGHT - height}h2v${height}h-2z`;
    }).join('');
  }
}

/** Seconds since a written time, or null if it can't be read or is not past. Without a zone, it is of UTC or of the browser's zone, whichever is nearer. @param {string} written @param {number} now */
function ageOf(written, now) {
  const offset = new Date(now).getTimezoneOffset() * 60_000;
  const moments = [momentOf(written, now), momentOf(written, now - offset)];
  const ages = moments.flatMap((moment, i) => (moment ? [now - moment.ms - (i && moment.zone === null ? offset : 0)] : []));
  const age = ages.reduce((best, one) => (Math.abs(one) < Math.abs(best) ? one : best), Infinity);
  return age < -AHEAD_MS || age === Infinity ? null : Math.max(0, Math.floor(age / 1000));
}
