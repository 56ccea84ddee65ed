/**
 * The rows on screen: a window over the items shown, and where the person is looking.
 *
 * Following ends only by what the person does (wheel, touch, key, scrollbar, selection), never by our own scrolling,
 * and what is looked at does not move: a height that turns out different above it is taken out of the scroll position.
 */

import { Mounted } from './mounted.js';
import { Pace } from './pace.js';
import { Scroll } from './scroll.js';
import { Heights } from './heights.js';

/** Pixels of rows kept ready beyond what is seen. */
const BEYOND = 240;
/** Pixels below the view: at the end, and no longer there. */
const AT_END = 4;
const OFF_END = 30;

/** @typedef {import('../log/item.js').Item} Item */

export class Rows {
  /**
   * @param {{
   *   view: HTMLElement, top: HTMLElement, lines: HTMLElement, window: HTMLElement,
   * paintItem: (row: HTMLElement, item: Item) => void, onFollow: (follow: boolean) => void, onLook: () => void, isHeld:
   * () => boolean, }} parts `isHeld`: a selection keeps the view where it is
   */
  constructor(parts) {
    Object.assign(this, parts);
    /** @type {HTMLElement} */ this.view;
    /** @type {HTMLElement} */ this.top;
    /** @type {HTMLElement} */ this.lines;
    /** @type {HTMLElement} */ this.window;
    /** @type {(row: HTMLElement, item: Item) => void} */ this.paintItem;
    /** @type {(follow: boolean) => void} */ this.onFollow;
    /** @type {() => void} */ this.onLook;
    /** @type {() => boolean} */ this.isHeld;
    /** @type {(() => void)|undefined} */ this.onPaint;
    this.shown = new Heights((item) => this.estimate(item));
    /** Lines that are higher than their text: their fields are opened. @type {Set<Item>} */
    this.tall = new Set();
    /** Of what stands over the first row, in pixels: the names of columns. */
    this.headHeight = 0;
    this.follow = true;
    this.wrap = false;
    this.rowHeight = 20;
    this.rowPadding = 0;
    this.columns = 120;
    this.epoch = 1;
    this.width = 0;
    this.scroll = new Scroll(this.view, this.lines, this.shown);
    this.widest = 0;
    this.inDocument = new Mounted(this.view, this.window, (row, item) => this.paintRow(row, item));
    this.pace = new Pace(() => this.paint());
    /** Whether rows look different now and have not been repainted. */
    this.stale = false;
  }

  connect() {
    this.abort = new AbortController();
    const { signal } = this.abort;
    const { view } = this;
    const passive = { passive: true, signal };
    view.addEventListener('scroll', () => this.#scrolled(), passive);
    view.addEventListener('wheel', (event) => { if (event.deltaY < 0 && !event.ctrlKey) this.leave(); }, passive);
    let touchedAt = 0;
    view.addEventListener('touchstart', (event) => { touchedAt = event.touches[0].clientY; }, passive);
    view.addEventListener('touchmove', (event) => { if (event.touches[0].clientY > touchedAt + 6) this.leave(); }, passive);
    view.addEventListener('pointerdown', (event) => { this.onBar = event.target === view; }, passive);
    addEventListener('pointerup', () => { this.onBar = false; }, { signal });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.schedule(true); }, { signal });
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(view);
    this.observer.observe(this.top);
    this.#resized();
  }

  disconnect() {
    this.abort?.abort();
    this.observer?.disconnect();
    this.pace.end();
  }

  /** Where the upper edge of the view is, in pixels of the items. */
  get at() { return this.scroll.at; }
  /** Of the view, in pixels. */
  get height() { return this.scroll.height; }
  /** The rows in the document. */
  get mounted() { return this.inDocument.rowOf; }
  /** Items whose rows stay in the document. */
  get pinned() { return this.inDocument.pinned; }

  // --- measures -----------------------------------------------------------

  /** @param {Item} item */
  estimate(item) {
    if (item.measured === this.epoch) return item.height;
    if (item.kind !== 'line') return item.kind === 'day' ? 32 : 36;
    if (!this.wrap) return this.rowHeight;
    return Math.max(1, Math.ceil(Math.min(item.text.length, 4_000) / this.columns)) * this.rowHeight + this.rowPadding;
  }

  #resized() {
    const { view } = this;
    const { scroll } = this;
    const top = this.top.offsetHeight;
    if (top !== scroll.topHeight) {
      scroll.topHeight = top;
      // What stands above the first line came or went; the lines stay where they are on screen.
      if (!this.follow && scroll.at > 0) scroll.moveTo(scroll.at);
    }
    const { clientHeight, clientWidth } = view;
    const height = clientHeight - this.headHeight;
    if (height === scroll.height && clientWidth === this.width) return this.schedule();
    const widthChanged = clientWidth !== this.width;
    scroll.height = height;
    this.width = clientWidth;
    this.onLook();
    if (widthChanged && (this.wrap || this.tall.size)) this.measureAgain();
    else this.schedule();
  }

  /** The names of columns stand over the first row now, or no longer; the lines stay where they are. @param {number} height */
  headed(height) {
    const grown = height - this.headHeight;
    if (!grown) return;
    this.headHeight = height;
    this.scroll.height -= grown;
    if (!this.follow) this.scroll.moveTo(this.at + grown);
  }

  /** Lays everything out again, after the text size, wrap or width changed. */
  measureAgain() {
    const { view } = this;
    const style = getComputedStyle(view);
    this.rowHeight = parseFloat(style.lineHeight) || 20;
    const probe = document.createElement('span');
    probe.className = 'lt-probe';
    probe.textContent = '0'.repeat(100);
    view.append(probe);
    const character = probe.getBoundingClientRect().width / 100 || 7.5;
    probe.remove();
    this.character = character;
    this.columns = Math.max(20, Math.floor((view.clientWidth - 48) / character));
    this.epoch++;
    for (const item of this.tall) item.measured = -1;
    this.widest = 0;
    this.lines.style.minWidth = '';
    this.#keepPlace(() => this.shown.measureAgain());
    this.#repaintAll();
    this.schedule();
  }

  // --- what is shown ------------------------------------------------------

  /** Shows other items, and what was looked at stays where it was. @param {Item[]} items its own from now on */
  reset(items) {
    this.#keepPlace(() => this.shown.reset(items));
    this.schedule();
  }

  /** @param {number} seq */
  dropBefore(seq) {
    const height = this.shown.dropBefore(seq);
    if (!this.follow && height) this.scroll.moveTo(this.at - height);
    this.schedule();
  }

  #keepPlace(/** @type {() => void} */ change) {
    const { shown } = this;
    if (this.follow || !shown.length) return change();
    // A line and not a mark, because marks may be replaced.
    let index = shown.indexAt(Math.max(0, this.at));
    while (index < shown.length - 1 && shown.at(index).kind !== 'line') index++;
    const item = shown.at(index);
    const within = this.at - shown.topOf(index);
    change();
    if (!shown.length) return;
    const found = Math.min(shown.indexOfSeq(item.seq), shown.length - 1);
    this.scroll.moveTo(shown.topOf(found) + (shown.at(found) === item ? within : 0));
  }

  // --- scrolling ----------------------------------------------------------

  /** The reader looks elsewhere. */
  leave() {
    if (!this.follow || this.view.scrollHeight <= this.view.clientHeight) return;
    this.follow = false;
    this.onFollow(false);
  }

  /** The viewer reads here: what comes no longer moves it, also where nothing could be scrolled yet. */
  stay() {
    if (!this.follow) return;
    this.follow = false;
    this.onFollow(false);
  }

  /** Ends following, changes what is shown, and an item stays where it is on screen. @param {Item} item @param {() => void} change */
  keeping(item, change) {
    this.stay();
    const { scroll, shown } = this;
    const topOf = () => {
      const index = shown.indexOfSeq(item.seq);
      return shown.at(index) === item ? shown.topOf(index) : null;
    };
    const before = topOf();
    const within = before === null ? 0 : Math.max(0, before - this.at);
    change();
    const top = topOf();
    if (top !== null) scroll.hold(top - within);
    this.schedule(true);
  }

  /** To the newest line, and on with it. */
  toEnd() {
    const was = this.follow;
    this.follow = true;
    if (!was) this.onFollow(true);
    this.schedule(true);
  }

  #scrolled() {
    const moved = this.scroll.scrolled();
    if (!moved) return;
    const { room } = this.scroll;
    if (this.onBar && moved < 0 && room > OFF_END) this.leave();
    if (!this.follow && moved > 0 && room <= AT_END && !this.isHeld()) this.toEnd();
    this.onLook();
    this.schedule(true);
  }

  /** Brings an item into view; the page around is not scrolled. @param {number} index @param {'center'|'nearest'|'start'} where */
  reveal(index, where = 'nearest') {
    const { shown } = this;
    if (index < 0 || index >= shown.length) return;
    if (this.follow) {
      this.follow = false;
      this.onFollow(false);
    }
    // Twice: rows that were never measured are measured where they come to stand.
    for (let i = 0; i < 2; i++) {
      const top = shown.topOf(index);
      const { height } = shown.at(index);
      let at = this.at;
      if (where === 'center') at = top - this.height / 2 + height / 2;
      else if (where === 'start') at = top;
      else if (top < this.at + 4 + this.#covered(shown.at(index))) at = top - 4 - this.#covered(shown.at(index));
      else if (top + height > this.at + this.height - 4) at = top + height - this.height + 4;
      if (where === 'center') this.view.scrollLeft = 0;
      if (Math.abs(at - this.at) > 0.5) this.scroll.moveTo(at);
      this.paint();
    }
  }

  /** Brings the part of a row into view that a long line is opened for. @param {Item} item @param {string} selector of the part */
  revealPart(item, selector) {
    const part = this.mounted.get(item)?.querySelector(selector);
    if (!part) return;
    const { view } = this;
    const [box, seen] = [part.getBoundingClientRect(), view.getBoundingClientRect()];
    if (box.left < seen.left || box.right > seen.left + view.clientWidth) view.scrollLeft += (box.left + box.right) / 2 - seen.left - view.clientWidth / 2;
    if (box.top < seen.top || box.bottom > seen.top + view.clientHeight) {
      this.scroll.moveTo(this.at + (box.top + box.bottom) / 2 - seen.top - view.clientHeight / 2);
      this.paint();
    }
  }

  /** The view's upper edge moved on the page, and the lines did not. @param {number} pixels down */
  moved(pixels) {
    this.scroll.moveTo(this.at + pixels);
    this.onLook();
    this.schedule(true);
  }

  /** The head of a long entry lies over the first row of the view. @param {Item} item */
  #covered(item) { return item.inner ? this.rowHeight : 0; }

  /** @param {number} pixels */
  scrollBy(pixels) {
    if (pixels < 0) this.leave();
    this.view.scrollTop += pixels;
  }

  /** Seen part, from 0 to 1 of all items. */
  get seen() {
    const total = Math.max(1, this.shown.total);
    return { from: Math.max(0, this.at) / total, to: Math.min(1, (this.at + this.height) / total) };
  }

  /** @param {number} part 0 to 1, to the middle of the view */
  goToPart(part) {
    this.leave();
    if (this.follow) return;
    this.scroll.moveTo(part * this.shown.total - this.height / 2);
    this.onLook();
    this.schedule(true);
  }

  toTop() {
    this.leave();
    if (this.follow) return;
    this.scroll.moveTo(-this.scroll.topHeight);
    this.onLook();
    this.schedule(true);
  }

  // --- painting -----------------------------------------------------------

  /** Paints in the next frame, or later when lines come faster than anyone reads. @param {boolean} [now] the person did something */
  schedule(now = false) {
    if (document.hidden || !this.abort || this.abort.signal.aborted) return;
    this.pace.schedule(now);
  }

  paint() {
    const { scroll, shown } = this;
    this.pace.began();
    if (!this.height) return;
    this.scroll.space();
    if (this.follow) scroll.at = shown.total - scroll.height;
    let [first, last] = this.#range();
    let fresh = this.#mount(first, last);
    if (this.stale) this.#repaintAll(new Set(fresh));
    // Heights that differ from their estimate may leave the view short of rows: look once more.
    if (this.#measure(fresh) && !this.follow) {
      [first, last] = this.#range();
      fresh = this.#mount(first, last);
      this.#measure(fresh);
    }
    this.scroll.space();
    this.#place(first);
    if (!this.wrap && fresh.length) {
      const widest = this.window.scrollWidth;
      if (widest > this.widest) {
        this.widest = widest;
        this.lines.style.minWidth = `${widest}px`;
      }
    }
    if (this.follow) {
      this.scroll.toEnd();
      this.#place(first);
    }
    this.pace.ended();
    this.onPaint?.();
  }

  #range() {
    const { shown } = this;
    if (!shown.length) return [0, -1];
    return [shown.indexAt(this.at - BEYOND), shown.indexAt(this.at + this.height + BEYOND)];
  }

  #place(/** @type {number} */ first) {
    const top = this.shown.length ? this.shown.topOf(first) : 0;
    this.window.style.transform = `translateY(${top - this.scroll.shift}px)`;
    this.inDocument.placePinned((item) => this.shown.topOf(this.shown.indexOfSeq(item.seq)) - top);
  }

  /** @returns {Item[]} those that were not there before */
  #mount(/** @type {number} */ first, /** @type {number} */ last) {
    const wanted = new Set();
    for (let i = first; i <= last; i++) wanted.add(this.shown.at(i));
    return this.inDocument.mount(wanted);
  }

  /** @param {HTMLElement} row @param {Item} item */
  paintRow(row, item) {
    row.removeAttribute('style');
    this.paintItem(row, item);
  }

  /** @param {Item[]} items @returns {boolean} whether any height was another than thought */
  #measure(items) {
    const { shown } = this;
    const look = items.filter((item) => item.measured !== this.epoch && (this.wrap || item.measured < 0 || item.kind !== 'line'));
    if (!look.length) return false;
    const anchor = shown.indexAt(Math.max(0, this.at));
    const within = this.at - shown.topOf(anchor);
    let grown = 0;
    const heights = look.map((item) => /** @type {HTMLElement} */ (this.mounted.get(item)).offsetHeight);
    look.forEach((item, i) => {
      const index = shown.indexOfSeq(item.seq);
      if (shown.at(index) === item) grown += Math.abs(shown.resize(index, heights[i]));
      item.measured = this.epoch;
    });
    if (!grown) return false;
    if (this.follow) this.scroll.at = shown.total - this.height;
    else this.scroll.moveTo(shown.topOf(anchor) + within);
    return true;
  }

  /** One item looks different now. @param {Item} item */
  refresh(item) {
    const row = this.mounted.get(item);
    item.measured = -1;
    if (row) {
      this.paintRow(row, item);
      this.#measure([item]);
      this.scroll.space();
    }
    this.schedule(true);
  }

  /** All rows look different now. Those that stay are repainted with the next frame, when it is known which. */
  repaint() {
    this.stale = true;
    this.schedule(true);
  }

  /** @param {Set<Item>} [fresh] painted a moment ago */
  #repaintAll(fresh) {
    this.stale = false;
    this.inDocument.repaint(fresh);
    this.#measure(this.inDocument.inSight);
  }

  /** @param {Node|null} node @returns {Item|null} */
  itemAt(node) { return this.inDocument.itemAt(node); }
}
