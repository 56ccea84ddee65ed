/** What stands where no lines do: why there are none, and what to do about it. */

import { words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { fileLink } from './download.js';
import { reshape } from '../ui/icons.js';

/** @typedef {'choose'|'none'|'denied'|'file'|'filter'|'binary'} Kind */

/** Why there is nothing to see in an open log; null where there is. @param {import('../log-tail.js').LogTail} tail @param {import('../connection/state.js').Shown} shown @returns {Kind|null} */
export function blankOf(tail, { blank }) {
  if (blank === 'denied' || blank === 'binary' || blank === 'file') return blank;
  const { chosen } = tail;
  return tail.lines && !chosen.lines && chosen.all && chosen.hides ? 'filter' : null;
}

/** @param {import('../log-tail.js').LogTail} tail @param {Kind|null} kind */
export function drawBlank(tail, kind) {
  const { parts, store } = tail;
  const { empty } = parts;
  const hasPrevious = kind === 'file' && store.place ? tail.history.hasPrevious(store.place.file) : false;
  const about = kind ? `${kind}${hasPrevious ? ' after another' : ''}:${tail.lines && kind === 'filter' ? tail.lines : ''}` : '';
  tail.dataset.blank = kind === 'choose' || kind === 'none' ? 'all' : kind === 'denied' ? 'body' : '';
  empty.hidden = !kind;
  if (!kind || empty.dataset.about === about) {
    if (!kind) empty.dataset.about = '';
    return;
  }
  const isFresh = empty.dataset.about?.split(':')[0] !== about.split(':')[0];
  empty.dataset.about = about;
  write(parts.emptyTitle, words.say(`empty.${kind}`));
  write(parts.emptyText, words.say(`empty.${kind}.more`, { n: tail.lines, name: tail.info?.name ?? '' }));
  reshape(empty, kind === 'filter' ? 'search' : kind === 'none' || kind === 'denied' ? 'lock' : 'file');
  if (isFresh) parts.emptyActions.replaceChildren(...actionsOf(tail, kind, hasPrevious));
}

/** @param {import('../log-tail.js').LogTail} tail @param {Kind} kind @param {boolean} hasPrevious */
function actionsOf(tail, kind, hasPrevious) {
  if (kind === 'filter') return [button('filter.clear', 'clear', true), ...(tail.results.can ? [button('filter.whole', 'search')] : [])];
  if (kind === 'binary') {
    const file = fileLink(tail);
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
