/** The parts of a pane, built once. This decides where each part is; others draw its content. */

import { config } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

/** @typedef {ReturnType<typeof pane>} Parts */

/** How many were made so far, for unique ids. */
let panes = 0;

/** @param {(key: string, values?: any) => string} say */
export function pane(say) {
  const text = (/** @type {string} */ tag, attributes = {}) => el(tag, attributes);
  const button = (/** @type {string} */ tag, /** @type {string} */ act, /** @type {string} */ label, /** @type {any} */ shape, /** @type {string} */ keys = '', attributes = {}) => el(tag, { type: 'button', 'data-act': act, 'aria-label': say(label), 'data-keys': keys || null, ...attributes }, shape && icon(shape));

  const name = text('h2.lt-name');
  const folder = text('span.lt-dir.lt-wide');
  const chipText = text('span.lt-state-text');
  const chip = el('span.lt-state', { 'data-state': 'connecting' }, el('i.lt-dot'), chipText);
  const redactedText = text('span');
  const redactedButton = el('button.lt-redbtn', { type: 'button', 'data-act': 'redacted', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', hidden: true }, icon('lock'), redactedText);
  const pauseButton = button('button.lt-btn.lt-pausebtn', 'pause', 'do.pause', 'pause', 'P', { hidden: true });
  pauseButton.append(el('span.lt-label', {}, say('do.pause')));
  const stopButton = button('button.lt-icon.lt-stopbtn', 'stop', 'do.stop', 'stop', 'Q', { hidden: true });
  const downloadButton = button('button.lt-icon.lt-roomy', 'download', 'do.download', 'download', 'D', { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
  const settingsButton = button('button.lt-icon.lt-roomy', 'settings', 'do.settings', 'tune', ',', { 'aria-haspopup': 'dialog', 'aria-expanded': 'false' });
  const splitButton = button('button.lt-icon.lt-wide.lt-splitbtn', 'split', 'do.split', 'split', '\\');
  // Where the pane is narrow, in the place of those four.
  const moreButton = button('button.lt-icon.lt-morebtn', 'more', 'do.more', 'more', '', { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
  const closeButton = button('button.lt-icon.lt-closebtn', 'closepane', 'do.close', 'x', '', { hidden: true });
  const head = el('header.lt-head', {},
    button('button.lt-icon.lt-narrow', 'side', 'nav.show', 'list'), name, folder, chip, redactedButton, el('span.lt-grow'),
    el('div.lt-actions', {}, pauseButton, stopButton, splitButton, downloadButton, settingsButton, moreButton, closeButton));

  const query = /** @type {HTMLInputElement} */ (el('input.lt-q', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', placeholder: say('filter.place'), 'aria-label': say('filter.label') }));
  const hint = el('div.lt-hint', { role: 'status', id: `lt-hint-${++panes}`, hidden: true });
  query.setAttribute('aria-describedby', hint.id);
  const recent = el('div.lt-recent', { role: 'listbox', 'aria-label': say('filter.recent'), id: `lt-recent-${panes}`, hidden: true });
  const flag = (/** @type {string} */ act, /** @type {string} */ key, /** @type {string|Node} */ face, /** @type {string} */ keys) => el('button.lt-flag', { type: 'button', 'data-act': act, 'aria-pressed': 'false', 'aria-label': say(key), 'data-keys': keys }, face);
  const flags = {
    case: flag('case', 'filter.case', 'Aa', 'Alt C'), regex: flag('regex', 'filter.regex', '.*', 'Alt R'),
    invert: flag('invert', 'filter.invert', icon('not'), 'Alt X'), only: flag('only', 'filter.only', icon('funnel'), 'Alt F'),
  };
  const searchIcon = icon('search');
  searchIcon.classList.add('lt-field-icon');
  const pins = el('span.lt-pins');
  const saveView = el('button.lt-link', { type: 'button', 'data-act': 'saveview', hidden: true }, say('view.saveas'));
  const pinRow = el('div.lt-pinrow', { role: 'group', 'aria-label': say('filter.terms'), hidden: true }, pins, el('span.lt-grow'),
    saveView, el('button.lt-link', { type: 'button', 'data-act': 'clear' }, say('filter.clear')));
  const filter = el('div.lt-field.lt-filter', {}, searchIcon, query, flags.case, flags.regex, flags.invert, flags.only, el('kbd.lt-kbd.lt-wide', { 'aria-hidden': 'true' }, '/'), hint, recent);
  const matchText = el('span.lt-matchtext', { role: 'status', 'aria-live': 'polite' });
  const matchNav = el('div.lt-matchnav', { hidden: true }, matchText,
    button('button.lt-icon.lt-icon-s', 'prev', 'filter.prev', 'chevron-up', 'Shift Enter'), button('button.lt-icon.lt-icon-s', 'next', 'filter.next', 'chevron', 'Enter'));
  /** @type {Record<string, HTMLElement>} */
  const levels = {};
  for (const [level, key] of [['E', 'error'], ['W', 'warning'], ['I', 'info'], ['D', 'debug']]) {
    levels[level] = el('button.lt-level', { type: 'button', 'data-act': 'level', 'data-lv': level, 'aria-pressed': 'true' }, el('i'), el('span', {}, say(`level.${key}`)), el('b', {}, '0'));
  }
  const wholeButton = button('button.lt-btn.lt-btn-quiet.lt-whole', 'search', 'filter.whole', 'filesearch', 'S');
  wholeButton.append(el('span.lt-label', {}, say('filter.whole')));
  const timeGo = button('button.lt-icon.lt-timego', 'goto', 'go.title', 'clock', '@', { 'aria-haspopup': 'dialog', 'aria-expanded': 'false' });
  const bar = el('div.lt-bar', { role: 'search' }, filter, matchNav, el('div.lt-levels', { role: 'group', 'aria-label': say('levels') }, ...Object.values(levels)), el('span.lt-grow'), timeGo, wholeButton);

  const path = (/** @type {string} */ kind) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    made.setAttribute('class', `lt-v-${kind}`);
    return made;
  };
  const bars = { other: path('other'), warning: path('warning'), error: path('error'), hit: path('hit') };
  const picture = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  picture.setAttribute('preserveAspectRatio', 'none');
  picture.setAttribute('aria-hidden', 'true');
  picture.append(...Object.values(bars));
  const spanChoice = /** @type {HTMLSelectElement} */ (el('select.lt-strip-span', { 'aria-label': say('vol.span') }));
  const stripNote = el('span.lt-strip-note');
  const axis = el('div.lt-vol-axis', { 'aria-hidden': 'true' });
  const chosen = el('div.lt-range', { hidden: true });
  const here = el('div.lt-here', { hidden: true });
  const volumeTip = el('div.lt-voltip', { 'aria-hidden': 'true', hidden: true });
  const plot = el('div.lt-vol', { role: 'slider', tabindex: '0', 'aria-valuemin': '0', 'aria-valuemax': '0', 'aria-valuenow': '0', hidden: true }, picture, axis, chosen, here, volumeTip);
  const noVolume = el('div.lt-strip-none', { role: 'status' });
  const strip = el('div.lt-strip', { hidden: true }, el('div.lt-strip-what', {}, spanChoice, stripNote), plot, noVolume);

  const noticeIcon = icon('warn');
  noticeIcon.classList.add('lt-notice-icon');
  const noticeText = el('span.lt-notice-text');
  const noticeActions = el('span.lt-notice-acts');
  const noticeBody = el('div.lt-notice-body', {}, noticeText);
  const notice = el('div.lt-notice', { role: 'alert', hidden: true }, noticeIcon, noticeBody, el('span.lt-grow'), noticeActions);

  const top = el('div.lt-top', { hidden: true });
  const rows = el('div.lt-window', { role: 'list' });
  const lines = el('div.lt-lines', { role: 'presentation' }, rows);
  const tailText = el('span.lt-tail-text');
  const tailActions = el('span.lt-tail-acts');
  const tail = el('div.lt-tail', {}, el('i.lt-dot'), tailText, tailActions);
  const stuck = el('div.lt-stuck');
  const view = el('div.lt-view', { role: 'log', 'aria-live': 'off', tabindex: '0' }, stuck, top, lines, tail);
  const ruler = /** @type {HTMLCanvasElement} */ (el('canvas.lt-ruler', { width: '12', height: '10', 'aria-hidden': 'true' }));
  const thumb = el('i.lt-thumb');
  const pointerLine = el('i.lt-at', { hidden: true });
  const fileMarks = el('span');
  const windows = el('span');
  const ticks = /** @type {HTMLCanvasElement} */ (el('canvas', { width: '12', height: '10' }));
  const historyBar = el('div.lt-hist', { role: 'slider', tabindex: '0', 'aria-orientation': 'vertical', 'aria-label': say('hist.bar'), 'aria-valuemin': '0', 'aria-valuemax': '100', hidden: true }, windows, fileMarks, ticks, thumb, pointerLine);
  const tags = el('div.lt-tags', { 'aria-hidden': 'true', hidden: true });
  const handle = el('div.lt-scrub', { 'aria-hidden': 'true', hidden: true }, icon('text'));
  const contextButton = button('button.lt-icon.lt-icon-s', 'context', 'row.context', 'context', 'Enter', { hidden: true });
  const fieldsButton = button('button.lt-icon.lt-icon-s', 'fields', 'field.all', 'fields', '→', { hidden: true });
  const foldButton = button('button.lt-icon.lt-icon-s', 'fold', 'do.fold', 'chevron-up', 'X', { hidden: true });
  const tools = el('div.lt-tools', { hidden: true }, button('button.lt-icon.lt-icon-s', 'copyline', 'row.copy', 'copy', 'C'), button('button.lt-icon.lt-icon-s', 'linkline', 'row.link', 'link', 'Y'), fieldsButton, contextButton, foldButton);
  const pillCount = el('span.lt-pill-n');
  const pillErrors = el('span.lt-pill-e');
  const pill = el('button.lt-pill', { type: 'button', 'data-act': 'follow', 'data-keys': 'End', hidden: true }, icon('down'), pillCount, pillErrors);
  const journeyText = el('span');
  const journeyStop = el('button.lt-link', { type: 'button', 'data-act': 'stopjourney' }, say('do.cancel'), el('kbd.lt-kbd', { 'aria-hidden': 'true' }, 'Esc'));
  const journey = el('div.lt-journey', { hidden: true }, journeyText, journeyStop);
  const selectionCount = el('span.lt-sel-n');
  const offer = (/** @type {string} */ act, /** @type {string} */ label, /** @type {any} */ shape, /** @type {string} */ face, keys = '') => {
    const made = button('button.lt-btn', act, label, shape, keys);
    made.append(el('span.lt-label', {}, say(face)));
    return made;
  };
  const selectionFilters = [el('i'), offer('selfor', 'sel.for', 'funnel', 'sel.for'), offer('selhide', 'sel.hide', 'not', 'sel.hide')];
  const selectionBar = el('div.lt-selbar', { role: 'toolbar', 'aria-label': say('sel.bar'), 'data-at': 'bottom', hidden: true }, selectionCount, el('i'),
    offer('selcopy', 'sel.copy', 'copy', 'sel.copy', 'C'), offer('selmarkdown', 'sel.md', 'markdown', 'sel.md.short', 'M'), offer('sellink', 'sel.link', 'link', 'sel.link.short', 'Y'),
    ...selectionFilters, button('button.lt-icon.lt-icon-s', 'selclear', 'sel.clear', 'x', 'Esc'));
  const emptyTitle = el('h3');
  const emptyText = el('p');
  const emptyActions = el('div.lt-empty-acts');
  const emptyIcon = icon('file');
  emptyIcon.classList.add('lt-empty-icon');
  const empty = el('div.lt-empty', { hidden: true }, emptyIcon, emptyTitle, emptyText, emptyActions);
  const body = el('div.lt-body', {}, view, ruler, historyBar, tags, handle, tools, el('div.lt-float', {}, journey, pill), selectionBar, empty);

  const resultsBar = el('i');
  const resultsPattern = el('strong.lt-results-q');
  const resultsText = el('span.lt-results-text', { role: 'status' });
  const resultsCancel = el('button.lt-btn', { type: 'button', 'data-act': 'cancelsearch' }, el('span.lt-label', {}, say('do.cancel')));
  const resultsOrders = ['newest', 'oldest'].map((order) => el('button', { type: 'button', 'data-act': 'sortsearch', 'data-order': order }, say(order === 'newest' ? 'search.newest' : 'search.oldest')));
  const resultsOrder = el('div.lt-seg', { role: 'group', 'aria-label': say('search.order'), hidden: true }, ...resultsOrders);
  const resultsBys = ['log', 'time'].map((by) => el('button', { type: 'button', 'data-act': 'arrangesearch', 'data-by': by }, say(by === 'log' ? 'search.bylog' : 'search.bytime')));
  const resultsBy = el('div.lt-seg', { role: 'group', 'aria-label': say('search.by'), hidden: true }, ...resultsBys);
  const resultsSaves = ['text', 'ndjson'].map((form) => el('a.lt-btn.lt-btn-quiet', { 'data-form': form, download: true, hidden: true, title: say(form === 'text' ? 'search.save.text' : 'search.save.ndjson') }, icon('download'), el('span.lt-label', {}, form === 'text' ? say('search.text') : 'NDJSON')));
  const resultsWhereText = el('span.lt-label');
  const resultsWhere = el('button.lt-btn.lt-btn-quiet', { type: 'button', 'data-act': 'wheresearch', 'aria-haspopup': 'menu', title: say('search.where'), hidden: true }, icon('list'), resultsWhereText);
  const resultsBefore = el('div');
  const resultsHits = el('div');
  const resultsAfter = el('div');
  const resultsList = el('div.lt-results-list', { tabindex: '0', role: 'group', 'aria-label': say('search.title') }, resultsHits, resultsAfter);
  const resultsGrip = el('button.lt-sheet-grip', { type: 'button', 'data-act': 'raisesearch', 'aria-expanded': 'false', 'aria-label': say('search.sheet') });
  const results = el('section.lt-results', { hidden: true, 'aria-label': say('search.title') },
    el('div.lt-progress', { 'aria-hidden': 'true' }, resultsBar),
    resultsGrip,
    el('header.lt-results-head', {}, resultsPattern, resultsText, el('span.lt-grow'), resultsBy, resultsOrder, resultsWhere, ...resultsSaves, resultsCancel, button('button.lt-icon', 'closesearch', 'do.close', 'x', 'Esc')),
    resultsBefore,
    resultsList);

  const sparkline = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  sparkline.setAttribute('class', 'lt-spark');
  sparkline.setAttribute('viewBox', '0 0 72 14');
  sparkline.setAttribute('aria-hidden', 'true');
  const spark = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  sparkline.append(spark);
  const rate = el('span.lt-rate', {}, say('status.rate', { n: 0 }));
  const loaded = el('span.lt-loaded.lt-wide');
  const seen = config.recorded ? [el('span.lt-seen', {}, icon('eye'), say('audit.seen'))] : [];
  const sizeText = el('span.lt-size', { title: say('status.size') });
  const offset = el('span.lt-off.lt-wide', { title: say('status.offset') });
  const followButton = el('button.lt-stbtn.lt-wide', { type: 'button', 'data-act': 'togglefollow', 'data-keys': 'F' });
  const timeButton = el('button.lt-stbtn', { type: 'button', 'data-act': 'time', 'data-keys': 'T' });
  const readButton = el('button.lt-stbtn.lt-read', { type: 'button', 'data-act': 'raw', 'data-keys': 'V', hidden: true });
  const wrapButton = el('button.lt-stbtn', { type: 'button', 'data-act': 'wrap', 'data-keys': 'Z' });
  const encoding = el('span.lt-wide.lt-encoding', { title: say('status.encoding') });
  const format = el('span.lt-wide.lt-format', { title: say('status.format') });
  const status = el('footer.lt-status', {}, sparkline, rate, loaded, ...seen, el('span.lt-grow'), format, sizeText, offset, followButton, timeButton, readButton, wrapButton, encoding);
  const speech = el('div.lt-say.lt-sr', { role: 'status', 'aria-live': 'polite' });

  return {
    children: [head, bar, pinRow, strip, notice, body, results, status, speech],
    name, folder, chip, chipText, redactedButton, redactedText, pauseButton, stopButton, downloadButton, settingsButton, splitButton, moreButton, closeButton, bar, filter, pins, pinRow, saveView, query, hint, recent, flags,
    matchNav, matchText, levels, wholeButton, timeGo, notice, noticeText, noticeActions, noticeBody, body, view, stuck, top, lines, window: rows, tail, tailText, tailActions, ruler, tools,
    contextButton, fieldsButton, foldButton, pill, pillCount, pillErrors, journey, journeyText, journeyStop, selectionBar, selectionCount, selectionFilters, empty, emptyTitle, emptyText, emptyActions,
    spark, rate, loaded, size: sizeText, offset, followButton, timeButton, readButton, wrapButton, encoding, format, status, say: speech,
    volume: { strip, span: spanChoice, note: stripNote, plot, picture, bars, axis, chosen, here, tip: volumeTip, none: noVolume },
    history: { bar: historyBar, thumb, line: pointerLine, files: fileMarks, loaded: windows, ticks, tags, handle },
    results: { box: results, grip: resultsGrip, bar: resultsBar, pattern: resultsPattern, text: resultsText, cancel: resultsCancel, order: resultsOrder, orders: resultsOrders, by: resultsBy, bys: resultsBys, where: resultsWhere, whereText: resultsWhereText, saves: /** @type {HTMLAnchorElement[]} */ (resultsSaves), list: resultsList, before: resultsBefore, hits: resultsHits, after: resultsAfter },
  };
}
