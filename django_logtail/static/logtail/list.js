/** The list of logs: groups, sizes, which are being written, type to find. */

import { words } from './config.js?v=0.1.0';
import { el, write } from './dom.js?v=0.1.0';
import { size } from './format.js?v=0.1.0';
import { icon } from './icons.js?v=0.1.0';

/** @typedef {{slug: string, name: string, group: string, description: string, size: number|null, writing: boolean, page: string}} Log */

export class List {
  /** @param {HTMLElement} side @param {{open(log: any, beside: boolean): void, help(): void, theme(): void, side(): void}} actions */
  constructor(side, actions) {
    this.actions = actions;
    this.host = /** @type {HTMLElement} */ (side.querySelector('.lt-side-list'));
    const say = words.say;
    const button = (/** @type {string} */ key, /** @type {any} */ shape, /** @type {() => void} */ run, keys = '') => el('button.lt-icon', { type: 'button', 'aria-label': say(key), 'data-keys': keys || null, click: run }, icon(shape));
    side.querySelector('.lt-side-head')?.append(button('nav.hide', 'chevron-left', () => actions.side(), 'B'));
    const glass = icon('search');
    glass.classList.add('lt-field-icon');
    this.find = /** @type {HTMLInputElement} */ (el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: say('nav.find'), 'aria-label': say('nav.find') }));
    this.host.before(el('div.lt-side-find', {}, el('div.lt-field.lt-field-quiet', {}, glass, this.find, el('kbd.lt-kbd', { 'aria-hidden': 'true' }, 'O'))));
    this.summary = el('span');
    this.host.after(el('div.lt-side-foot', {}, this.summary, el('span.lt-grow'), button('set.theme', 'moon', () => actions.theme()), button('do.help', 'keys', () => actions.help(), '?')));
    /** @type {Log[]} */
    this.order = [];
    this.find.addEventListener('input', () => this.draw(this.logs, this.current));
    this.find.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#openFirst();
      else if (event.key === 'ArrowDown') /** @type {HTMLElement|null} */ (this.host.querySelector('.lt-log'))?.focus();
      else if (event.key === 'Escape') {
        if (!this.find.value) this.find.blur();
        this.find.value = '';
        this.draw(this.logs, this.current);
      } else return;
      event.preventDefault();
    });
    this.host.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      const links = [...this.host.querySelectorAll('.lt-log')];
      const next = links[links.indexOf(/** @type {Element} */ (document.activeElement)) + (event.key === 'ArrowDown' ? 1 : -1)];
      event.preventDefault();
      /** @type {HTMLElement} */ (next ?? this.find).focus();
    });
    this.host.addEventListener('click', (event) => {
      const link = /** @type {Element} */ (event.target).closest('.lt-log');
      const log = this.logs?.find((one) => one.slug === link?.getAttribute('data-slug'));
      if (!log || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.actions.open(log, event.altKey);
    });
  }

  #openFirst() {
    const [log] = this.order;
    if (!log) return;
    this.find.value = '';
    this.actions.open(log, false);
  }

  focus() {
    this.find.focus();
    this.find.select();
  }

  /** @param {Log[]} logs @param {string|null} current */
  draw(logs, current) {
    this.logs = logs;
    this.current = current;
    const wanted = this.find.value.trim().toLowerCase();
    this.order = logs.filter((log) => !wanted || log.name.toLowerCase().includes(wanted) || log.slug.includes(wanted));
    const drawn = JSON.stringify([this.order, current, wanted]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const focused = this.host.contains(document.activeElement) ? document.activeElement?.getAttribute('data-slug') : null;
    /** @type {Map<string, Log[]>} */
    const groups = new Map();
    for (const log of this.order) groups.set(log.group, [...(groups.get(log.group) ?? []), log]);
    const children = [...groups].map(([name, members]) => el('div.lt-side-group', { role: 'group', 'aria-label': name || words.say('app.title') },
      name || groups.size > 1 ? el('div.lt-group', { 'aria-hidden': 'true' }, name || words.say('nav.none.group')) : null, ...members.map((log) => this.#link(log, current, wanted))));
    if (!this.order.length) children.push(el('p.lt-side-none', {}, logs.length ? words.say('nav.none', { q: this.find.value }) : words.say('empty.none')));
    this.host.replaceChildren(...children);
    if (focused) /** @type {HTMLElement|null} */ (this.host.querySelector(`[data-slug="${CSS.escape(focused)}"]`))?.focus();
    write(this.summary, words.many('nav.summary', logs.length, { m: words.number(logs.filter((log) => log.writing).length) }));
  }

  /** @param {Log} log @param {string|null} current @param {string} wanted */
  #link(log, current, wanted) {
    const name = el('span.lt-log-name');
    const at = wanted ? log.name.toLowerCase().indexOf(wanted) : -1;
    if (at < 0) name.append(log.name);
    else name.append(log.name.slice(0, at), el('mark', {}, log.name.slice(at, at + wanted.length)), log.name.slice(at + wanted.length));
    const dot = log.writing ? el('i.lt-dot', { role: 'img', 'aria-label': words.say('nav.writing') }) : el('i.lt-dot.lt-quiet');
    return el('a.lt-log', { href: log.page, 'data-slug': log.slug, title: log.description || null, 'aria-current': log.slug === current ? 'page' : null },
      dot, name, el('span.lt-log-size', {}, log.size === null ? '' : log.size ? size(log.size) : '0'));
  }
}
