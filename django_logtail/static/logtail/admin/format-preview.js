/** The last lines of a file as they would be read: what an entry is, and its parts. */

import { headIn } from '../formats/heads.js';
import { Store } from '../log/store.js';
import { put } from '../rows/fill.js';
import { el } from '../ui/dom.js';

const SHOWN_LINES = 20;

/** @typedef {Record<string, string> & {names: Record<string, string>}} Words `names`: of formats, by their English ones */

/** @param {string[]} lines */
export function storeOf(lines) {
  const store = new Store({ encoding: 'utf-8' });
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
  if (lines.length) store.take({ file: 'preview', start: 0, end: bytes.length }, bytes);
  return store;
}

/** The lines as rows of a table. @param {Store} store */
export function rowsOf(store) {
  return store.items.filter((item) => item.kind === 'line').map(({ inner, level, plain }) => {
    const head = inner ? null : headIn(plain, store.entries.formats);
    const word = head?.word ? plain.slice(...head.word) : String(head?.fields?.levelValue ?? '');
    return { inner, level, word, time: head?.written ?? '', logger: head?.logger ?? '', message: head ? head.said ?? plain.slice(head.message) : plain };
  });
}

/** @param {string} text of anyone's making */
function cell(text) {
  const made = el('td');
  put(made, text);
  return made;
}

/** @param {HTMLElement} place @param {Store} store @param {Words} words @param {import('../formats/detection.js').Formats|null} formats those that were given */
export function draw(place, store, words, formats) {
  store.readAs(formats);
  const rows = rowsOf(store);
  const entries = rows.filter(({ inner }) => !inner).length;
  const head = el('tr', {}, ...['time', 'level', 'logger', 'message'].map((name) => el('th', { scope: 'col' }, words[name])));
  const body = rows.slice(-SHOWN_LINES).map(({ level, time, word, logger, message }) => el('tr', { 'data-lv': level }, ...[time, word, logger, message].map(cell)));
  const found = store.entries.formats?.names.map((name) => words.names[name] ?? name).join(' + ') ?? words.none;
  const said = words.read.replace('{format}', found).replace('{entries}', String(entries)).replace('{lines}', String(rows.length));
  place.replaceChildren(el('p.help', {}, said), el('table', {}, el('thead', {}, head), el('tbody', {}, ...body)));
}
