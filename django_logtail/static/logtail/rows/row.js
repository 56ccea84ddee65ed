/** One line, or one mark, as an element. */

import { el } from '../ui/dom.js';
import { fill, isOrdinary, put } from './fill.js';
import { namesError } from '../formats/context.js';
import { headIn, headOf } from '../formats/heads.js';
import { paintMark } from './mark.js';
import { briefClockOf, clockOf, momentOf, passed } from '../formats/moments.js';
import { steering } from '../formats/text.js';

/** What stands between two parts and is more than a sign: the address before the time of a request. */
const SAYS = /[\p{L}\p{N}]/u;
/** Characters of a line on screen before "Show all": a line of a megabyte would be laid out whole. */
export const CUT = 4_000;

/** @typedef {import('../log/item.js').Item} Item */
/**
 * @typedef {{
 *   words: import('../ui/format.js').Words, formats: import('../formats/detection.js').Formats|null, time: string, colours: boolean, phone: boolean,
 *   linksOf: (text: string, steering: {start: number, end: number}[], limit: number) => import('./links.js').Link[],
 *   hitsOf: (text: string, item: Item) => [number, number][], isCurrent: (item: Item) => boolean, timeBefore: (item: Item) => string,
 *   hasPrevious: (mark: Item) => boolean, opened: Set<Item>, folded: Set<Item>, innerCount: (item: Item) => number, name: string,
 * }} Look
 */

/** @param {HTMLElement} row @param {Item} item @param {Look} look */
export function paint(row, item, look) {
  if (item.kind !== 'line') return paintMark(row, item, look);
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
  if (item.late) name += ' lt-late';
  if (row.className !== name) row.className = name;
  if (row.getAttribute('role') !== 'listitem') row.setAttribute('role', 'listitem');
  if (item.level === 'O') delete row.dataset.lv;
  else if (row.dataset.lv !== item.level) row.dataset.lv = item.level;
  const parts = new Parts(row, text, ctx);
  parts.gutter();
  let at = 0;
  if (head) {
    /** @type {[number, number, string][]} */
    const fields = [];
    if (head.time) fields.push([...head.time, 'lt-ts']);
    if (head.word) fields.push([...head.word, 'lt-lv']);
    if (head.source) fields.push([...head.source, 'lt-src']);
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
      const field = parts.put(name, start, end);
      if (name !== 'lt-ts') continue;
      const written = text.slice(start, end);
      const time = look.time === 'relative' ? since(look.timeBefore(item), written) : look.phone ? briefClockOf(written) : clockOf(written);
      if (field.dataset.t !== time) field.dataset.t = time;
    }
  }
  parts.put('lt-msg', at, text.length);
  parts.end();
  if (cut) row.append(extra(row, look.words.say('mark.long', { size: look.words.size(CUT) }), look.words.say('mark.long.more'), 'whole', full));
  if (text.charCodeAt(0) === 123 && !cut && text.endsWith('}')) fields(row, item, text, look);
  const inner = look.folded.has(item) ? look.innerCount(item) : 0;
  if (inner) row.append(extra(row, '', look.words.say('fold.more', { n: inner }), 'fold', 0));
}

/**
 * The parts of a line in its row, in order. A row is painted for one line after another, and most of them have the
 * same parts: what stands there gets other text, which spares the browser making and styling it anew.
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

  gutter() {
    const gutter = this.#part('lt-gut');
    if (!gutter.hasAttribute('aria-hidden')) gutter.setAttribute('aria-hidden', 'true');
  }

  /** text[from, to), and the blanks up to `blankTo` apart. @param {string} name @param {number} from @param {number} to @param {number} [blankTo] */
  put(name, from, to, blankTo = to) {
    const part = this.#part(name);
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

  /** Nothing else is in the row. */
  end() {
    const { row, next } = this;
    if (!next) return;
    while (row.lastChild && row.lastChild !== next) row.lastChild.remove();
    next.remove();
  }
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

/** JSON lines opened as fields. */
function fields(row, item, text, look) {
  const open = look.opened.has(item);
  const offer = extra(row, '', look.words.say(open ? 'fields.hide' : 'fields.show'), 'fields', 0);
  offer.classList.add('lt-offer');
  row.classList.toggle('lt-opened', open);
  row.append(offer);
  if (!open) return;
  let value;
  try { value = JSON.parse(text); } catch { return; }
  const list = el('dl.lt-fields');
  for (const [key, part] of Object.entries(value)) {
    const name = el('dt');
    const what = el('dd');
    put(name, key);
    put(what, typeof part === 'string' ? part : JSON.stringify(part, null, 2) ?? '');
    list.append(name, what);
  }
  row.append(list);
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
  const head = headOf(text, formats);
  if (!head?.time || !head.word) return null;
  const fields = /** @type {[number, number][]} */ ([head.time, head.word]).sort((a, b) => a[0] - b[0]);
  let at = 0;
  let columns = 0;
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
