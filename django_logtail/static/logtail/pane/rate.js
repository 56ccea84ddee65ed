/** Lines a second, of the last seconds: the number and the columns of the status bar. Knows no DOM. */

const SAMPLES = 24;
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
