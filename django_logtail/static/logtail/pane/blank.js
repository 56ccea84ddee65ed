/** Fills a pane without lines: explains why it is empty, and what to do. */

import { words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { fileLink } from './download.js';
import { reshape } from '../ui/icons.js';

/** @typedef {'choose'|'none'|'denied'|'file'|'filter'|'binary'|'notyet'} Kind */

/** @typedef {Pick<import('./drawing.js').Drawn, 'host'|'log'|'parts'|'filtered'|'linkedLines'|'results'>} Drawn */

/** Why an open log shows nothing; null if it shows something. @param {Drawn} drawn @param {import('../connection/state.js').Shown} shown @returns {Kind|null} */
export function blankOf({ log, filtered }, { blank }) {
  if (blank === 'denied' || blank === 'binary' || blank === 'file' || blank === 'notyet') return blank;
  return log.lines && !filtered.lines && filtered.all && filtered.hides ? 'filter' : null;
}

/** @param {Drawn} drawn @param {Kind|null} kind */
export function drawBlank(drawn, kind) {
  const { host, log, parts } = drawn;
  const { empty } = parts;
  const { place } = log.store;
  const hasPrevious = kind === 'file' && place ? drawn.linkedLines.hasPrevious(place.file) : false;
  const about = kind ? `${kind}${hasPrevious ? ' after another' : ''}:${log.lines && kind === 'filter' ? log.lines : ''}` : '';
  host.dataset.blank = kind === 'choose' || kind === 'none' ? 'all' : kind === 'denied' ? 'body' : '';
  empty.hidden = !kind;
  if (!kind || empty.dataset.about === about) {
    if (!kind) empty.dataset.about = '';
    return;
  }
  const isFresh = empty.dataset.about?.split(':')[0] !== about.split(':')[0];
  empty.dataset.about = about;
  write(parts.emptyTitle, words.say(kind === 'notyet' ? notYet(log.info) : `empty.${kind}`, { path: log.info?.path ?? '', name: log.info?.name ?? '' }));
  write(parts.emptyText, words.say(`empty.${kind}.more`, { n: log.lines, name: log.info?.name ?? '' }));
  reshape(empty, kind === 'filter' ? 'search' : kind === 'none' || kind === 'denied' ? 'lock' : 'file');
  if (isFresh) parts.emptyActions.replaceChildren(...actionsOf(drawn, kind, hasPrevious));
}

/** @param {Record<string, any>|null|undefined} info */
function notYet(info) {
  if (!info?.path) return 'empty.notyet.any';
  return info.follow === 'newest' ? 'empty.notyet.match' : 'empty.notyet';
}

/** @param {Drawn} drawn @param {Kind} kind @param {boolean} hasPrevious */
function actionsOf({ log, results }, kind, hasPrevious) {
  if (kind === 'filter') return [button('filter.clear', 'clear', true), ...(results.can ? [button('filter.whole', 'search')] : [])];
  if (kind === 'binary') {
    const file = fileLink(log);
    const download = file && el('a.lt-btn.lt-btn-main', { href: file, download: '' }, el('span.lt-label', {}, words.say('do.download')));
    return [...(download ? [download] : []), button('empty.binary.show', 'showbinary', !file)];
  }
  if (hasPrevious) return [button('mark.rotated.open', 'previous')];
  return kind === 'denied' ? [button('do.choose', 'do.choose', true)] : [];
}

/** @param {string} label @param {string} act @param {boolean} [isMain] */
function button(label, act, isMain = false) {
  return el(isMain ? 'button.lt-btn.lt-btn-main' : 'button.lt-btn', { type: 'button', 'data-act': act }, el('span.lt-label', {}, words.say(label)));
}
