/** A list of files that have no log yet, to choose from; or what to do first. For the page without logs, and the admin. */

import { copy } from '../ui/clipboard.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

/**
 * @typedef {{path: string, series: boolean, name: string, group: string, own: boolean, size: number|null, age: number|null, writing: boolean, line: string, trouble: string}} File
 * @typedef {{case: 'noroots'|'mixed'|'stdout', paste: string, file: string, path: string}} Advice
 * @typedef {{files: File[], more: number, crowds: {pattern: string, count: number, form: string}[], roots: string[], silent: string[], advice: Advice|null, host: string, reader: boolean, byhand: string}} Answer
 * @typedef {{registered: string[], page: string, refused: {path: string, text: string}[]}} Added
 */

export class FoundFiles {
  /**
   * @param {{found: string, add: string, headers: Record<string, string>, words: import('../ui/format.js').Words, fetch: typeof fetch, added: (answer: Added) => void, drawn?: (answer: Answer) => void, isForm?: boolean}} given
   *   `isForm`: it stands beside the form for a path, and needs no link to it
   */
  constructor({ found, add, headers, words, fetch, added, drawn = () => {}, isForm = false }) {
    this.urls = { found, add };
    this.headers = headers;
    this.words = words;
    this.fetch = fetch;
    this.added = added;
    this.drawn = drawn;
    this.isForm = isForm;
    this.trouble = el('p.lt-form-trouble', { role: 'alert', hidden: true });
    this.said = el('span.lt-sr', { role: 'status' });
    this.content = el('div');
    this.element = el('div.lt-first', {}, el('div.lt-first-in', {}, this.content, this.said));
  }

  /** Asks what there is, and draws it. */
  async load() {
    const { say } = this.words;
    if (!this.content.firstChild) this.content.append(el('p.lt-first-wait', { role: 'status' }, say('first.looking')));
    try {
      const response = await this.fetch(this.urls.found, { headers: { Accept: 'application/json' }, credentials: 'same-origin', redirect: 'manual' });
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.draw(await response.json());
    } catch {
      this.content.replaceChildren(this.#blank('warn', 'first.failed', '', this.#button('first.again', () => this.load(), true)));
    }
  }

  /** @param {Answer} answer */
  draw(answer) {
    const { files, advice } = answer;
    if (advice) this.content.replaceChildren(this.#advised(advice));
    else if (!files.length) this.content.replaceChildren(this.#blank('file', 'first.nothing', this.words.say('first.nothing.more'), ...this.#silent(answer), this.#byHand(answer), this.#button('first.again', () => this.load())));
    else this.content.replaceChildren(...this.#listed(answer));
    this.drawn(answer);
  }

  /** @param {Answer} answer */
  #listed(answer) {
    const { say } = this.words;
    const own = answer.files.filter((file) => file.own);
    const others = answer.files.filter((file) => !file.own);
    /** @type {HTMLInputElement[]} */
    const boxes = [];
    const rows = (/** @type {File[]} */ files) => files.map((file) => this.#row(file, boxes));
    const chosen = el('span', { 'aria-live': 'polite' });
    const add = /** @type {HTMLButtonElement} */ (this.#button('', () => this.#add(boxes, add), true));
    const label = /** @type {Element} */ (add.querySelector('.lt-label'));
    const count = () => {
      const n = boxes.filter((box) => box.checked).length;
      write(chosen, say('first.chosen', { n }));
      write(label, say('first.add', { n }));
      add.disabled = !n;
    };
    const list = el('div', { change: count },
      ...(own.length ? [el('h3', {}, say('first.tree')), ...rows(own)] : []),
      ...(others.length ? [el('h3', {}, say('first.roots', { n: others.length + answer.more }), el('span', {}, answer.roots.join(', '))), ...rows(others)] : []));
    count();
    return [
      this.isForm ? null : el('h2', {}, say('first.title')),
      el('p', {}, say('first.more'), answer.host ? ` ${say(answer.reader ? 'first.seen' : 'first.seen.here', { host: answer.host })}` : ''), list,
      answer.more ? el('p.lt-first-note', {}, say('first.more.files', { n: answer.more })) : null, ...this.#silent(answer),
      ...answer.crowds.map((crowd) => this.#crowd(crowd)),
      boxes.length ? el('div.lt-first-foot', {}, chosen, this.trouble, el('span.lt-grow'), this.#byHand(answer), add) : null,
    ].filter((part) => part !== null);
  }

  /** @param {File} file @param {HTMLInputElement[]} boxes the row's own is added to them */
  #row({ path, series, name, own, size, age, writing, line, trouble }, boxes) {
    const { words } = this;
    const head = el('div', {}, el('b', {}, name), el('span', {}, path), series ? el('span', {}, words.say('first.series')) : null);
    const bytes = el('em', {}, size === null ? '' : words.size(size));
    const when = el('small', {}, writing ? words.say('first.now') : age === null ? words.say('first.new') : words.ago(age));
    if (trouble) return el('div.lt-file', { 'data-no': '1' }, icon('lock'), head, bytes, el('div.lt-why', {}, trouble));
    const box = /** @type {HTMLInputElement} */ (el('input', { type: 'checkbox', value: path, checked: own, 'aria-label': `${name}, ${path}` }));
    boxes.push(box);
    return el('label.lt-file', {}, box, head, bytes, el('div', {}, line ? el('code', {}, line) : size === 0 ? words.say('first.empty') : ''), when);
  }

  /** @param {HTMLInputElement[]} boxes @param {HTMLButtonElement} button */
  async #add(boxes, button) {
    button.disabled = true;
    const fields = boxes.filter((box) => box.checked).map((box) => ['path', box.value]);
    let problem = '';
    try {
      const response = await this.fetch(this.urls.add, { method: 'POST', body: new URLSearchParams(fields), credentials: 'same-origin', redirect: 'manual', headers: { Accept: 'application/json', ...this.headers } });
      const answer = await response.json();
      if (response.ok && !answer.refused.length) return this.added(answer);
      problem = [...(answer.refused ?? [])].map(({ path, text }) => `${path}: ${text}`).join(' ') || answer.text;
    } catch { /* said below */ }
    await this.load();
    write(this.trouble, problem || this.words.say('view.failed'));
    this.trouble.hidden = false;
    return undefined;
  }

  /** What to do before anything can be offered. @param {Advice} advice */
  #advised({ case: why, paste, file, path }) {
    const { say } = this.words;
    const button = this.#button('sel.copy', () => void copy(this.element, paste, (text) => write(this.said, text), button));
    button.prepend(icon('copy'));
    const [title, text] = /** @type {Record<string, string[]>} */ ({
      noroots: ['first.noroots', 'first.noroots.more'], mixed: ['first.mixed', 'first.mixed.more'], stdout: ['first.stdout', 'first.stdout.more'],
    })[why];
    return this.#blank('file', title, say(text, { file, path }), el('div.lt-first-do', {},
      el('div.lt-paste', {}, el('pre', { tabindex: '0' }, paste), button),
      why === 'stdout' ? el('small', {}, say('first.stdout.note')) : null));
  }

  /** @param {any} shape @param {string} title @param {string} text @param {...(Element|null)} more */
  #blank(shape, title, text, ...more) {
    const drawn = icon(shape);
    drawn.classList.add('lt-empty-icon');
    return el('div.lt-first-blank', {}, drawn, el(this.isForm ? 'h3' : 'h2', {}, this.words.say(title)), text ? el('p', {}, text) : null, ...more);
  }

  /** @param {Answer} answer */
  #silent({ silent }) {
    return silent.map((path) => el('p.lt-first-note', {}, this.words.say('first.silent', { path })));
  }

  /** @param {Answer} answer */
  #byHand({ byhand }) {
    return byhand && !this.isForm ? el('a.lt-btn', { href: byhand }, el('span.lt-label', {}, this.words.say('first.byhand'))) : null;
  }

  /** A proposal to register many files as one row. @param {Answer['crowds'][0]} crowd */
  #crowd({ pattern, count, form }) {
    const { say } = this.words;
    return el('p.lt-first-note', {}, say('first.crowd', { n: count, pattern }), ' ', el('a', { href: form }, say('first.crowd.add')));
  }

  /** @param {string} label @param {() => void} click @param {boolean} [isMain] */
  #button(label, click, isMain = false) {
    return el(isMain ? 'button.lt-btn.lt-btn-main' : 'button.lt-btn', { type: 'button', click }, el('span.lt-label', {}, label && this.words.say(label)));
  }
}
