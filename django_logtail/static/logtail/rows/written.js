/**
 * A line that is drawn as it was written: its parts, and the column where its text begins. Knows no DOM.
 *
 * The parts follow each other without a gap and together are the whole line: copying and searching see the file's text.
 */

import { LEVEL_COLUMNS } from './column.js';
import { headOf } from '../formats/heads.js';
import { stampEnd } from '../formats/stamps.js';

/** Text between two parts that says something (the address before the time of a request), or encloses one of them. */
const SAYS = /[\p{L}\p{N}[\](){}<>|]/u;
/** The word that a line of PostgreSQL begins with after its own head: `STATEMENT:  `. */
const KEYWORD = /\p{Lu}[\p{Lu} ]*: *$/u;
/** The level that the message of java.util.logging begins with. */
const LEVEL_BEFORE = /^(\p{Lu}{3,9}): (?=\S)/u;

/** @typedef {import('../formats/heads.js').Head} Head */
/** @typedef {import('../formats/detection.js').Formats} Formats */
/**
 * @typedef {{name: string, from: number, to: number, end: number}} Part `name`: its classes; the blanks up to `end`
 *   belong to it
 */

/** The parts of a line, the message last. @param {string} text @param {Head|null} head @returns {Part[]} */
export function partsOf(text, head) {
  const stamp = stampEnd(text);
  /** @type {[number, number, string][]} */
  const fields = [];
  if (head?.time) fields.push([...head.time, 'lt-ts']);
  if (head?.word) fields.push([...head.word, 'lt-lv']);
  if (head?.source) fields.push([...head.source, 'lt-src']);
  // What a container's runtime wrote, before the program's own time.
  if (stamp && head?.time?.[0] !== 0) fields.push([0, stamp, 'lt-ts lt-stamp']);
  fields.sort((a, b) => a[0] - b[0]);
  /** @type {Part[]} */
  const parts = [];
  let at = 0;
  const put = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to, end = to) => {
    parts.push({ name, from, to, end });
    at = end;
  };
  const putBetween = (/** @type {number} */ to) => {
    if (to > at) put(SAYS.test(text.slice(at, to)) ? 'lt-sep lt-said' : 'lt-sep', at, to);
  };
  for (const [start, end, name] of fields) {
    if (start < at || end > text.length) continue;
    putBetween(start);
    if (name === 'lt-lv' && text[end] === ' ' && text[start - 1] !== '[' && !isAligned(text, start, head)) put('lt-lv lt-pad', start, end, afterBlanks(text, end));
    else put(!name.startsWith('lt-ts') && isHeld(text, start, end) ? `${name} lt-held` : name, start, end);
    const colon = name.startsWith('lt-ts') ? null : /^: +/.exec(text.slice(at, at + 20));
    if (colon) put('lt-sep', at, at + colon[0].length);
  }
  // The process, the thread, and whatever else stands before the message.
  if (head) putBetween(Math.min(head.message, text.length));
  put('lt-msg', at, text.length);
  return parts;
}

/** Whether blanks after a level would not align what follows. @param {string} text @param {number} start of the level @param {Head|null} head */
const isAligned = (text, start, head) => head?.isPadded ?? (text[start - 1] === ' ' && (start === 1 || text[start - 2] === ' '));

/** The parts of a line that is the message of the entry whose head is above. @param {string} text @returns {Part[]} */
export function messageParts(text) {
  const level = LEVEL_BEFORE.exec(text);
  const from = level ? level[0].length : 0;
  const message = { name: 'lt-text', from, to: text.length, end: text.length };
  if (!level) return [message];
  const [, { length }] = level;
  return [{ name: 'lt-lv lt-held', from: 0, to: length, end: length }, { name: 'lt-sep', from: length, to: from, end: from }, message];
}

/**
 * The parts of a line that belongs to the entry above although it has a head of its own, which repeats that entry's; null
 * if it has none.
 *
 * @param {string} text @param {Formats|null} formats @returns {Part[]|null}
 */
export function repeatedParts(text, formats) {
  if (!formats || !/^[\d[<]/.test(text)) return null;
  const head = headOf(text, formats);
  if (!head?.part) return null;
  const keyword = KEYWORD.exec(text.slice(0, head.message));
  const from = keyword?.index ?? text.length - text.slice(head.time?.[1] ?? 0).replace(/^[\]>\s]+/, '').length;
  return [{ name: 'lt-again', from: 0, to: from, end: from }, { name: 'lt-msg', from, to: text.length, end: text.length }];
}

/**
 * The same parts where there is little room: time and message, and the level of errors and warnings. What is left out is
 * still part of the row, and so of what is copied.
 *
 * @param {Part[]} parts @param {string} text @param {boolean} showsLevel
 * @returns {Part[]}
 */
export function briefly(parts, text, showsLevel) {
  const message = parts[parts.length - 1];
  // `FAIL covers.test_26: (61 ms)`: such a message says nothing without the name.
  const needsName = /^\([^()]*\)$/.test(text.slice(message.from, message.to));
  const isOut = parts.map(({ name }) => (name === 'lt-src' && !needsName) || (!showsLevel && /^lt-lv(?! lt-held)/.test(name)));
  // What only separates parts is left out along with either of them.
  parts.forEach(({ name }, i) => { if (name === 'lt-sep') isOut[i] = Boolean(isOut[i - 1] || isOut[i + 1]); });
  let before = '';
  let isAfterGap = false;
  return parts.map((part, i) => {
    if (isOut[i]) {
      isAfterGap = before !== '';
      return { ...part, name: `${part.name} lt-out` };
    }
    const shown = text.slice(part.from, part.to);
    const isApart = isAfterGap && !/\s$/.test(before) && !/^\s/.test(shown);
    before = shown;
    // The spaces after a level are left out, too.
    isAfterGap = part.end > part.to;
    return isApart ? { ...part, name: `${part.name} lt-apart` } : part;
  });
}

/** Whether brackets or similar characters enclose this text, and would be left empty without it: `[info     ]`. @param {string} text @param {number} start @param {number} end */
function isHeld(text, start, end) {
  return /[^\s]/.test(text[start - 1] ?? ' ') || /^(?:[^\s:]| *[\])}>|])/.test(text.slice(end, end + 20));
}

/** @param {string} text @param {number} at */
function afterBlanks(text, at) {
  let end = at;
  while (text[end] === ' ') end++;
  return end;
}

/**
 * The column where the text of a line begins, as it is drawn: the lines of its entry continue there. Null for a line
 * without a time and a level.
 *
 * @param {string} text @param {(written: string, isStamp: boolean) => number} widthOf columns that a time takes
 * @param {Formats|null} formats
 * @returns {number|null}
 */
export function hangOf(text, widthOf, formats) {
  // A line of JSON has no head of its own, and would be parsed.
  const head = text.startsWith('{') ? null : headOf(text, formats);
  if (!head?.time && !head?.word) return null;
  const parts = partsOf(text, head);
  const last = parts.findLastIndex(({ name }) => name.startsWith('lt-ts') || name.startsWith('lt-lv'));
  let columns = 0;
  for (const { name, from, to, end } of parts.slice(0, last + 1)) {
    if (name.startsWith('lt-ts')) columns += widthOf(text.slice(from, to), name.endsWith('lt-stamp'));
    else columns += name === 'lt-lv lt-pad' ? Math.max(end - from, LEVEL_COLUMNS) : end - from;
  }
  let at = parts[last].end;
  const next = parts[last + 1];
  // Brackets and what separates; but not the process, and whatever else is said before the message.
  const isPunctuation = next.name === 'lt-sep' && next.to < text.length;
  while (text[at] && (isPunctuation ? at < next.to : /[\s\]:]/.test(text[at]))) {
    at++;
    columns++;
  }
  return columns;
}
