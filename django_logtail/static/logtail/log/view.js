/**
 * How a log is shown, as the part of an address after the "#". Knows no DOM.
 *
 * `q=timeout&t=-health&range=1795759200000-1795762800000&flags=only&off=ID&col=20.request_id&time=raw&file=…&at=…&sum=…;log=worker&w=40`: the panes from
 * left to right, ";" between them. The log of the first one is in the path, the others name theirs. What is left out
 * has its default: an address with anything after the "#" shows the same to everyone, whatever their browser remembers
 * of the log. The server reads the names of logs from it as well (`saved_views.py`).
 *
 * Anybody can write an address: what can't be read is ignored, and only what this module writes is read.
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
/** Logs that can be picked to be searched together: an address has room for about as many names. */
export const MOST_CHOSEN = 50;
const BETWEEN_PANES = ';';
/** The names in a fragment; "view" alone means that everything has its default. */
const NAMES = new Set(['view', 'w', 'on', 'file', 'flags', 'q', 't', 'range', 'off', 'raw', 'time', 'zone', 'wrap', 'format', 'col', 'in']);
const FLAGS = /** @type {const} */ (['case', 'regex', 'invert', 'only']);
const TIMES = ['compact', 'raw', 'relative', 'age', 'hidden'];
const ZONES = ['written', 'mine', 'utc'];
const LEVELS = 'EWID';
/** The fewest and the most characters of a column. */
const WIDTHS = { least: 2, most: 400 };
/** The last moment that a date can hold. */
const LAST_MOMENT = 8_640_000_000_000_000;

/** @typedef {import('./link.js').Linked} Linked */
/** @typedef {{name: string, width: number}} Column */
/**
 * @typedef {{
 *   query: string, terms: string[], range: import('./volume.js').Range|null, flags: import('../find/filter.js').Flags, off: string[], columns: Column[], raw: boolean,
 *   time: 'compact'|'raw'|'relative'|'age'|'hidden', zone: 'written'|'mine'|'utc', wrap: boolean|null, format: string, place: Linked|null, logs: string[],
 * }} View `logs`: those that were picked to be searched together; `wrap`: null if not given, so that each device uses its default; `format`: the name of one; `place`: null at the live end
 * @typedef {View & {log: string, width: number|null, active: boolean}} Pane `width`: percent of all panes; null: all are alike
 */

/** @returns {View} */
export const plainView = () => ({
  query: '', terms: [], range: null, flags: { case: false, regex: false, invert: false, only: false }, off: [], columns: [], raw: false, time: 'compact', zone: 'written', wrap: null, format: '', place: null, logs: [],
});

/**
 * The fragment of panes, without "#". One that would be too long loses what comes last.
 *
 * @param {Pane[]} panes
 * @param {{isPlainSaid?: boolean}} [how] `isPlainSaid`: a single pane with nothing to say is written as such
 */
export const fragmentOfPanes = (panes, { isPlainSaid = false } = {}) => written(panes).fragment || (isPlainSaid ? 'view=1' : '');

/** Whether a fragment leaves out something of the panes. @param {Pane[]} panes */
export const isCut = (panes) => !written(panes).isWhole;

/** @param {Pane[]} panes @returns {{fragment: string, isWhole: boolean}} */
function written(panes) {
  let left = MOST_CHARACTERS;
  let isWhole = panes.every((pane) => isSmall(pane));
  const texts = panes.slice(0, MOST_PANES).map((pane, i) => {
    const parameters = [...(i ? [['log', pane.log]] : []), ...parametersOf(pane), ...(pane.active && panes.length > 1 ? [['on', '1']] : [])];
    let text = '';
    for (const [name, value] of parameters) {
      const more = `${text ? '&' : ''}${name}=${encoded(value)}`;
      if (more.length > left) {
        isWhole = false;
        continue;
      }
      text += more;
      left -= more.length;
    }
    left -= 1;
    return text;
  });
  return { fragment: texts.join(BETWEEN_PANES), isWhole };
}

/** Whether all parts of a pane may be in an address. @param {Pane} pane */
const isSmall = ({ query, terms, columns, logs }) => logs.length <= MOST_CHOSEN && query.length <= MOST_QUERY && terms.length <= MOST_TERMS && terms.every((term) => term.length <= MOST_TERM)
  && columns.length <= MOST_COLUMNS && columns.every(({ name }) => name.length <= MOST_NAME);

/** @param {Pane} pane @returns {string[][]} names and values */
function parametersOf({ query, terms, range, flags, off, columns, raw, time, zone, wrap, format, width, place, logs }) {
  /** @type {string[][]} */
  const found = [];
  if (width !== null) found.push(['w', String(width)]);
  if (place) found.push(...placeOf(place));
  const on = FLAGS.filter((flag) => flags[flag]);
  if (on.length) found.push(['flags', on.join(',')]);
  if (query) found.push(['q', query.slice(0, MOST_QUERY)]);
  for (const term of terms.slice(0, MOST_TERMS)) if (term.length <= MOST_TERM) found.push(['t', term]);
  if (range) found.push(['range', `${range.from}-${range.to}`]);
  if (off.length) found.push(['off', [...LEVELS].filter((level) => off.includes(level)).join('')]);
  if (raw) found.push(['raw', '1']);
  if (time !== 'compact') found.push(['time', time]);
  if (zone !== 'written') found.push(['zone', zone]);
  if (wrap !== null) found.push(['wrap', wrap ? '1' : '0']);
  if (format) found.push(['format', format]);
  for (const column of columns.slice(0, MOST_COLUMNS)) if (column.name.length <= MOST_NAME) found.push(['col', `${Math.round(column.width)}.${column.name}`]);
  for (const slug of logs.slice(0, MOST_CHOSEN)) found.push(['in', slug]);
  return found;
}

/** @param {Linked} place @returns {string[][]} */
function placeOf({ file, start, end, sum, isRead }) {
  return [['file', file], ['at', end > start ? `${start}-${end}` : String(start)], ...(sum ? [['sum', sum]] : []), ...(isRead ? [['see', 'top']] : [])];
}

/**
 * The panes that a fragment shows, from left to right; [] if it is empty: then each log is as it was left.
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
  const zone = one('zone', 10);
  const width = Number(one('w', 3));
  const wrap = one('wrap', 1);
  const place = linkedBy(text);
  return {
    log: one('log', MOST_NAME), query: one('q', MOST_QUERY), terms: termsOf(fields.getAll('t')), range: rangeOf(one('range', 33)),
    flags: { case: flags.includes('case'), regex: flags.includes('regex'), invert: flags.includes('invert'), only: flags.includes('only') && !flags.includes('invert') },
    off: [...LEVELS].filter((level) => one('off', 8).includes(level)), columns: columnsOf(fields.getAll('col')), raw: one('raw', 1) === '1',
    time: /** @type {View['time']} */ (TIMES.includes(time) ? time : 'compact'), zone: /** @type {View['zone']} */ (ZONES.includes(zone) ? zone : 'written'), wrap: wrap === '1' ? true : wrap === '0' ? false : null, format: one('format', MOST_NAME),
    width: Number.isInteger(width) && width > 0 && width < 100 ? width : null, active: one('on', 1) === '1',
    logs: [...new Set(fields.getAll('in'))].filter((slug) => slug && slug.length <= MOST_NAME).slice(0, MOST_CHOSEN),
    place: place && one('see', 3) === 'top' ? { ...place, isRead: true } : place,
  };
}

/** @param {string[]} given @returns {string[]} */
function termsOf(given) {
  return [...new Set(given)].filter((term) => term.trim() && term.length <= MOST_TERM).slice(0, MOST_TERMS);
}

/** @param {string} given @returns {import('./volume.js').Range|null} */
function rangeOf(given) {
  const [, from, to] = (/^(\d{1,16})-(\d{1,16})$/.exec(given) ?? []).map(Number);
  return from < to && to <= LAST_MOMENT ? { from, to } : null;
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
