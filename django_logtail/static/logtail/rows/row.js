/** Draws one line or one mark as an element. */

import { el } from '../ui/dom.js';
import { openFields } from './fields-box.js';
import { fill, hasIdsAlone, isOrdinary, put as putText, writeIds } from './fill.js';
import { finderOf, hitsIn, isAsWritten, marksWithin, pieceOf, Pieces } from './formatted.js';
import { namesError } from '../formats/context.js';
import { headIn } from '../formats/heads.js';
import { paintMark } from './mark.js';
import { STEERING, steering } from '../formats/text.js';
import { briefly, messageParts, partsOf, repeatedParts } from './written.js';

/** Characters of a line that are drawn before "Show all": the browser would lay out all of a line of a megabyte. */
export const CUT = 4_000;
/** Characters of a field that is not broken where a line wraps; it must fit into a row on a phone. */
const MOST_UNBROKEN = 24;

/** @typedef {import('../log/item.js').Item} Item */
/** @typedef {import('../formats/shape.js').Shape} Shape */
/**
 * @typedef {{
 *   words: import('../ui/format.js').Words, formats: import('../formats/detection.js').Formats|null, times: import('./times.js').Times, colours: boolean, isBrief: boolean,
 *   linksOf: (text: string, steering: {start: number, end: number}[], drawn: [number, number][], prose?: [number, number][]) => import('./links.js').Link[],
 *   secretsOf: (item: Item) => import('./fill.js').Secret[], hitsOf: (text: string, item: Item) => [number, number][], isCurrent: (item: Item) => boolean, timeBefore: (item: Item) => string,
 *   shapeOf: (row: HTMLElement, item: Item) => Shape|null, columns: import('./column.js').Column[], raw: boolean, rawItems: Set<Item>,
 *   mayLoad: boolean, hasPrevious: (mark: Item) => boolean, leftOutBy: (mark: Item) => {files: number, size: number}|null, opened: Set<Item>, folded: Set<Item>, innerCount: (item: Item) => number, name: string,
 * }} Look `prose`: of what is drawn, the parts whose ids are marked; the others have a menu as a whole
 */

/** @param {HTMLElement} row @param {Item} item @param {Look} look */
export function paint(row, item, look) {
  if (item.kind !== 'line') return paintMark(row, item, look);
  const shape = look.shapeOf(row, item);
  const pieces = shape && !item.inner && !look.raw && !look.rawItems.has(item) ? piecesFor(shape, item, look) : null;
  // The same line may have another height when drawn in another way.
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

/** Inserts an element before the opened fields, which are the last in a row. @param {HTMLElement} row @param {HTMLElement} what */
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

/** Draws a line as it was written. @param {HTMLElement} row @param {Item} item @param {Look} look @param {string} more classes */
function paintText(row, item, look, more) {
  const shown = item.coloured;
  let { text } = shown;
  const { runs } = shown;
  const cut = !item.whole && text.length > CUT;
  const full = text.length;
  if (cut) text = text.slice(0, CUT);
  const hidden = steering(text);
  const ctx = {
    runs: look.colours ? runs : [], steering: hidden, links: look.linksOf(shown.text, hidden, [[0, text.length]]), hits: look.hitsOf(text, item),
    hitClass: look.isCurrent(item) ? 'lt-hit lt-hit-on' : 'lt-hit', secrets: look.secretsOf(item),
  };
  const head = item.inner ? null : headIn(text, look.formats);
  let name = 'lt-row';
  if (item.inner) name += namesError(text) ? ' lt-cont lt-last' : ' lt-cont';
  else if (!head?.time && !head?.word) name += ' lt-plain';
  begin(row, item, name + more);
  const parts = new Parts(row, text, ctx);
  parts.gutter(more !== '');
  for (const part of writtenParts(item, text, head, look, ctx.hits)) {
    const made = parts.put(part);
    if (!part.name.startsWith('lt-ts')) continue;
    const written = text.slice(part.from, part.to);
    const hit = ctx.hits.some(([from, to]) => from < part.to && to > part.from) ? ctx.hitClass : '';
    if (part.name.includes('lt-stamp')) drawTime(made, look.times.stamp(written), hit);
    else drawTime(made, look.times.drawn(written, () => look.timeBefore(item)), hit);
  }
  parts.end();
  if (cut) put(row, extra(row, look.words.say('mark.long', { size: look.words.size(CUT) }), look.words.say('mark.long.more'), 'whole', full));
}

/** @param {Item} item @param {string} text @param {import('../formats/heads.js').Head|null} head @param {Look} look @param {[number, number][]} hits */
function writtenParts(item, text, head, look, hits) {
  if (item.isMessage) return messageParts(text);
  const repeated = item.inner ? repeatedParts(text, look.formats) : null;
  // A match in the repeated head must be visible.
  const parts = repeated && !hits.some(([start]) => start < repeated[0].to) ? repeated : partsOf(text, head);
  return look.isBrief ? briefly(parts, text, item.level === 'E' || item.level === 'W') : parts;
}

/** @param {HTMLElement} field @param {string} time @param {string} hit classes of the match in the written time, or "" */
function drawTime(field, time, hit) {
  if (field.dataset.t !== time) field.dataset.t = time;
  if (hit) field.dataset.hit = hit;
  else delete field.dataset.hit;
}

/** The parts to draw for a line with fields; null if they'd show none of its matches. @param {Shape} shape @param {Item} item @param {Look} look */
function piecesFor(shape, item, look) {
  const hits = look.hitsOf(item.plain, item);
  const pieces = new Pieces(shape, { columns: look.columns, whole: item.whole, size: look.words.size, isFound: finderOf(hits) });
  return !hits.length || pieces.showsMatch ? { pieces, hits } : null;
}

/** Draws a line as its fields. @param {HTMLElement} row @param {Item} item @param {{pieces: Pieces, hits: [number, number][]}} drawn @param {Look} look @param {string} more classes */
function paintPieces(row, item, { pieces, hits }, look, more) {
  const { shape } = pieces;
  const text = item.plain;
  begin(row, item, `lt-row lt-shaped${shape.time || shape.level !== 'O' ? '' : ' lt-plain'}${more}`);
  const drawn = pieces.written(text);
  const hidden = drawn.flatMap(([from, to]) => steering(text.slice(from, to)).map(({ start, end }) => ({ start: from + start, end: from + end })));
  const ctx = {
    runs: look.colours ? marksWithin(item.coloured.runs, drawn) : [], steering: hidden, links: look.linksOf(text, hidden, drawn, pieces.prose(text)), hits,
    hitClass: look.isCurrent(item) ? 'lt-hit lt-hit-on' : 'lt-hit', secrets: look.secretsOf(item), isFound: pieces.isFound,
  };
  const parts = new Parts(row, text, ctx);
  parts.gutter(true);
  let isFirst = shape.message !== '';
  for (const piece of pieces.all) {
    if (piece.name.startsWith('lt-kv')) {
      parts.label(piece, piece === pieces.all[0] ? '' : isFirst ? '  ' : ' ');
      isFirst = false;
    }
    const part = parts.piece(piece);
    if (piece.isApart) parts.gap('lt-sep', ' ');
    if (piece.name !== 'lt-ts') continue;
    const isSought = piece.isSought || (piece.at !== null && pieces.isFound(piece.at));
    drawTime(part, look.times.drawn(look.times.mode === 'relative' ? shape.time : piece.text, () => look.timeBefore(item), true), isSought ? ctx.hitClass : '');
  }
  parts.end();
  if (pieces.isCut) put(row, extra(row, look.words.say('mark.long', { size: look.words.size(CUT) }), look.words.say('mark.long.more'), 'whole', text.length));
}

/**
 * Writes the parts of a line into its row, in order. Each row shows many lines in turn, and most of them have the same
 * parts, so existing elements get new text: the browser then doesn't have to create and style new ones.
 */
class Parts {
  /** @param {HTMLElement} row @param {string} text @param {any} ctx */
  constructor(row, text, ctx) {
    this.row = row;
    this.text = text;
    this.ctx = ctx;
    /** @type {ChildNode|null} */
    this.next = row.firstChild;
  }

  /** @param {string} name of its classes @returns {HTMLElement} */
  #part(name) {
    const { next } = this;
    if (next instanceof HTMLElement && next.className === name) {
      this.next = next.nextSibling;
      return next;
    }
    const made = document.createElement('span');
    made.className = name;
    this.row.insertBefore(made, next);
    return made;
  }

  /** @param {boolean} canOpen whether the line has fields, so that the gutter gets the triangle that opens them */
  gutter(canOpen) {
    const gutter = this.#part('lt-gut');
    if (!gutter.hasAttribute('aria-hidden')) gutter.setAttribute('aria-hidden', 'true');
    if (canOpen === (gutter.firstChild !== null)) return;
    if (canOpen) gutter.append(el('button.lt-tri', { type: 'button', tabindex: '-1', 'data-act': 'fields' }));
    else gutter.replaceChildren();
  }

  /** @param {string} name @param {string} blanks spaces to draw between two parts */
  gap(name, blanks) { writeAlone(this.#part(name), blanks, false); }

  /** Text of the row itself. @param {string} text */
  #text(text) {
    const { next } = this;
    if (next instanceof Text) {
      this.next = next.nextSibling;
      if (next.data !== text) next.data = text;
    } else this.row.insertBefore(document.createTextNode(text), next);
  }

  /** Writes what precedes a value: a space, and its key. Both are text of the row, because elements make scrolling slow. @param {import('./formatted.js').Piece} piece @param {string} blanks */
  label({ key, keyAt }, blanks) {
    const { ctx } = this;
    const isSought = keyAt !== null && ctx.isFound(keyAt);
    if (!isSought && !STEERING.test(key)) {
      if (blanks || key) this.#text(blanks + key);
      return;
    }
    if (blanks) this.#text(blanks);
    const label = this.#part(isSought ? `lt-key ${ctx.hitClass}` : 'lt-key');
    label.replaceChildren();
    putText(label, key);
  }

  /** Writes a part of a line that is drawn as its fields. @param {import('./formatted.js').Piece} piece */
  piece(piece) {
    const isShort = piece.name.startsWith('lt-kv') && piece.text.length <= MOST_UNBROKEN;
    const part = this.#part(isShort ? `${piece.name} lt-short` : piece.name);
    pieceOf.set(part, piece);
    const { text } = this;
    const { at, isQuoted, name } = piece;
    const ctx = piece.isSought && at ? { ...this.ctx, hits: [at] } : this.ctx;
    const isSought = (/** @type {[number, number]|null} */ span) => span !== null && ctx.isFound(span);
    const isWritten = isAsWritten(piece, text);
    const isPlain = isWritten && at ? isOrdinary(ctx, at[0], at[1]) : !piece.isSought && !isSought(at) && !STEERING.test(piece.text);
    const quote = isQuoted ? '"' : '';
    const end = piece.isCut ? '…' : '';
    const isPad = name === 'lt-lv lt-pad';
    if (isPlain) writeAlone(part, quote + piece.text + end + quote, isPad);
    else if (isWritten && at && !quote && !end && !isPad && hasIdsAlone(ctx, at[0], at[1])) clearFrom(writeIds(part, text, at[0], at[1], ctx.links));
    else {
      part.replaceChildren(quote);
      if (isWritten && at) fill(part, text, at[0], at[1], ctx);
      else fill(part, piece.text, 0, piece.text.length, { runs: [], steering: steering(piece.text), links: [], hits: hitsIn(piece, text, ctx.hits), hitClass: ctx.hitClass });
      part.append(end + quote);
    }
    const last = part.lastElementChild;
    if (isPad && last?.className === 'lt-blank') writeAlone(last, ' ', false);
    else if (isPad) part.append(el('span.lt-blank', {}, ' '));
    if (part.title !== piece.tip) part.title = piece.tip;
    if (name === 'lt-code' || name === 'lt-n') part.style.setProperty('--chars', String(piece.text.length));
    if (name === 'lt-code') part.dataset.c = piece.text[0];
    else if (name === 'lt-col') drawColumn(part, piece);
    return part;
  }

  /** Writes a part of a line that is drawn as it was written; the spaces after it get a separate element. @param {import('./written.js').Part} part */
  put({ name, from, to, end: blankTo }) {
    const part = this.#part(name);
    pieceOf.delete(part);
    const { text, ctx } = this;
    if (isOrdinary(ctx, from, to)) writeAlone(part, text.slice(from, to) || '\u200b', blankTo > to);
    else if (hasIdsAlone(ctx, from, to)) {
      const rest = writeIds(part, text, from, to, ctx.links);
      // The spaces stay.
      if (!(blankTo > to && rest instanceof HTMLElement && rest.className === 'lt-blank' && rest === part.lastChild)) clearFrom(rest);
    } else {
      part.replaceChildren();
      fill(part, text, from, to, ctx);
    }
    if (blankTo === to) return part;
    const last = part.lastChild;
    if (last instanceof HTMLElement && last.className === 'lt-blank') writeAlone(last, text.slice(to, blankTo), false);
    else part.append(el('span.lt-blank', {}, text.slice(to, blankTo)));
    return part;
  }

  /** Removes what is after the last part, except the opened fields. */
  end() {
    for (let { next } = this; next;) {
      const after = next.nextSibling;
      if (!(next instanceof Element && next.classList.contains('lt-fields'))) next.remove();
      next = after;
    }
  }
}

/** Sets the width and the alignment of a value in a column. @param {HTMLElement} part @param {import('./formatted.js').Piece} piece */
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

/** Removes a node and those after it. @param {ChildNode|null} node */
function clearFrom(node) {
  while (node) {
    const after = node.nextSibling;
    node.remove();
    node = after;
  }
}

/** Replaces the text of an element, but not the spaces after it. @param {Element} into @param {string} text @param {boolean} hasBlanks */
function writeAlone(into, text, hasBlanks) {
  const { firstChild: first } = into;
  const after = first?.nextSibling;
  const fits = first instanceof Text && (!after || (hasBlanks && after === into.lastChild && /** @type {Element} */ (after).className === 'lt-blank'));
  if (!fits) into.replaceChildren(text);
  else if (first.data !== text) first.data = text;
}

/** A note beside a line. It isn't part of the line, so it's neither selected nor copied. */
function extra(row, text, label, act, count) {
  const button = el('button.lt-link', { type: 'button', 'data-act': act, tabindex: '-1' }, label);
  row.classList.add('lt-more');
  if (count) button.title = count.toLocaleString();
  return el('span.lt-extra', {}, text ? el('span', {}, text) : null, button);
}
