/** The bar above the lines: the field with its pinned terms and switches, how many matches there are, and the levels. */

import { settings, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

const LEVELS = /** @type {const} */ ([['E', 'error'], ['W', 'warning'], ['I', 'info'], ['D', 'debug']]);

export class FilterBar {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, filtered: import('./filtered.js').Filtered,
   *   finding: import('./finding.js').Finding,
   * }} parts
   * @param {{changed(): void}} listener `changed`: other levels are wanted
   */
  constructor({ log, parts, filtered, finding }, listener) {
    this.log = log;
    this.parts = parts;
    this.filtered = filtered;
    this.finding = finding;
    this.listener = listener;
    /** @type {string[]} the pinned terms that are drawn */
    this.drawnPins = [];
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
    this.#drawTrouble();
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

  #drawTrouble() {
    const { finding, parts } = this;
    const { bad, isSlow } = finding.trouble;
    parts.filter.classList.toggle('lt-bad', isSlow || bad !== null);
    write(parts.queryMessage, isSlow ? words.say('filter.slow') : bad ? words.say('filter.bad', { msg: words.failure(bad) }) : '');
  }

  #drawPins() {
    const { finding, parts } = this;
    if (this.drawnPins === finding.pinned) return;
    this.drawnPins = finding.pinned;
    parts.pins.replaceChildren(...finding.pinned.map((term) => {
      const made = el('button.lt-pin', { type: 'button', 'aria-label': words.say('filter.unpin', { term }), click: () => {
        finding.remove(term);
        parts.query.focus();
      } }, el('span', {}, term));
      made.append(icon('x'));
      return made;
    }));
  }
}
