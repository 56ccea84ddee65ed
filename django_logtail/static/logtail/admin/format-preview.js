/**
 * The last lines of a log below the field for its format, as they would be read: what an entry is, and its parts.
 *
 * The lines come from where the page gets them; without a reader, or for a log that is not saved, there are none.
 */

import { messagesOf } from '../connection/http-answers.js';
import { given } from '../formats/given.js';
import { headIn } from '../formats/heads.js';
import { Store } from '../log/store.js';
import { put } from '../rows/fill.js';
import { el } from '../ui/dom.js';

const SHOWN_LINES = 20;
const ASKED_LINES = 300;
const PAUSE_MS = 250;

/** The lines in an answer of the log's `lines` address. @param {Uint8Array} answer */
function linesOf(answer) {
  let store = new Store();
  for (const { header, bytes } of messagesOf(answer)) {
    if (header.type === 'hello') store = new Store({ encoding: header.encoding });
    else if (header.type === 'batch' && !header.partial) store.take(header, bytes);
  }
  return store;
}

/** The lines as rows of a table. @param {Store} store */
function rowsOf(store) {
  return store.items.filter((item) => item.kind === 'line').map(({ inner, level, plain }) => {
    const head = inner ? null : headIn(plain, store.entries.formats);
    const word = head?.word ? plain.slice(...head.word) : '';
    return { inner, level, word, time: head?.written ?? '', logger: head?.logger ?? '', message: head ? head.said ?? plain.slice(head.message) : plain };
  });
}

/** @param {string} text of anyone's making */
function cell(text) {
  const made = el('td');
  put(made, text);
  return made;
}

/** @typedef {Record<string, string> & {names: Record<string, string>}} Words `names`: of formats, by their English ones */

/** @param {HTMLElement} place @param {Store} store @param {Words} words @param {import('../formats/detection.js').Formats|null} formats those that were given */
function draw(place, store, words, formats) {
  store.readAs(formats);
  const rows = rowsOf(store);
  const entries = rows.filter(({ inner }) => !inner).length;
  const head = el('tr', {}, ...['time', 'level', 'logger', 'message'].map((name) => el('th', { scope: 'col' }, words[name])));
  const body = rows.slice(-SHOWN_LINES).map(({ level, time, word, logger, message }) => el('tr', { 'data-lv': level }, ...[time, word, logger, message].map(cell)));
  const found = store.entries.formats?.names.map((name) => words.names[name] ?? name).join(' + ') ?? words.none;
  const said = words.read.replace('{format}', found).replace('{entries}', String(entries)).replace('{lines}', String(rows.length));
  place.replaceChildren(el('p.help', {}, said), el('table', {}, el('thead', {}, head), el('tbody', {}, ...body)));
}

/** @param {HTMLElement} place */
async function begin(place) {
  const field = /** @type {HTMLInputElement|null} */ (document.getElementById(place.dataset.for ?? ''));
  if (!field) return;
  /** @type {Words} */
  const words = JSON.parse(place.dataset.words ?? '{}');
  const say = (/** @type {string} */ text) => place.replaceChildren(el('p.help', {}, text));
  const answer = await fetch(`${place.dataset.lines}?lines=${ASKED_LINES}`, { credentials: 'same-origin' }).catch(() => null);
  const store = answer?.ok ? linesOf(new Uint8Array(await answer.arrayBuffer())) : new Store();
  if (!store.lines) {
    say(words.nothing);
    return;
  }
  const show = async () => {
    const typed = field.value.trim();
    const formats = typed ? await given(typed) : null;
    if (typed !== field.value.trim()) return;
    if (typed && !formats) say(words.bad);
    else draw(place, store, words, formats);
  };
  let late = 0;
  field.addEventListener('input', () => {
    clearTimeout(late);
    late = window.setTimeout(() => void show(), PAUSE_MS);
  });
  await show();
}

for (const place of document.querySelectorAll('.lt-format-preview')) void begin(/** @type {HTMLElement} */ (place));
