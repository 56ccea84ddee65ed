/** The list of logs: groups, sizes, which are being written, saved views, type to find. */

import { config, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon, reshape } from '../ui/icons.js';
import { fragmentOfPanes, panesOf, withoutPlaces } from '../log/view.js';
import { Older } from './older.js';

/** @typedef {{id: number, name: string, fragment: string, for: 'me'|'group'|'everyone', group: string, mine: boolean}} SavedView */
/** A pattern whose members are listed under its name; `files`: how many match. @typedef {{group: string, files: number, shown: number}} Pattern */
/** @typedef {import('../log/open-log.js').LogInfo & {group: string, description: string, size: number|null, writing: boolean, page: string, save: string, search: string, views: SavedView[]}} Log */

export class List {
  /** @param {HTMLElement} side @param {{open(log: any, beside: boolean): void, openView(log: Log, view: SavedView): void, openFile(log: Log, file: string): void, askForFiles(log: Log): void, editView(log: Log, view: SavedView): void, help(): void, theme(): void, side(): void}} actions */
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
    /** By slug. The elements are kept as long as the list: replacing one between press and release would lose the click. @type {Map<string, Link>} */
    this.links = new Map();
    /** By number. @type {Map<number, ViewLink>} */
    this.viewLinks = new Map();
    /** The older files of each log that was watched here, by its slug. @type {Map<string, Older>} */
    this.older = new Map();
    /** @type {Pattern[]} */
    this.patterns = config.patterns;
    /** What the address shows of the log that is used. */
    this.fragment = '';
    /** @type {Map<string, number>} */
    this.errors = new Map();
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
      const pressed = /** @type {Element} */ (event.target).closest('.lt-log, .lt-view-edit');
      const log = this.logs?.find((one) => one.slug === pressed?.getAttribute('data-slug'));
      if (!pressed || !log || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      const view = log.views.find((one) => String(one.id) === pressed.getAttribute('data-view'));
      if (!view) this.actions.open(log, event.altKey);
      else if (pressed.matches('.lt-view-edit')) this.actions.editView(log, view);
      else this.actions.openView(log, view);
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

  /** @param {Log[]} logs @param {string|null} current @param {string} [fragment] what the address shows of it @param {Map<string, number>} [errors] since the viewer last looked, by log */
  draw(logs, current, fragment = this.fragment, errors = this.errors) {
    const isOther = current !== this.current;
    this.logs = logs;
    this.current = current;
    this.fragment = fragment;
    this.errors = errors;
    const wanted = this.find.value.trim().toLowerCase();
    this.order = logs.filter((log) => !wanted || log.name.toLowerCase().includes(wanted) || log.slug.includes(wanted));
    const shape = JSON.stringify([this.order.map((log) => [log.slug, log.group, log.views.map((view) => [view.id, view.mine])]), this.patterns, this.order.length ? '' : wanted, logs.length > 0]);
    if (shape !== this.shape) this.#arrange(logs.length > 0);
    this.shape = shape;
    const shown = [fragment, withoutPlaces(fragment)];
    for (const log of this.order) {
      const isCurrent = log.slug === current;
      const view = isCurrent && fragment ? log.views.find((one) => shown.includes(fragmentOfPanes(panesOf(one.fragment)))) : undefined;
      this.links.get(log.slug)?.show(log, isCurrent && !view, wanted, errors.get(log.slug) ?? 0);
      for (const one of log.views) this.viewLinks.get(one.id)?.show(log, one, one === view);
    }
    // Only a list that is longer than the window scrolls, and only when another log is opened.
    if (isOther) this.host.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
    write(this.summary, words.say('nav.summary', { n: logs.length, m: logs.filter((log) => log.writing).length }));
  }

  /** The files of a log, which only its panes know. @param {string} slug @param {import('../connection/requests.js').LogFile[]} files @param {boolean} more */
  showFiles(slug, files, more) {
    const log = this.logs?.find((one) => one.slug === slug);
    if (!log) return;
    const isNew = !this.older.has(slug);
    const older = this.older.get(slug) ?? new Older(log, this.actions);
    this.older.set(slug, older);
    older.show(files, more);
    if (isNew) this.#arrange(true);
  }

  /** What says that a group has not every file that matches its pattern. @param {string} group */
  #cut(group) {
    return this.patterns.filter((pattern) => pattern.group === group && pattern.files > pattern.shown)
      .map(({ files, shown }) => el('p.lt-side-none', {}, words.say('nav.cut', { shown, files })));
  }

  #arrange(/** @type {boolean} */ any) {
    const focused = this.host.contains(document.activeElement) ? document.activeElement?.getAttribute('data-slug') : null;
    const before = this.links;
    this.links = new Map(this.order.map((log) => [log.slug, before.get(log.slug) ?? new Link(log.slug)]));
    const views = this.viewLinks;
    this.viewLinks = new Map(this.order.flatMap((log) => log.views.map((view) => [view.id, views.get(view.id) ?? new ViewLink(log, view)])));
    /** @type {Map<string, Log[]>} */
    const groups = new Map();
    for (const log of this.order) groups.set(log.group, [...(groups.get(log.group) ?? []), log]);
    const children = [...groups].map(([name, members]) => el('div.lt-side-group', { role: 'group', 'aria-label': name || words.say('app.title') },
      name || groups.size > 1 ? el('div.lt-group', { 'aria-hidden': 'true' }, name || words.say('nav.none.group')) : null, ...members.flatMap((log) => [this.links.get(log.slug)?.element, ...log.views.map((view) => this.viewLinks.get(view.id)?.element), this.older.get(log.slug)?.element ?? null]), ...this.#cut(name)));
    if (!this.order.length) children.push(el('p.lt-side-none', {}, any ? words.say('nav.none', { q: this.find.value }) : words.say('empty.none')));
    this.host.replaceChildren(...children);
    if (focused) this.links.get(focused)?.element.focus();
  }
}

/** A saved view, below its log. */
class ViewLink {
  /** @param {Log} log @param {SavedView} view */
  constructor({ slug }, { id, mine }) {
    const of = { 'data-slug': slug, 'data-view': String(id) };
    this.shape = icon('bookmark');
    this.name = el('span.lt-log-name');
    this.who = el('span.lt-who');
    this.link = el('a.lt-log.lt-older', of, this.shape, this.name, this.who);
    this.edit = mine ? el('button.lt-icon.lt-icon-s.lt-view-edit', { type: 'button', ...of }, icon('tune')) : null;
    this.element = el('div.lt-view-row', {}, this.link, this.edit);
  }

  /** @param {Log} log @param {SavedView} view @param {boolean} isCurrent */
  show(log, view, isCurrent) {
    const drawn = JSON.stringify([log.page, view, isCurrent]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const whom = view.for === 'everyone' ? words.say('view.all') : view.group;
    attribute(this.link, 'href', `${log.page}#${view.fragment || 'view=1'}`);
    attribute(this.link, 'title', view.name);
    attribute(this.link, 'aria-current', isCurrent ? 'page' : null);
    reshape(this.link, view.for === 'me' ? 'bookmark' : 'people');
    write(this.name, view.name);
    write(this.who, whom);
    if (this.edit) attribute(this.edit, 'aria-label', words.say('view.edit', { name: view.name }));
  }
}

/** One log in the list. */
class Link {
  constructor(/** @type {string} */ slug) {
    this.dot = el('i.lt-dot');
    this.name = el('span.lt-log-name');
    this.errors = el('span.lt-badge', { hidden: true });
    this.size = el('span.lt-log-size');
    this.element = el('a.lt-log', { 'data-slug': slug }, this.dot, this.name, this.errors, this.size);
  }

  /** @param {Log} log @param {boolean} isCurrent @param {string} wanted what of its name is marked @param {number} errors since the viewer last looked */
  show(log, isCurrent, wanted, errors) {
    const drawn = JSON.stringify([log, isCurrent, wanted, errors]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    attribute(this.element, 'href', log.page);
    attribute(this.element, 'title', log.description || null);
    attribute(this.element, 'aria-current', isCurrent ? 'page' : null);
    this.dot.classList.toggle('lt-quiet', !log.writing);
    attribute(this.dot, 'role', log.writing ? 'img' : null);
    attribute(this.dot, 'aria-label', log.writing ? words.say('nav.writing') : null);
    this.errors.hidden = !errors;
    write(this.errors, errors ? words.number(errors) : '');
    this.errors.title = errors ? words.say('nav.newerrors', { n: errors }) : '';
    write(this.size, log.size === null ? '' : log.size ? words.size(log.size) : '0');
    this.#mark(log.name, wanted);
  }

  #mark(/** @type {string} */ name, /** @type {string} */ wanted) {
    const marked = JSON.stringify([name, wanted]);
    if (marked === this.marked) return;
    this.marked = marked;
    const at = wanted ? name.toLowerCase().indexOf(wanted) : -1;
    if (at < 0) this.name.replaceChildren(name);
    else this.name.replaceChildren(name.slice(0, at), el('mark', {}, name.slice(at, at + wanted.length)), name.slice(at + wanted.length));
  }
}

/** @param {Element} element @param {string} name @param {string|null} value null: none */
function attribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
