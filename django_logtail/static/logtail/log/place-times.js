/**
 * The times of places that are not loaded: a few bytes are asked for there, once the pointer rests, and read with the
 * log's formats. Knows no DOM.
 */

import { headOf } from '../formats/heads.js';
import { momentOf } from '../formats/moments.js';

/** Milliseconds without another wish before a place is asked for. */
const PAUSE_MS = 120;
/** Bytes that are asked for, and once more where they have no time. */
const FEW_BYTES = 4 * 1024;
const MORE_BYTES = 64 * 1024;
/** Places that are remembered. */
const MOST_PLACES = 500;
/** Bytes of one character at most: a place is where one begins. */
const UNIT = 4;

/** @typedef {import('./travel.js').Place} Place */
/** @typedef {NonNullable<ReturnType<typeof momentOf>>} Moment */

export class PlaceTimes {
  /**
   * @param {import('./open-log.js').OpenLog} log @param {() => void} changed another time is known
   * @param {{setTimeout?: (run: () => void, ms: number) => any, clearTimeout?: (timer: any) => void}} [clock]
   */
  constructor(log, changed, clock = {}) {
    this.log = log;
    this.changed = changed;
    this.later = clock.setTimeout ?? ((run, ms) => globalThis.setTimeout(run, ms));
    this.never = clock.clearTimeout ?? ((timer) => globalThis.clearTimeout(timer));
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    this.stop();
    /** By place; null where no time was found. @type {Map<string, Moment|null>} */
    this.known = new Map();
    this.isAsking = false;
  }

  /** Nobody wants to know any more. */
  stop() {
    /** @type {Place|null} */
    this.wanted = null;
    this.never(this.timer);
    this.timer = undefined;
  }

  /** The time at a place, or null. If it is not known, it is asked for soon, unless another place is wanted first. @param {Place} place @returns {Moment|null} */
  at(place) {
    const known = this.known.get(keyOf(place));
    if (known !== undefined) {
      this.stop();
      return known;
    }
    if (this.wanted && keyOf(this.wanted) === keyOf(place)) return null;
    this.stop();
    this.wanted = place;
    this.timer = this.later(() => void this.#ask(), PAUSE_MS);
    return null;
  }

  async #ask() {
    this.timer = undefined;
    const { log } = this;
    const { store } = log;
    if (this.isAsking || !this.wanted || !log.stream.can('range')) return;
    const place = this.wanted;
    this.isAsking = true;
    /** @type {Moment|null} */
    let moment = null;
    try {
      moment = await this.#read(place, FEW_BYTES) ?? await this.#read(place, MORE_BYTES);
    } catch {
      // The name of the file is shown instead.
    }
    if (log.store !== store) return;
    this.isAsking = false;
    if (this.known.size >= MOST_PLACES) this.known.delete(/** @type {string} */ (this.known.keys().next().value));
    this.known.set(keyOf(place), moment);
    if (this.wanted && keyOf(this.wanted) !== keyOf(place)) void this.#ask();
    else this.wanted = null;
    this.changed();
  }

  /** The first time that begins there. @param {Place} place @param {number} bytes */
  async #read({ file, offset }, bytes) {
    const { session, store } = this.log;
    const start = offset - (offset % UNIT);
    const answer = await session.range({ file, start, end: start + bytes });
    if (this.log.store !== store) return null;
    const { formats } = store.entries;
    // The first line is a part of one.
    for (const line of store.linesOf(answer.file, answer.start, answer.bytes, answer.hidden).slice(answer.start > 0 ? 1 : 0)) {
      const moment = momentOf((headOf(line.plain, formats) ?? headOf(line.plain))?.written ?? '');
      if (moment) return moment;
    }
    return null;
  }
}

/** @param {Place} place */
const keyOf = ({ file, offset }) => `${file} ${offset - (offset % UNIT)}`;
