/** Text of a log as text nodes, and nothing else. */

import { el } from '../ui/dom.js';
import { named, steering } from '../formats/text.js';

/** Whether nothing in text[from, to) is coloured, searched or to be named. */
export function isOrdinary(ctx, from, to) {
  const meets = (/** @type {{start: number, end: number}} */ one) => one.start < to && one.end > from;
  return !ctx.runs.some(meets) && !ctx.steering.some(meets) && !ctx.hits.some((/** @type {[number, number]} */ [start, end]) => start < to && end > from);
}

/** Text of anyone's making, steering characters named. @param {HTMLElement} into @param {string} text */
export function put(into, text) {
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
