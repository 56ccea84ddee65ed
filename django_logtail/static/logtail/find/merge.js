/**
 * Puts hits of several logs in the order of their times, as they come. Knows no DOM.
 *
 * Only what was found so far is put in order. A hit without a time stays behind the one before it in its log.
 */

/** @typedef {import('./search.js').Found} Found */
/** @template Of, Row @typedef {{of: Of, row: Row, key: number}} Merged `key`: in the direction of the order */

/** @template Of, Row */
export class Merge {
  /** @param {'newest'|'oldest'} order */
  constructor(order) {
    this.sign = order === 'newest' ? -1 : 1;
    /** @type {Merged<Of, Row>[]} */
    this.all = [];
    /** The key of each log's last hit. @type {Map<Of, number>} */
    this.last = new Map();
  }

  /** Adds the next hit of a log; returns which one it comes before, if any. @param {Of} of @param {Found} hit @param {Row} row @returns {Row|undefined} */
  add(of, { ms }, row) {
    const key = ms === undefined ? this.last.get(of) ?? -Infinity : this.sign * ms;
    this.last.set(of, key);
    const at = this.#behind(key);
    const next = this.all[at]?.row;
    this.all.splice(at, 0, { of, row, key });
    return next;
  }

  /** How many hits come before or with a key. @param {number} key */
  #behind(key) {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle].key <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the hits of a log. @param {Of} of @returns {Row[]} */
  forget(of) {
    const gone = this.all.filter((one) => one.of === of).map(({ row }) => row);
    this.all = this.all.filter((one) => one.of !== of);
    this.last.delete(of);
    return gone;
  }

  /** The first hit behind which some of these logs may have others that are not here; undefined: there is none. @param {Of[]} partly logs with more hits than are here @returns {Row|undefined} */
  partlyFrom(partly) {
    const keys = partly.map((of) => this.last.get(of) ?? -Infinity);
    return keys.length ? this.all[this.#behind(Math.min(...keys))]?.row : undefined;
  }
}
