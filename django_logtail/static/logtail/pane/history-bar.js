/**
 * The bar beside the lines: where in the whole history the lines on screen are, which parts are loaded, and a way to any
 * place. While the files of the log are unknown, the ruler of the loaded lines takes its place.
 */

import { headOf } from '../formats/heads.js';
import { momentOf } from '../formats/moments.js';
import { thumbOf, windowsOf } from '../log/history.js';
import { PlaceTimes } from '../log/place-times.js';
import { config, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';

/** Pixels: the least height of the thumb, and between two names of files, and two marks. */
const THUMB = 24;
const NAME = 22;
const MARK = 3;
/** Milliseconds between two drawings of what is loaded. */
const EVERY_MS = 250;
/** Milliseconds without a movement after which dragging and keys load. */
const PAUSE_MS = 200;
/** Milliseconds that the handle of a phone stays. */
const HANDLE_MS = 1_500;
/** Hits of a search that are drawn, and matches of the filter: no pixel shows more. */
const MOST_HITS = 20_000;
const MOST_MATCHES = 50_000;
/** Pixels of a movement that makes a press a drag. */
const DRAG = 3;
const STEPS = { ArrowUp: -0.01, ArrowLeft: -0.01, ArrowDown: 0.01, ArrowRight: 0.01, PageUp: -0.1, PageDown: 0.1 };

/** @typedef {import('../log/item.js').Item} Item */

export class HistoryBar {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('./pane.js').Parts, rows: import('../rows/rows.js').Rows,
   *   filtered: import('../find/filtered.js').Filtered, travel: import('../log/travel.js').Travel, follow: import('../log/follow.js').Follow,
   * }} on
   */
  constructor({ log, parts, rows, filtered, travel, follow }) {
    this.log = log;
    this.parts = parts;
    this.rows = rows;
    this.filtered = filtered;
    this.placeTimes = new PlaceTimes(log, () => this.#place());
    this.travel = travel;
    this.follow = follow;
    this.drawnAt = 0;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    this.stopWaiting();
    /** What is on screen, from 0 to 1. */
    this.seen = { from: 1, to: 1 };
    /** Where the viewer wants to go and has not arrived yet. @type {number|null} */
    this.wanted = null;
    /** Where the pointer is on the bar. @type {number|null} */
    this.pointed = null;
    /** @type {{y: number, within: number|null, isDrag: boolean}|null} */
    this.pressed = null;
    /** @type {import('../log/history.js').Window[]} */
    this.windows = [];
    /** Hits of a search. @type {{file: string, start: number}[]} */
    this.hits = [];
    this.placeTimes.begin();
    this.drawnFiles = '';
    this.draw();
  }

  stopWaiting() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** @param {AbortSignal} signal */
  wire(signal) {
    const { bar, handle } = this.parts.history;
    const on = (/** @type {HTMLElement} */ node, /** @type {string} */ type, /** @type {(event: any) => void} */ run) => node.addEventListener(type, run, { signal });
    for (const node of [bar, handle]) {
      on(node, 'pointerdown', (event) => this.#press(event, node));
      on(node, 'pointermove', (event) => this.#move(event));
      on(node, 'pointerup', () => this.#release());
      on(node, 'pointercancel', () => this.#release());
    }
    on(bar, 'pointerleave', () => this.#point(null));
    on(bar, 'keydown', (event) => this.#key(event));
    signal.addEventListener('abort', () => {
      this.stopWaiting();
      this.placeTimes.stop();
    });
  }

  // --- going there ------------------------------------------------------------

  /** @param {PointerEvent} event @param {HTMLElement} node */
  #press(event, node) {
    if (event.button) return;
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    const box = this.parts.history.bar.getBoundingClientRect();
    const y = event.clientY - box.top;
    const { top, height } = this.#thumb(box.height);
    const isOnThumb = node !== this.parts.history.bar || (y >= top && y <= top + height);
    this.pressed = { y, within: isOnThumb ? y - top : null, isDrag: false };
    if (!isOnThumb) this.#want(y / box.height);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { pressed } = this;
    const box = this.parts.history.bar.getBoundingClientRect();
    const y = event.clientY - box.top;
    if (!pressed) return event.pointerType === 'touch' ? undefined : this.#point(y / box.height);
    pressed.isDrag ||= Math.abs(y - pressed.y) >= DRAG;
    if (!pressed.isDrag) return undefined;
    const { height } = this.#thumb(box.height);
    const { from, to } = this.seen;
    const part = pressed.within === null ? y / box.height : ((y - pressed.within) / Math.max(1, box.height - height)) * (1 - (to - from));
    this.#want(part);
    return undefined;
  }

  #release() {
    if (!this.pressed) return;
    this.pressed = null;
    this.#go();
    // The handle stays for a while.
    if (!this.parts.history.handle.hidden) this.moved();
    if (!this.parts.history.bar.matches(':hover')) this.#point(null);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'End') this.follow.toEnd();
    else if (event.key === 'Home') this.#want(0);
    else if (event.key in STEPS) this.#want((this.wanted ?? this.seen.from) + STEPS[event.key]);
    else return;
    event.preventDefault();
  }

  /** The viewer wants to see this part: at once if it is here, else after a pause. @param {number} part */
  #want(part) {
    this.wanted = Math.min(1, Math.max(0, part));
    this.pointed = this.pressed ? this.wanted : this.pointed;
    const place = this.#isEnd(this.wanted) ? null : this.travel.history.placeAt(this.wanted);
    this.stopWaiting();
    if (place && this.log.store.lineAt(place.file, place.offset)) this.#go();
    else {
      this.timer = setTimeout(() => this.#go(), PAUSE_MS);
      this.#place();
    }
  }

  /** The last pixel is the live end. @param {number} part */
  #isEnd(part) { return part >= 1 - 1 / Math.max(1, this.parts.history.bar.clientHeight); }

  #go() {
    const { wanted } = this;
    this.stopWaiting();
    if (wanted === null) return;
    if (this.#isEnd(wanted)) {
      this.wanted = null;
      this.follow.toEnd();
      return;
    }
    const place = this.travel.history.placeAt(wanted);
    const done = () => {
      if (this.wanted === wanted) this.wanted = null;
      this.draw();
    };
    if (place) void this.travel.goTo(place).then(done, done);
  }

  // --- drawing ------------------------------------------------------------------

  /** @param {number} height of the bar */
  #thumb(height) {
    const { from, to } = this.seen;
    const at = this.wanted ?? from;
    return thumbOf(at, Math.min(1, at + to - from), height, THUMB);
  }

  /** Other lines are on screen: redraws where they are now, and what is loaded soon. */
  draw() {
    const { log, parts, travel } = this;
    const { bar } = parts.history;
    const { history } = travel;
    const isKnown = history.isKnown && history.total > 0 && log.stream.can('range');
    if (bar.hidden === isKnown) {
      bar.hidden = !isKnown;
      parts.ruler.hidden = isKnown;
      parts.body.toggleAttribute('data-history', isKnown);
    }
    if (!isKnown || document.hidden) return;
    travel.grew();
    if (travel.isStale) void travel.know();
    this.#look();
    this.#place();
    if (performance.now() - this.drawnAt < EVERY_MS) {
      this.later ??= setTimeout(() => {
        this.later = undefined;
        if (bar.isConnected && !document.hidden) this.#drawLoaded();
      }, EVERY_MS);
    } else this.#drawLoaded();
  }

  /** Finds the part that is on screen. */
  #look() {
    const { rows, travel: { history } } = this;
    const { shown } = rows;
    if (!shown.length) return;
    let low = shown.indexAt(Math.max(0, rows.at));
    let high = shown.indexAt(Math.max(0, rows.at + rows.height - 1));
    while (low < high && shown.at(low).kind !== 'line') low++;
    while (high > low && shown.at(high).kind !== 'line') high--;
    const from = history.partOf(shown.at(low).file, shown.at(low).start);
    const to = history.partOf(shown.at(high).file, shown.at(high).end);
    if (from === null || to === null) return;
    this.seen = rows.follow ? { from: 1 - Math.max(0, to - from), to: 1 } : { from, to: Math.max(from, to) };
  }

  /** The viewer's position, and its description. */
  #place() {
    const { bar, thumb, handle } = this.parts.history;
    const height = bar.clientHeight;
    const place = this.#thumb(height);
    thumb.style.top = `${place.top}px`;
    thumb.style.height = `${place.height}px`;
    handle.style.top = `${Math.min(height - THUMB, Math.max(THUMB, place.top + place.height / 2))}px`;
    const at = this.wanted ?? (this.rows.follow ? 1 : this.seen.from);
    bar.setAttribute('aria-valuenow', String(Math.round(at * 100)));
    bar.setAttribute('aria-valuetext', this.#said(at, this.wanted !== null));
    this.#drawPointed();
  }

  /** @param {number|null} part */
  #point(part) {
    this.pointed = part === null ? null : Math.min(1, Math.max(0, part));
    if (part === null) this.placeTimes.stop();
    this.#drawPointed();
  }

  /** The label at the pointer, and the names of the files. */
  #drawPointed() {
    const { bar, line, tags } = this.parts.history;
    const { pointed } = this;
    tags.hidden = line.hidden = pointed === null;
    bar.toggleAttribute('data-on', pointed !== null);
    if (pointed === null) return;
    const height = bar.clientHeight;
    line.style.top = `${pointed * height}px`;
    const { history } = this.travel;
    const names = apart(history.files.map(({ name }, i) => ({ name, top: Math.max(NAME / 2, (history.starts[i] / history.total) * height) })), NAME);
    const key = names.map(({ name, top }) => `${name} ${top}`).join();
    if (tags.dataset.about !== key) {
      tags.dataset.about = key;
      tags.replaceChildren(...names.map(({ name, top }) => placed(el('span', {}, name), top)), el('b'));
    }
    const label = /** @type {HTMLElement} */ (tags.lastElementChild);
    write(label, this.#said(pointed, true));
    placed(label, Math.min(height - NAME / 2, Math.max(NAME / 2, pointed * height)));
  }

  /** A search found these, or is closed. @param {{file: string, start: number}[]|null} hits */
  mark(hits) {
    if (!hits && !this.hits.length) return;
    this.hits = hits ? [...this.hits, ...hits].slice(0, MOST_HITS) : [];
    this.draw();
  }

  /** A part in words: percent, and the time there, or the name of the file as long as that is unknown. @param {number} part @param {boolean} asks whether to ask for a time that is unknown */
  #said(part, asks) {
    const { history } = this.travel;
    const height = Math.max(1, this.parts.history.bar.clientHeight);
    const place = history.placeAt(part);
    // A loaded part may be lower than a pixel.
    const near = this.windows.find((one) => part >= one.from - 1 / height && part <= one.to + 1 / height);
    const item = (place && this.log.store.lineAt(place.file, place.offset)) ?? (near ? (part < near.from ? near.first : near.last) : null);
    const file = place && history.files[history.indexOf(place.file)];
    // To read an archive there, all before it would have to be unpacked.
    const moment = item ? momentAt(this.log.store, item) : asks && place && file && !file.isEstimated ? this.placeTimes.at({ file: place.file, offset: place.offset - (place.offset % this.#step(height)) }) : null;
    const time = (moment && written(moment)) || file?.name || '';
    return words.say(history.isEstimated ? 'hist.about' : 'hist.at', { p: Math.round(part * 100), time });
  }

  /** Bytes by which places differ: about a pixel, and the same while the log grows. @param {number} height */
  #step(height) { return 2 ** Math.max(2, Math.floor(Math.log2(this.travel.history.total / height))); }

  #drawLoaded() {
    const { log, parts, travel: { history } } = this;
    const { bar, files, loaded, ticks } = parts.history;
    const height = bar.clientHeight;
    if (!height || bar.hidden) return;
    this.drawnAt = performance.now();
    this.windows = windowsOf(history, log.store);
    loaded.replaceChildren(...this.windows.map(({ from, to }) => {
      const node = placed(el('i.lt-win'), from * height);
      node.style.height = `${Math.max(1, (to - from) * height)}px`;
      return node;
    }));
    const marks = apart(history.starts.map((start) => ({ top: (start / history.total) * height })), MARK);
    const key = marks.map(({ top }) => Math.round(top)).join();
    if (key !== this.drawnFiles) {
      this.drawnFiles = key;
      files.replaceChildren(...marks.map(({ top }) => placed(el('i.lt-gen'), top)));
    }
    const { matches } = this.filtered;
    drawTicks(ticks, log.store, { history, height, hits: [this.hits, matches.length < MOST_MATCHES ? matches : []] });
  }

  // --- a phone's handle --------------------------------------------------------------

  /** The viewer scrolls: a phone shows its handle for a while. */
  moved() {
    const { bar, handle } = this.parts.history;
    if (bar.hidden) return;
    handle.hidden = false;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => this.#hideHandle(), HANDLE_MS);
  }

  #hideHandle() {
    if (this.pressed) this.hiding = setTimeout(() => this.#hideHandle(), HANDLE_MS);
    else this.parts.history.handle.hidden = true;
  }
}

/** @template {HTMLElement} T @param {T} node @param {number} top */
function placed(node, top) {
  node.style.top = `${top}px`;
  return node;
}

/** Of marks in order, those that are not too close to the one before. @template {{top: number}} T @param {T[]} marks @param {number} least @returns {T[]} */
function apart(marks, least) {
  let last = -Infinity;
  return marks.filter(({ top }) => {
    if (top - last < least) return false;
    last = top;
    return true;
  });
}

/**
 * Errors and warnings of the loaded lines, of those on one pixel the worst; and what was found.
 *
 * @param {HTMLCanvasElement} canvas @param {import('../log/store.js').Store} store
 * @param {{history: import('../log/history.js').History, height: number, hits: {file: string, start: number}[][]}} what
 */
function drawTicks(canvas, store, { history, height, hits }) {
  const scale = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * scale;
  canvas.height = height * scale;
  const worst = new Uint8Array(Math.ceil(height / 2) + 1);
  const found = new Uint8Array(worst.length);
  let [file, start, size] = ['', 0, 0];
  const pixelOf = (/** @type {{file: string, start: number}} */ place) => {
    if (place.file !== file) {
      const index = history.indexOf(place.file);
      [file, start, size] = index < 0 ? [place.file, 0, -1] : [place.file, history.starts[index], history.files[index].size];
    }
    return size < 0 ? -1 : Math.min(worst.length - 1, Math.floor(((start + place.start) / history.total) * height / 2));
  };
  for (const places of hits) {
    for (const place of places) {
      const at = pixelOf(place);
      if (at >= 0) found[at] = 1;
    }
  }
  for (let i = store.first; i < store.items.length; i++) {
    const item = store.items[i];
    if (item.inner || (item.level !== 'E' && item.level !== 'W')) continue;
    const at = pixelOf(item);
    if (at < 0) continue;
    worst[at] = Math.max(worst[at], item.level === 'E' ? 2 : 1);
  }
  const paper = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const style = getComputedStyle(canvas);
  paper.scale(scale, scale);
  for (let at = 0; at < worst.length; at++) {
    if (!worst[at]) continue;
    paper.fillStyle = style.getPropertyValue(worst[at] === 2 ? '--lt-error-bar' : '--lt-warning-bar').trim();
    const inset = worst[at] === 2 ? 2 : 4;
    paper.fillRect(Math.min(inset, canvas.clientWidth / 4), at * 2, Math.max(2, canvas.clientWidth - inset - 2), 2);
  }
  paper.fillStyle = style.getPropertyValue('--lt-ruler-match').trim();
  const wide = Math.max(2, canvas.clientWidth / 3);
  for (let at = 0; at < found.length; at++) if (found[at]) paper.fillRect(canvas.clientWidth - wide - 1, at * 2, wide, 2);
}

/** Making one takes longer than drawing the bar. @type {Map<boolean, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {boolean} hasDay */
function formatOf(hasDay) {
  const known = formats.get(hasDay);
  if (known) return known;
  const day = /** @type {Intl.DateTimeFormatOptions} */ (hasDay ? { day: 'numeric', month: 'short' } : {});
  const made = new Intl.DateTimeFormat(config.language === 'en' ? 'en-GB' : config.language, { ...day, hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' });
  formats.set(hasDay, made);
  return made;
}

/** Lines above in which to look for a time. */
const MOST_BACK = 50;

/** A moment as the log writes it. @param {import('../log/place-times.js').Moment} moment */
const written = ({ clock, has }) => formatOf(has !== 'clock').format(clock).replace(/, (?=\d\d:)/, ' ');

/** The time of a line, or of the entry it belongs to; null without one. @param {import('../log/store.js').Store} store @param {Item} item */
function momentAt(store, item) {
  const index = store.indexOfSeq(item.seq);
  for (let i = index; i >= Math.max(0, index - MOST_BACK); i--) {
    const line = store.at(i);
    if (line.kind !== 'line') continue;
    const moment = momentOf((headOf(line.plain, store.entries.formats) ?? headOf(line.plain))?.written ?? '');
    if (moment) return moment;
  }
  return null;
}
