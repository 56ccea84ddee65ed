/** The small windows of a pane: view options and download. */

import { config, settings, words } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { names } from '../formats/given.js';
import { fileLink, saveLines } from './download.js';
import { icon } from '../ui/icons.js';
import { refusalOf, soughtBy } from '../find/search.js';
import { PHONE } from '../rows/view-options.js';
import { named, steering } from '../formats/text.js';

/**
 * Shows a popover at a button; it closes automatically when the viewer clicks elsewhere.
 *
 * @param {HTMLElement} near @param {HTMLElement} button @param {HTMLElement} pop
 */
export function show(near, button, pop) {
  pop.popover = 'auto';
  pop.addEventListener('toggle', (event) => {
    const open = /** @type {ToggleEvent} */ (event).newState === 'open';
    button.setAttribute('aria-expanded', String(open));
    if (!open) pop.remove();
  });
  near.append(pop);
  pop.showPopover();
  const at = button.getBoundingClientRect();
  pop.style.top = `${Math.min(at.bottom + 6, innerHeight - pop.offsetHeight - 8)}px`;
  pop.style.left = `${Math.max(8, Math.min(innerWidth - pop.offsetWidth - 8, at.right - pop.offsetWidth))}px`;
  pop.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { event.stopPropagation(); button.focus(); }
    if (pop.getAttribute('role') !== 'menu' || !['ArrowDown', 'ArrowUp'].includes(event.key)) return;
    event.preventDefault();
    const items = /** @type {HTMLElement[]} */ ([...pop.querySelectorAll('.lt-item:not(:disabled)')]);
    const next = items.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + (event.key === 'ArrowDown' ? 1 : -1);
    items[(next + items.length) % items.length].focus();
  });
  /** @type {HTMLElement|null} */ (pop.querySelector('input, button, a'))?.focus();
}

/** @param {HTMLElement} near @param {string} kind */
function isOpen(near, kind) {
  return near.querySelector(`.lt-pop[data-kind="${kind}"]`) !== null;
}

/** @typedef {import('../log/open-log.js').OpenLog} OpenLog */

/** @param {{host: HTMLElement, log: OpenLog, viewOptions: import('../rows/view-options.js').ViewOptions, volumeStrip: import('./volume-strip.js').VolumeStrip, readAs(format: string): Promise<void>}} parts @param {HTMLElement} button */
export function openSettings({ host, log, viewOptions, volumeStrip, readAs }, button) {
  if (isOpen(host, 'settings')) return;
  const pop = el('div.lt-pop.lt-settings', { role: 'dialog', 'aria-label': words.say('do.settings'), 'data-kind': 'settings' });
  const row = (/** @type {string} */ key, /** @type {HTMLElement} */ control) => {
    control.setAttribute('aria-label', words.say(key));
    if (!control.hasAttribute('role') && !(control instanceof HTMLSelectElement)) control.setAttribute('role', 'group');
    pop.append(el('div.lt-set', {}, el('span', {}, words.say(key)), control));
  };
  const toggle = (/** @type {boolean} */ on, /** @type {(on: boolean) => void} */ change) => {
    const made = el('button.lt-switch', { type: 'button', role: 'switch', 'aria-checked': String(on), click: () => {
      on = !on;
      made.setAttribute('aria-checked', String(on));
      change(on);
    } });
    return made;
  };
  const choice = (/** @type {[string, string][]} */ options, /** @type {string} */ current, /** @type {(value: string) => void} */ change) => {
    const made = el('div.lt-seg');
    for (const [value, label] of options) {
      made.append(el('button', { type: 'button', 'aria-pressed': String(value === current), 'data-value': value, click: (/** @type {Event} */ event) => {
        for (const other of made.children) other.setAttribute('aria-pressed', String(other === event.currentTarget));
        change(value);
      } }, label));
    }
    return made;
  };
  const general = (/** @type {any} */ change) => {
    settings.saveGeneral(change);
    document.dispatchEvent(new CustomEvent('logtail:settings'));
  };
  if (log.info) {
    if (viewOptions.hasFields) row('set.lines', choice([['fields', words.say('read.fields')], ['raw', words.say('read.raw')]], viewOptions.raw ? 'raw' : 'fields', (value) => { if ((value === 'raw') !== viewOptions.raw) viewOptions.toggleRaw(); }));
    row('set.wrap', toggle(viewOptions.wrap, () => viewOptions.toggleWrap()));
    row('set.time', choice([['compact', words.say('time.compact')], ['raw', words.say('time.raw')], ['relative', words.say('time.relative')], ['age', words.say('time.age')], ['hidden', words.say('time.hidden')]], viewOptions.time, (value) => viewOptions.setTime(/** @type {typeof viewOptions.time} */ (value))));
  }
  if (log.info) row('set.zone', choice([['written', words.say('zone.written')], ['mine', words.say('zone.mine')], ['utc', words.say('zone.utc')]], viewOptions.zone, (value) => viewOptions.setZone(/** @type {typeof viewOptions.zone} */ (value))));
  if (log.info && log.stream.can('volume')) row('set.volume', toggle(volumeStrip.isWanted, () => volumeStrip.toggle()));
  if (log.info) row('set.format', formatChoice(log, log.info, readAs));
  row('set.density', choice([['s', 'A−'], ['m', 'A'], ['l', 'A+']], settings.general.size, (size) => general({ size })));
  row('set.color', toggle(settings.general.colours, (colours) => general({ colours })));
  if (config.links) row('set.links', toggle(settings.general.links, (links) => general({ links })));
  row('set.mine', toggle(settings.general.mine, (mine) => general({ mine })));
  row('set.announce', toggle(settings.general.announce, (announce) => general({ announce })));
  row('set.keys', toggle(settings.general.keys, (keys) => general({ keys })));
  if (log.info) pop.append(el('div.lt-set', {}, el('span', {}, words.say('set.plain')), el('button.lt-link', { type: 'button', 'data-act': 'plain', click: () => pop.hidePopover() }, words.say('do.open'))));
  if (document.body.classList.contains('lt-page')) {
    if (log.info) pop.append(el('div.lt-set', {}, el('span', {}, words.say('view.this')), el('button.lt-link', { type: 'button', 'data-act': 'saveview', click: () => pop.hidePopover() }, words.say('view.saveas'))));
    row('set.theme', choice([['auto', words.say('set.theme.auto')], ['light', words.say('set.theme.light')], ['dark', words.say('set.theme.dark')]], settings.general.theme, (theme) => general({ theme })));
    if (config.languages?.length) languages(row, choice);
  }
  show(host, button, pop);
}

/**
 * The format of the lines: the one set for the log or detected in it, or one that the viewer chooses.
 *
 * @param {OpenLog} log @param {import('../log/open-log.js').LogInfo} info @param {(format: string) => Promise<void>} readAs
 */
function formatChoice(log, { slug, format: set }, readAs) {
  const chosen = settings.log(slug).format;
  const detected = chosen || set ? '' : log.store.entries.formats?.names.map(words.format).join(' + ') ?? '';
  const all = names();
  const usual = set ? words.say('format.set', { name: words.format(new Map(all).get(set) ?? set) })
    : detected ? words.say('format.found', { name: detected }) : words.say(chosen ? 'format.found.any' : 'format.none');
  const made = /** @type {HTMLSelectElement} */ (el('select.lt-select', {}, el('option', { value: '' }, usual)));
  for (const [id, name] of all) made.append(el('option', { value: id, selected: id === chosen }, words.format(name)));
  made.addEventListener('change', () => {
    settings.saveLog(slug, { format: made.value });
    void readAs(made.value);
  });
  return made;
}

/** @param {(key: string, control: HTMLElement) => void} row @param {(options: [string, string][], current: string, change: (value: string) => void) => HTMLElement} choice */
function languages(row, choice) {
  const options = config.languages.map((/** @type {{code: string, name: string}} */ one) => [one.code, one.name]);
  const current = options.find((/** @type {[string, string]} */ [code]) => config.language === code || config.language.startsWith(`${code}-`))?.[0] ?? '';
  const made = choice(options, current, (code) => void chooseLanguage(code));
  for (const button of /** @type {HTMLCollectionOf<HTMLElement>} */ (made.children)) button.lang = button.dataset.value ?? '';
  row('set.lang', made);
}

/** Has Django remember a language and return the page's address in it, because the texts come with the page. @param {string} code */
async function chooseLanguage(code) {
  const body = new URLSearchParams({ language: code, next: location.pathname + location.search });
  const answer = await fetch(config.urls.language, { method: 'POST', body, credentials: 'same-origin', headers: config.headers() }).catch(() => null);
  if (!answer?.ok) return;
  const address = new URL(answer.url);
  address.hash = location.hash;
  if (address.href === location.href) location.reload();
  else location.assign(address);
}

/**
 * @param {{
 *   host: HTMLElement, log: OpenLog, rows: import('../rows/rows.js').Rows, filtered: import('../find/filtered.js').Filtered,
 *   finding: import('../find/finding.js').Finding, volumeStrip: import('./volume-strip.js').VolumeStrip,
 * }} parts
 * @param {HTMLElement} button
 */
export function openDownload({ host, log, rows, filtered, finding, volumeStrip }, button) {
  if (isOpen(host, 'download') || !log.info) return;
  const pop = el('div.lt-pop', { role: 'menu', 'aria-label': words.say('do.download'), 'data-kind': 'download' });
  const item = (/** @type {string} */ key, /** @type {number} */ n, /** @type {'loaded'|'filtered'} */ what) => pop.append(el('button.lt-item', { type: 'button', role: 'menuitem', disabled: n === 0, click: () => {
    pop.hidePopover();
    saveLines({ log, rows, filtered }, what);
  } }, el('span', {}, words.say(key)), el('span', {}, words.number(n))));
  const file = fileLink(log);
  if (file) {
    const bytes = log.fileSize;
    pop.append(el('a.lt-item', { role: 'menuitem', href: file, download: '', click: () => pop.hidePopover() },
      el('span', {}, words.say('dl.file')), el('span', {}, bytes === null ? '' : words.size(bytes))));
  }
  const { range } = finding.query;
  const sought = range && soughtBy(finding.query, filtered.off);
  if (range && sought && log.info.hits && !refusalOf(sought, log.stream.hello?.can ?? [])) {
    pop.append(el('a.lt-item', { role: 'menuitem', href: `${log.info.hits}?${new URLSearchParams({ asked: JSON.stringify(sought), form: 'text' })}`, download: '', click: () => pop.hidePopover() },
      el('span', {}, words.say('dl.range')), el('span', {}, volumeStrip.said(range))));
  }
  item('dl.loaded', log.lines, 'loaded');
  if (finding.query.active || filtered.hides) item('dl.filtered', filtered.hides ? filtered.lines : filtered.matches.length, 'filtered');
  show(host, button, pop);
}

/**
 * What doesn't fit in the head of a narrow pane.
 *
 * @param {Pick<import('./actions.js').Acted, 'host'|'parts'>} on @param {HTMLElement} button @param {(act: string) => void} run what is chosen
 */
export function openMore({ host, parts }, button, run) {
  if (isOpen(host, 'more')) return;
  const pop = el('div.lt-pop', { role: 'menu', 'aria-label': words.say('do.more'), 'data-kind': 'more' });
  const item = (/** @type {HTMLElement} */ of, /** @type {any} */ shape) => pop.append(el('button.lt-item', { type: 'button', role: 'menuitem', click: () => {
    pop.hidePopover();
    run(of.dataset.act ?? '');
  } }, icon(shape), el('span', {}, of.getAttribute('aria-label') ?? ''), el('span', { 'aria-hidden': 'true' }, of.dataset.keys ?? '')));
  if (!parts.stopButton.hidden) item(parts.stopButton, 'stop');
  if (host.parentElement?.classList.contains('lt-panes') && !PHONE.matches) item(parts.splitButton, 'split');
  item(parts.downloadButton, 'download');
  item(parts.settingsButton, 'tune');
  show(host, button, pop);
}

/** The most lines in the plain view, which has all of them in the document. */
const PLAIN_LINES = 5_000;

/** The last lines shown, as one text that does not move: for screen readers, and the browser's own find and print. @param {{host: HTMLElement, log: OpenLog, rows: import('../rows/rows.js').Rows}} parts */
export function openPlain({ host, log, rows }) {
  const { shown } = rows;
  const items = shown.items.slice(Math.max(shown.first, shown.items.length - PLAIN_LINES)).filter((item) => item.kind === 'line');
  const close = el('button.lt-icon', { type: 'button', 'aria-label': words.say('do.close'), click: () => dialog.close() }, icon('x'));
  const text = el('pre.lt-plain-text', { tabindex: '0' });
  text.textContent = items.map((item) => visible(item.plain)).join('\n');
  const dialog = /** @type {HTMLDialogElement} */ (el('dialog.lt-help.lt-plain-view', { 'aria-label': `${words.say('set.plain')}: ${log.info?.name ?? ''}`, close: () => dialog.remove() },
    el('header', {}, el('h2', {}, log.info?.name ?? ''), close), text));
  host.append(dialog);
  dialog.showModal();
  text.focus();
  text.scrollTop = text.scrollHeight;
}

/** @param {string} text */
function visible(text) {
  let shown = text;
  for (const { start, end } of steering(text).reverse()) shown = `${shown.slice(0, start)}[${named(text.slice(start, end))}]${shown.slice(end)}`;
  return shown;
}
