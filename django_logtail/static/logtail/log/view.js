/**
 * How a log is looked at, as the part of an address behind the "#". Knows no DOM.
 *
 * `q=timeout&t=-health&flags=only&off=ID&col=20.request_id&time=raw&file=…&at=…&sum=…;log=worker&w=40`: the panes from
 * left to right, ";" between them. The log of the first one is in the path, the others name theirs. What is left out is
 * as it is without a choice: an address with anything behind the "#" shows the same to everyone, whatever their browser
 * remembers of the log. The server reads the names of logs out of it as well (`saved_views.py`).
 *
 * An address is anybody's text: what cannot be read is left out, and no more is read than is written here.
 */

import { encoded, linkedBy } from './link.js';

/** Characters of an address that the page writes, and of a saved view. */
export const MOST_CHARACTERS = 4_000;
/** Characters of an address that are read. */
const MOST_READ = 16_000;
export const MOST_PANES = 3;
const MOST_QUERY = 1_000;
const MOST_TERMS = 20;
const MOST_TERM = 300;
const MOST_COLUMNS = 20;
const MOST_NAME = 100;
const BETWEEN_PANES = ';';
/** Of what a fragment says; "view" says that there is nothing else to say. */
const NAMES = new Set(['view', 'w', 'on', 'file', 'flags', 'q', 't', 'off', 'raw', 'time', 'wrap', 'format', 'col']);
const FLAGS = /** @type {const} */ (['case', 'regex', 'invert', 'only']);
const TIMES = ['compact', 'raw', 'relative', 'hidden'];
const LEVELS = 'EWID';
/** The fewest and the most characters of a column. */
const WIDTHS = { least: 2, most: 400 };

/** @typedef {import('./link.js').Linked} Linked */
/** @typedef {{name: string, width: number}} Column */
/**
 * @typedef {{
 *   query: string, terms: string[], flags: import('../find/filter.js').Flags, off: string[], columns: Column[], raw: boolean,
 *   time: 'compact'|'raw'|'relative'|'hidden', wrap: boolean|null, format: string, place: Linked|null,
 * }} View `wrap`: null where it is not said, and each device does as it does; `format`: the name of one; `place`: null at the live end
 * @typedef {View & {log: string, width: number|null, active: boolean}} Pane `width`: percent of all panes; null: all are alike
 */

/** @returns {View} */
export const plainView = () => ({
  query: '', terms: [], flags: { case: false, regex: false, invert: false, only: false }, off: [], columns: [], raw: false, time: 'compact', wrap: null, format: '', place: null,
});

/**
 * The fragment of panes, without "#". One that would be too long loses what comes last.
 *
 * @param {Pane[]} panes
 * @param {{isPlainSaid?: boolean}} [how] `isPlainSaid`: of a single pane that has nothing to say, it is said that it has nothing
 */
export function fragmentOfPanes(panes, { isPlainSaid = false } = {}) {
  let left = MOST_CHARACTERS;
  const written = panes.slice(0, MOST_PANES).map((pane, i) => {
    const parameters = [...(i ? [['log', pane.log]] : []), ...parametersOf(pane), ...(pane.active && panes.length > 1 ? [['on', '1']] : [])];
    let text = '';
    for (const [name, value] of parameters) {
      const more = `${text ? '&' : ''}${name}=${encoded(value)}`;
      if (more.length > left) continue;
      text += more;
      left -= more.length;
    }
    left -= 1;
    return text;
  });
  return written.join(BETWEEN_PANES) || (isPlainSaid ? 'view=1' : '');
}

/** @param {Pane} pane @returns {string[][]} names and values */
function parametersOf({ query, terms, flags, off, columns, raw, time, wrap, format, width, place }) {
  /** @type {string[][]} */
  const found = [];
  if (width !== null) found.push(['w', String(width)]);
  if (place) found.push(...placeOf(place));
  const on = FLAGS.filter((flag) => flags[flag]);
  if (on.length) found.push(['flags', on.join(',')]);
  if (query) found.push(['q', query.slice(0, MOST_QUERY)]);
  for (const term of terms.slice(0, MOST_TERMS)) if (term.length <= MOST_TERM) found.push(['t', term]);
  if (off.length) found.push(['off', [...LEVELS].filter((level) => off.includes(level)).join('')]);
  if (raw) found.push(['raw', '1']);
  if (time !== 'compact') found.push(['time', time]);
  if (wrap !== null) found.push(['wrap', wrap ? '1' : '0']);
  if (format) found.push(['format', format]);
  for (const column of columns.slice(0, MOST_COLUMNS)) if (column.name.length <= MOST_NAME) found.push(['col', `${Math.round(column.width)}.${column.name}`]);
  return found;
}

/** @param {Linked} place @returns {string[][]} */
function placeOf({ file, start, end, sum, isRead }) {
  return [['file', file], ['at', end > start ? `${start}-${end}` : String(start)], ...(sum ? [['sum', sum]] : []), ...(isRead ? [['see', 'top']] : [])];
}

/**
 * The panes that a fragment shows, from left to right; [] of one that says nothing: then each log is as it was left.
 *
 * @param {string} fragment with or without "#" @returns {Pane[]} the first one's log is in the path
 */
export function panesOf(fragment) {
  const text = fragment.replace(/^#/, '');
  if (!text || text.length > MOST_READ) return [];
  const parts = text.split(BETWEEN_PANES, MOST_PANES);
  // The name of a part of the page, as the link past the list has it.
  if (parts.length === 1 && ![...new URLSearchParams(text).keys()].some((name) => NAMES.has(name))) return [];
  const panes = parts.map(paneOf);
  return panes.filter((pane, i) => i === 0 || pane.log);
}

/** @param {string} text @returns {Pane} */
function paneOf(text) {
  const fields = new URLSearchParams(text);
  const one = (/** @type {string} */ name, /** @type {number} */ most) => {
    const value = fields.get(name) ?? '';
    return value.length > most ? '' : value;
  };
  const flags = one('flags', 60).split(',');
  const time = one('time', 10);
  const width = Number(one('w', 3));
  const wrap = one('wrap', 1);
  const place = linkedBy(text);
  return {
    log: one('log', MOST_NAME), query: one('q', MOST_QUERY), terms: termsOf(fields.getAll('t')),
    flags: { case: flags.includes('case'), regex: flags.includes('regex'), invert: flags.includes('invert'), only: flags.includes('only') && !flags.includes('invert') },
    off: [...LEVELS].filter((level) => one('off', 8).includes(level)), columns: columnsOf(fields.getAll('col')), raw: one('raw', 1) === '1',
    time: /** @type {View['time']} */ (TIMES.includes(time) ? time : 'compact'), wrap: wrap === '1' ? true : wrap === '0' ? false : null, format: one('format', MOST_NAME),
    width: Number.isInteger(width) && width > 0 && width < 100 ? width : null, active: one('on', 1) === '1',
    place: place && one('see', 3) === 'top' ? { ...place, isRead: true } : place,
  };
}

/** @param {string[]} given @returns {string[]} */
function termsOf(given) {
  return [...new Set(given)].filter((term) => term.trim() && term.length <= MOST_TERM).slice(0, MOST_TERMS);
}

/** @param {string[]} given @returns {Column[]} */
function columnsOf(given) {
  /** @type {Map<string, Column>} */
  const found = new Map();
  for (const text of given.slice(0, MOST_COLUMNS)) {
    const [, width, name] = /^(\d{1,3})\.(.{1,100})$/su.exec(text) ?? [];
    if (name) found.set(name, { name, width: Math.min(WIDTHS.most, Math.max(WIDTHS.least, Number(width))) });
  }
  return [...found.values()];
}

/** The fragment of a view without its place, for a saved view that opens at the live end. @param {string} fragment */
export function withoutPlaces(fragment) {
  return fragmentOfPanes(panesOf(fragment).map((pane) => ({ ...pane, place: null })));
}
