/** Text of a log as text nodes, and nothing else. */

import { el } from '../ui/dom.js';
import { named, steering } from '../formats/text.js';

/**
 * @typedef {{
 *   runs: import('../formats/text.js').Run[], steering: {start: number, end: number}[], hits: [number, number][], hitClass: string,
 *   links?: import('./links.js').Link[],
 * }} Marked what in a text is coloured, hidden, searched, or a link
 */

/** Whether nothing in text[from, to) is coloured, searched, a link or to be named. @param {Marked} ctx @param {number} from @param {number} to */
export function isOrdinary(ctx, from, to) {
  const meets = (/** @type {{start: number, end: number}} */ one) => one.start < to && one.end > from;
  return !ctx.runs.some(meets) && !ctx.steering.some(meets) && !ctx.links?.some(meets) && !ctx.hits.some(([start, end]) => start < to && end > from);
}

/** Text of anyone's making, steering characters named. @param {HTMLElement} into @param {string} text */
export function put(into, text) {
  fill(into, text, 0, text.length, { runs: [], steering: steering(text.replaceAll('\n', ' ')), hits: [], hitClass: '' });
}

/**
 * Text nodes for text[from, to), wrapped where the log coloured it, the viewer searches it, it is a link, or it must be
 * named.
 *
 * @template {Element} T
 * @param {T} into @param {string} text @param {number} from @param {number} to @param {Marked} ctx
 * @returns {T}
 */
export function fill(into, text, from, to, ctx) {
  if (from >= to) return into;
  const links = ctx.links ?? [];
  if (!ctx.runs.length && !ctx.steering.length && !ctx.hits.length && !links.length) {
    into.append(text.slice(from, to));
    return into;
  }
  const cuts = new Set([from, to]);
  const cutAt = (/** @type {number} */ n) => { if (n > from && n < to) cuts.add(n); };
  for (const run of ctx.runs) { cutAt(run.start); cutAt(run.end); }
  for (const odd of ctx.steering) { cutAt(odd.start); cutAt(odd.end); }
  for (const [start, end] of ctx.hits) { cutAt(start); cutAt(end); }
  for (const link of links) { cutAt(link.start); cutAt(link.end); }
  const sorted = [...cuts].sort((a, b) => a - b);
  let run = 0;
  let odd = 0;
  let hit = 0;
  let link = 0;
  /** @type {Element} */
  let around = into;
  for (let i = 0; i + 1 < sorted.length; i++) {
    const start = sorted[i];
    const end = sorted[i + 1];
    while (run < ctx.runs.length && ctx.runs[run].end <= start) run++;
    while (odd < ctx.steering.length && ctx.steering[odd].end <= start) odd++;
    while (hit < ctx.hits.length && ctx.hits[hit][1] <= start) hit++;
    while (link < links.length && links[link].end <= start) {
      link++;
      around = into;
    }
    if (around === into && link < links.length && links[link].start <= start) {
      around = anchor(links[link]);
      into.append(around);
    }
    const classes = [];
    if (run < ctx.runs.length && ctx.runs[run].start <= start) classes.push(ctx.runs[run].classes);
    if (hit < ctx.hits.length && ctx.hits[hit][0] <= start) classes.push(ctx.hitClass);
    const part = text.slice(start, end);
    if (odd < ctx.steering.length && ctx.steering[odd].start <= start) {
      const box = el('span.lt-ctl', { 'data-char': '' }, named(part));
      if (classes.length) box.className += ` ${classes.join(' ')}`;
      around.append(box);
    } else if (classes.length) {
      const span = document.createElement('span');
      span.className = classes.join(' ');
      span.append(part);
      around.append(span);
    } else around.append(part);
  }
  return into;
}

/**
 * A link in a new tab that learns nothing of this one.
 *
 * @param {import('./links.js').Link} link
 */
function anchor({ href, isFrame }) {
  return el(isFrame ? 'a.lt-a.lt-frame' : 'a.lt-a', { href, target: '_blank', rel: 'noopener noreferrer nofollow', title: isFrame ? href : null });
}
