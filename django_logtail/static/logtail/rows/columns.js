/** The heading over columns: names that can be ordered, sized and removed, and what decides how wide a column is. */

import { words } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { popUp } from '../ui/pop-up.js';
import { shapeOf } from '../formats/shape.js';
import { fitting, NARROWEST, WIDEST } from './column.js';
import { put } from './fill.js';

/** @typedef {import('./column.js').Column} Column */

/** Lines looked at for the widest value, half of them before the ones on screen. */
const LOOKED_AT = 300;
/** Pixels that the pointer must move before a drag begins. */
const CARRIED = 4;
/** Pixels, as in the style sheet. */
const HEIGHT = 26;
/** Characters of the name of a level, and of the message's heading. */
const LEVEL_WIDTH = 9;

export class Columns {
  /**
   * @param {{
   *   host: HTMLElement, log: import('../log/open-log.js').OpenLog, view: HTMLElement, rows: import('./rows.js').Rows,
   *   viewOptions: import('./view-options.js').ViewOptions, query: HTMLInputElement,
   * }} parts
   */
  constructor({ host, log, view, rows, viewOptions, query }) {
    this.host = host;
    this.log = log;
    this.view = view;
    this.rows = rows;
    this.viewOptions = viewOptions;
    this.query = query;
    this.head = el('div.lt-cols', { role: 'row', keydown: (/** @type {KeyboardEvent} */ event) => this.#pressed(event) });
    /** The columns as rows draw them. @type {(Column & {isNumber: boolean})[]} */
    this.drawn = [];
  }

  /** Draws the heading; none without columns, where lines are raw, and on phones, which have the values in the line. @param {boolean} isPhone */
  draw(isPhone) {
    const { head, rows, view, viewOptions } = this;
    const { columns, raw } = viewOptions;
    columns.forEach(({ width }, i) => view.style.setProperty(`--lt-c${i}`, `${width}ch`));
    this.learn();
    const isShown = columns.length > 0 && !raw && !isPhone;
    view.toggleAttribute('data-columns', isShown);
    if (!isShown) head.remove();
    else {
      this.#fill();
      if (view.firstElementChild !== head) view.prepend(head);
    }
    rows.headed(isShown ? HEIGHT : 0);
  }

  /** Which columns contain numbers, as far as known. */
  learn() {
    const { columns } = this.viewOptions;
    const fields = columns.length ? this.#sample(columns.map(({ name }) => name)) : [];
    this.drawn = columns.map((column, i) => ({ ...column, isNumber: fields[i].length > 0 && fields[i].every((field) => field.isNumber || field.text === 'null') }));
    for (const [i, cell] of [...this.head.querySelectorAll('[data-name]')].entries()) cell.toggleAttribute('data-num', this.drawn[i]?.isNumber ?? false);
  }

  /** The fields with these names, in the lines around those on screen. @param {string[]} names */
  #sample(names) {
    const { shown, at } = this.rows;
    const { formats } = this.log.store.entries;
    /** @type {import('../formats/shape.js').Field[][]} */
    const found = names.map(() => []);
    const last = Math.min(shown.length, shown.indexAt(Math.max(0, at)) + LOOKED_AT / 2);
    for (let i = Math.max(0, last - LOOKED_AT); i < last; i++) {
      const item = shown.at(i);
      const shape = item.kind === 'line' && !item.inner ? shapeOf(item.plain, formats) : null;
      if (shape) names.forEach((name, n) => { const field = shape.field(name); if (field) found[n].push(field); });
    }
    return found;
  }

  /** The width of a column that fits the lines around those on screen. @param {string} name @param {number} [most] */
  widthFor(name, most) { return fitting(name, this.#sample([name])[0].map((field) => field.text), most); }

  #fill() {
    const { head, viewOptions } = this;
    const focused = head.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).closest('[data-name]')?.getAttribute('data-name') : null;
    const fixed = (/** @type {string} */ key, /** @type {string} */ width) => {
      const made = el('div.lt-ch', { role: 'columnheader' }, el('span', {}, words.say(key)));
      made.style.setProperty('--w', width);
      return made;
    };
    const cells = [];
    if (viewOptions.time !== 'hidden') cells.push(fixed('col.time', 'var(--lt-time-w, 13ch)'));
    if (!viewOptions.isAccess) cells.push(fixed('col.level', `${LEVEL_WIDTH}ch`));
    head.replaceChildren(...cells, ...this.drawn.map((column, i) => this.#cell(column, i)), fixed('col.message', '30ch'));
    if (focused) this.focus(focused);
  }

  /** @param {string} name */
  focus(name) {
    const cell = [...this.head.querySelectorAll('[data-name]')].find((one) => one.getAttribute('data-name') === name);
    cell?.querySelector('button')?.focus({ preventScroll: true });
  }

  /** @param {Column & {isNumber: boolean}} column @param {number} i */
  #cell({ name, isNumber }, i) {
    const label = el('span');
    put(label, name);
    const button = el('button', { type: 'button', 'aria-haspopup': 'menu', title: words.say('col.tip') }, label, icon('chevron'));
    const size = el('i.lt-chsize', { role: 'separator', 'aria-orientation': 'vertical', 'aria-label': words.say('col.size'), tabindex: '0' });
    const made = el('div.lt-ch', { role: 'columnheader', 'data-name': name, 'data-num': isNumber }, button, size);
    made.style.setProperty('--w', `var(--lt-c${i})`);
    this.#carry(button, made, name);
    this.#size(size, i, name);
    return made;
  }

  /** Lets a name be dragged to another place; a press without a drag opens its menu. @param {HTMLElement} button @param {HTMLElement} cell @param {string} name */
  #carry(button, cell, name) {
    let from = 0;
    let isCarried = false;
    button.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      from = event.clientX;
      isCarried = false;
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener('pointermove', (event) => {
      if (!button.hasPointerCapture(event.pointerId) || (!isCarried && Math.abs(event.clientX - from) < CARRIED)) return;
      isCarried = true;
      cell.style.transform = `translateX(${event.clientX - from}px)`;
      cell.dataset.carried = '';
    });
    button.addEventListener('pointerup', (event) => {
      if (!isCarried) return;
      const others = [...this.head.querySelectorAll('[data-name]')].filter((one) => one !== cell);
      const to = others.filter((one) => { const box = one.getBoundingClientRect(); return box.left + box.width / 2 < event.clientX; }).length;
      cell.style.transform = '';
      delete cell.dataset.carried;
      this.viewOptions.placeColumn(name, to);
    });
    button.addEventListener('pointercancel', () => {
      cell.style.transform = '';
      delete cell.dataset.carried;
    });
    button.addEventListener('click', () => {
      if (!isCarried) this.#menu(button, name);
      isCarried = false;
    });
  }

  /** @param {HTMLElement} handle @param {number} i @param {string} name */
  #size(handle, i, name) {
    const { view, viewOptions } = this;
    let from = 0;
    let before = 0;
    let width = 0;
    handle.addEventListener('pointerdown', (event) => {
      handle.setPointerCapture(event.pointerId);
      from = event.clientX;
      before = width = viewOptions.columns[i].width;
      event.preventDefault();
    });
    handle.addEventListener('pointermove', (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      width = Math.max(NARROWEST, Math.min(WIDEST, Math.round(before + (event.clientX - from) / (this.rows.character || 7.5))));
      view.style.setProperty(`--lt-c${i}`, `${width}ch`);
    });
    handle.addEventListener('pointerup', () => { if (width !== before) viewOptions.sizeColumn(name, width); });
    handle.addEventListener('dblclick', () => viewOptions.sizeColumn(name, this.widthFor(name, WIDEST)));
    handle.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
      if (!step || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      viewOptions.sizeColumn(name, viewOptions.columns[i].width + step);
      /** @type {HTMLElement|undefined} */ (this.head.querySelectorAll('.lt-chsize')[i])?.focus({ preventScroll: true });
    });
  }

  /** @param {HTMLElement} button @param {string} name */
  #menu(button, name) {
    const { viewOptions } = this;
    const pop = el('div.lt-pop.lt-values', { role: 'menu', 'aria-label': name });
    const item = (/** @type {import('../ui/icons.js').Shape} */ shape, /** @type {string} */ key, /** @type {string} */ keys, /** @type {() => void} */ run, isOff = false) => pop.append(el('button.lt-item', { type: 'button', role: 'menuitem', disabled: isOff, click: () => {
      pop.hidePopover();
      run();
    } }, icon(shape), el('span', {}, words.say(key)), el('span', {}, keys)));
    const at = viewOptions.columns.findIndex((column) => column.name === name);
    item('left', 'col.left', 'Alt ←', () => viewOptions.placeColumn(name, at - 1), at === 0);
    item('right', 'col.right', 'Alt →', () => viewOptions.placeColumn(name, at + 1), at === viewOptions.columns.length - 1);
    item('move', 'col.fit', '', () => viewOptions.sizeColumn(name, this.widthFor(name, WIDEST)));
    item('funnel', 'col.filter', '', () => this.#filterBy(name));
    item('x', 'col.remove', 'Del', () => viewOptions.toggleColumn(name));
    popUp(this.host, button, pop);
  }

  /** Begins a term with the field's name in the filter. @param {string} name */
  #filterBy(name) {
    const { query } = this;
    query.value = `${query.value && `${query.value.trimEnd()} `}${name}:`;
    query.focus();
    query.setSelectionRange(query.value.length, query.value.length);
    query.dispatchEvent(new Event('input', { bubbles: true }));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const name = /** @type {Element} */ (event.target).closest('[data-name]')?.getAttribute('data-name');
    if (!name) return;
    const { viewOptions } = this;
    const at = viewOptions.columns.findIndex((column) => column.name === name);
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (event.altKey && step) {
      viewOptions.placeColumn(name, at + step);
      this.focus(name);
    } else if (event.key === 'Delete') {
      viewOptions.toggleColumn(name);
      const next = viewOptions.columns[Math.min(at, viewOptions.columns.length - 1)];
      if (next) this.focus(next.name);
      else this.view.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
