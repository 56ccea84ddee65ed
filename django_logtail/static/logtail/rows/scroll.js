/**
 * Where the view is, in pixels of the items. Knows no DOM but the view's own numbers.
 *
 * Browsers lose count of pixels in taller elements; past that the scrollbar is a map and not a ruler.
 */

export const TALLEST = 8_000_000;
/** A smaller difference is our own rounding. */
const LEAST_MOVE = 0.5;

export class Scroll {
  /**
   * @param {{scrollTop: number, scrollHeight: number, clientHeight: number, style: {paddingBlockEnd: string}}} view
   * @param {{style: {height: string}}} lines in the view, as high as all items if they can be
   * @param {{total: number}} shown
   */
  constructor(view, lines, shown) {
    this.view = view;
    this.lines = lines;
    this.shown = shown;
    /** Of the view. */
    this.height = 0;
    /** The height of what is above the lines. */
    this.topHeight = 0;
    /** Where the upper edge of the view is, in pixels of the items; below 0, it shows what is above them. */
    this.at = 0;
    /** Pixels of the items that the browser does not know of, above the view. */
    this.shift = 0;
    this.lastTop = 0;
    this.spacer = -1;
    /** Where the view must stay although there is too little below it; null otherwise. @type {number|null} */
    this.held = null;
    this.blank = 0;
  }

  /** Pixels below the view. */
  get room() { return this.view.scrollHeight - this.view.scrollTop - this.view.clientHeight; }

  /** Makes the lines as high as the items are now. */
  space() {
    this.#spaceBelow();
    const height = Math.min(this.shown.total, TALLEST);
    if (height === this.spacer) return;
    this.spacer = height;
    this.lines.style.height = `${height}px`;
  }

  /** Lines that stay in place need room below them, until new lines fill it. */
  #spaceBelow() {
    const blank = this.held === null ? 0 : Math.max(0, Math.ceil(this.held + this.height - this.shown.total));
    if (!blank) this.held = null;
    if (blank === this.blank) return;
    this.blank = blank;
    this.view.style.paddingBlockEnd = blank ? `${blank}px` : '';
  }

  /** Puts pixel `at` of the items at the upper edge, and keeps it there where the lines end before the view does. @param {number} at */
  hold(at) {
    this.held = at;
    this.moveTo(at);
  }

  /** Puts pixel `at` of the items at the upper edge. @param {number} at */
  moveTo(at) {
    if (this.held !== null) this.held = at;
    this.space();
    const { total } = this.shown;
    if (total > TALLEST) {
      const mapped = Math.max(0, at) / Math.max(1, total - this.height) * (TALLEST - this.height);
      this.shift = at - mapped;
    } else this.shift = 0;
    this.view.scrollTop = at - this.shift + this.topHeight;
    this.#read();
  }

  toEnd() {
    this.held = null;
    this.#spaceBelow();
    this.view.scrollTop = this.view.scrollHeight;
    this.shift = Math.max(0, this.shown.total - TALLEST);
    this.#read();
  }

  #read() {
    this.lastTop = this.view.scrollTop;
    this.at = this.lastTop - this.topHeight + this.shift;
  }

  /** The view was scrolled, by the viewer or by us. @returns {number} by how many pixels the viewer scrolled it; 0 if there is nothing left to do */
  scrolled() {
    const { height, topHeight, view } = this;
    const { total } = this.shown;
    const top = view.scrollTop;
    const moved = top - this.lastTop;
    if (Math.abs(moved) < LEAST_MOVE) return 0;
    this.lastTop = top;
    if (total <= TALLEST) this.shift = 0;
    else if (Math.abs(moved) > height * 2) this.shift = (top - topHeight) / Math.max(1, TALLEST - height) * (total - height) - (top - topHeight);
    else if ((top <= 0 && this.at > height) || (top >= view.scrollHeight - height - 1 && this.at + height < total - height)) {
      this.moveTo(this.at + moved);
      return 0;
    }
    this.at = top - topHeight + this.shift;
    if (this.held !== null) this.held = Math.min(this.held, this.at);
    return moved;
  }
}
