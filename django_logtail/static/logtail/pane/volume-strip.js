/**
 * The strip above the lines: entries over time, by level. A click goes there; dragging, or Shift with the arrows,
 * chooses a range of time that filter, search and downloads keep to.
 */

import { knownZone } from '../formats/time-zone.js';
import { firstSpan, SPANS } from '../log/volume.js';
import { PHONE } from '../rows/view-options.js';
import { config, settings, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { marksOf, spanText } from '../formats/span.js';

/** Milliseconds between two drawings. */
const EVERY_MS = 250;
/** Pixels of a movement that makes a press a drag, and between two marks of the axis. */
const DRAG = 3;
const MARK = 88;
/** Units of the drawing: a column with its gap, the height of all, and the least that is seen. */
const COLUMN = 5;
const HEIGHT = 30;
const LEAST = 1.2;
const HIT = 2.5;
/** Hits whose times are kept. */
const MOST_HITS = 20_000;
/** Last lines among which one with a time is looked for. */
const MOST_SOUGHT = 1_000;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
const KINDS = /** @type {const} */ (['error', 'warning', 'other']);

/** @typedef {import('../log/volume.js').Range} Range */

export class VolumeStrip {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('./pane.js').Parts, rows: import('../rows/rows.js').Rows,
   *   volume: import('../log/volume.js').Volume, times: import('../log/line-times.js').LineTimes,
   *   finding: import('../find/finding.js').Finding, viewOptions: import('../rows/view-options.js').ViewOptions,
   * }} on
   * @param {{goTo(ms: number): void, shown(): void}} listener `goTo`: lines of a moment are wanted; `shown`: the strip appeared or went
   */
  constructor({ log, parts, rows, volume, times, finding, viewOptions }, listener) {
    this.log = log;
    this.parts = parts;
    this.rows = rows;
    this.volume = volume;
    this.times = times;
    this.finding = finding;
    this.viewOptions = viewOptions;
    this.listener = listener;
    this.drawnAt = 0;
    /** Times of the hits of a search. @type {number[]} */
    this.hits = [];
    for (const span of Object.keys(SPANS)) parts.volume.span.append(el('option', { value: span }, words.say(`vol.${span}${PHONE.matches ? '.s' : ''}`)));
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    this.stopWaiting();
    this.hits = [];
    /** The column that the pointer or the keys are at. @type {number|null} */
    this.at = null;
    /** Where a choice began, and what is chosen but not used yet. @type {{x: number, from: number, isDrag: boolean}|null} */
    this.pressed = null;
    /** @type {{from: number, to: number}|null} */
    this.choice = null;
    this.parts.volume.strip.hidden = true;
  }

  stopWaiting() {
    clearTimeout(this.later);
    this.later = undefined;
  }

  // --- whether it is there --------------------------------------------------------

  /** Whether the viewer wants it for this log. */
  get isWanted() {
    const { info, stream } = this.log;
    if (!info || !stream.hello?.can?.includes('volume')) return false;
    return settings.log(info.slug).volume;
  }

  /** The last lines are here, or the connection is back. */
  start() {
    const { info } = this.log;
    if (!info) return;
    if (this.isWanted) this.#ask(info.slug);
    this.show();
  }

  /** Asks for the time that the viewer chose, or else for one that the loaded lines are in. @param {string} slug */
  #ask(slug) {
    const { span } = settings.log(slug);
    this.volume.span = span in SPANS ? /** @type {import('../log/volume.js').Span} */ (span) : firstSpan(this.#newest(), Date.now());
    this.parts.volume.span.value = this.volume.span;
    this.volume.ask();
  }

  /** The time of the newest loaded line that has one. @returns {number|null} */
  #newest() {
    const { store } = this.log;
    for (let i = store.length - 1; i >= Math.max(0, store.length - MOST_SOUGHT); i--) {
      const item = store.at(i);
      const ms = item.kind === 'line' ? this.times.of(item) : null;
      if (ms !== null) return ms;
    }
    return null;
  }

  toggle() {
    const { info } = this.log;
    if (!info) return;
    settings.saveLog(info.slug, { volume: !this.isWanted });
    if (!this.isWanted) this.volume.begin();
    else if (this.volume.state === 'idle') this.#ask(info.slug);
    this.show();
  }

  /** Shows it, or hides it. */
  show() {
    const { strip } = this.parts.volume;
    const hides = !this.isWanted;
    if (strip.hidden !== hides) {
      strip.hidden = hides;
      this.listener.shown();
    }
    this.draw();
  }

  // --- what is chosen on it ---------------------------------------------------------

  /** @param {AbortSignal} signal */
  wire(signal) {
    const { plot, span } = this.parts.volume;
    const on = (/** @type {HTMLElement} */ node, /** @type {string} */ type, /** @type {(event: any) => void} */ run) => node.addEventListener(type, run, { signal });
    on(plot, 'pointerdown', (event) => this.#press(event));
    on(plot, 'pointermove', (event) => this.#move(event));
    on(plot, 'pointerup', (event) => this.#release(event));
    on(plot, 'pointercancel', () => this.#forget());
    on(plot, 'pointerleave', () => { if (!this.pressed) this.#point(null); });
    on(plot, 'keydown', (event) => this.#key(event));
    on(plot, 'focus', () => { if (plot.matches(':focus-visible')) this.#point(this.at ?? this.volume.columns.length - 1); });
    on(plot, 'blur', () => {
      this.choice = null;
      this.#point(null);
    });
    on(span, 'change', () => {
      if (this.log.info) settings.saveLog(this.log.info.slug, { span: span.value });
      this.volume.choose(/** @type {any} */ (span.value));
    });
    signal.addEventListener('abort', () => this.stopWaiting());
  }

  /** @param {PointerEvent} event @returns {number} */
  #columnAt(event) {
    const box = this.parts.volume.plot.getBoundingClientRect();
    const { length } = this.volume.columns;
    return Math.max(0, Math.min(length - 1, Math.floor(((event.clientX - box.left) / box.width) * length)));
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button || !this.volume.columns.length) return;
    this.parts.volume.plot.setPointerCapture(event.pointerId);
    this.pressed = { x: event.clientX, from: this.#columnAt(event), isDrag: false };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.volume.columns.length) return;
    const column = this.#columnAt(event);
    if (this.pressed) {
      this.pressed.isDrag ||= Math.abs(event.clientX - this.pressed.x) >= DRAG;
      if (this.pressed.isDrag) this.choice = { from: Math.min(column, this.pressed.from), to: Math.max(column, this.pressed.from) };
    }
    if (this.pressed || event.pointerType !== 'touch') this.#point(column);
  }

  /** @param {PointerEvent} event */
  #release(event) {
    const { pressed } = this;
    if (!pressed) return;
    this.pressed = null;
    if (pressed.isDrag) this.#use();
    else this.#go(pressed.from);
    if (event.pointerType === 'touch') this.#point(null);
  }

  #forget() {
    this.pressed = this.choice = null;
    this.#point(null);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { columns } = this.volume;
    if (event.ctrlKey || event.metaKey || event.altKey || !columns.length) return;
    const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    const at = this.at ?? columns.length - 1;
    if (step !== undefined) {
      const to = Math.max(0, Math.min(columns.length - 1, at + step));
      if (!event.shiftKey) this.choice = null;
      else {
        const fixed = !this.choice ? at : at === this.choice.from ? this.choice.to : this.choice.from;
        this.choice = { from: Math.min(fixed, to), to: Math.max(fixed, to) };
      }
      this.#point(to);
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (this.choice) this.#use();
      else this.#go(at);
    } else if (event.key === 'Escape' && this.choice) {
      this.choice = null;
      this.draw();
    } else if (event.key === 'Escape' && this.finding.query.range) this.finding.keepTo(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} column */
  #go(column) { this.listener.goTo(this.volume.rangeOf(column).from); }

  /** What was chosen is kept to. */
  #use() {
    const { choice, volume } = this;
    this.choice = null;
    if (!choice) return;
    const range = { from: Math.round(volume.rangeOf(choice.from).from), to: Math.round(volume.rangeOf(choice.to).to) };
    this.finding.keepTo(range);
    this.listener.goTo(range.from);
  }

  // --- hits ---------------------------------------------------------------------------

  /** Hits of a search came; null: they are gone. @param {{parts: string[], before?: boolean}[]|null} hits */
  found(hits) {
    if (!hits) this.hits = [];
    for (const { parts, before } of hits ?? []) {
      const ms = before || this.hits.length >= MOST_HITS ? null : this.times.ofText(parts.join(''));
      if (ms !== null) this.hits.push(ms);
    }
    this.draw();
  }

  // --- drawing --------------------------------------------------------------------------

  /** The zone that times are shown in. */
  get zone() {
    const { zone } = this.viewOptions;
    if (zone === 'mine') return new Intl.DateTimeFormat().resolvedOptions().timeZone;
    return zone === 'utc' ? 'UTC' : knownZone(this.log.stream.hello?.zone);
  }

  /** A span of time in words. @param {Range} range */
  said(range) { return spanText(range, { language: config.language, zone: this.zone, now: Date.now() }); }

  /** Soon: lines may come by the thousand. */
  draw() {
    if (this.parts.volume.strip.hidden || document.hidden || this.later !== undefined) return;
    const wait = this.drawnAt + EVERY_MS - performance.now();
    if (wait <= 0) this.#draw();
    else {
      this.later = setTimeout(() => {
        this.later = undefined;
        this.#draw();
      }, wait);
    }
  }

  #draw() {
    const { parts: { volume: { axis, none, note, plot, strip } }, volume } = this;
    if (!strip.isConnected || document.hidden) return;
    this.drawnAt = performance.now();
    const { columns } = volume;
    const isBlank = columns.length === 0;
    strip.dataset.state = volume.state;
    plot.hidden = isBlank;
    none.hidden = !isBlank;
    note.toggleAttribute('data-running', volume.state === 'running');
    write(note, isBlank ? '' : volume.state === 'running' ? words.say('vol.reading', { p: words.percent(volume.percent) }) : words.say(volume.isEstimated ? 'vol.estimated' : 'vol.entries', { n: volume.total }));
    note.title = volume.isEstimated ? words.say('vol.sampled') : '';
    if (isBlank) {
      write(none, volume.hasNone ? words.say('go.none') : volume.state === 'failed' && volume.error ? words.failure(volume.error) : volume.state === 'running' ? words.say('vol.begun') : '');
      return;
    }
    this.#drawColumns();
    const how = { language: config.language, zone: this.zone };
    const marks = marksOf(volume, Math.max(1, Math.floor(plot.clientWidth / MARK)), how).filter(({ ms }) => this.#part(ms) > 0.015 && this.#part(ms) < 0.985);
    const key = JSON.stringify(marks.map(({ ms, text }) => [this.#part(ms).toFixed(3), text]));
    if (axis.dataset.about !== key) {
      axis.dataset.about = key;
      axis.replaceChildren(...marks.map(({ ms, text }) => at(el('time', {}, text), this.#part(ms))));
    }
    plot.setAttribute('aria-label', words.say('vol.label', { span: words.say(`vol.${volume.span}`) }));
    plot.setAttribute('aria-valuemax', String(columns.length - 1));
    this.#drawChosen();
    this.#drawHere();
    this.#drawPointed();
  }

  /** Where a moment is, from 0 to 1. @param {number} ms */
  #part(ms) { return (ms - this.volume.from) / (this.volume.to - this.volume.from); }

  #drawColumns() {
    const { parts: { volume: { bars, picture } }, volume: { columns, from, to, width } } = this;
    const most = Math.max(1, ...columns.map(([errors, warnings, others]) => errors + warnings + others));
    const paths = { error: '', warning: '', other: '', hit: '' };
    const box = (/** @type {number} */ i, /** @type {number} */ y, /** @type {number} */ height) => `M${i * COLUMN} ${y.toFixed(2)}h${COLUMN - 1}v${height.toFixed(2)}h${1 - COLUMN}z`;
    columns.forEach((column, i) => {
      let y = HEIGHT;
      column.forEach((count, kind) => {
        if (!count) return;
        const height = Math.max(LEAST, (count / most) * (HEIGHT - HIT - 2 * LEAST));
        y -= height;
        paths[KINDS[kind]] += box(i, y, height);
      });
    });
    const hit = new Set(this.hits.filter((ms) => ms >= from && ms < to).map((ms) => Math.floor((ms - from) / width)));
    for (const i of hit) paths.hit += box(i, 0, HIT);
    picture.setAttribute('viewBox', `0 0 ${columns.length * COLUMN} ${HEIGHT}`);
    for (const [kind, path] of Object.entries(paths)) bars[kind].setAttribute('d', path);
  }

  /** The range that is being chosen, or else the one that is kept to. */
  #drawChosen() {
    const { parts: { volume: { chosen } }, choice, volume } = this;
    const { range } = this.finding.query;
    const shown = choice ? { from: volume.rangeOf(choice.from).from, to: volume.rangeOf(choice.to).to } : range;
    const [from, to] = shown ? [Math.max(0, this.#part(shown.from)), Math.min(1, this.#part(shown.to))] : [0, 0];
    chosen.hidden = !shown || to <= from;
    across(chosen, from, to);
  }

  /** What of it is on screen. */
  #drawHere() {
    const { parts: { volume: { here } }, rows: { at: top, height, shown } } = this;
    let [from, to] = [Infinity, -Infinity];
    if (shown.length) {
      const last = shown.indexAt(Math.max(0, top + height - 1));
      for (let i = shown.indexAt(Math.max(0, top)); i <= last; i++) {
        const item = shown.at(i);
        const ms = item.kind === 'line' ? this.times.of(item) : null;
        if (ms !== null) [from, to] = [Math.min(from, ms), Math.max(to, ms)];
      }
    }
    const parts = [Math.max(0, this.#part(from)), Math.min(1, this.#part(to))];
    here.hidden = !(parts[0] <= 1 && parts[1] >= 0);
    if (!here.hidden) across(here, parts[0], parts[1]);
  }

  /** @param {number|null} column */
  #point(column) {
    this.at = column;
    if (this.volume.columns.length) {
      this.#drawChosen();
      this.#drawPointed();
    }
  }

  /** The box at the pointer: a time, and what was written then. */
  #drawPointed() {
    const { parts: { volume: { plot, tip } }, choice, volume } = this;
    const column = this.at === null ? null : Math.min(this.at, volume.columns.length - 1);
    tip.hidden = column === null;
    if (column === null) {
      // A slider always has a value.
      plot.setAttribute('aria-valuenow', String(volume.columns.length - 1));
      plot.setAttribute('aria-valuetext', words.say(volume.isEstimated ? 'vol.estimated' : 'vol.entries', { n: volume.total }));
      return;
    }
    const { from, to } = choice ?? { from: column, to: column };
    const counts = [0, 1, 2].map((kind) => volume.columns.slice(from, to + 1).reduce((sum, one) => sum + one[kind], 0));
    const range = { from: volume.rangeOf(from).from, to: volume.rangeOf(to).to };
    const hits = this.hits.filter((ms) => ms >= range.from && ms < range.to).length;
    const number = (/** @type {number} */ n) => (volume.isEstimated && n ? words.say('vol.about', { n }) : words.number(n));
    const facts = [...KINDS.map((kind, i) => [kind, words.say(`level.${kind}`), number(counts[i])]), ...(hits ? [['hit', words.say('vol.hits'), words.number(hits)]] : [])];
    const when = this.said(range);
    const text = `${when}: ${facts.map(([, name, count]) => `${name} ${count}`).join(', ')}`;
    plot.setAttribute('aria-valuenow', String(column));
    if (plot.getAttribute('aria-valuetext') !== text) {
      plot.setAttribute('aria-valuetext', text);
      tip.replaceChildren(el('b', {}, when), ...facts.flatMap(([kind, name, count]) => [el('span', {}, el('i', { 'data-kind': kind }), name), el('span', {}, count)]));
    }
    const { clientWidth } = plot;
    const middle = ((from + to + 1) / 2 / volume.columns.length) * clientWidth;
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.max(half - 60, Math.min(clientWidth - half, middle))}px`;
  }
}

/** @template {HTMLElement} T @param {T} node @param {number} part @returns {T} */
function at(node, part) {
  node.style.left = `${(part * 100).toFixed(2)}%`;
  return node;
}

/** @param {HTMLElement} node @param {number} from @param {number} to */
function across(node, from, to) {
  at(node, from);
  node.style.width = `${((to - from) * 100).toFixed(2)}%`;
}
