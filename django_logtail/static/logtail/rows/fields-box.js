/** Shows the fields of a line below it: a tree with all values in one column. */

import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { momentOf } from '../formats/moments.js';
import { put } from './fill.js';

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('../formats/shape.js').Shape} Shape */
/** @typedef {import('../formats/shape.js').Field} Field */
/** @typedef {import('../ui/format.js').Words} Words */

/** An object with more fields than this starts closed; and the most fields of a line that are in the document. */
const MOST_UNASKED = 8;
const MOST_SHOWN = 400;

/** The line that a box shows. @type {WeakMap<Element, {item: Item, text: string}>} */
const madeFor = new WeakMap();
/** The field that a row of a box shows. @type {WeakMap<Element, Field>} */
export const fieldOf = new WeakMap();
/** Which objects the viewer opened or closed, by their path. @type {WeakMap<Item, Map<string, boolean>>} */
const opened = new WeakMap();

/**
 * Shows the fields of a line in its row, or removes them. Fields that are already shown stay, and keep the focus.
 *
 * @param {HTMLElement} row @param {Item} item @param {Shape|null} shape null: removes them @param {import('./row.js').Look} look
 */
export function openFields(row, item, shape, look) {
  const there = row.querySelector(':scope > .lt-fields');
  if (!shape) return there?.remove();
  const made = there && madeFor.get(there);
  const text = item.plain;
  if (there) {
    there.querySelector('[data-act="rawline"]')?.setAttribute('aria-pressed', String(look.rawItems.has(item)));
    if (made?.item === item && made.text === text) return undefined;
    there.remove();
  }
  const box = boxOf(shape, item, look);
  madeFor.set(box, { item, text });
  row.append(box);
  return undefined;
}

/** @param {Shape} shape @param {Item} item @param {import('./row.js').Look} look */
function boxOf(shape, item, look) {
  const { words } = look;
  const button = (/** @type {string} */ act, /** @type {import('../ui/icons.js').Shape} */ shape, /** @type {string} */ label, attributes = {}) => el('button.lt-btn.lt-btn-quiet', { type: 'button', 'data-act': act, ...attributes }, icon(shape), el('span.lt-label', {}, words.say(label)));
  const list = el('dl');
  fillList(list, shape, item, words);
  return el('div.lt-fields', { role: 'group', 'aria-label': words.say('field.all') },
    el('header', {}, el('b', {}, words.say('field.n', { n: shape.fields.length })), el('span.lt-grow'),
      button('rawline', 'text', 'field.raw', { 'aria-pressed': String(look.rawItems.has(item)) }), button('copyfields', 'copy', shape.kind === 'json' ? 'field.json' : 'row.copy'),
      el('button.lt-icon.lt-icon-s', { type: 'button', 'data-act': 'fields', 'aria-label': words.say('do.close') }, icon('x'))),
    list);
}

/** @param {HTMLElement} list @param {Shape} shape @param {Item} item @param {Words} words */
function fillList(list, shape, item, words) {
  const choices = opened.get(item) ?? new Map();
  opened.set(item, choices);
  /** @type {string[]} */
  let path = [];
  /** The depth of the closed object that the loop is in; its fields are left out. */
  let shutAt = Infinity;
  let shown = 0;
  for (const field of shape.fields) {
    if (shown >= MOST_SHOWN) {
      list.append(el('div.lt-fld.lt-fld-more', {}, el('span'), el('dt', {}, words.say('field.more', { n: shape.fields.length - shown }))));
      return;
    }
    const parents = field.path.slice(0, -1);
    let common = 0;
    while (common < parents.length && common < path.length && parents[common] === path[common]) common++;
    // This field is outside the closed object.
    if (common <= shutAt) shutAt = Infinity;
    for (let depth = common; depth < parents.length && depth < shutAt; depth++) {
      const here = parents.slice(0, depth + 1);
      const count = countIn(shape, here);
      const key = JSON.stringify(here);
      const isOpen = choices.get(key) ?? count <= MOST_UNASKED;
      list.append(head(here, count, isOpen, () => {
        choices.set(key, !isOpen);
        redraw(list, shape, item, words, key);
      }, words));
      if (!isOpen) shutAt = depth;
    }
    path = parents;
    shown++;
    if (shutAt < parents.length) continue;
    list.append(rowOf(field, parents.length, words));
  }
}

/** @param {HTMLElement} list @param {Shape} shape @param {Item} item @param {Words} words @param {string} key of the object that was opened or closed */
function redraw(list, shape, item, words, key) {
  list.replaceChildren();
  fillList(list, shape, item, words);
  const again = /** @type {HTMLElement|undefined} */ ([...list.children].find((one) => one instanceof HTMLElement && one.dataset.path === key));
  again?.focus({ preventScroll: true });
  list.dispatchEvent(new CustomEvent('logtail:grew', { bubbles: true }));
}

/** The number of fields and objects that an object contains. @param {Shape} shape @param {string[]} path */
const countIn = (shape, path) => new Set(shape.fields.filter((field) => field.path.length > path.length && path.every((part, i) => field.path[i] === part)).map((field) => field.path[path.length])).size;

/** @param {string[]} path @param {number} count @param {boolean} isOpen @param {() => void} toggle @param {Words} words */
function head(path, count, isOpen, toggle, words) {
  const name = el('dt');
  put(name, path[path.length - 1]);
  const made = el('div.lt-fld.lt-fld-in', { tabindex: '0', role: 'button', 'aria-expanded': String(isOpen), 'data-path': JSON.stringify(path), click: toggle }, icon('chevron'), name, el('dd', {}, el('i', {}, words.say('field.n', { n: count }))));
  made.style.setProperty('--in', String(path.length - 1));
  return made;
}

/** @param {Field} field @param {number} depth @param {Words} words */
function rowOf(field, depth, words) {
  const name = el('dt');
  put(name, field.path[field.path.length - 1]);
  if (depth) name.title = field.name;
  const value = el('dd');
  put(value, field.text);
  const here = field.part === 'time' ? localTime(field.text, words) : '';
  if (here) value.append('  ', el('i', {}, here));
  const made = el('div.lt-fld', { tabindex: '0' }, el('span'), name, value);
  made.style.setProperty('--in', String(depth));
  fieldOf.set(made, field);
  return made;
}

/** A written time as the clock of this device shows it; '' if that's the same. @param {string} written @param {Words} words */
function localTime(written, words) {
  const moment = momentOf(written);
  if (moment?.has !== 'moment' || moment.zone === null) return '';
  const date = new Date(moment.ms);
  if (-date.getTimezoneOffset() === moment.zone && written.includes(':')) return '';
  return words.say('field.local', { time: new Intl.DateTimeFormat(words.language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false, timeZoneName: 'short' }).format(date) });
}
