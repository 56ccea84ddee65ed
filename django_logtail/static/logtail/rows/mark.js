/** Draws a mark between two lines: what happened there, and what the viewer can do about it. */

import { el } from '../ui/dom.js';
import { put } from './fill.js';
import { clock } from '../ui/format.js';
import { icon } from '../ui/icons.js';

/** @typedef {import('../log/item.js').Item} Item */

const MARK_ICONS = { gap: 'warn', missed: 'warn', 'missed-unknown': 'warn', unreadable: 'warn', 'not-a-file': 'warn', refused: 'lock', gone: 'warn', elsewhere: 'warn', stopped: 'stop', note: 'flag' };

/** @param {HTMLElement} row @param {Item} item @param {import('./row.js').Look} look */
export function paintMark(row, item, look) {
  row.className = 'lt-mark';
  row.setAttribute('role', 'listitem');
  row.dataset.kind = item.kind;
  delete row.dataset.lv;
  delete row.dataset.level;
  const { words } = look;
  const details = item.details ?? {};
  // Lines that nobody asked for yet are not lost.
  row.toggleAttribute('data-away', item.kind === 'between' || (item.kind === 'gap' && details.reason === 'elsewhere'));
  row.replaceChildren();
  if (item.kind === 'day') {
    const day = words.day(item.details);
    row.append(el('span', {}, look.times.zone === 'written' ? day : words.say('mark.day.written', { day })));
    return;
  }
  const text = el('span');
  put(text, markText(item, details, look));
  if (!row.hasAttribute('data-away')) row.append(icon(MARK_ICONS[item.kind] ?? 'turn'));
  if (item.kind === 'note') {
    row.dataset.level = ['error', 'warning'].includes(details.level) ? details.level : 'info';
    row.append(el('time', {}, clock(details.at)));
  }
  row.append(text);
  if (look.mayLoad && (item.kind === 'gap' || item.kind === 'between') && details.failed?.id !== 'not-there') {
    row.append(details.loading ? el('span', {}, words.say('mark.loading')) : el('button.lt-link', { type: 'button', 'data-act': 'loadgap' }, words.say('do.load')));
  }
  if (look.hasPrevious(item)) row.append(el('button.lt-link', { type: 'button', 'data-act': 'previous' }, words.say('mark.rotated.open')));
}

/** @param {Item} item @param {any} details @param {Pick<import('./row.js').Look, 'leftOutBy'|'words'>} look */
function markText(item, details, { leftOutBy, words }) {
  if (item.kind === 'between') {
    if (details.failed) return words.say('mark.lost', { reason: words.failure(details.failed) });
    const out = leftOutBy(item);
    if (out) return words.say('mark.between.size', { n: out.files, size: words.size(out.size) });
  }
  const time = details.at ? clock(details.at) : '';
  const reason = words.reason(details.why, details.reason) || words.say('reason.none');
  switch (item.kind) {
    case 'gap': return details.failed ? words.say('mark.lost', { reason: words.failure(details.failed) }) : words.say('mark.gap.size', { size: words.size(item.end - item.start) });
    case 'rotated':
      if (details.name && details.current) return words.say('mark.rotated.newest', { time, name: details.name, current: details.current });
      return details.name ? words.say('mark.rotated.name', { time, name: details.name }) : words.say('mark.rotated', { time });
    case 'truncated': return details.to ? words.say('mark.truncated.to', { time, size: words.size(details.to) }) : words.say(details.complete === 0 ? 'mark.truncated.unsure' : 'mark.truncated', { time });
    case 'gone': return details.name ? words.say('mark.gone.name', { time, name: details.name }) : words.say('mark.gone', { time });
    case 'missed': return Number.isFinite(details.size) ? words.say('mark.missed', { size: words.size(details.size) }) : words.say('mark.missed.unknown');
    case 'note': return details.text;
    case 'hole': return words.say('mark.hole', { size: words.size(details.size ?? 0) });
    case 'recovered': return words.say('mark.recovered', { name: details.name ?? '' });
    default: return words.say(`mark.${item.kind}`, { time, reason, what: words.reason(details.why, details.what), name: details.name ?? '' });
  }
}
