/** The panel below the log with the hits of a search of the whole file. A click on a hit shows it in the log. */

import { words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { fill } from '../rows/fill.js';
import { headOf } from '../formats/heads.js';
import { Query } from './filter.js';
import { refusalOf, Search, searchedFor, shownOf, soughtBy } from './search.js';
import { steering } from '../formats/text.js';

/** Milliseconds between two reports of a search's progress: a screen reader would read out nothing else. */
const SAY_MS = 1_000;
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export class Results {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, rows: import('../rows/rows.js').Rows,
   *   finding: import('./finding.js').Finding,
   * }} parts
   * @param {{show(place: import('../log/link.js').Linked): void}} listener `show`: a hit is wanted in the log
   */
  constructor({ log, parts, rows, finding }, listener) {
    this.log = log;
    this.parts = parts.results;
    this.field = parts.query;
    this.view = parts.view;
    this.rows = rows;
    this.finding = finding;
    this.listener = listener;
    /** @type {Search|null} */
    this.search = null;
    /** @type {WeakMap<Element, import('./search.js').Hit>} */
    this.hitOf = new WeakMap();
    this.saidAt = 0;
    this.parts.box.addEventListener('keydown', (event) => this.#onKey(event));
    this.parts.list.addEventListener('click', (event) => {
      const row = /** @type {Element} */ (event.target).closest('.lt-res');
      if (row) this.#show(row);
    });
  }

  get isOpen() { return !this.parts.box.hidden; }

  /** Whether the server can search now. */
  get can() { return this.log.stream.can('search'); }

  /** Searches for all that the filter holds: what is typed, chips, levels. Without a term, the field gets the focus. */
  begin() {
    const { field, finding, parts } = this;
    const { session, stream } = this.log;
    const { off } = finding.filtered;
    // Text typed just now counts.
    const query = new Query(field.value, { ...finding.flags }, finding.pinned, finding.known);
    const sought = soughtBy(query, off);
    if (!sought) return field.focus();
    const file = session?.place?.file;
    if (!this.can || !file) return;
    this.search?.cancel();
    this.search = null;
    parts.list.replaceChildren();
    parts.list.scrollTop = 0;
    write(parts.pattern, words.say('search.for', { what: searchedFor(query, off, words) }));
    const refusal = refusalOf(sought, stream.hello.can);
    if (refusal) write(parts.text, words.say(refusal));
    else {
      const search = new Search(session, file, sought, (fresh) => { if (this.search === search) this.#heard(fresh); });
      this.search = search;
    }
    const wasOpen = this.isOpen;
    parts.box.hidden = false;
    this.#draw(true);
    if (!wasOpen) this.rows.schedule(true);
    parts.list.focus({ preventScroll: true });
  }

  cancel() { this.search?.cancel(); }

  /** Ends the search, and forgets what it found. */
  close() {
    if (!this.isOpen) return;
    const hadFocus = this.parts.box.contains(document.activeElement);
    const { search } = this;
    this.search = null;
    search?.cancel();
    this.parts.box.hidden = true;
    this.parts.list.replaceChildren();
    if (hadFocus) this.view.focus({ preventScroll: true });
  }

  /** @param {import('./search.js').Hit[]} fresh */
  #heard(fresh) {
    const isFirst = fresh.length > 0 && !this.parts.list.childElementCount;
    if (fresh.length) this.parts.list.append(...fresh.map((hit) => this.#row(hit)));
    this.#draw(isFirst);
  }

  /** @param {boolean} isNews report it at once, instead of at the next interval */
  #draw(isNews) {
    const { parts, search } = this;
    const isRunning = search?.state === 'running';
    parts.box.dataset.done = String(!isRunning);
    parts.cancel.hidden = !isRunning;
    if (!search) return;
    parts.bar.style.inlineSize = `${search.percent}%`;
    const now = Date.now();
    if (isRunning && !isNews && now - this.saidAt < SAY_MS) return;
    this.saidAt = now;
    write(parts.text, search.said(words));
  }

  /** @param {import('./search.js').Hit} hit */
  #row(hit) {
    const { text, hits } = shownOf(hit);
    const look = { runs: [], steering: steering(text), hits, hitClass: 'lt-hit' };
    const row = el('button.lt-res', { type: 'button', tabindex: '-1' }, el('span.lt-res-pos', {}, words.number(hit.start)));
    const time = hit.before ? null : headOf(text, this.log.store.entries.formats)?.time;
    if (time) {
      fill(row, text, 0, time[0], look);
      row.append(fill(el('span.lt-ts'), text, ...time, look));
    }
    fill(row, text, time ? time[1] : 0, text.length, look);
    this.hitOf.set(row, hit);
    return el('div', { role: 'listitem' }, row);
  }

  /** @param {Element} row */
  #show(row) {
    const hit = this.hitOf.get(row);
    if (!hit || !this.search) return;
    this.parts.list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    row.setAttribute('aria-current', 'true');
    this.listener.show({ file: this.search.file, start: hit.start, end: hit.start, sum: '' });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    if (event.key === 'Escape') this.close();
    else if (step !== undefined && !event.ctrlKey && !event.altKey && !event.metaKey) this.#move(step);
    else if (event.key === ' ' || event.key === 'Enter') return event.stopPropagation();
    else return undefined;
    event.preventDefault();
    event.stopPropagation();
    return undefined;
  }

  /** @param {number} step */
  #move(step) {
    const rows = /** @type {NodeListOf<HTMLElement>} */ (this.parts.list.querySelectorAll('.lt-res'));
    const at = Array.prototype.indexOf.call(rows, document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at < 0 && step > 0 && step < Infinity ? 0 : at + step))]?.focus();
  }
}
