/** The keyboard map. Single letters act only while no text is being typed, and not at all when switched off. */

import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { settings, words } from '../ui/config.js';

/** What the help lists: groups of keys, each key with the name of its text. The first three groups are about as long as the other two, for two columns. */
const HELP = /** @type {[string, Record<string, string>][]} */ ([
  ['move', { line: 'j / k', page: 'Space', 'half-page': 'Ctrl d / u', first: 'g g', last: 'G / End', time: '@', error: 'e / E', warning: 'w / W' }],
  ['lines', { select: 'Shift j / k', copy: 'c', markdown: 'M', link: 'y', fields: '→ / ←', context: 'Enter', ids: 'i', earlier: 'u', fold: 'x' }],
  ['logs', { find: 'o', next: '[ / ]', list: 'b', download: 'd', help: '?' }],
  ['find', { filter: '/', match: 'n / N', case: 'Alt C', regex: 'Alt R', only: 'Alt F', invert: 'Alt X', clear: 'Esc', pin: 'Ctrl Enter', unpin: 'Backspace', whole: 'S', all: 'A' }],
  ['view', { pause: 'p', stop: 'q', follow: 'f', wrap: 'z', time: 't', raw: 'v', volume: 'h', level: '1 – 4', split: '\\', size: '+ / −' }],
]);

const TWICE_MS = 600;
const FLAG_KEYS = { KeyC: 'case', KeyR: 'regex', KeyX: 'invert', KeyF: 'only' };
const SIZES = /** @type {const} */ (['s', 'm', 'l']);
let lastG = 0;

/** @param {EventTarget|null} target */
function isTyping(target) {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}

/**
 * @typedef {{
 *   host: HTMLElement, log: import('../log/open-log.js').OpenLog, parts: import('./pane.js').Parts, rows: import('../rows/rows.js').Rows,
 *   cursor: import('../rows/cursor.js').Cursor, selection: import('../rows/selection.js').Selection, tools: import('../rows/tools.js').Tools,
 *   filtered: import('../find/filtered.js').Filtered, finding: import('../find/finding.js').Finding, filterBar: import('../find/filter-bar.js').FilterBar,
 *   journey: import('../log/journey.js').Journey, nextOfLevel: import('./next-of-level.js').NextOfLevel,
 *   results: import('../find/results.js').Results, follow: import('../log/follow.js').Follow, actions: import('./actions.js').Actions,
 *   viewOptions: import('../rows/view-options.js').ViewOptions, showContext(item: import('../log/item.js').Item): void,
 * }} Keyed what keys act on
 */

/** @param {Keyed} on @param {KeyboardEvent} event */
export function onKey(on, event) {
  if (event.defaultPrevented || event.isComposing) return;
  const { query, view } = on.parts;
  const control = event.ctrlKey || event.metaKey;
  if (event.target === query) return inQuery(on, event);
  if (event.key === 'Escape') return escape(on, event);
  if (isTyping(event.target)) return undefined;
  if (control && !event.altKey) {
    if (event.key === 'f' && on.log.info) {
      // The browser's own find on the second press: it sees only the rows that are on screen.
      if (document.activeElement === query) return undefined;
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === 'a') {
      event.preventDefault();
      on.selection.all();
    } else if ((event.key === 'd' || event.key === 'u') && settings.general.keys) {
      event.preventDefault();
      on.rows.scrollBy((event.key === 'd' ? 1 : -1) * (view.clientHeight / 2));
    } else if (event.key === 'Home') on.actions.run('home');
    else if (event.key === 'End') on.follow.toEnd();
    return undefined;
  }
  if (event.altKey || control) return undefined;
  if (moves(on, event) || (settings.general.keys && letter(on, event))) event.preventDefault();
  return undefined;
}

/** @param {Keyed} on @param {KeyboardEvent} event */
function inQuery(on, event) {
  const { query, view } = on.parts;
  const flag = event.altKey && FLAG_KEYS[event.code];
  if (flag) {
    event.preventDefault();
    on.finding.toggleFlag(flag);
  } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    on.finding.pin();
  } else if (event.key === 'Enter') {
    event.preventDefault();
    on.finding.step(event.shiftKey ? -1 : 1);
  } else if (event.key === 'Escape') {
    event.preventDefault();
    if (query.value) on.finding.clearTyped();
    else view.focus();
  } else if (event.key === 'Backspace' && !query.value && !event.altKey && on.finding.pinned.length) {
    event.preventDefault();
    on.finding.takeBack();
  }
}

/** @param {Keyed} on @param {KeyboardEvent} event */
function escape(on, event) {
  if (on.journey.stop()) { /* Nothing else. */ } else if (on.selection.active) on.selection.clear();
  else if (on.results.isOpen) on.results.leave();
  else if (on.finding.query.active) on.finding.clear();
  else return;
  event.preventDefault();
}

/** The usual keys for scrolling. @param {Keyed} on @param {KeyboardEvent} event */
function moves(on, event) {
  const { view } = on.parts;
  const inView = event.target instanceof Node && view.contains(event.target);
  switch (event.key) {
    case 'End': on.follow.toEnd(); return true;
    case 'Home': on.actions.run('home'); return true;
    case 'PageUp': on.rows.scrollBy(-view.clientHeight * 0.9); return true;
    case 'PageDown': on.rows.scrollBy(view.clientHeight * 0.9); return true;
    case ' ':
      if (!inView) return false;
      on.rows.scrollBy((event.shiftKey ? -1 : 1) * view.clientHeight * 0.9);
      return true;
    case 'ArrowUp':
    case 'ArrowDown':
      if (!inView) return false;
      on.rows.scrollBy((event.key === 'ArrowUp' ? -1 : 1) * on.rows.rowHeight * 2);
      return true;
    case 'ArrowRight':
    case 'ArrowLeft': return inView && openFields(on, event);
    case 'Enter':
      if (!on.cursor.item || !inView || event.target === view || /** @type {Element} */ (event.target).closest('button, a')) return false;
      if (on.filtered.isFoldOfFrames(on.cursor.item)) on.tools.toggleFrames(on.cursor.item);
      else on.showContext(on.cursor.item);
      return true;
    default: return false;
  }
}

/** Opens or closes the fields of a line, as in a tree; where there is nothing to open or close, lines are scrolled sideways. @param {Keyed} on @param {KeyboardEvent} event */
function openFields({ cursor, rows, viewOptions }, event) {
  const item = rows.itemAt(/** @type {Node} */ (event.target)) ?? cursor.item;
  const row = item && rows.mounted.get(item);
  if (!row?.classList.contains('lt-can')) return false;
  if (viewOptions.opened.has(item) === (event.key === 'ArrowRight')) return false;
  // The fields that had the focus go.
  if (event.key === 'ArrowLeft') row.focus({ preventScroll: true });
  viewOptions.toggleFields(item);
  return true;
}

/** @param {Keyed} on @param {KeyboardEvent} event */
function letter(on, event) {
  switch (event.key) {
    case '@': on.actions.run('goto'); return true;
    case '/': on.parts.query.focus(); return true;
    case 'n': on.finding.step(1); return true;
    case 'N': on.finding.step(-1); return true;
    case 'j': step(on, 1); return true;
    case 'k': step(on, -1); return true;
    case 'J': extend(on, 1); return true;
    case 'K': extend(on, -1); return true;
    case 'e': void on.nextOfLevel.to('E', 1); return true;
    case 'E': void on.nextOfLevel.to('E', -1); return true;
    case 'w': void on.nextOfLevel.to('W', 1); return true;
    case 'W': void on.nextOfLevel.to('W', -1); return true;
    case 'c':
      if (on.selection.lines) on.actions.run('selcopy');
      else if (on.cursor.item) { on.tools.item = on.cursor.item; on.actions.run('copyline'); } else return false;
      return true;
    case 'M':
      if (!on.selection.active) {
        if (!on.cursor.item) return false;
        on.tools.item = on.cursor.item;
      }
      on.actions.run('selmarkdown');
      return true;
    case 'y':
      if (on.selection.lines) on.actions.run('sellink');
      else if (on.cursor.item) { on.tools.item = on.cursor.item; on.actions.run('linkline'); } else return false;
      return true;
    case 'S': on.actions.run('search'); return true;
    case 'A': on.actions.run('searchall'); return true;
    case 'u': on.actions.run('earlier'); return true;
    case 'i': on.actions.run('ids'); return true;
    case 'x': if (on.cursor.item) on.tools.toggleFold(on.cursor.item); return true;
    case 'p': on.actions.run('pause'); return true;
    case 'q': on.actions.run(on.log.session?.ended ? 'do.again' : 'stop'); return true;
    case 'f':
    case 'G': on.follow.toEnd(); return true;
    case 'z': on.actions.run('wrap'); return true;
    case 't': on.actions.run('time'); return true;
    case 'v': on.actions.run('raw'); return true;
    case 'h': on.actions.run('volume'); return true;
    case '1': case '2': case '3': case '4': on.filterBar.toggleLevel('EWID'[+event.key - 1]); return true;
    case '+': case '=': resize(1); return true;
    case '-': case '−': resize(-1); return true;
    case ',': on.actions.run('settings'); return true;
    case 'd': on.actions.run('download'); return true;
    case '?': openHelp(on.host); return true;
    case 'g': {
      const now = performance.now();
      if (now - lastG < TWICE_MS) on.actions.run('home');
      lastG = now;
      return true;
    }
    default: return false;
  }
}

/** @param {Keyed} on @param {number} direction */
function step(on, direction) {
  on.cursor.move(direction);
  on.rows.onMove?.(direction);
}

/** @param {Keyed} on @param {number} direction */
function extend(on, direction) {
  const from = on.selection.lines?.from ?? on.cursor.item;
  step(on, direction);
  if (on.cursor.item) on.selection.select(from ?? on.cursor.item, on.cursor.item);
}

/** @param {number} step */
function resize(step) {
  const next = SIZES[Math.max(0, Math.min(2, SIZES.indexOf(settings.general.size) + step))];
  settings.saveGeneral({ size: next });
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
