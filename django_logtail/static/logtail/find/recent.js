/** The recent filters of a log: a list below the empty field, opened by a click there or the down arrow. */

import { settings } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { termIn, termOfExpression } from './terms.js';

const MOST = 6;
const MOST_CHARACTERS = 300;

export class Recent {
  /** @param {{log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, finding: import('./finding.js').Finding}} parts */
  constructor({ log, parts, finding }) {
    this.log = log;
    this.finding = finding;
    this.query = parts.query;
    this.list = parts.recent;
    /** Which one the arrows are at; -1: none. */
    this.at = -1;
    const { query } = this;
    query.addEventListener('keydown', (event) => this.#onKey(event));
    query.addEventListener('click', () => this.#open());
    query.addEventListener('input', () => this.close());
    query.addEventListener('blur', () => {
      this.remember();
      this.close();
    });
  }

  get isOpen() { return !this.list.hidden; }

  /** @returns {string[]} the last one first; expressions as chips have them */
  get #kept() { return this.log.info ? settings.log(this.log.info.slug).recent : []; }

  /** Keeps what is in the field. */
  remember() {
    const { finding, log, query } = this;
    const typed = query.value.trim();
    if (!typed || !log.info || typed.length > MOST_CHARACTERS || finding.trouble.bad || finding.trouble.isSlow) return;
    const one = finding.flags.regex ? termOfExpression(query.value) : typed;
    const kept = this.#kept;
    if (kept[0] !== one) settings.saveLog(log.info.slug, { recent: [one, ...kept.filter((other) => other !== one)].slice(0, MOST) });
  }

  close() {
    if (!this.isOpen) return;
    this.list.hidden = true;
    this.list.replaceChildren();
    this.query.removeAttribute('aria-activedescendant');
  }

  #open() {
    const kept = this.#kept;
    if (this.isOpen || this.query.value || !kept.length) return;
    this.at = -1;
    this.list.replaceChildren(...kept.map((one, i) => {
      const term = termIn(one);
      const isExpression = term.kind === 'regex';
      return el('div.lt-item', {
        role: 'option', id: `${this.list.id}-${i}`, 'aria-selected': 'false',
        // The field keeps the focus.
        mousedown: (/** @type {Event} */ event) => event.preventDefault(), click: () => this.#take(one),
      }, icon('clock'), isExpression ? el('i', {}, '.*') : null, el('span', {}, isExpression ? term.source : one));
    }));
    this.list.hidden = false;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { key } = event;
    if (this.isOpen && (key === 'ArrowDown' || key === 'ArrowUp')) this.#move(key === 'ArrowDown' ? 1 : -1);
    else if (!this.query.value && key === 'ArrowDown') {
      this.#open();
      if (!this.isOpen) return;
      this.#move(1);
    } else if (this.isOpen && key === 'Enter' && this.at >= 0) this.#take(this.#kept[this.at]);
    else if (this.isOpen && key === 'Escape') this.close();
    else {
      if (key === 'Enter' || key === 'Escape') this.remember();
      if (key !== 'Shift' && key !== 'Control' && key !== 'Alt' && key !== 'Meta') this.close();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} step */
  #move(step) {
    const all = [...this.list.children];
    this.at = (this.at + step + all.length + (this.at < 0 && step < 0 ? 1 : 0)) % all.length;
    all.forEach((one, i) => one.setAttribute('aria-selected', String(i === this.at)));
    this.query.setAttribute('aria-activedescendant', all[this.at].id);
  }

  /** @param {string} one */
  #take(one) {
    const { finding, query } = this;
    const term = termIn(one);
    this.close();
    finding.flags.regex = term.kind === 'regex';
    query.value = term.kind === 'regex' ? term.source : one;
    finding.search();
    query.focus();
  }
}
