/**
 * Automatically loads what comes next as the viewer scrolls: lines above the first one, then older files, and gaps. Knows no DOM.
 *
 * Only the viewer's own movements load, each a few times at most: a filter may hide everything that comes. After a
 * failure, nothing is tried until somebody presses a button.
 */

/** @typedef {import('./item.js').Item} Item */
/** @typedef {() => Promise<boolean>} Load returns whether something came */

const MOST_LOADS = 5;

export class Edges {
  /**
   * @param {{
   *   log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, earlier: import('./earlier.js').Earlier,
   *   linkedLines: import('./linked-lines.js').LinkedLines, travel: import('./travel.js').Travel,
   * }} parts
   */
  constructor({ log, rows, earlier, linkedLines, travel }) {
    this.log = log;
    this.rows = rows;
    this.earlier = earlier;
    this.linkedLines = linkedLines;
    this.travel = travel;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    this.loading = false;
    /** Loads that are left for the last movement. */
    this.left = 0;
    this.direction = 0;
    this.hasFailed = false;
  }

  /** Somebody asked for lines with a button. */
  asked() { this.hasFailed = false; }

  /** The viewer moved. @param {number} direction below 0: up */
  async moved(direction) {
    this.left = MOST_LOADS;
    this.direction = direction;
    if (this.loading) return;
    const { store } = this.log;
    this.loading = true;
    for (let load = this.#next(); load; load = this.#next()) {
      this.left--;
      const isLoaded = await load();
      if (this.log.store !== store) return;
      if (!isLoaded) this.hasFailed = true;
    }
    this.loading = false;
  }

  /** What is near the view, and is to be loaded now. @returns {Load|null} */
  #next() {
    const { earlier, linkedLines, log, rows, travel } = this;
    const isUp = this.direction < 0;
    if (!this.left || this.hasFailed || !log.stream.can('range') || (rows.follow && !isUp)) return null;
    const gap = this.#gapNear(isUp);
    // The gap goes away from the line that keeps its place.
    if (gap) {
      const side = (rows.anchor?.seq ?? 0) < gap.seq ? 'above' : 'below';
      return () => (gap.kind === 'gap' ? earlier.loadPart(gap, side) : travel.open(gap, side));
    }
    if (!isUp || rows.at > rows.height || earlier.loading || linkedLines.loading) return null;
    const { first } = earlier;
    if (!first || first.kind === 'gap') return null;
    if (first.start > 0) return () => earlier.load();
    return linkedLines.hasPrevious(first.file) ? () => linkedLines.loadPrevious(first.file) : null;
  }

  /** The nearest gap, or mark between files that aren't here, in view or less than the view's height ahead. @param {boolean} isUp */
  #gapNear(isUp) {
    const { rows } = this;
    const { shown } = rows;
    if (!shown.length) return null;
    let low = shown.indexAt(Math.max(0, isUp ? rows.at - rows.height : rows.at));
    let high = shown.indexAt(rows.at + (isUp ? 1 : 2) * rows.height);
    while (low <= high) {
      const item = shown.at(isUp ? high-- : low++);
      if ((item.kind === 'gap' || item.kind === 'between') && !item.details.loading && !item.details.failed) return item;
    }
    return null;
  }
}
