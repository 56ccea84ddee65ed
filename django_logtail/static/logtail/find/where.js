/** The choice where to search: this log, a group of logs, or all of them. */

import { words } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { popUp } from '../ui/pop-up.js';
import { groupsOf } from './several.js';

/** @typedef {{kind: 'log'}|{kind: 'all'}|{kind: 'group', group: string}} Where */
/** @typedef {import('./several.js').Searched & {group: string}} LogHere */

/**
 * @param {HTMLElement} host @param {HTMLElement} button
 * @param {{logs: LogHere[], where: Where, hasLog: boolean}} offered `hasLog`: whether the open log can be searched
 * @param {(where: Where) => void} chosen
 */
export function openWhere(host, button, { logs, where, hasLog }, chosen) {
  const pop = el('div.lt-pop.lt-where', { role: 'menu', 'aria-label': words.say('search.where') });
  const item = (/** @type {string} */ label, /** @type {number} */ n, /** @type {Where} */ its) => {
    const isOn = its.kind === where.kind && (its.kind !== 'group' || (where.kind === 'group' && its.group === where.group));
    pop.append(el('button.lt-item', { type: 'button', role: 'menuitemradio', 'aria-checked': String(isOn), click: () => {
      pop.hidePopover();
      chosen(its);
    } }, icon(its.kind === 'log' ? 'file' : 'list'), el('span', {}, label), el('span', {}, n > 1 ? words.say('search.nlogs', { n }) : '')));
  };
  if (hasLog) item(words.say('search.one'), 1, { kind: 'log' });
  for (const [group, n] of groupsOf(logs)) item(group || words.say('nav.none.group'), n, { kind: 'group', group });
  item(words.say('search.all'), logs.length, { kind: 'all' });
  popUp(host, button, pop);
}
