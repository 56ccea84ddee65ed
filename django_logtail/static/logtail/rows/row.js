/** One line, or one mark, as an element. */

import { el } from '../ui/dom.js';
import { openFields } from './fields-box.js';
import { fill, isOrdinary, put as putText } from './fill.js';
import { clockDrawn, hitsIn, meets, pieceOf, Pieces } from './formatted.js';
import { namesError } from '../formats/context.js';
import { headIn, headOf } from '../formats/heads.js';
import { paintMark } from './mark.js';
import { briefClockOf, clockOf, momentOf, passed } from '../formats/moments.js';
import { clockOfStamp, stampEnd } from '../formats/stamps.js';
import { STEERING, steering } from '../formats/text.js';

/** What stands between two parts and is more than a sign (the address before the time of a request), or holds one of them. */
const SAYS = /[\p{L}\p{N}[\](){}<>|]/u;
/** Of a longer line its head is in the first ones. */
const HEAD_CHARACTERS = 400;
/** Characters of a line on screen before "Show all": a line of a megabyte would be laid out whole. */
export const CUT = 4_000;

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('../formats/shape.js').Shape} Shape */
/**
 * @typedef {{
 *   words: import('../ui/format.js').Words, formats: import('../formats/detection.js').Formats|null, time: string, colours: boolean, phone: boolean,
 *   linksOf: (text: string, steering: {start: number, end: number}[], limit: number) => import('./links.js').Link[],
 *   hitsOf: (text: string, item: Item) => [number, number][], isCurrent: (item: Item) => boolean, timeBefore: (item: Item) => string,
 *   shapeOf: (row: HTMLElement, item: Item) => Shape|null, columns: import('./column.js').Column[], raw: boolean, rawItems: Set<Item>,
 *   hasPrevious: (mark: Item) => boolean, opened: Set<Item>, folded: Set<Item>, innerCount: (item: Item) => number, name: string,
 * }} Look
 */

/** @param {HTMLElement} row @param {Item} item @param {Look} look */
export function paint(row, item, look) {
  if (item.kind !== 'line') return paintMark(row, item, look);
  const shape = look.shapeOf(row, item);
  const pieces = shape && !item.inner && !look.raw && !look.rawItems.has(item) ? piecesFor(shape, item, look) : null;
  // Rows of one line that is drawn in another way need another height.
  if (item.formatted !== (pieces !== null)) {
    item.formatted = pieces !== null;
    if (item.measured > 0) item.measured = -1;
  }
  const isOpen = shape !== null && look.opened.has(item);
  const more = shape === null ? '' : isOpen ? ' lt-can lt-open' : ' lt-can';
  if (pieces) paintPieces(row, item, pieces, look, more);
  else paintText(row, item, look, more);
  openFields(row, item, isOpen ? shape : null, look);
  const inner = look.folded.has(item) ? look.innerCount(item) : 0;
  if (inner) put(row, extra(row, '', look.words.say('fold.more', { n: inner }), 'fold', 0));
  return undefined;
}

/** Before the fields that are opened, which stand at the end of a row. @param {HTMLElement} row @param {HTMLElement} what */
function put(row, what) {
  row.insertBefore(what, row.querySelector(':scope > .lt-fields'));
}

/** @param {HTMLElement} row @param {Item} item @param {string} name of its classes */
function begin(row, item, name) {
  if (item.late) name += ' lt-late';
  if (row.className !== name) row.className = name;
  if (row.getAttribute('role') !== 'listitem') row.setAttribute('role', 'listitem');
  if (item.level === 'O') delete row.dataset.lv;
  else if (row.dataset.lv !== item.level) row.dataset.lv = item.level;
}

/** The line as it was written. @param {HTMLElement} row @param {Item} item @param {Look} look @param {string} more classes */
function paintText(row, item, look, more) {
  const shown = item.coloured;
  let { text } = shown;
  const { runs } = shown;
  const cut = !item.whole && text.length > CUT;
  const full = text.length;
  if (cut) text = text.slice(0, CUT);
  const hidden = steering(text);
  const ctx = {
    runs: look.colours ? runs : [], steering: hidden, links: look.linksOf(shown.text, hidden, text.length), hits: look.hitsOf(text, item),
    hitClass: look.isCurrent(item) ? 'lt-hit lt-hit-on' : 'lt-hit',
  };
  const head = item.inner ? null : headIn(text, look.formats);
  let name = 'lt-row';
  if (item.inner) name += namesError(text) ? ' lt-cont lt-last' : ' lt-cont';
  else if (!head?.time && !head?.word) name += ' lt-plain';
  begin(row, item, name + more);
  const parts = new Parts(row, text, ctx);
  parts.gutter(more !== '');
  let at = 0;
  const stamp = stampEnd(text);
  if (head || stamp) {
    /** @type {[number, number, string][]} */
    const fields = [];
    if (head?.time) fields.push([...head.time, 'lt-ts']);
    if (head?.word) fields.push([...head.word, 'lt-lv']);
    if (head?.source) fields.push([...head.source, 'lt-src']);
    // What a container's runtime wrote, before the program's own time.
    if (stamp && head?.time?.[0] !== 0) fields.push([0, stamp, 'lt-ts lt-stamp']);
    fields.sort((a, b) => a[0] - b[0]);
    for (const [start, end, name] of fields) {
      if (start < at || end > text.length) continue;
      if (start > at) parts.put(SAYS.test(text.slice(at, start)) ? 'lt-sep lt-said' : 'lt-sep', at, start);
      at = end;
      if (name === 'lt-lv' && text[end] === ' ' && text[start - 1] !== '[') {
        // The level takes the blanks after it along, so that logs with and without padding line up alike.
        while (text[at] === ' ') at++;
        parts.put('lt-lv lt-pad', start, end, at);
        continue;
      }
      const field = parts.put(!name.startsWith('lt-ts') && isHeld(text, start, end) ? `${name} lt-held` : name, start, end);
      if (name === 'lt-ts lt-stamp') drawTime(field, clockOfStamp(text.slice(start, end), look.phone));
      if (name !== 'lt-ts') {
        const colon = name.startsWith('lt-ts') ? null : /^: +/.exec(text.slice(end, end + 20));
        if (!colon) continue;
        at = end + colon[0].length;
        parts.put('lt-sep', end, at);
        continue;
      }
      const written = text.slice(start, end);
      drawTime(field, look.time === 'relative' ? since(look.timeBefore(item), written) : look.phone ? briefClockOf(written) : clockOf(written));
    }
  }
  parts.put('lt-msg', at, text.length);
  parts.end();
  if (cut) put(row, extra(row, look.words.say('mark.long', { size: look.words.size(CUT) }), look.words.say('mark.long.more'), 'whole', full));
}

/** Whether brackets or the like hold what stands there, which would be left behind without it: `[info     ]`. @param {string} text @param {number} start @param {number} end */
function isHeld(text, start, end) {
  return /[^\s]/.test(text[start - 1] ?? ' ') || /^(?:[^\s:]| *[\])}>|])/.test(text.slice(end, end + 20));
}

/** @param {HTMLElement} field @param {string} time */
function drawTime(field, time) {
  if (field.dataset.t !== time) field.dataset.t = time;
}

/** The drawn parts of a line with fields; null if they would show none of its matches. @param {Shape} shape @param {Item} item @param {Look} look */
function piecesFor(shape, item, look) {
  const hits = look.hitsOf(item.plain, item);
  const isFound = (/** @type {[number, number]} */ at) => hits.some((hit) => meets(at, hit));
  const pieces = new Pieces(shape, { columns: look.columns, whole: item.whole, size: look.words.size, isFound });
  return !hits.length || hits.some((hit) => pieces.shows(hit)) ? { pieces, hits } : null;
}

/** The line as its fields. @param {HTMLElement} row @param {Item} item @param {{pieces: Pieces, hits: [number, number][]}} drawn @param {Look} look @param {string} more classes */
function paintPieces(row, item, { pieces, hits }, look, more) {
  const { shape } = pieces;
  const text = item.plain;
  begin(row, item, `lt-row lt-shaped${shape.time || shape.level !== 'O' ? '' : ' lt-plain'}${more}`);
  const hidden = steering(text);
  const ctx = {
    runs: look.colours ? item.coloured.runs : [], steering: hidden, links: look.linksOf(text, hidden, text.length), hits,
    hitClass: look.isCurrent(item) ? 'lt-hit lt-hit-on' : 'lt-hit',
  };
  const parts = new Parts(row, text, ctx);
  parts.gutter(true);
  let isFirst = shape.message !== '';
  for (const piece of pieces.all) {
    if (piece.name.startsWith('lt-kv')) {
      if (piece !== pieces.all[0]) parts.gap('lt-gap', isFirst ? '  ' : ' ');
      isFirst = false;
    }
    const part = parts.piece(piece);
    if (piece.isApart) parts.gap('lt-sep', ' ');
    if (piece.name === 'lt-ts') drawTime(part, look.time === 'relative' ? since(look.timeBefore(item), shape.time) : clockDrawn(piece.text, look.phone));
  }
  parts.end();
  if (pieces.isCut) put(row, extra(row, look.words.say('mark.long', { size: look.words.size(CUT) }), look.words.say('mark.long.more'), 'whole', text.length));
}

/**
 * The parts of a line in its row, in order. A row is painted for one line after another, and most of them have the
 * same parts: the existing elements get other text, so that the browser need not create and style new ones.
 */
class Parts {
  /** @param {HTMLElement} row @param {string} text @param {any} ctx */
  constructor(row, text, ctx) {
    this.row = row;
    this.text = text;
    this.ctx = ctx;
    /** @type {Element|null} */
    this.next = row.firstElementChild;
  }

  /** @param {string} name of its classes @returns {HTMLElement} */
  #part(name) {
    const { next } = this;
    if (next?.className === name) {
      this.next = next.nextElementSibling;
      return /** @type {HTMLElement} */ (next);
    }
    const made = document.createElement('span');
    made.className = name;
    this.row.insertBefore(made, next);
    return made;
  }

  /** @param {boolean} canOpen whether the line has fields that may be opened there */
  gutter(canOpen) {
    const gutter = this.#part('lt-gut');
    if (!gutter.hasAttribute('aria-hidden')) gutter.setAttribute('aria-hidden', 'true');
    if (canOpen === (gutter.firstChild !== null)) return;
    if (canOpen) gutter.append(el('button.lt-tri', { type: 'button', tabindex: '-1', 'data-act': 'fields' }));
    else gutter.replaceChildren();
  }

  /** @param {string} name @param {string} blanks between two parts */
  gap(name, blanks) { writeAlone(this.#part(name), blanks, false); }

  /** A part of a line that is drawn as its fields. @param {import('./formatted.js').Piece} piece */
  piece(piece) {
    const part = this.#part(piece.name);
    pieceOf.set(part, piece);
    const { text, ctx } = this;
    const { at, keyAt, key, isQuoted, name } = piece;
    const isSought = (/** @type {[number, number]|null} */ span) => ctx.hits.some((/** @type {[number, number]} */ hit) => meets(span, hit));
    const isWritten = at !== null && !piece.isCut && text.slice(at[0], at[1]) === piece.text;
    const isPlain = isWritten ? isOrdinary(ctx, at[0], at[1]) : !isSought(at) && !STEERING.test(piece.text);
    const quote = isQuoted ? '"' : '';
    const end = piece.isCut ? '…' : '';
    const isPad = name === 'lt-lv lt-pad';
    if (isPlain && !key) writeAlone(part, quote + piece.text + end + quote, isPad);
    else if (isPlain && !isSought(keyAt) && !STEERING.test(key)) writeKeyed(part, key, quote + piece.text + end + quote);
    else {
      part.replaceChildren();
      if (key) {
        const label = el(isSought(keyAt) ? `i.${ctx.hitClass.replaceAll(' ', '.')}` : 'i');
        putText(label, key);
        part.append(label);
      }
      part.append(quote);
      if (isWritten) fill(part, text, at[0], at[1], ctx);
      else fill(part, piece.text, 0, piece.text.length, { runs: [], steering: steering(piece.text), links: [], hits: hitsIn(piece, text, ctx.hits), hitClass: ctx.hitClass });
      part.append(end + quote);
    }
    if (isPad && part.lastElementChild?.className !== 'lt-blank') part.append(el('span.lt-blank', {}, ' '));
    if (part.title !== piece.tip) part.title = piece.tip;
    if (name === 'lt-code') part.dataset.c = piece.text[0];
    else if (name === 'lt-col') drawColumn(part, piece);
    return part;
  }

  /** text[from, to), and the blanks up to `blankTo` apart. @param {string} name @param {number} from @param {number} to @param {number} [blankTo] */
  put(name, from, to, blankTo = to) {
    const part = this.#part(name);
    pieceOf.delete(part);
    const { text, ctx } = this;
    if (isOrdinary(ctx, from, to)) writeAlone(part, text.slice(from, to) || '\u200b', blankTo > to);
    else {
      part.replaceChildren();
      fill(part, text, from, to, ctx);
    }
    if (blankTo === to) return part;
    const last = part.lastChild;
    if (last instanceof HTMLElement && last.className === 'lt-blank') writeAlone(last, text.slice(to, blankTo), false);
    else part.append(el('span.lt-blank', {}, text.slice(to, blankTo)));
    return part;
  }

  /** Nothing else is in the row, but for the fields that are opened. */
  end() {
    for (let { next } = this; next;) {
      const after = next.nextElementSibling;
      if (!next.classList.contains('lt-fields')) next.remove();
      next = after;
    }
  }
}

/** A column of a line. @param {HTMLElement} part @param {import('./formatted.js').Piece} piece */
function drawColumn(part, piece) {
  const { dataset, style } = part;
  if (dataset.column !== String(piece.column)) {
    dataset.column = String(piece.column);
    style.setProperty('--w', `var(--lt-c${piece.column})`);
  }
  if (piece.isNumber) dataset.num = '';
  else delete dataset.num;
  if (piece.isMissing) dataset.no = '';
  else delete dataset.no;
}

/** `key=value`, its key an element of its own. @param {HTMLElement} into @param {string} key @param {string} value */
function writeKeyed(into, key, value) {
  const { firstChild: first, lastChild: last } = into;
  const inner = first?.firstChild;
  if (first instanceof HTMLElement && first.className === '' && inner instanceof Text && inner === first.lastChild && last instanceof Text && first.nextSibling === last) {
    if (inner.data !== key) inner.data = key;
    if (last.data !== value) last.data = value;
  } else into.replaceChildren(el('i', {}, key), value);
}

/** The text in the element, but for the blanks after it. @param {Element} into @param {string} text @param {boolean} hasBlanks */
function writeAlone(into, text, hasBlanks) {
  const { firstChild: first } = into;
  const after = first?.nextSibling;
  const fits = first instanceof Text && (!after || (hasBlanks && after === into.lastChild && /** @type {Element} */ (after).className === 'lt-blank'));
  if (!fits) into.replaceChildren(text);
  else if (first.data !== text) first.data = text;
}

/** A note beside a line that is not part of it: neither selected nor copied. */
function extra(row, text, label, act, count) {
  const button = el('button.lt-link', { type: 'button', 'data-act': act, tabindex: '-1' }, label);
  row.classList.add('lt-more');
  if (count) button.title = count.toLocaleString();
  return el('span.lt-extra', {}, text ? el('span', {}, text) : null, button);
}

/** @param {string} before @param {string} now written times */
function since(before, now) {
  const from = momentOf(before);
  const to = momentOf(now, from?.ms ?? null);
  const milliseconds = from && to ? Math.round(passed(from, to)) : 0;
  return `${milliseconds < 0 ? '-' : '+'}${(Math.abs(milliseconds) / 1000).toFixed(3)}s`.padStart(9);
}

/** The columns that a level takes at least where blanks follow it, as the style sheet says. */
const LEVEL_COLUMNS = 9;

/**
 * How many columns stand before the message as shown: continued lines begin there.
 *
 * @param {string} text @param {string} time mode @param {import('../formats/detection.js').Formats|null} formats
 * @returns {number|null}
 */
export function hangOf(text, time, formats) {
  const head = headOf(text.slice(0, HEAD_CHARACTERS), formats);
  if (!head?.time || !head.word) return null;
  const fields = /** @type {[number, number][]} */ ([head.time, head.word]).sort((a, b) => a[0] - b[0]);
  const stamp = head.time[0] === 0 ? 0 : stampEnd(text);
  let at = 0;
  let columns = stamp && time !== 'raw' ? (time === 'hidden' ? 0 : clockOfStamp(text.slice(0, stamp)).length) - stamp : 0;
  for (const field of fields) {
    const [start, end] = field;
    columns += start - at;
    at = end;
    if (field === head.time) {
      columns += time === 'raw' ? end - start : time === 'hidden' ? 0 : time === 'relative' ? 9 : clockOf(text.slice(start, end)).length;
    } else if (text[end] === ' ' && text[start - 1] !== '[') {
      while (text[at] === ' ') at++;
      columns += Math.max(at - start, LEVEL_COLUMNS);
    } else columns += end - start;
  }
  for (; text[at] && /[\s\]:]/.test(text[at]); at++) columns++;
  return columns;
}

/**
 * The same of a line that is drawn as its fields: the message begins behind time and level. And how many the time takes.
 *
 * @param {Shape} shape @param {string} time mode
 * @returns {{hang: number, time: number}}
 */
export function hangOfShape(shape, time) {
  const written = shape.partOf('time')?.text ?? shape.time;
  const columns = time === 'raw' ? written.length : time === 'hidden' || !written ? 0 : time === 'relative' ? 9 : clockDrawn(written).length;
  const before = columns ? columns + 1 : 0;
  return { hang: before + (shape.kind === 'access' || shape.level === 'O' ? 0 : LEVEL_COLUMNS), time: before };
}
