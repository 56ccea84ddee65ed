/**
 * The rows on screen: a window over the items shown, and where the viewer is looking.
 *
 * Following ends only by what the viewer does (wheel, touch, key, scrollbar, selection), never by our own scrolling,
 * and the lines in view do not move: if a row above them turns out higher or lower, the scroll position makes up for it.
 */

import { Mounted } from './mounted.js';
import { Pace } from './pace.js';
import { Scroll } from './scroll.js';
import { Heights } from './heights.js';

/** Pixels of rows kept ready outside the view. */
const BEYOND = 240;
/** Pixels below the view: at the end, and no longer there. */
const AT_END = 4;
const OFF_END = 30;
/** Pixels at the lower edge of the view that the button over the lines may take. */
const BUTTON_HEIGHT = 56;

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
    /** The viewer scrolled, or tried to scroll beyond the end; a direction below 0 is up. @type {((direction: number) => void)|undefined} */
    this.onMove;
    this.shown = new Heights((item) => this.estimate(item));
    /** Lines with opened fields, which are therefore higher than their text. @type {Set<Item>} */
    this.tall = new Set();
    /** The height in pixels of what covers the first row: the names of columns. */
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
    /** Where the pointer is in the window; null if it isn't over the view. @type {number|null} */
    this.pointerAt = null;
    /** Whether the lines stay in place even if there is too little below them. */
    this.isStill = false;
    /** Whether the viewer left for a line, and not by scrolling. */
    this.stays = false;
  }

  connect() {
    this.abort = new AbortController();
    const { signal } = this.abort;
    const { view } = this;
    const passive = { passive: true, signal };
    view.addEventListener('scroll', () => this.#scrolled(), passive);
    view.addEventListener('wheel', (event) => {
      if (event.ctrlKey || !event.deltaY) return;
      if (event.deltaY < 0) this.leave();
      else this.#pushedDown();
      this.onMove?.(event.deltaY);
    }, passive);
    let touchedAt = 0;
    view.addEventListener('touchstart', (event) => { touchedAt = event.touches[0].clientY; }, passive);
    view.addEventListener('touchmove', (event) => {
      const moved = touchedAt - event.touches[0].clientY;
      if (moved < -6) this.leave();
      else if (moved > 6) this.#pushedDown();
      if (Math.abs(moved) > 6) this.onMove?.(moved);
    }, passive);
    view.addEventListener('pointermove', (event) => { this.pointerAt = event.pointerType === 'touch' ? null : event.clientY; }, passive);
    view.addEventListener('pointerleave', () => { this.pointerAt = null; }, passive);
    view.addEventListener('pointerdown', (event) => { this.onBar = event.target === view; }, passive);
    addEventListener('pointerup', () => { this.onBar = false; }, { signal });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.schedule(true); }, { signal });
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(view);
    this.observer.observe(this.top);
    this.boxes = new ResizeObserver((changes) => this.#boxesResized(changes.map((change) => change.target)));
    this.#resized();
  }

  disconnect() {
    this.abort?.abort();
    this.observer?.disconnect();
    this.boxes?.disconnect();
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
      // Content above the first line appeared or disappeared; the lines stay where they are on screen.
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

  /** The names of columns now cover the first row, or no longer do; the lines stay where they are. @param {number} height */
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
    this.view.style.removeProperty('--lt-lines-w');
    this.#keepPlace(() => this.shown.measureAgain());
    this.#repaintAll();
    this.schedule();
  }

  // --- what is shown ------------------------------------------------------

  /** Shows other items, and keeps those in view where they were. @param {Item[]} items its own from now on */
  reset(items) {
    this.#keepPlace(() => this.shown.reset(items));
    // All of it is in view, the newest line too, and the viewer left only by scrolling.
    if (!this.follow && !this.stays && this.shown.length && this.shown.total <= this.height && !this.isHeld()) this.toEnd();
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
    const index = this.#anchorIndex();
    const item = shown.at(index);
    const within = this.at - shown.topOf(index);
    change();
    if (!shown.length) return;
    const found = Math.min(shown.indexOfSeq(item.seq), shown.length - 1);
    const at = shown.topOf(found) + (shown.at(found) === item ? within : Math.min(0, within));
    if (this.isStill) this.scroll.hold(at);
    else this.scroll.moveTo(at);
  }

  /** The line that keeps its place while others come and go: the one under the pointer, otherwise the first in view. */
  get anchor() { return this.shown.length ? this.shown.at(this.#anchorIndex()) : null; }

  #anchorIndex() {
    const { shown } = this;
    const below = this.pointerAt === null ? 0 : this.pointerAt - this.view.getBoundingClientRect().top;
    let index = shown.indexAt(Math.max(0, this.at + Math.max(0, Math.min(below, this.height))));
    // A line and not a mark, because marks may be replaced.
    while (index < shown.length - 1 && shown.at(index).kind !== 'line') index++;
    return index;
  }

  // --- scrolling ----------------------------------------------------------

  /** The viewer looks elsewhere. @param {boolean} [stays] at lines that they chose, and not by scrolling */
  leave(stays = false) {
    if (!this.follow || this.view.scrollHeight <= this.view.clientHeight) return;
    this.follow = false;
    this.stays = stays;
    this.onFollow(false);
  }

  /** The viewer scrolls down where there is nothing further down, and so no scrolling that would be heard of. */
  #pushedDown() {
    if (!this.follow && this.scroll.room <= AT_END && !this.isHeld()) this.toEnd();
  }

  /** The viewer reads here: new lines no longer move the view, even if it could not be scrolled yet. */
  stay() {
    this.stays = true;
    if (!this.follow) return;
    this.follow = false;
    this.onFollow(false);
  }

  /** Ends following and changes the rows, but keeps an item where it is on screen. @param {Item} item @param {() => void} change */
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

  /** Brings the end of an item into view, above the button that leads to the newest line, as far as its first row stays in view. @param {Item} item */
  showEnd(item) {
    const { scroll, shown } = this;
    const index = shown.indexOfSeq(item.seq);
    if (shown.at(index) !== item) return;
    const top = shown.topOf(index);
    const at = Math.min(top - this.#covered(item) - this.headHeight, top + item.height + BUTTON_HEIGHT - this.height);
    if (at <= this.at) return;
    scroll.hold(at);
    this.onLook();
    this.schedule(true);
  }

  /** Ends following and changes the rows, but keeps the line under the pointer where it is, or the first one in view. @param {() => void} change */
  still(change) {
    this.stay();
    this.isStill = true;
    try {
      change();
    } finally {
      this.isStill = false;
    }
  }

  /** Goes to the newest line and follows new ones. */
  toEnd() {
    const was = this.follow;
    this.follow = true;
    this.stays = false;
    if (!was) this.onFollow(true);
    this.schedule(true);
  }

  #scrolled() {
    const moved = this.scroll.scrolled();
    if (!moved) return;
    const { room } = this.scroll;
    if (this.onBar && moved < 0 && room > OFF_END) this.leave();
    if (!this.follow && moved > 0 && room <= AT_END && !this.isHeld()) this.toEnd();
    if (!this.follow) this.onMove?.(moved);
    this.onLook();
    this.schedule(true);
  }

  /** Brings an item into view; the page around is not scrolled. @param {number} index @param {'center'|'nearest'|'start'} where */
  reveal(index, where = 'nearest') {
    const { shown } = this;
    if (index < 0 || index >= shown.length) return;
    this.stay();
    // Twice: rows that were never measured are measured at their new place.
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

  /** Brings into view the part of a row for which a long line was opened. @param {Item} item @param {string} selector of the part */
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

  /** The head of a long entry covers the first row of the view. @param {Item} item */
  #covered(item) { return item.inner ? this.rowHeight : 0; }

  /** @param {number} pixels */
  scrollBy(pixels) {
    if (pixels < 0) this.leave();
    this.view.scrollTop += pixels;
    this.onMove?.(pixels);
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

  /** Paints in the next frame, or later if lines arrive faster than anyone can read. @param {boolean} [now] the viewer did something */
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
    if (!this.wrap && (fresh.length || !this.widest)) {
      const widest = this.window.scrollWidth;
      if (widest > this.widest) {
        this.widest = widest;
        this.lines.style.minWidth = `${widest}px`;
        this.view.style.setProperty('--lt-lines-w', `${widest}px`);
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
    const box = row.querySelector(':scope > .lt-fields');
    if (box) this.boxes?.observe(box);
  }

  /** Opened fields are higher or lower now: the actions for a value take a row of their own on a phone. @param {Element[]} boxes */
  #boxesResized(boxes) {
    const items = [];
    for (const box of boxes) {
      const item = box.isConnected ? this.itemAt(box) : null;
      if (!item) this.boxes?.unobserve(box);
      else items.push(item);
    }
    for (const item of items) item.measured = -1;
    if (!this.#measure(items)) return;
    this.scroll.space();
    this.schedule(true);
  }

  /** @param {Item[]} items @returns {boolean} whether any height differed from what was known */
  #measure(items) {
    const { shown } = this;
    const look = items.filter((item) => item.measured !== this.epoch && (this.wrap || item.measured < 0 || item.kind !== 'line'));
    if (!look.length) return false;
    const anchor = this.#anchorIndex();
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

  /** All rows look different now. The next frame repaints those that stay, because only then they are known. */
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
