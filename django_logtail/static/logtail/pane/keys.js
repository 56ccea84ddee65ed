/** The keyboard map. Single letters act only while no text is being typed, and not at all when switched off. */

import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { settings, words } from '../ui/config.js';

/** What the help lists: groups of keys, each key with the name of its text. */
export const HELP = /** @type {[string, Record<string, string>][]} */ ([
  ['move', { line: 'j / k', page: 'Space', 'half-page': 'Ctrl d / u', first: 'g g', last: 'G / End', error: 'e / E', warning: 'w / W' }],
  ['find', { filter: '/', match: 'n / N', case: 'Alt C', regex: 'Alt R', only: 'Alt F', invert: 'Alt X', clear: 'Esc', pin: 'Ctrl Enter', whole: 'S' }],
  ['lines', { select: 'Shift j / k', copy: 'c', link: 'y', context: 'Enter', earlier: 'u', fold: 'x' }],
  ['view', { pause: 'p', stop: 'q', follow: 'f', wrap: 'z', time: 't', level: '1 – 4', split: '\\', size: '+ / −' }],
  ['logs', { find: 'o', next: '[ / ]', list: 'b', download: 'd', help: '?' }],
]);

const TWICE_MS = 600;
const FLAG_KEYS = { KeyC: 'case', KeyR: 'regex', KeyX: 'invert', KeyF: 'only' };
const SIZES = /** @type {const} */ (['s', 'm', 'l']);
let lastG = 0;

/** @param {EventTarget|null} target */
function isTyping(target) {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}

/** @param {import('../log-tail.js').LogTail} tail @param {KeyboardEvent} event */
export function onKey(tail, event) {
  if (event.defaultPrevented || event.isComposing) return;
  const { query, view } = tail.parts;
  const control = event.ctrlKey || event.metaKey;
  if (event.target === query) return inQuery(tail, event);
  if (event.key === 'Escape') return escape(tail, event);
  if (isTyping(event.target)) return undefined;
  if (control && !event.altKey) {
    if (event.key === 'f' && tail.info) {
      // The browser's own find on the second press: it sees only the rows that are on screen.
      if (document.activeElement === query) return undefined;
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === 'a') {
      event.preventDefault();
      tail.selection.all();
    } else if ((event.key === 'd' || event.key === 'u') && settings.reader.keys) {
      event.preventDefault();
      tail.rows.scrollBy((event.key === 'd' ? 1 : -1) * (view.clientHeight / 2));
    } else if (event.key === 'Home') tail.rows.toTop();
    else if (event.key === 'End') tail.toEnd();
    return undefined;
  }
  if (event.altKey || control) return undefined;
  if (moves(tail, event) || (settings.reader.keys && letter(tail, event))) event.preventDefault();
  return undefined;
}

/** @param {import('../log-tail.js').LogTail} tail @param {KeyboardEvent} event */
function inQuery(tail, event) {
  const { query, view } = tail.parts;
  const flag = event.altKey && FLAG_KEYS[event.code];
  if (flag) {
    event.preventDefault();
    tail.finding.toggleFlag(flag);
  } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    tail.finding.pin();
  } else if (event.key === 'Enter') {
    event.preventDefault();
    tail.finding.step(event.shiftKey ? -1 : 1);
  } else if (event.key === 'Escape') {
    event.preventDefault();
    if (query.value || tail.finding.pinned.length) tail.finding.clear();
    else view.focus();
  }
}

/** @param {import('../log-tail.js').LogTail} tail @param {KeyboardEvent} event */
function escape(tail, event) {
  if (tail.selection.active) tail.selection.clear();
  else if (tail.results.isOpen) tail.results.close();
  else if (tail.finding.query.active) tail.finding.clear();
  else return;
  event.preventDefault();
}

/** Keys every scrolling thing has. @param {import('../log-tail.js').LogTail} tail @param {KeyboardEvent} event */
function moves(tail, event) {
  const { view } = tail.parts;
  const inView = event.target instanceof Node && view.contains(event.target);
  switch (event.key) {
    case 'End': tail.toEnd(); return true;
    case 'Home': tail.rows.toTop(); return true;
    case 'PageUp': tail.rows.scrollBy(-view.clientHeight * 0.9); return true;
    case 'PageDown': tail.rows.scrollBy(view.clientHeight * 0.9); return true;
    case ' ':
      if (!inView) return false;
      tail.rows.scrollBy((event.shiftKey ? -1 : 1) * view.clientHeight * 0.9);
      return true;
    case 'ArrowUp':
    case 'ArrowDown':
      if (!inView) return false;
      tail.rows.scrollBy((event.key === 'ArrowUp' ? -1 : 1) * tail.rows.rowHeight * 2);
      return true;
    case 'Enter':
      if (!tail.cursor.item || !inView || event.target === view || /** @type {Element} */ (event.target).closest('button')) return false;
      tail.finding.showContext(tail.cursor.item);
      return true;
    default: return false;
  }
}

/** @param {import('../log-tail.js').LogTail} tail @param {KeyboardEvent} event */
function letter(tail, event) {
  const head = (/** @type {string} */ level) => (/** @type {import('../log/item.js').Item} */ item) => item.level === level && !item.inner;
  switch (event.key) {
    case '/': tail.parts.query.focus(); return true;
    case 'n': tail.finding.step(1); return true;
    case 'N': tail.finding.step(-1); return true;
    case 'j': tail.cursor.move(1); return true;
    case 'k': tail.cursor.move(-1); return true;
    case 'J': extend(tail, 1); return true;
    case 'K': extend(tail, -1); return true;
    case 'e': tail.cursor.move(1, head('E')); return true;
    case 'E': tail.cursor.move(-1, head('E')); return true;
    case 'w': tail.cursor.move(1, head('W')); return true;
    case 'W': tail.cursor.move(-1, head('W')); return true;
    case 'c':
      if (tail.selection.lines) tail.run('selcopy');
      else if (tail.cursor.item) { tail.tools.item = tail.cursor.item; tail.run('copyline'); } else return false;
      return true;
    case 'y':
      if (tail.selection.lines) tail.run('sellink');
      else if (tail.cursor.item) { tail.tools.item = tail.cursor.item; tail.run('linkline'); } else return false;
      return true;
    case 'S': tail.run('search'); return true;
    case 'u': tail.run('earlier'); return true;
    case 'x': if (tail.cursor.item) tail.tools.toggleFold(tail.cursor.item); return true;
    case 'p': tail.run('pause'); return true;
    case 'q': tail.run(tail.session?.ended ? 'do.again' : 'stop'); return true;
    case 'f':
    case 'G': tail.toEnd(); return true;
    case 'z': tail.run('wrap'); return true;
    case 't': tail.run('time'); return true;
    case '1': case '2': case '3': case '4': tail.filterBar.toggleLevel('EWID'[+event.key - 1]); return true;
    case '+': case '=': resize(1); return true;
    case '-': case '−': resize(-1); return true;
    case ',': tail.run('settings'); return true;
    case 'd': tail.run('download'); return true;
    case '?': openHelp(tail); return true;
    case 'g': {
      const now = performance.now();
      if (now - lastG < TWICE_MS) tail.rows.toTop();
      lastG = now;
      return true;
    }
    default: return false;
  }
}

/** @param {import('../log-tail.js').LogTail} tail @param {number} step */
function extend(tail, step) {
  const from = tail.selection.lines?.from ?? tail.cursor.item;
  tail.cursor.move(step);
  if (tail.cursor.item) tail.selection.select(from ?? tail.cursor.item, tail.cursor.item);
}

/** @param {number} step */
function resize(step) {
  const next = SIZES[Math.max(0, Math.min(2, SIZES.indexOf(settings.reader.size) + step))];
  settings.saveReader({ size: next });
  document.dispatchEvent(new CustomEvent('logtail:settings'));
}

/** The list of keys. @param {HTMLElement} near where the dialog belongs, for its colours */
export function openHelp(near) {
  const close = el('button.lt-icon', { type: 'button', 'aria-label': words.say('do.close'), click: () => dialog.close() }, icon('x'));
  const body = el('div.lt-help-body', { tabindex: '0' });
  for (const [group, keys] of HELP) {
    const list = el('dl');
    for (const [name, combination] of Object.entries(keys)) {
      const what = el('dd');
      for (const part of combination.split(' ')) {
        if ((part === '/' && combination !== '/') || part === '–') what.append(part === '/' ? '' : part);
        else what.append(el('kbd.lt-kbd', {}, part));
      }
      list.append(el('div', {}, el('dt', {}, words.say(`keys.${group}.${name}`)), what));
    }
    body.append(el('section', {}, el('h3', {}, words.say(`keys.${group}`)), list));
  }
  const heading = el('h2', { id: 'lt-help-title' }, words.say('do.help'));
  const dialog = /** @type {HTMLDialogElement} */ (el('dialog.lt-help', { 'aria-labelledby': 'lt-help-title', close: () => dialog.remove() }, el('header', {}, heading, close), body));
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  near.append(dialog);
  dialog.showModal();
}
