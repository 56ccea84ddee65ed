/** The choice where to search: this log, logs that are picked one by one, a group of logs, or all of them. */

import { words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { popUp } from '../ui/pop-up.js';
import { MOST_CHOSEN } from '../log/view.js';
import { Choice } from './choice.js';
import { groupsOf } from './several.js';

/** With more logs than this, the list has a field to find one. */
const MANY_LOGS = 12;

/** @typedef {{kind: 'log'}|{kind: 'all'}|{kind: 'group', group: string}|{kind: 'chosen'}} Where */
/** @typedef {import('./several.js').Searched & {group: string}} LogHere */

/** How a choice is called. @param {Where} where @param {number} n logs that are picked */
export function nameOf(where, n) {
  switch (where.kind) {
    case 'group': return where.group || words.say('nav.none.group');
    case 'chosen': return words.say('search.chosen', { n });
    default: return words.say(where.kind === 'all' ? 'search.all' : 'search.one');
  }
}

/**
 * @param {HTMLElement} host @param {HTMLElement} button
 * @param {{logs: LogHere[], where: Where, hasLog: boolean, chosen: string[], marked: string[]}} offered
 *   `hasLog`: whether the open log can be searched; `chosen`: logs that were picked, and `marked`, those that are to begin with
 * @param {(where: Where, slugs?: string[]) => void} chosen `slugs`: logs that were picked just now
 */
export function openWhere(host, button, { logs, where, hasLog, chosen: picked, marked }, chosen) {
  const pop = el('div.lt-pop.lt-where', { role: 'menu', 'aria-label': words.say('search.where') });
  const item = (/** @type {number} */ n, /** @type {Where} */ its) => {
    const isOn = its.kind === where.kind && (its.kind !== 'group' || (where.kind === 'group' && its.group === where.group));
    pop.append(el('button.lt-item', { type: 'button', role: 'menuitemradio', 'aria-checked': String(isOn), click: () => {
      pop.hidePopover();
      chosen(its);
    } }, icon(its.kind === 'log' ? 'file' : 'list'), el('span', {}, nameOf(its, n)), el('span', {}, n > 1 && its.kind !== 'chosen' ? words.say('search.nlogs', { n }) : '')));
  };
  if (hasLog) item(1, { kind: 'log' });
  if (picked.length) item(picked.length, { kind: 'chosen' });
  for (const [group, n] of groupsOf(logs)) item(n, { kind: 'group', group });
  item(logs.length, { kind: 'all' });
  pop.append(el('hr'), el('button.lt-item', { type: 'button', role: 'menuitem', 'aria-haspopup': 'dialog', click: () => {
    pop.hidePopover();
    openChoice(host, button, new Choice(logs, marked), (slugs) => chosen({ kind: 'chosen' }, slugs));
  } }, icon('list'), el('span', {}, words.say('search.choose')), el('span')));
  popUp(host, button, pop);
}

/** A check for each log. @param {HTMLElement} host @param {HTMLElement} button @param {Choice} choice @param {(slugs: string[]) => void} chosen */
function openChoice(host, button, choice, chosen) {
  const pop = el('div.lt-pop.lt-where.lt-choice', { role: 'dialog', 'aria-label': words.say('search.pick') });
  const go = /** @type {HTMLButtonElement} */ (el('button.lt-btn.lt-btn-main', { type: 'button', click: () => {
    pop.hidePopover();
    chosen(choice.slugs);
  } }));
  const full = el('p', { hidden: true, role: 'status' }, words.say('search.most', { n: MOST_CHOSEN }));
  /** @type {Map<string, HTMLButtonElement>} */
  const items = new Map(choice.logs.map(({ slug, name, group }) => [slug, /** @type {HTMLButtonElement} */ (el('button.lt-item', { type: 'button', role: 'checkbox', click: () => {
    choice.toggle(slug);
    draw();
  } }, icon('check'), el('span', {}, name), el('span', {}, group)))]));
  const draw = () => {
    for (const [slug, item] of items) {
      item.setAttribute('aria-checked', String(choice.on.has(slug)));
      item.disabled = choice.isFull && !choice.on.has(slug);
    }
    full.hidden = !choice.isFull;
    go.disabled = !choice.on.size;
    write(go, words.say('search.these', { n: choice.on.size }));
  };
  const find = /** @type {HTMLInputElement} */ (el('input', { type: 'search', 'aria-label': words.say('nav.find'), placeholder: words.say('nav.find'), hidden: choice.logs.length <= MANY_LOGS, input: () => {
    const found = choice.named(find.value);
    for (const [slug, item] of items) item.hidden = !found.has(slug);
  } }));
  pop.append(find, el('div.lt-choice-list', { role: 'group', 'aria-label': words.say('search.pick') }, ...items.values()), full, go);
  draw();
  popUp(host, button, pop);
}
