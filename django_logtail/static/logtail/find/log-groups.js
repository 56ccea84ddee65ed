/**
 * The hits of a search of several logs in the panel: a group for each log, whose head says how far it is. The hits are in
 * the groups, or all in one list by their times.
 */

import { words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { Merge } from './merge.js';

/** @typedef {import('./several.js').OfLog} OfLog */
/** @typedef {import('./search.js').Found} Found */

/** The log of each group, and of each hit. @type {WeakMap<Element, OfLog>} */
const logOf = new WeakMap();

export class LogGroups {
  /**
   * @param {HTMLElement} host that holds nothing else
   * @param {import('./several.js').Several} several
   * @param {boolean} isByTime
   * @param {(hit: Found) => HTMLElement} rowOf draws a hit
   */
  constructor(host, several, isByTime, rowOf) {
    this.several = several;
    this.isByTime = isByTime;
    this.rowOf = rowOf;
    /** @type {Merge<OfLog, HTMLElement>} */
    this.merge = new Merge(several.order);
    /** @type {Map<OfLog, Group>} */
    this.groups = new Map();
    const heads = el('div.lt-groups');
    this.merged = el('div.lt-rows', { role: 'list', 'aria-label': words.say('search.several') });
    this.partly = el('div.lt-rg.lt-rg-note', { role: 'note' }, el('span.lt-rg-s', {}, words.say('search.partly')));
    host.append(heads, this.merged);
    for (const of of several.all) {
      const group = new Group(of);
      this.groups.set(of, group);
      heads.append(group.element);
      group.draw();
    }
  }

  /** @param {OfLog} of @param {Found[]} fresh */
  heard(of, fresh) {
    const group = this.groups.get(of);
    if (!group) return;
    for (const hit of fresh) {
      const row = this.rowOf(hit);
      logOf.set(row, of);
      group.all.push(row);
      const next = this.merge.add(of, hit, row);
      if (this.isByTime) this.merged.insertBefore(withLog(row, of), next ?? null);
      else group.rows.append(row);
    }
    group.draw(this.several.room > 0);
    // No log offers more any longer.
    if (fresh.length && !this.several.room) for (const other of this.groups.values()) other.draw(false);
    this.#drawPartly();
  }

  /** Puts all hits into one list by their times, or back into the groups. @param {boolean} isByTime */
  arrange(isByTime) {
    this.isByTime = isByTime;
    for (const { row } of this.merge.all) row.querySelector('.lt-res-log')?.remove();
    if (isByTime) this.merged.append(...this.merge.all.map(({ row, of }) => withLog(row, of)));
    else for (const group of this.groups.values()) group.rows.append(...group.all);
    this.#drawPartly();
  }

  /** Says from which hit on others are missing that were not loaded yet. */
  #drawPartly() {
    const partly = this.several.all.filter(({ search }) => search && (search.hasNext || search.left));
    const from = this.isByTime ? this.merge.partlyFrom(partly) : undefined;
    if (!from) this.partly.remove();
    else if (this.partly.nextSibling !== from) from.before(this.partly);
  }

  /** @param {OfLog} of */
  #forgetHits(of) {
    for (const row of this.merge.forget(of)) row.remove();
    const group = this.groups.get(of);
    if (group) group.all = [];
  }

  /** Nothing of a log is shown any more. @param {OfLog} of */
  forget(of) {
    this.#forgetHits(of);
    this.groups.get(of)?.element.remove();
    this.groups.delete(of);
    this.#drawPartly();
  }

  /** Performs what a button in a group's head offers. @param {Element} button @returns {boolean} whether it is one */
  pressed(button) {
    const of = logOf.get(button.closest('.lt-rgroup') ?? button);
    const group = of && this.groups.get(of);
    if (!of || !group) return false;
    if (button.matches('.lt-rg-t')) group.toggle();
    else if (button instanceof HTMLElement && button.dataset.do === 'stop') of.search?.cancel();
    else if (button instanceof HTMLElement && button.dataset.do === 'more') this.several.more(of);
    else if (button instanceof HTMLElement && button.dataset.do === 'again') {
      this.#forgetHits(of);
      this.several.again(of);
    }
    return true;
  }
}

/** The log that a row belongs to. @param {Element} row */
export const logWith = (row) => logOf.get(row.parentElement ?? row);

/** A hit that says which log it is of. @param {HTMLElement} row @param {OfLog} of */
function withLog(row, of) {
  row.firstElementChild?.prepend(el('span.lt-res-log', {}, of.log.name));
  return row;
}

class Group {
  /** @param {OfLog} of */
  constructor(of) {
    this.of = of;
    /** The rows of its hits, in the order of the log. @type {HTMLElement[]} */
    this.all = [];
    const { log } = of;
    this.count = el('span');
    this.toggler = el('button.lt-rg-t', { type: 'button', 'aria-expanded': 'true' }, icon('chevron'), el('b', {}, log.name), this.count);
    this.bar = el('i');
    this.meter = el('span.lt-meter', { 'aria-hidden': 'true' }, this.bar);
    this.text = el('span.lt-rg-x');
    this.act = el('button.lt-link', { type: 'button', hidden: true });
    this.head = el('div.lt-rg.lt-rg-of', {}, this.toggler, el('span.lt-rg-s', {}, this.meter, this.text, this.act));
    this.rows = el('div.lt-rows', { role: 'list', 'aria-label': log.name });
    this.inexact = el('div');
    this.unread = el('div');
    this.element = el('div.lt-rgroup', { 'data-slug': log.slug }, this.head, this.inexact, this.rows, this.unread);
    logOf.set(this.element, of);
  }

  toggle() {
    const isOpen = this.toggler.getAttribute('aria-expanded') === 'true';
    this.toggler.setAttribute('aria-expanded', String(!isOpen));
    this.element.toggleAttribute('data-shut', isOpen);
  }

  /** @param {boolean} [canMore] whether more hits may be shown */
  draw(canMore = true) {
    const { of, head } = this;
    const { search } = of;
    if (!search) return;
    const isRunning = search.state === 'running';
    write(this.count, of.counted(words));
    const said = of.said(words);
    write(this.text, said);
    this.text.title = said;
    const hasMeter = isRunning && !search.isWaiting && !search.isMore && search.end > 0;
    this.meter.hidden = !hasMeter;
    if (hasMeter) this.bar.style.inlineSize = `${search.percent}%`;
    const tone = search.state === 'failed' ? 'caution' : '';
    if (tone) head.dataset.tone = tone;
    else delete head.dataset.tone;
    head.classList.toggle('lt-rg-none', !search.found);
    const offer = isRunning ? 'stop' : search.hasNext ? (canMore ? 'more' : '') : of.isBroken ? 'again' : '';
    this.act.hidden = !offer;
    if (offer && this.act.dataset.do !== offer) {
      this.act.dataset.do = offer;
      write(this.act, words.say({ stop: 'search.stop', more: 'search.more', again: 'search.again' }[offer]));
    }
    if (offer) this.act.setAttribute('aria-label', `${this.act.textContent}: ${of.log.name}`);
    if (search.inexact ? !this.inexact.childElementCount : this.inexact.childElementCount) this.inexact.replaceChildren(...inexactRows(search));
    this.unread.replaceChildren(...(isRunning ? [] : search.unread.map(unreadRow)));
  }
}

/** A file that could not be searched whole. @param {import('./search.js').Unread} unread */
export const unreadRow = ({ name, reason, why }) => el('div.lt-rg', { 'data-tone': 'caution', role: 'note' }, icon('warn'), el('b', {}, name), el('span.lt-rg-s', {}, words.reason(why, reason)));

/** That a search found more or less than was wanted, above its hits. @param {import('./search.js').Search} search @returns {HTMLElement[]} */
export const inexactRows = ({ inexact }) => (inexact ? [el('div.lt-rg.lt-rg-note', { 'data-tone': 'caution', role: 'note' }, icon('warn'), el('span.lt-rg-s', {}, words.reason(inexact.why, inexact.reason)))] : []);
