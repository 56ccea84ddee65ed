/**
 * The actions for a value: filter for it, hide lines that have it, copy it, show it as a column. Opened fields show them
 * beside the value, and a value in a line opens a menu. An id has a menu too, and can be searched for in all logs.
 */

import { copy } from '../ui/clipboard.js';
import { words } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { popUp } from '../ui/pop-up.js';
import { fieldOf } from './fields-box.js';
import { idOf } from './fill.js';
import { pieceOf } from './formatted.js';
import { isId } from './ids.js';

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('../formats/shape.js').Field} Field */
/** @typedef {'for'|'hide'|'copy'|'column'} Act */

/** Always in this order. @type {[Act, import('../ui/icons.js').Shape][]} */
const ACTS = [['for', 'funnel'], ['hide', 'not'], ['copy', 'copy'], ['column', 'column']];
/** Parts of a line that open a menu. The message doesn't, so that you can select text in it. */
const VALUES = '.lt-kv, .lt-src, .lt-col, .lt-verb, .lt-path, .lt-code, .lt-n, .lt-id';

export class ValueActions {
  /**
   * @param {{
   *   host: HTMLElement, view: HTMLElement, rows: import('./rows.js').Rows, finding: import('../find/finding.js').Finding,
   *   viewOptions: import('./view-options.js').ViewOptions, termOf: typeof import('../find/terms.js').termOf,
   * }} parts `termOf`: makes the term that finds a value
   * @param {{say(text: string): void, patterns(): import('./ids.js').Pattern[], searchable(): ('log'|'all')[], search(text: string, where: 'log'|'all'): void}} listener
   *   `patterns`: the project's own, of ids; `searchable`: where an id can be searched for now
   */
  constructor({ host, view, rows, finding, viewOptions, termOf }, listener) {
    this.host = host;
    this.view = view;
    this.rows = rows;
    this.finding = finding;
    this.viewOptions = viewOptions;
    this.termOf = termOf;
    this.listener = listener;
  }

  /** @param {AbortSignal} signal */
  wire(signal) {
    const { view } = this;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ run) => view.addEventListener(type, run, { signal });
    on('click', (event) => this.#clicked(event));
    on('keydown', (event) => this.#pressed(event));
    for (const type of ['pointerover', 'focusin']) on(type, (event) => this.#offer(event.target.closest?.('.lt-fld')));
    on('focusin', (event) => { if (event.target.matches('.lt-row')) reachable(event.target, true); });
    on('focusout', (event) => {
      const row = event.target.closest('.lt-row');
      // Closing a menu returns the focus to one of them.
      if (row && !row.contains(event.relatedTarget) && !event.relatedTarget?.closest('.lt-pop')) reachable(row, false);
    });
    on('logtail:grew', (event) => {
      const item = this.rows.itemAt(event.target);
      if (item) this.rows.refresh(item);
    });
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest('button, a')) return;
    const value = /** @type {HTMLElement|null} */ (target.closest(VALUES));
    // The end of a text selection isn't a click.
    if (!value || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    this.menu(value);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === 'Enter' && target.matches(VALUES)) {
      event.preventDefault();
      this.menu(target);
    } else if (target.matches('.lt-fld')) this.#inBox(event, target);
    else if (event.key !== 'Escape' && target.closest('.lt-fldacts')) this.#inActs(event, target);
    if (event.key === 'Escape' && target.closest('.lt-fields')) this.#leaveBox(event, target);
  }

  /** Escape leads from the actions to their value, and from there to the line, whose fields it closes. @param {KeyboardEvent} event @param {HTMLElement} target */
  #leaveBox(event, target) {
    event.preventDefault();
    const value = target.closest('.lt-fldacts')?.closest('.lt-fld');
    if (value) return focusOn(value);
    const row = /** @type {HTMLElement} */ (target.closest('.lt-row'));
    const item = this.rows.itemAt(row);
    row.focus({ preventScroll: true });
    if (item) this.viewOptions.toggleFields(item);
    return undefined;
  }

  /** The arrows lead along the actions, and from the first back to the value. @param {KeyboardEvent} event @param {HTMLElement} button */
  #inActs(event, button) {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    event.preventDefault();
    const isBack = event.key === 'ArrowLeft';
    focusOn(isBack ? button.previousElementSibling ?? button.closest('.lt-fld') : button.nextElementSibling ?? button);
  }

  /** Keys in the opened fields, which work as in a tree. @param {KeyboardEvent} event @param {HTMLElement} row */
  #inBox(event, row) {
    const isHead = row.hasAttribute('aria-expanded');
    const isOpen = row.getAttribute('aria-expanded') === 'true';
    switch (event.key) {
      case 'ArrowDown': focusOn(row.nextElementSibling); break;
      case 'ArrowUp': focusOn(row.previousElementSibling); break;
      case 'Enter':
      case ' ':
        if (isHead) row.click();
        else if (event.key === 'Enter') /** @type {HTMLElement|null} */ (row.querySelector('.lt-fldacts button'))?.focus();
        else return;
        break;
      case 'ArrowRight':
        if (!isHead || isOpen) return;
        row.click();
        break;
      case 'ArrowLeft': {
        if (!isHead || !isOpen) return;
        row.click();
        break;
      }
      default: return;
    }
    event.preventDefault();
  }

  /** Puts the four actions beside the value that is under the pointer or has the focus. @param {HTMLElement|null|undefined} row */
  #offer(row) {
    const field = row && fieldOf.get(row);
    if (!row || !field || row.querySelector('.lt-fldacts')) return;
    const acts = el('span.lt-fldacts');
    for (const [act, shape] of ACTS) {
      acts.append(el('button.lt-icon.lt-icon-s', { type: 'button', 'aria-label': this.#label(act, field), click: (/** @type {Event} */ event) => {
        event.stopPropagation();
        this.run(act, field, /** @type {Element} */ (event.currentTarget));
      } }, icon(shape)));
    }
    if (isId(field.name, field.text, this.listener.patterns()) && this.listener.searchable().includes('all')) {
      acts.append(el('button.lt-icon.lt-icon-s', { type: 'button', 'aria-label': words.say('id.all'), click: (/** @type {Event} */ event) => {
        event.stopPropagation();
        this.listener.search(field.text, 'all');
      } }, icon('list')));
    }
    row.append(acts);
  }

  /** @param {Act} act @param {Field} field */
  #label(act, field) { return words.say(act === 'column' && this.viewOptions.hasColumn(field.name) ? 'col.remove' : `field.${act}`); }

  /** @param {Field} field @param {boolean} not */
  #term(field, not) { return this.termOf(field.name, field.name ? field.text : field.written, { not }); }

  /** Opens the actions as a menu that shows the term each would write. @param {HTMLElement} value in a line */
  menu(value) {
    const id = idOf.get(value);
    const field = id === undefined ? pieceOf.get(value)?.field : textField(id);
    if (!field) return;
    // The line must not move away from its menu.
    this.rows.stay();
    const pop = el('div.lt-pop.lt-values', { role: 'menu', 'aria-label': field.name || field.text });
    pop.append(el('div.lt-pop-head', {}, el('code', {}, field.name ? `${field.name}: ` : '', field.text)));
    const item = (/** @type {import('../ui/icons.js').Shape} */ shape, /** @type {string} */ label, /** @type {string} */ term, /** @type {() => void} */ run) => pop.append(el('button.lt-item', { type: 'button', role: 'menuitem', click: () => {
      pop.hidePopover();
      run();
    } }, icon(shape), el('span', {}, label), el('span', {}, term)));
    for (const [act, shape] of ACTS) {
      const term = act === 'for' || act === 'hide' ? this.#term(field, act === 'hide') : '';
      if (field.name || (act !== 'column' && (act === 'copy' || field.text))) item(shape, this.#label(act, field), term, () => this.run(act, field));
      if (act === 'hide' && value.matches('.lt-code') && /^[1-5]\d\d$/.test(field.text)) {
        item('funnel', words.say('field.class', { class: `${field.text[0]}xx` }), `status:${field.text[0]}*`, () => this.finding.add(`status:${field.text[0]}*`));
      }
    }
    if (id !== undefined || isId(field.name, field.text, this.listener.patterns())) {
      for (const where of this.listener.searchable()) item(where === 'log' ? 'filesearch' : 'list', words.say(where === 'log' ? 'id.here' : 'id.all'), '', () => this.listener.search(field.text, where));
    }
    popUp(this.host, value, pop);
  }

  /** Opens the menu of the first id of a line. @param {HTMLElement} row */
  idMenu(row) {
    const values = /** @type {HTMLElement[]} */ ([...row.querySelectorAll(VALUES)]);
    const first = values.find((value) => {
      const field = pieceOf.get(value)?.field;
      return idOf.has(value) || (field && isId(field.name, field.text, this.listener.patterns()));
    });
    if (first) this.menu(first);
  }

  /** @param {Act} act @param {Field} field @param {Element} [button] that asked for it */
  run(act, field, button) {
    switch (act) {
      case 'for': return this.finding.add(this.#term(field, false));
      case 'hide': return this.finding.add(this.#term(field, true));
      case 'copy': return void copy(this.host, field.text, this.listener.say, button);
      default: return this.viewOptions.toggleColumn(field.name);
    }
  }
}

/** An id as a value without a name. @param {string} text @returns {any} */
const textField = (text) => ({ name: '', text, written: text });

/** Lets Tab reach the values of a line, or no longer; at any time, it reaches those of one line. @param {HTMLElement} row @param {boolean} can */
function reachable(row, can) {
  for (const value of /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll(VALUES))) {
    if (can && (pieceOf.get(value)?.field || idOf.has(value))) {
      value.tabIndex = 0;
      value.setAttribute('role', 'button');
    } else {
      value.removeAttribute('tabindex');
      value.removeAttribute('role');
    }
  }
}

/** @param {Element|null} row */
function focusOn(row) {
  if (row instanceof HTMLElement) row.focus();
}
