/**
 * The bar above the lines: the field and its switches, how many matches there are, and the levels; under it the chips,
 * and the box that says what typed terms look for.
 */

import { settings, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { hintOf, hintsOf } from './hints.js';
import { termIn } from './terms.js';

const LEVELS = /** @type {const} */ ([['E', 'error'], ['W', 'warning'], ['I', 'info'], ['D', 'debug']]);

export class FilterBar {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, filtered: import('./filtered.js').Filtered,
   *   finding: import('./finding.js').Finding, rows: import('../rows/rows.js').Rows,
   * }} parts
   * @param {{changed(): void}} listener `changed`: other levels are wanted
   */
  constructor({ log, parts, filtered, finding, rows }, listener) {
    this.log = log;
    this.parts = parts;
    this.filtered = filtered;
    this.finding = finding;
    this.listener = listener;
    this.rows = rows;
    /** The chips that are drawn. */
    this.drawnPins = '';
    /** Whether the box was closed for what is typed now. */
    this.isHintClosed = false;
    /** Where the view begins in the pane, in pixels; NaN before it is laid out. */
    this.viewTop = NaN;
    new ResizeObserver(() => this.#keepLines()).observe(parts.view);
    const { query } = parts;
    for (const type of ['focus', 'blur']) query.addEventListener(type, () => this.#drawHints());
    query.addEventListener('input', () => { this.isHintClosed = false; });
  }

  get isHintOpen() { return !this.parts.hint.hidden; }

  closeHint() {
    this.isHintClosed = true;
    this.#drawHints();
  }

  /** @param {string} level shown from now on, or hidden */
  toggleLevel(level) {
    const { off } = this.filtered;
    if (!off.delete(level)) off.add(level);
    this.#saveLevels();
    this.listener.changed();
  }

  /** Takes away whatever hides lines. */
  clear() {
    this.filtered.off.clear();
    if (this.log.info) this.#saveLevels();
    this.finding.clear();
  }

  #saveLevels() {
    settings.saveLog(this.log.info.slug, { off: [...this.filtered.off] });
  }

  drawLevels() {
    const { filtered, parts } = this;
    const { store } = this.log;
    for (const [level, name] of LEVELS) {
      const button = parts.levels[level];
      const label = words.say(`level.${name}`);
      const count = words.number(store.counts[level]);
      write(/** @type {Element} */ (button.querySelector('b')), count);
      button.dataset.zero = String(!store.counts[level]);
      button.setAttribute('aria-label', `${label}, ${count}`);
      button.setAttribute('aria-pressed', String(!filtered.off.has(level)));
    }
  }

  /** The query and what it found. */
  draw() {
    const { filtered, finding, parts } = this;
    const { flags, query } = finding;
    this.#drawHints();
    this.#drawPins();
    for (const flag of Object.keys(flags)) parts.flags[flag].setAttribute('aria-pressed', String(flags[flag]));
    parts.matchNav.hidden = !query.active;
    if (!query.active) return;
    const n = filtered.matches.length;
    if (finding.current >= n) finding.current = n - 1;
    let text;
    if (query.hides) text = words.say('filter.shown', { i: filtered.lines, n: filtered.all });
    else text = n ? words.say('filter.count', { i: Math.max(0, finding.current) + 1, n }) : words.say('filter.zero');
    write(parts.matchText, text);
  }

  /** What each term that is typed looks for, before it is asked for. */
  #drawHints() {
    const { finding, parts } = this;
    const { trouble, wanted } = finding;
    const { value } = parts.query;
    // Typed text is read in a moment.
    if (value !== wanted.text && value) return;
    const hints = value.trim() ? hintsOf(wanted, trouble, words) : [];
    parts.filter.classList.toggle('lt-bad', hints.some((hint) => hint.isBad));
    const isOpen = hints.length > 0 && !this.isHintClosed && document.activeElement === parts.query;
    const { hint } = parts;
    if (isOpen) {
      const rows = hints.map(({ icon: shape, text, code, isBad }) => el('div', { 'data-bad': isBad || null }, icon(shape), el('span', {}, text), el('code', { 'aria-hidden': 'true' }, code)));
      const said = rows.map((row) => row.textContent).join('\n');
      if (this.drawnHints !== said) {
        this.drawnHints = said;
        hint.replaceChildren(...rows, this.#keys());
      }
    }
    hint.hidden = !isOpen;
    if (!isOpen && this.drawnHints) {
      this.drawnHints = '';
      hint.replaceChildren();
    }
  }

  #keys() {
    const key = (/** @type {string} */ name, /** @type {string} */ what) => el('span', {}, el('kbd.lt-kbd', {}, name), words.say(what));
    const { wanted } = this.finding;
    const keys = [key('Enter', 'filter.next')];
    if (!wanted.expression) keys.push(key('Ctrl Enter', 'hint.pin'));
    if (wanted.typed.some((term) => term.kind === 'field')) keys.push(key('" "', 'hint.quote'));
    return el('footer', { 'aria-hidden': 'true' }, ...keys);
  }

  #drawPins() {
    const { finding, parts } = this;
    const { pinned, proposed } = finding;
    const drawn = JSON.stringify([pinned, proposed]);
    if (this.drawnPins === drawn) return;
    this.drawnPins = drawn;
    const chips = pinned.map((term) => this.#chip(term));
    if (proposed) chips.push(...this.#proposal(proposed));
    parts.pins.replaceChildren(...chips);
    parts.pinRow.hidden = chips.length === 0;
  }

  /** @param {string} chip */
  #chip(chip) {
    const term = termIn(chip);
    const hint = hintOf(term, words, () => true);
    const kind = term.kind === 'bad' ? 'bad' : term.not ? 'not' : term.kind;
    const label = words.say('filter.unpin', { term: chip });
    const made = el('button.lt-pin', { type: 'button', 'data-kind': kind, 'aria-label': label, title: hint.text, click: () => this.#leaving(made, () => this.finding.remove(chip)) },
      kind === 'not' ? icon('not') : kind === 'bad' ? icon('warn') : null, el('span', {}, kind === 'not' ? chip.slice(1) : chip), icon('x'));
    return made;
  }

  /** An expression that came with a link and has not run. @param {string} expression */
  #proposal(expression) {
    const { finding, parts } = this;
    const chip = el('button.lt-pin', { type: 'button', 'data-kind': 'ask', 'aria-label': words.say('filter.unpin', { term: expression }), title: words.say('hint.proposed'), click: () => this.#leaving(chip, () => finding.dismissProposed()) },
      icon('warn'), el('span', {}, expression), icon('x'));
    const run = el('button.lt-link', { type: 'button', click: () => {
      parts.query.focus();
      finding.runProposed();
    } }, words.say('filter.run'));
    return [chip, run];
  }

  /** A chip goes; the focus goes to the one that takes its place. @param {HTMLElement} chip @param {() => void} change */
  #leaving(chip, change) {
    const { pins, query } = this.parts;
    const index = [...pins.children].indexOf(chip);
    change();
    const next = /** @type {HTMLElement|undefined} */ (pins.children[Math.min(index, pins.children.length - 1)]);
    (next ?? query).focus({ preventScroll: true });
  }

  /** What stands above the lines came, went or got another height: the line that is read stays where it is. Runs before the frame is painted. */
  #keepLines() {
    const { parts: { bar, view }, rows } = this;
    if (!view.clientHeight) return;
    const top = view.getBoundingClientRect().top - /** @type {HTMLElement} */ (bar.parentElement).getBoundingClientRect().top;
    const moved = top - this.viewTop;
    this.viewTop = top;
    if (moved && !rows.follow) rows.moved(moved);
  }
}
