/**
 * The last lines of a log below the field for its format, as they would be read: what an entry is, and its parts.
 *
 * The lines come from where the page gets them; without a reader, or for a log that is not saved, there are none.
 */

import { headOf } from '../formats/heads.js';
import { Context, read } from '../formats/context.js';
import { detect } from '../formats/detection.js';
import { given } from '../formats/given.js';
import { el } from '../ui/dom.js';
import { plain } from '../formats/text.js';

const SHOWN_LINES = 20;
const ASKED_LINES = 300;
const PAUSE_MS = 250;

/** The lines in an answer of the log's `lines` address. @param {Uint8Array} bytes @param {string} encoding @returns {string[]} */
export function linesIn(bytes, encoding) {
  const line = new TextDecoder();
  let text = '';
  let label = encoding;
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    if (end < 0) break;
    const fields = JSON.parse(line.decode(bytes.subarray(at, end)));
    at = end + 1;
    if (fields.type === 'hello') label = fields.encoding;
    if (fields.type !== 'batch') continue;
    const size = fields.end - fields.start;
    if (!fields.partial && !fields.late) text += new TextDecoder(label).decode(bytes.subarray(at, at + size));
    at += size;
  }
  const lines = text.split(/\r*\n/).map(plain);
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

/** The last lines as rows of a table. @param {string[]} lines @param {import('../formats/detection.js').Formats|null} formats */
export function rowsOf(lines, formats) {
  const context = new Context(formats);
  return lines.map((text, i) => {
    const { kind, level } = read(text, context, lines[i + 1] ?? null);
    const head = kind === 'entry' ? headOf(text, formats) : null;
    const part = (/** @type {[number, number]|null|undefined} */ span) => (span ? text.slice(...span) : '');
    return { kind, level, time: head?.written ?? '', word: part(head?.word), logger: head?.logger ?? '', message: head ? head.said ?? text.slice(head.message) : text };
  });
}

/** @param {HTMLElement} place @param {string[]} lines @param {string} text as typed */
async function draw(place, lines, text) {
  const formats = text ? await given(text) : detect(lines.slice(0, ASKED_LINES), lines.slice(-ASKED_LINES));
  /** @type {Record<string, string>} */
  const words = JSON.parse(place.dataset.words ?? '{}');
  if (text && !formats) {
    place.replaceChildren(el('p.help', {}, words.bad));
    return;
  }
  const rows = rowsOf(lines, formats);
  const entries = rows.filter(({ kind }) => kind === 'entry').length;
  const table = el('table', {}, el('thead', {}, el('tr', {}, ...['time', 'level', 'logger', 'message'].map((name) => el('th', { scope: 'col' }, words[name])))));
  const body = el('tbody');
  for (const { kind, level, time, word, logger, message } of rows.slice(-SHOWN_LINES)) {
    body.append(el('tr', { 'data-lv': level, 'data-kind': kind }, el('td', {}, time), el('td', {}, word || (kind === 'entry' && level !== 'O' ? level : '')), el('td', {}, logger), el('td', {}, message)));
  }
  table.append(body);
  const found = formats ? formats.names.join(' + ') : words.none;
  place.replaceChildren(el('p.help', {}, words.read.replace('{format}', found).replace('{entries}', String(entries)).replace('{lines}', String(rows.length))), table);
}

/** @param {HTMLElement} place */
async function begin(place) {
  const field = /** @type {HTMLInputElement|null} */ (document.getElementById(place.dataset.for ?? ''));
  const address = place.dataset.lines;
  if (!field || !address) return;
  /** @type {Record<string, string>} */
  const words = JSON.parse(place.dataset.words ?? '{}');
  /** @type {string[]} */
  let lines = [];
  try {
    const answer = await fetch(`${address}?lines=${ASKED_LINES}`, { credentials: 'same-origin' });
    if (answer.ok) lines = linesIn(new Uint8Array(await answer.arrayBuffer()), 'utf-8');
  } catch { /* said below */ }
  if (!lines.length) {
    place.replaceChildren(el('p.help', {}, words.nothing));
    return;
  }
  let late = 0;
  field.addEventListener('input', () => {
    clearTimeout(late);
    late = window.setTimeout(() => void draw(place, lines, field.value.trim()), PAUSE_MS);
  });
  await draw(place, lines, field.value.trim());
}

if (globalThis.document) for (const place of document.querySelectorAll('.lt-format-preview')) void begin(/** @type {HTMLElement} */ (place));
