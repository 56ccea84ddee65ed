/** One line, or one mark, as an element. Log text goes in as text nodes, and nothing else. */

import { el } from './dom.js?v=0.1.0';
import { clock, size } from './format.js?v=0.1.0';
import { icon } from './icons.js?v=0.1.0';
import { clockOf, headOf, millisecondsOf, namesError } from './levels.js?v=0.1.0';
import { coloured, named, steering } from './text.js?v=0.1.0';

/** Characters of a line on screen before "Show all": a line of a megabyte would be laid out whole. */
export const CUT = 4_000;

/** @typedef {import('./item.js').Item} Item */
/**
 * @typedef {{
 *   words: import('./format.js').Words, time: string, colours: boolean, phone: boolean,
 *   hitsOf: (text: string, item: Item) => [number, number][], isCurrent: (item: Item) => boolean, timeBefore: (item: Item) => string,
 *   hasPrevious: (mark: Item) => boolean, opened: Set<Item>, folded: Set<Item>, innerCount: (item: Item) => number, name: string,
 * }} Look
 */

/** @param {HTMLElement} row @param {Item} item @param {Look} look */
export function paint(row, item, look) {
  if (item.kind !== 'line') return paintMark(row, item, look);
  const shown = coloured(item.text);
  let { text } = shown;
  const { runs } = shown;
  const cut = !item.whole && text.length > CUT;
  const full = text.length;
  if (cut) text = text.slice(0, CUT);
  const ctx = { runs: look.colours ? runs : [], steering: steering(text), hits: look.hitsOf(text, item), hitClass: look.isCurrent(item) ? 'lt-hit lt-hit-on' : 'lt-hit' };
  const head = item.inner ? null : headOf(text);
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
      if (start > at) parts.put('lt-sep', at, start);
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
      const time = look.time === 'relative' ? since(look.timeBefore(item), written) : look.phone ? clockOf(written).slice(0, 8) : clockOf(written);
      if (field.dataset.t !== time) field.dataset.t = time;
    }
  }
  parts.put('lt-msg', at, text.length);
  parts.end();
  if (cut) row.append(extra(row, look.words.say('mark.long', { size: size(CUT) }), look.words.say('mark.long.more'), 'whole', full));
  if (text.charCodeAt(0) === 123 && !cut && text.endsWith('}')) fields(row, item, text, look);
  const inner = look.folded.has(item) ? look.innerCount(item) : 0;
  if (inner) row.append(extra(row, '', look.words.many('fold.more', inner), 'fold', 0));
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

/** Whether nothing in text[from, to) is coloured, searched or to be named. */
function isOrdinary(ctx, from, to) {
  const meets = (/** @type {{start: number, end: number}} */ one) => one.start < to && one.end > from;
  return !ctx.runs.some(meets) && !ctx.steering.some(meets) && !ctx.hits.some((/** @type {[number, number]} */ [start, end]) => start < to && end > from);
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

/** Text of anyone's making, steering characters named. @param {HTMLElement} into @param {string} text */
function put(into, text) {
  fill(into, text, 0, text.length, { runs: [], steering: steering(text.replaceAll('\n', ' ')), hits: [], hitClass: '' });
}

/**
 * Text nodes for text[from, to), wrapped where the log coloured it, the reader searches it, or it must be named.
 *
 * @param {HTMLElement} into
 */
export function fill(into, text, from, to, ctx) {
  if (from >= to) return into;
  if (!ctx.runs.length && !ctx.steering.length && !ctx.hits.length) {
    into.append(text.slice(from, to));
    return into;
  }
  const cuts = new Set([from, to]);
  const cutAt = (/** @type {number} */ n) => { if (n > from && n < to) cuts.add(n); };
  for (const run of ctx.runs) { cutAt(run.start); cutAt(run.end); }
  for (const odd of ctx.steering) { cutAt(odd.start); cutAt(odd.end); }
  for (const [start, end] of ctx.hits) { cutAt(start); cutAt(end); }
  const sorted = [...cuts].sort((a, b) => a - b);
  let run = 0;
  let odd = 0;
  let hit = 0;
  for (let i = 0; i + 1 < sorted.length; i++) {
    const start = sorted[i];
    const end = sorted[i + 1];
    while (run < ctx.runs.length && ctx.runs[run].end <= start) run++;
    while (odd < ctx.steering.length && ctx.steering[odd].end <= start) odd++;
    while (hit < ctx.hits.length && ctx.hits[hit][1] <= start) hit++;
    const classes = [];
    if (run < ctx.runs.length && ctx.runs[run].start <= start) classes.push(ctx.runs[run].classes);
    if (hit < ctx.hits.length && ctx.hits[hit][0] <= start) classes.push(ctx.hitClass);
    const part = text.slice(start, end);
    if (odd < ctx.steering.length && ctx.steering[odd].start <= start) {
      const box = el('span.lt-ctl', { 'data-char': '' }, named(part));
      if (classes.length) box.className += ` ${classes.join(' ')}`;
      into.append(box);
    } else if (classes.length) {
      const span = document.createElement('span');
      span.className = classes.join(' ');
      span.append(part);
      into.append(span);
    } else into.append(part);
  }
  return into;
}

/** @param {string} before @param {string} now written times */
function since(before, now) {
  const passed = (millisecondsOf(now) - millisecondsOf(before || now)) / 1000;
  return `+${(Number.isFinite(passed) ? passed : 0).toFixed(3)}s`.padStart(9);
}

/** How many columns stand before the message as shown: continued lines begin there. @param {string} text @param {string} time mode @returns {number|null} */
export function hangOf(text, time) {
  const head = headOf(text);
  if (!head?.time || !head.word) return null;
  const [start, end] = head.time;
  const shown = time === 'raw' ? end - start : time === 'hidden' ? 0 : time === 'relative' ? 9 : clockOf(text.slice(start, end)).length;
  let after = head.word[1];
  if (text[after] === ' ' && text[head.word[0] - 1] !== '[') {
    let blank = after;
    while (text[blank] === ' ') blank++;
    after = Math.max(blank, head.word[0] + 9);
  } else while (text[after] && /[\s\]:]/.test(text[after])) after++;
  return after - (end - start) + shown;
}

const MARK_ICONS = { gap: 'warn', missed: 'warn', 'missed-unknown': 'warn', unreadable: 'warn', 'not-a-file': 'warn', refused: 'lock', gone: 'warn', elsewhere: 'warn', stopped: 'stop', note: 'note' };

/** @param {HTMLElement} row @param {Item} item @param {Look} look */
function paintMark(row, item, look) {
  row.className = 'lt-mark';
  row.setAttribute('role', 'listitem');
  row.dataset.kind = item.kind;
  delete row.dataset.lv;
  delete row.dataset.level;
  const { words } = look;
  const details = item.details ?? {};
  row.replaceChildren();
  if (item.kind === 'day') {
    row.append(el('span', {}, words.day(item.details)));
    return;
  }
  const text = el('span');
  put(text, markText(item, details, words));
  if (item.kind === 'note') row.dataset.level = ['error', 'warning'].includes(details.level) ? details.level : 'info';
  row.append(icon(MARK_ICONS[item.kind] ?? 'turn'), text);
  if (item.kind === 'gap' && !details.failed) {
    row.append(details.loading ? el('span', {}, words.say('mark.loading')) : el('button.lt-link', { type: 'button', 'data-act': 'loadgap' }, words.say('do.load')));
  }
  if (look.hasPrevious(item)) row.append(el('button.lt-link', { type: 'button', 'data-act': 'previous' }, words.say('mark.rotated.open')));
}

/** @param {Item} item @param {any} details @param {import('./format.js').Words} words */
export function markText(item, details, words) {
  const time = details.at ? clock(details.at) : '';
  const reason = details.reason || words.say('reason.none');
  switch (item.kind) {
    case 'gap': return details.failed ? words.say('mark.lost', { reason: details.failed }) : words.say('mark.gap.size', { size: size(item.end - item.start) });
    case 'rotated': return details.name ? words.say('mark.rotated.name', { time, name: details.name }) : words.say('mark.rotated', { time });
    case 'truncated': return details.to ? words.say('mark.truncated.to', { time, size: size(details.to) }) : words.say('mark.truncated', { time });
    case 'gone': return details.name ? words.say('mark.gone.name', { time, name: details.name }) : words.say('mark.gone', { time });
    case 'missed': return Number.isFinite(details.size) ? words.say('mark.missed', { size: size(details.size) }) : words.say('mark.missed.unknown');
    case 'note': return `${time}  ${details.text}`;
    case 'hole': return words.say('mark.hole', { size: size(details.size ?? 0) });
    case 'recovered': return words.say('mark.recovered', { name: details.name ?? '' });
    default: return words.say(`mark.${item.kind}`, { time, reason, what: details.what ?? '', name: details.name ?? '' });
  }
}

/** The position in a line's text of a point in its row, for a selection. @param {HTMLElement} row @param {Node} node @param {number} offset */
export function offsetIn(row, node, offset) {
  let count = 0;
  const walk = (/** @type {Node} */ at) => {
    if (at === node) {
      if (at.nodeType === Node.TEXT_NODE) {
        count += at.parentElement?.hasAttribute('data-char') ? (offset > 0 ? 1 : 0) : offset;
        return true;
      }
      for (let i = 0; i < offset && i < at.childNodes.length; i++) add(at.childNodes[i]);
      return true;
    }
    if (at.nodeType === Node.TEXT_NODE) {
      add(at);
      return false;
    }
    if (ignored(at)) return at.contains(node);
    for (const child of at.childNodes) if (walk(child)) return true;
    return false;
  };
  const add = (/** @type {Node} */ part) => {
    if (ignored(part)) return;
    if (part instanceof Text) {
      if (part.parentElement?.hasAttribute('data-char')) count += 1;
      else if (part.data !== '\u200b') count += part.data.length;
    } else for (const child of part.childNodes) add(child);
  };
  walk(row);
  return count;
}

/** @param {Node} node */
function ignored(node) {
  return node.nodeType === Node.ELEMENT_NODE && /lt-extra|lt-fields|lt-gut/.test(/** @type {Element} */ (node).className);
}
