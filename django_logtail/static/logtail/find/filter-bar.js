/** The bar above the lines: the field with its pinned terms and switches, how many matches there are, and the levels. */

import { settings, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

const LEVELS = /** @type {const} */ ([['E', 'error'], ['W', 'warning'], ['I', 'info'], ['D', 'debug']]);

export class FilterBar {
  /** @param {import('../log-tail.js').LogTail} tail */
  constructor(tail) {
    this.tail = tail;
    /** @type {string[]} the pinned terms that are drawn */
    this.drawnPins = [];
  }

  /** @param {string} level shown from now on, or hidden */
  toggleLevel(level) {
    const { arrivals, chosen } = this.tail;
    if (!chosen.off.delete(level)) chosen.off.add(level);
    this.#saveLevels();
    arrivals.rebuild();
    this.tail.drawing.all();
  }

  /** Takes away whatever hides lines. */
  clear() {
    const { chosen, finding, info } = this.tail;
    chosen.off.clear();
    if (info) this.#saveLevels();
    finding.clear();
  }

  #saveLevels() {
    const { chosen, info } = this.tail;
    settings.saveLog(info.slug, { off: [...chosen.off] });
  }

  drawLevels() {
    const { chosen, parts, store } = this.tail;
    for (const [level, name] of LEVELS) {
      const button = parts.levels[level];
      const label = words.say(`level.${name}`);
      const count = words.number(store.counts[level]);
      write(/** @type {Element} */ (button.querySelector('b')), count);
      button.dataset.zero = String(!store.counts[level]);
      button.setAttribute('aria-label', `${label}, ${count}`);
      button.setAttribute('aria-pressed', String(!chosen.off.has(level)));
    }
  }

  /** The query and what it found. */
  draw() {
    const { chosen, finding, parts } = this.tail;
    const { flags, query } = finding;
    this.#drawTrouble();
    this.#drawPins();
    for (const flag of Object.keys(flags)) parts.flags[flag].setAttribute('aria-pressed', String(flags[flag]));
    parts.matchNav.hidden = !query.active;
    if (!query.active) return;
    const n = chosen.matches.length;
    if (finding.current >= n) finding.current = n - 1;
    let text;
    if (query.hides) text = words.say('filter.shown', { i: chosen.lines, n: chosen.all });
    else text = n ? words.say('filter.count', { i: Math.max(0, finding.current) + 1, n }) : words.say('filter.zero');
    write(parts.matchText, text);
  }

  #drawTrouble() {
    const { finding, parts } = this.tail;
    const { error, isSlow } = finding.trouble;
    parts.filter.classList.toggle('lt-bad', isSlow || error !== '');
    write(parts.queryMessage, isSlow ? words.say('filter.slow') : error && words.say('filter.bad', { msg: error }));
  }

  #drawPins() {
    const { finding, parts } = this.tail;
    if (this.drawnPins === finding.pinned) return;
    this.drawnPins = finding.pinned;
    parts.pins.replaceChildren(...finding.pinned.map((term) => {
      const made = el('button.lt-pin', { type: 'button', 'aria-label': words.say('filter.unpin', { term }), click: () => {
        finding.unpin(term);
        parts.query.focus();
      } }, el('span', {}, term));
      made.append(icon('x'));
      return made;
    }));
  }
}
