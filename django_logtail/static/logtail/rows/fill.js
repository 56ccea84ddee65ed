/** Puts text of a log into the page, always as text nodes. */

import { el } from '../ui/dom.js';
import { named, steering } from '../formats/text.js';

/**
 * @typedef {{
 *   runs: import('../formats/text.js').Run[], steering: {start: number, end: number}[], hits: [number, number][], hitClass: string,
 *   links?: import('./links.js').Link[], secrets?: Secret[],
 * }} Marked the parts of a text that are coloured, hidden, found, or links
 * @typedef {{start: number, end: number, className: string, tip: string}} Secret what a rule of the server hides, or would
 */

/** Whether text[from, to) needs no elements: no colour, match, link or steering character. @param {Marked} ctx @param {number} from @param {number} to */
export function isOrdinary(ctx, from, to) {
  const meets = (/** @type {{start: number, end: number}} */ one) => one.start < to && one.end > from;
  return !ctx.secrets?.some(meets) && !ctx.runs.some(meets) && !ctx.steering.some(meets) && !ctx.links?.some(meets) && !ctx.hits.some(([start, end]) => start < to && end > from);
}

/** Whether text[from, to) has ids, and nothing else that needs elements. @param {Marked} ctx @param {number} from @param {number} to */
export function hasIdsAlone(ctx, from, to) {
  const meets = (/** @type {{start: number, end: number}} */ one) => one.start < to && one.end > from;
  return ctx.links !== undefined && ctx.links.every((one) => one.id !== undefined || !meets(one)) && isOrdinary({ ...ctx, links: [] }, from, to);
}

/**
 * Writes text[from, to) with its ids over the text that is there, whose nodes are used again.
 *
 * @param {Element} into @param {string} text @param {number} from @param {number} to @param {import('./links.js').Link[]} ids in order
 * @returns {ChildNode|null} the first node that is not used
 */
export function writeIds(into, text, from, to, ids) {
  let next = into.firstChild;
  let at = from;
  const writeText = (/** @type {number} */ end) => {
    if (end <= at) return;
    const part = text.slice(at, end);
    if (!(next instanceof Text)) into.insertBefore(document.createTextNode(part), next);
    else {
      if (next.data !== part) next.data = part;
      next = next.nextSibling;
    }
    at = end;
  };
  for (const { start, end, id = '' } of ids) {
    if (start < at || end > to) continue;
    writeText(start);
    let element = next;
    if (element instanceof HTMLElement && element.className === 'lt-id' && element.firstChild === element.lastChild && element.firstChild instanceof Text) {
      if (element.firstChild.data !== id) element.firstChild.data = id;
      next = element.nextSibling;
    } else {
      element = el('span.lt-id', {}, id);
      into.insertBefore(element, next);
    }
    idOf.set(/** @type {Element} */ (element), id);
    at = end;
  }
  writeText(to);
  return next;
}

/** Appends text that anyone may have written, with steering characters replaced by their names. @param {HTMLElement} into @param {string} text */
export function put(into, text) {
  fill(into, text, 0, text.length, { runs: [], steering: steering(text.replaceAll('\n', ' ')), hits: [], hitClass: '' });
}

/**
 * Appends text[from, to) as text nodes; colours, matches, links and names of steering characters get elements around
 * them.
 *
 * @template {Element} T
 * @param {T} into @param {string} text @param {number} from @param {number} to @param {Marked} ctx
 * @returns {T}
 */
export function fill(into, text, from, to, ctx) {
  if (from >= to) return into;
  const links = ctx.links ?? [];
  const secrets = ctx.secrets ?? [];
  if (!secrets.length && !ctx.runs.length && !ctx.steering.length && !ctx.hits.length && !links.length) {
    into.append(text.slice(from, to));
    return into;
  }
  const cuts = new Set([from, to]);
  const cutAt = (/** @type {number} */ n) => { if (n > from && n < to) cuts.add(n); };
  for (const run of ctx.runs) { cutAt(run.start); cutAt(run.end); }
  for (const odd of ctx.steering) { cutAt(odd.start); cutAt(odd.end); }
  for (const [start, end] of ctx.hits) { cutAt(start); cutAt(end); }
  for (const link of links) { cutAt(link.start); cutAt(link.end); }
  for (const secret of secrets) { cutAt(secret.start); cutAt(secret.end); }
  const sorted = [...cuts].sort((a, b) => a - b);
  let run = 0;
  let odd = 0;
  let hit = 0;
  let link = 0;
  let secret = 0;
  /** @type {Element} */
  let around = into;
  for (let i = 0; i + 1 < sorted.length; i++) {
    const start = sorted[i];
    const end = sorted[i + 1];
    while (run < ctx.runs.length && ctx.runs[run].end <= start) run++;
    while (odd < ctx.steering.length && ctx.steering[odd].end <= start) odd++;
    while (secret < secrets.length && secrets[secret].end <= start) secret++;
    while (hit < ctx.hits.length && ctx.hits[hit][1] <= start) hit++;
    while (link < links.length && links[link].end <= start) {
      link++;
      around = into;
    }
    if (around === into && link < links.length && links[link].start <= start) {
      around = links[link].id ? idElement(links[link]) : anchor(links[link]);
      into.append(around);
    }
    const classes = [];
    const isSecret = secret < secrets.length && secrets[secret].start <= start;
    if (isSecret) classes.push(secrets[secret].className);
    if (run < ctx.runs.length && ctx.runs[run].start <= start) classes.push(ctx.runs[run].classes);
    if (hit < ctx.hits.length && ctx.hits[hit][0] <= start) classes.push(ctx.hitClass);
    const part = text.slice(start, end);
    if (odd < ctx.steering.length && ctx.steering[odd].start <= start) {
      const box = el('span.lt-ctl', { 'data-char': '' }, named(part));
      if (classes.length) box.className += ` ${classes.join(' ')}`;
      if (isSecret) box.title = secrets[secret].tip;
      around.append(box);
    } else if (classes.length) {
      const span = document.createElement('span');
      span.className = classes.join(' ');
      if (isSecret) span.title = secrets[secret].tip;
      span.append(part);
      around.append(span);
    } else around.append(part);
  }
  return into;
}

/** The id that an element shows. @type {WeakMap<Element, string>} */
export const idOf = new WeakMap();

/** An id, which opens a menu. @param {import('./links.js').Link} link */
function idElement({ id = '' }) {
  const made = el('span.lt-id');
  idOf.set(made, id);
  return made;
}

/**
 * A link that opens in a new tab, which gets no access to this one and doesn't learn its address.
 *
 * @param {import('./links.js').Link} link
 */
function anchor({ href, isFrame }) {
  return el(isFrame ? 'a.lt-a.lt-frame' : 'a.lt-a', { href, target: '_blank', rel: 'noopener noreferrer nofollow', title: isFrame ? href : null });
}
