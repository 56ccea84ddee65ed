/**
 * The panel below the log with the hits of a search of the whole log, by file, or of several logs, by log. A click on a
 * hit shows it among its lines.
 */

import { config, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { fill } from '../rows/fill.js';
import { drawnSecrets } from '../rows/secrets.js';
import { Context, read } from '../formats/context.js';
import { headOf } from '../formats/heads.js';
import { chosenOf } from './choice.js';
import { Query } from './filter.js';
import { inexactRows, LogGroups, logWith, unreadRow } from './log-groups.js';
import { refusalOf, Search, searchedFor, shownOf, soughtBy } from './search.js';
import { MOST_LOGS, Several } from './several.js';
import { nameOf, openWhere } from './where.js';
import { termOfText } from './terms.js';
import { steering } from '../formats/text.js';

/** Milliseconds between two reports of a search's progress: otherwise a screen reader would read out nothing else. */
const SAY_MS = 1_000;
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

/** @typedef {import('./where.js').Where} Where */
/** @typedef {import('./where.js').LogHere} LogHere */

export class Results {
  /**
   * @param {{
   *   host: HTMLElement, log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, rows: import('../rows/rows.js').Rows,
   *   finding: import('./finding.js').Finding, searches: import('../connection/searches.js').Searches,
   * }} parts
   * @param {{
   *   logs(): LogHere[], show(place: import('../log/link.js').Linked, slug: string, isBeside: boolean): void, said(range: import('../log/volume.js').Range): string, chose(): void,
   *   found(hits: import('./search.js').Found[]|null): void,
   * }} listener
   *   `logs`: those that can be searched together; `show`: a hit of a log is wanted among its lines; `said`: a time in
   *   words; `chose`: other logs were picked; `found`: there are more hits in the open log, or none any longer
   */
  constructor({ host, log, parts, rows, finding, searches }, listener) {
    this.host = host;
    this.searches = searches;
    this.log = log;
    this.parts = parts.results;
    this.field = parts.query;
    this.view = parts.view;
    this.rows = rows;
    this.finding = finding;
    this.listener = listener;
    /** Of this log. @type {Search|null} */
    this.search = null;
    /** Of several logs. @type {Several|null} */
    this.several = null;
    /** @type {LogGroups|null} */
    this.groups = null;
    /** Logs that were left out of the search of several while it ran, because access to them ended. */
    this.lost = 0;
    /** What was searched for, and where. @type {{query: Query, off: Set<string>}|null} */
    this.asked = null;
    /** The same in words. */
    this.what = '';
    /** @type {Where} */
    this.where = { kind: 'log' };
    /** The logs that were picked to be searched together. @type {string[]} */
    this.chosen = [];
    /** Which hits come first. @type {'newest'|'oldest'} */
    this.order = 'newest';
    /** Whether hits of several logs are in one list, by their times. */
    this.isByTime = false;
    /** The last file with hits: the rows under its heading. @type {{file: string, rows: HTMLElement, count: HTMLElement, n: number}|null} */
    this.group = null;
    /** @type {WeakMap<Element, import('./search.js').Found>} */
    this.hitOf = new WeakMap();
    this.saidAt = 0;
    this.parts.box.addEventListener('keydown', (event) => this.#onKey(event));
    this.parts.list.addEventListener('click', (event) => this.#clicked(event));
    this.parts.list.addEventListener('auxclick', (event) => { if (event.button === 1) this.#clicked(event); });
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const row = target.closest('.lt-res');
    if (row) return this.#show(row, event.ctrlKey || event.metaKey || event.altKey || event.button === 1);
    const button = target.closest('button');
    if (button && this.groups?.pressed(button)) return undefined;
    const heading = target.closest('.lt-rg[aria-expanded]');
    if (heading) heading.setAttribute('aria-expanded', String(heading.getAttribute('aria-expanded') === 'false'));
    return undefined;
  }

  get isOpen() { return !this.parts.box.hidden; }

  /** Whether the server can search now. */
  get can() { return this.log.stream.can('search'); }

  /** Searches for everything in the filter: typed text, chips, levels. Without a term, the field gets the focus. @param {Where} [where] */
  begin(where = { kind: 'log' }) {
    const { field, finding } = this;
    // Text typed just now counts.
    const query = new Query(field.value, { ...finding.flags }, finding.applied, finding.known, finding.range);
    if (!soughtBy(query, finding.filtered.off)) return field.focus();
    return this.#begin({ query, off: new Set(finding.filtered.off) }, where);
  }

  /** Searches the logs that were picked, or else all. */
  beginSeveral() { this.begin({ kind: this.logsIn({ kind: 'chosen' }).length ? 'chosen' : 'all' }); }

  /** Where a text can be searched for. @returns {('log'|'all')[]} */
  get searchable() {
    const isOpen = this.can && Boolean(this.log.session?.place?.file);
    return [...(isOpen ? [/** @type {const} */ ('log')] : []), ...(this.logsIn({ kind: 'all' }).length > 1 ? [/** @type {const} */ ('all')] : [])];
  }

  /** Searches for a text, whatever the filter has; lines mark it where nothing else is typed. @param {string} text @param {{kind: 'log'|'all'}} where */
  beginFor(text, where) {
    if (!this.field.value) {
      this.field.value = termOfText(text);
      this.finding.search();
    }
    this.#begin({ query: new Query('', { case: false, regex: false, invert: false, only: false }, [termOfText(text)], this.finding.known), off: new Set() }, where);
  }

  /** @param {{query: Query, off: Set<string>}} asked @param {Where} where */
  #begin(asked, where) {
    const { parts } = this;
    const { session, stream } = this.log;
    const { query, off } = asked;
    const sought = soughtBy(query, off);
    const logs = where.kind === 'log' ? [] : this.logsIn(where);
    const file = session?.place?.file;
    if (!sought || (where.kind === 'log' ? !this.can || !file : !logs.length)) return;
    this.asked = asked;
    this.where = where;
    this.#end();
    parts.list.scrollTop = 0;
    const isOne = where.kind === 'log';
    const order = !isOne || stream.can('order') ? this.order : '';
    parts.order.hidden = !order;
    this.#offerFiles(order ? sought : null, logs);
    this.#drawWhere();
    for (const choice of parts.orders) choice.setAttribute('aria-pressed', String(choice.dataset.order === order));
    this.what = searchedFor(query, off, words, query.range ? this.listener.said(query.range) : '');
    write(parts.pattern, words.say('search.for', { what: this.what }));
    // Each of several servers says itself what it can't do.
    const refusal = refusalOf(sought, isOne ? stream.hello.can : ['regex', 'terms', 'volume']);
    if (refusal) write(parts.text, words.say(refusal));
    else if (isOne) {
      const search = new Search(/** @type {any} */ (session), { file: file ?? '', order, sought }, (fresh) => { if (this.search === search) this.#heard(fresh); });
      this.search = search;
    } else {
      const several = new Several(logs, { order: this.order, sought }, this.searches, (of, fresh) => { if (this.several === several) this.#heardOf(of, fresh); });
      this.several = several;
      this.groups = new LogGroups(parts.hits, several, this.isByTime, (hit) => this.#row(hit, true));
    }
    const wasOpen = this.isOpen;
    parts.box.hidden = false;
    parts.box.toggleAttribute('data-several', !isOne);
    parts.by.hidden = isOne;
    this.#drawBy();
    for (const named of [parts.box, parts.list]) named.setAttribute('aria-label', words.say(isOne ? 'search.title' : 'search.several'));
    this.#draw(true);
    if (!wasOpen) this.raise(!isOne);
    parts.list.focus({ preventScroll: true });
  }

  /** The logs of a choice, the open one first. @param {Where} where @returns {LogHere[]} */
  logsIn(where) {
    const slug = this.log.info?.slug;
    const all = this.listener.logs();
    const logs = where.kind === 'chosen' ? chosenOf(all, this.chosen) : all.filter((log) => log.search && (where.kind !== 'group' || log.group === where.group));
    return [...logs.filter((log) => log.slug === slug), ...logs.filter((log) => log.slug !== slug)];
  }

  /** Offers other logs to be searched for the same. @param {HTMLElement} button */
  choose(button) {
    const slugs = (/** @type {Where} */ where) => (where.kind === 'log' ? [this.log.info?.slug ?? ''] : this.logsIn(where).map(({ slug }) => slug));
    const offered = { logs: this.listener.logs(), where: this.where, hasLog: this.can, chosen: slugs({ kind: 'chosen' }), marked: slugs(this.where.kind === 'all' ? { kind: 'log' } : this.where) };
    openWhere(this.host, button, offered, (where, picked) => {
      if (picked || where.kind === 'all') this.#pick(picked ?? []);
      if (this.asked) this.#begin(this.asked, where);
    });
  }

  /** @param {string[]} slugs */
  #pick(slugs) {
    this.chosen = slugs;
    this.listener.chose();
  }

  #drawWhere() {
    const { where, whereText } = this.parts;
    where.hidden = this.listener.logs().length < 2;
    this.parts.box.toggleAttribute('data-where', !where.hidden);
    write(whereText, nameOf(this.where, this.logsIn({ kind: 'chosen' }).length));
  }

  /** Offers the hits as files, which the server makes. @param {import('./search.js').Sought|null} sought @param {LogHere[]} logs several, or none for the open one */
  #offerFiles(sought, logs) {
    const address = logs.length ? config.urls['several-hits'] : this.log.info?.hits;
    for (const link of this.parts.saves) {
      link.hidden = !sought || !address;
      if (!sought) continue;
      const query = new URLSearchParams({ asked: JSON.stringify(sought), form: link.dataset.form ?? '' });
      for (const { slug } of logs.slice(0, MOST_LOGS)) query.append('log', slug);
      link.href = `${address}?${query}`;
    }
  }

  /** Searches again, the other way round. @param {string|undefined} order */
  sort(order) {
    if (order !== 'newest' && order !== 'oldest') return;
    this.order = order;
    if (this.asked) this.#begin(this.asked, this.where);
  }

  /** Puts hits of several logs into one list by their times, or under their logs. @param {string|undefined} by */
  arrange(by) {
    this.isByTime = by === 'time';
    this.groups?.arrange(this.isByTime);
    this.#drawBy();
  }

  #drawBy() {
    this.parts.box.toggleAttribute('data-bytime', this.several !== null && this.isByTime);
    for (const choice of this.parts.bys) choice.setAttribute('aria-pressed', String((choice.dataset.by === 'time') === this.isByTime));
  }

  /** On a phone, the results are a sheet: over the log, or so low that its lines are seen. @param {boolean} [isTall] */
  raise(isTall = !this.parts.box.hasAttribute('data-tall')) {
    this.parts.box.toggleAttribute('data-tall', isTall);
    this.parts.grip.setAttribute('aria-expanded', String(isTall));
    this.rows.schedule(true);
  }

  get isRunning() { return this.search?.state === 'running' || this.several?.isRunning === true; }

  cancel() {
    this.search?.cancel();
    this.several?.cancel();
  }

  /** Gets the hits after the last one. */
  more() {
    this.search?.next();
    this.parts.list.focus({ preventScroll: true });
  }

  /** Stops the search while it runs; then ends it. */
  leave() {
    if (this.isRunning) this.cancel();
    else this.close();
  }

  /** Another log is opened in the pane: the hits of several logs stay. */
  leaveLog() { if (!this.several) this.close(); }

  /** Access to the open log ended. */
  loseLog() {
    const slug = this.log.info?.slug;
    if (this.several) this.keep(this.several.all.map(({ log }) => log).filter((log) => log.slug !== slug));
    else this.close();
  }

  /** The person may see these logs and no others. @param {{slug: string}[]} logs */
  keep(logs) {
    const { groups, several } = this;
    if (!several || !groups) return;
    const gone = several.keep(new Set(logs.map(({ slug }) => slug)));
    for (const of of gone) groups.forget(of);
    this.lost += gone.length;
    if (gone.length) this.#draw(true);
  }

  /** Ends the search, and forgets what it found. */
  close() {
    if (!this.isOpen) return;
    const hadFocus = this.parts.box.contains(document.activeElement);
    this.parts.box.hidden = true;
    this.#end();
    if (hadFocus) this.view.focus({ preventScroll: true });
  }

  #end() {
    const { search, several } = this;
    this.search = this.several = this.groups = this.group = null;
    this.lost = 0;
    this.listener.found(null);
    search?.cancel();
    several?.cancel();
    this.parts.before.replaceChildren();
    this.parts.hits.replaceChildren();
    this.parts.after.replaceChildren();
  }

  /** @param {import('./search.js').Found[]} fresh */
  #heard(fresh) {
    const isFirst = fresh.length > 0 && !this.parts.hits.childElementCount;
    if (fresh.length) this.listener.found(fresh);
    for (const hit of fresh) {
      const group = this.group?.file === hit.file ? this.group : this.#beginFile(hit);
      group.rows.append(this.#row(hit));
      group.n++;
    }
    if (this.group && fresh.length) write(this.group.count, words.say('search.found', { n: this.group.n }));
    this.#draw(isFirst);
  }

  /** @param {import('./several.js').OfLog} of @param {import('./search.js').Found[]} fresh */
  #heardOf(of, fresh) {
    const { groups, several } = this;
    if (!several || !groups) return;
    if (several.isSignedOut) return this.close();
    const isFirst = fresh.length > 0 && several.found === fresh.length;
    if (of.isLost) {
      several.forget(of);
      groups.forget(of);
      this.lost++;
    } else groups.heard(of, fresh);
    this.#draw(isFirst);
  }

  /** Begins the hits of a file; without a name, there is only one. @param {import('./search.js').Found} hit */
  #beginFile({ file, name }) {
    if (this.group) write(this.group.count, words.say('search.found', { n: this.group.n }));
    const count = el('span');
    const rows = el('div', { role: 'list', 'aria-label': name || words.say('search.title') });
    const head = name ? el('button.lt-rg', { type: 'button', 'aria-expanded': 'true' }, icon('chevron'), el('b', {}, name), count) : null;
    this.parts.hits.append(el('div.lt-rgroup', {}, head, rows));
    this.group = { file, rows, count, n: 0 };
    return this.group;
  }

  /** @param {boolean} isNews report it at once, instead of at the next interval */
  #draw(isNews) {
    const { isRunning, parts, search, several } = this;
    parts.box.dataset.done = String(!isRunning);
    parts.cancel.hidden = !isRunning;
    if (!search && !several) return;
    write(parts.pattern, words.say(isRunning ? 'search.for' : 'search.was', { what: this.what }));
    parts.bar.style.inlineSize = `${(several ?? search)?.percent}%`;
    if (several) this.#drawLeftOut(several);
    else if (search && !isRunning) this.#drawAfter(search);
    else if (search?.isMore) parts.after.replaceChildren();
    const now = Date.now();
    if (isRunning && !isNews && now - this.saidAt < SAY_MS) return;
    this.saidAt = now;
    const said = (several ?? search)?.said(words) ?? '';
    write(parts.text, said);
    parts.text.title = said;
  }

  /** Logs that are not among the groups, without their names. @param {Several} several */
  #drawLeftOut({ leftOut, found, count, isRunning, room }) {
    const said = [];
    if (this.lost) said.push(words.say('search.lost', { n: this.lost }));
    if (leftOut) said.push(words.say('search.leftout', { n: leftOut }));
    if (!isRunning && !room && found < count) said.push(words.say('search.full', { n: found }));
    if (this.parts.after.textContent !== said.join('')) this.parts.after.replaceChildren(...said.map((text) => el('div.lt-rg', { 'data-tone': 'caution', role: 'note' }, icon('warn'), el('span.lt-rg-s', {}, text))));
  }

  /** What follows the hits: files that couldn't be read, and the way to more hits. @param {Search} search */
  #drawAfter(search) {
    const { after, before } = this.parts;
    before.replaceChildren(...inexactRows(search));
    after.replaceChildren(...search.unread.map(unreadRow));
    if (!search.hasNext) return;
    const more = el('button.lt-btn', { type: 'button', 'data-act': 'moresearch' }, el('span.lt-label', {}, words.say('search.more')));
    after.append(el('div.lt-resmore', {}, more, search.left ? el('span', {}, words.say('search.left', { n: search.left })) : null));
  }

  /** @param {import('./search.js').Found} hit @param {boolean} [isOfMany] of a log that may have other formats, and whose files have no heads */
  #row(hit, isOfMany = false) {
    const { showsOriginal } = this.log.store;
    const isOriginal = showsOriginal && !isOfMany;
    const { text, hits, secrets } = shownOf(hit, isOriginal);
    const look = { runs: [], steering: steering(text), hits, hitClass: 'lt-hit', secrets: drawnSecrets(secrets, isOriginal) };
    const row = el('button.lt-res', { type: 'button', tabindex: '-1', title: isOfMany ? hit.name : null }, isOfMany ? null : el('span.lt-res-pos', {}, words.number(hit.start)));
    const formats = isOfMany ? null : this.log.store.entries.formats;
    // Without its beginning, a line has neither.
    const time = hit.before ? null : headOf(text, formats)?.time;
    if (hit.level || !hit.before) row.dataset.lv = hit.level ?? read(text, new Context(formats)).level;
    if (time) {
      fill(row, text, 0, time[0], look);
      row.append(fill(el('span.lt-ts'), text, ...time, look));
    }
    fill(row, text, time ? time[1] : 0, text.length, look);
    this.hitOf.set(row, hit);
    return el('div', { role: 'listitem' }, row);
  }

  /** @param {Element} row @param {boolean} isBeside in a pane of its own */
  #show(row, isBeside) {
    const hit = this.hitOf.get(row);
    const slug = this.several ? logWith(row)?.log.slug : this.log.info?.slug;
    if (!hit || !slug) return;
    this.parts.list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    row.setAttribute('aria-current', 'true');
    this.raise(false);
    this.listener.show({ file: hit.file, start: hit.start, end: hit.start, sum: '' }, slug, isBeside);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    if (event.key === 'Escape') this.leave();
    else if (step !== undefined && !event.ctrlKey && !event.altKey && !event.metaKey) this.#move(step);
    else if (event.key === ' ' || event.key === 'Enter') return event.stopPropagation();
    else return undefined;
    event.preventDefault();
    event.stopPropagation();
    return undefined;
  }

  /** @param {number} step */
  #move(step) {
    const all = /** @type {NodeListOf<HTMLElement>} */ (this.parts.list.querySelectorAll('.lt-res'));
    const rows = [...all].filter((row) => row.offsetParent);
    const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    rows[Math.max(0, Math.min(rows.length - 1, at < 0 && step > 0 && step < Infinity ? 0 : at + step))]?.focus();
  }
}
