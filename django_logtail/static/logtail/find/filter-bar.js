/**
 * The bar above the lines: the field and its switches, how many matches there are, and the levels; under it the chips,
 * and the box that says what typed terms look for.
 */

import { settings, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { hintOf, hintsOf } from './hints.js';
import { BadExpression } from './matcher.js';
import { termIn } from './terms.js';

const LEVELS = /** @type {const} */ ([['E', 'error'], ['W', 'warning'], ['I', 'info'], ['D', 'debug']]);

export class FilterBar {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, filtered: import('./filtered.js').Filtered,
   *   finding: import('./finding.js').Finding, rows: import('../rows/rows.js').Rows,
   * }} parts
   * @param {{changed(): void, said(range: import('../log/volume.js').Range): string}} listener `changed`: other levels are wanted; `said`: a time in words
   */
  constructor({ log, parts, filtered, finding, rows }, listener) {
    this.log = log;
    this.parts = parts;
    this.filtered = filtered;
    this.finding = finding;
    this.listener = listener;
    this.rows = rows;
    /** Asks about an expression that came with a link. @type {HTMLElement|null} */
    this.strip = null;
    /** The chips that are drawn. */
    this.drawnPins = '';
    /** Where the view begins in the pane, in pixels; NaN before it is laid out. */
    this.viewTop = NaN;
    new ResizeObserver(() => this.#keepLines()).observe(parts.view);
    const { query } = parts;
    for (const type of ['focus', 'blur']) query.addEventListener(type, () => this.#drawHints());
    // A switch that is tapped while one types leaves the focus in the field, whose box it may stand in.
    for (const flag of Object.values(parts.flags)) flag.addEventListener('mousedown', (event) => { if (document.activeElement === query) event.preventDefault(); });
  }

  /** @param {string} level shown from now on, or hidden */
  toggleLevel(level) {
    const { off } = this.filtered;
    if (!off.delete(level)) off.add(level);
    this.#saveLevels();
    this.listener.changed();
  }

  /** Removes everything that hides lines. */
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
    // Lines hidden by exclusions alone say nothing about matches.
    if (query.hides && (flags.only || flags.invert || !query.seeks)) text = words.say('filter.shown', { i: filtered.lines, n: filtered.all });
    else text = n ? words.say('filter.count', { i: Math.max(0, finding.current) + 1, n }) : words.say('filter.zero');
    write(parts.matchText, text);
  }

  /** What each typed term looks for, before it applies. */
  #drawHints() {
    const { finding, parts } = this;
    const { trouble, wanted } = finding;
    const { value } = parts.query;
    // Typed text is read in a moment.
    if (value !== wanted.text && value) return;
    const hints = value.trim() ? hintsOf(wanted, trouble, words) : [];
    parts.filter.classList.toggle('lt-bad', hints.some((hint) => hint.isBad));
    const isOpen = hints.length > 0 && document.activeElement === parts.query;
    const { hint } = parts;
    if (isOpen) {
      const rows = hints.map(({ icon: shape, text, code, isBad }) => el('div', { 'data-bad': isBad || null }, icon(shape), el('span', {}, text), el('code', { 'aria-hidden': 'true' }, code)));
      const said = rows.map((row) => row.textContent).join('\n');
      if (this.drawnHints !== said) {
        this.drawnHints = said;
        hint.replaceChildren(...rows, this.#keepButton(), this.#keys());
      }
    }
    hint.hidden = !isOpen;
    if (!isOpen && this.drawnHints) {
      this.drawnHints = '';
      hint.replaceChildren();
    }
  }

  /** Keeps the typed terms, on screens without room for the keys. */
  #keepButton() {
    const button = el('button.lt-btn.lt-keep', { type: 'button', tabindex: '-1', click: () => this.finding.pin() }, words.say('hint.keep'));
    // The box closes when the field loses the focus, which would be before the click.
    button.addEventListener('mousedown', (event) => event.preventDefault());
    return button;
  }

  #keys() {
    const key = (/** @type {string} */ name, /** @type {string} */ what) => el('span', {}, el('kbd.lt-kbd', {}, name), words.say(what));
    const { wanted } = this.finding;
    const keys = [key('Enter', 'filter.next'), key('Ctrl Enter', 'hint.pin')];
    if (wanted.typed.some((term) => term.kind === 'field')) keys.push(key('" "', 'hint.quote'));
    return el('footer', { 'aria-hidden': 'true' }, ...keys);
  }

  #drawPins() {
    const { finding, parts } = this;
    const { held, pinned, proposed } = finding;
    const time = finding.range ? this.listener.said(finding.range) : '';
    const drawn = JSON.stringify([time, pinned, [...held.keys()], proposed, finding.asks]);
    if (this.drawnPins === drawn) return;
    this.drawnPins = drawn;
    const chips = pinned.map((term) => this.#chip(term));
    if (time) chips.unshift(this.#timeChip(time));
    if (proposed) chips.push(this.#proposed(proposed));
    this.#drawStrip(finding.asked);
    parts.pins.replaceChildren(...chips);
    parts.pinRow.hidden = chips.length === 0;
  }

  /** @param {string} chip */
  #chip(chip) {
    const term = termIn(chip);
    const held = this.finding.held.get(chip);
    const shown = term.kind === 'regex' ? term.source : chip;
    const isAsked = held?.why === 'link';
    const kind = held ? (isAsked ? 'ask' : 'bad') : term.kind === 'bad' ? 'bad' : term.not ? 'not' : term.kind;
    const title = held ? this.#whyHeld(held) : hintOf(term, words, () => true).text;
    const label = words.say('filter.unpin', { term: shown });
    const made = el('button.lt-pin', { type: 'button', 'data-kind': kind, 'aria-label': label, title, click: () => this.#leaving(made, () => this.finding.remove(chip)) },
      kind === 'not' ? icon('not') : kind === 'bad' || kind === 'ask' ? icon('warn') : null, kind === 'regex' ? el('i', { 'aria-hidden': 'true' }, '.*') : null,
      el('span', {}, kind === 'not' ? chip.slice(1) : shown), icon('x'));
    return made;
  }

  /** The range of time. @param {string} time in words */
  #timeChip(time) {
    const made = el('button.lt-pin', { type: 'button', 'data-kind': 'time', 'aria-label': words.say('filter.unpin', { term: time }), title: words.say('vol.range'), click: () => this.#leaving(made, () => this.finding.keepTo(null)) },
      icon('clock'), el('span', {}, time), icon('x'));
    return made;
  }

  /** Why a chip is not used. @param {{why: 'link'|'slow'}|import('./matcher.js').BadExpression} held */
  #whyHeld(held) {
    if (held instanceof BadExpression) return words.say('filter.bad', { msg: words.failure(/** @type {any} */ (held)) });
    return words.say(held.why === 'link' ? 'hint.proposed' : 'filter.slow');
  }

  /** An expression that came with a link and has not run. @param {string} expression */
  #proposed(expression) {
    const { finding } = this;
    /** @type {HTMLElement} */
    const chip = el('button.lt-pin', { type: 'button', 'data-kind': 'ask', 'aria-label': words.say('filter.unpin', { term: expression }), title: words.say('hint.proposed'), click: () => this.#leaving(chip, () => finding.dismissProposed()) },
      icon('warn'), el('span', {}, expression), icon('x'));
    return chip;
  }

  /** Asks whether to run the expressions that came with a link. @param {string[]} expressions */
  #drawStrip(expressions) {
    this.strip?.remove();
    this.strip = null;
    if (!expressions.length) return;
    const what = expressions.map((re) => words.say('hint.matches', { re })).join(words.say('list.and'));
    const said = expressions.length > 1 ? words.say('link.regexes', { what }) : words.say('link.regex', { re: expressions[0] });
    const { finding, parts } = this;
    const link = (/** @type {string} */ key, /** @type {() => void} */ act) => el('button.lt-link', { type: 'button', click: () => {
      parts.query.focus();
      act();
    } }, words.say(key));
    const sign = icon('warn');
    sign.classList.add('lt-notice-icon');
    this.strip = el('div.lt-notice.lt-proposal', { role: 'status' }, sign, el('span.lt-notice-text', {}, said), el('span.lt-grow'),
      el('span.lt-notice-acts', {}, link('filter.run', () => finding.runProposed()), link('filter.leave', () => finding.dismissProposed())));
    parts.pinRow.after(this.strip);
  }

  /** A chip goes; the focus goes to the one that takes its place. @param {HTMLElement} chip @param {() => void} change */
  #leaving(chip, change) {
    const { pins, query } = this.parts;
    const index = [...pins.children].indexOf(chip);
    change();
    const next = /** @type {HTMLElement|undefined} */ (pins.children[Math.min(index, pins.children.length - 1)]);
    (next ?? query).focus({ preventScroll: true });
  }

  /** Content above the lines appeared, disappeared or changed its height: keep the line being read in place, before the frame is painted. */
  #keepLines() {
    const { parts: { bar, view }, rows } = this;
    if (!view.clientHeight) return;
    const top = view.getBoundingClientRect().top - /** @type {HTMLElement} */ (bar.parentElement).getBoundingClientRect().top;
    const moved = top - this.viewTop;
    this.viewTop = top;
    if (moved && !rows.follow) rows.moved(moved);
  }
}
