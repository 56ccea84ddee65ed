/**
 * What in a line is a link: addresses, and the source of traceback frames. Knows no DOM.
 *
 * A link leads exactly where its text says. What can't promise that stays text: an address with a user name or a
 * password, a host that browsers write differently from the line, an address that is cut off, and one that contains
 * hidden characters.
 */

import { frameOf, sourceOf } from '../formats/frames.js';

/** @typedef {{start: number, end: number, href: string, isFrame: boolean, id?: string}} Link `end`: behind its last character; `id`: it is no link, but an id that can be searched for */
/** @typedef {{urls: boolean, source: {url: string, roots: string[]}|null}} Linked `urls`: whether addresses are links */

const SCHEME = /https?:\/\//gi;
/** Browsers and servers accept none that is longer. */
const MOST_CHARACTERS = 2_000;
/**
 * What ends an address in prose, JSON and code: spaces, quotes, brackets that addresses don't have, punctuation of other
 * scripts, and the comma before the next address.
 */
const ENDS = /[\s"`<>\\^{}|]|(?![ -~])[\p{P}\p{S}\p{Z}]|[,;](?=https?:\/\/)/iu;
/** Punctuation that follows an address and is not part of it. */
const TRAILING = /[.,;:!?'*_~]/;
/** The same, if more of the address was left out. */
const CUT_OFF = /\.{2,}$/;
/** What makes "https" the end of another scheme. */
const OTHER_SCHEME = /[A-Za-z0-9+]/;
const PAIRS = /** @type {const} */ ([['(', ')'], ['[', ']']]);

/**
 * The links of a line, in order, without overlap.
 *
 * @param {string} text @param {{start: number, end: number}[]} steering where hidden characters are, in order @param {Linked} linked
 * @param {[number, number][]} [drawn] the parts of the text that are shown, in order; what continues beyond one isn't a
 * link. Only they are searched: a page draws little of a long line.
 * @returns {Link[]}
 */
export function linksIn(text, steering, { urls, source }, drawn = [[0, text.length]]) {
  /** @type {Link[]} */
  const found = [];
  const end = drawn.at(-1)?.[1] ?? 0;
  if (source) {
    const frame = frameOf(text);
    const href = frame?.at ? sourceOf(frame, source) : '';
    if (href && frame?.at && frame.at[1] <= end && !new Meeting(steering).meets(...frame.at)) found.push({ start: frame.at[0], end: frame.at[1], href, isFrame: true });
  }
  if (!urls) return found;
  const [frame] = found;
  const hidden = new Meeting(steering);
  for (const [from, to] of drawn) {
    for (const link of addressesIn(text, from, to, hidden)) if (!frame || link.start >= frame.end || link.end <= frame.start) found.push(link);
  }
  return found.sort((a, b) => a.start - b.start);
}

/**
 * Links, and those ids that are not part of one, in order.
 *
 * @param {Link[]} links @param {import('./ids.js').Id[]} ids @param {{start: number, end: number}[]} steering
 * @returns {Link[]}
 */
export function withIds(links, ids, steering) {
  if (!ids.length) return links;
  const others = new Meeting(links);
  const hidden = new Meeting(steering);
  const free = ids.filter(({ start, end }) => !others.meets(start, end) && !hidden.meets(start, end));
  return [...links, ...free.map(({ start, end, id }) => ({ start, end, href: '', isFrame: false, id }))].sort((a, b) => a.start - b.start);
}

/** The addresses in text[from, to). @param {string} text @param {number} from @param {number} to @param {Meeting} hidden @returns {Link[]} */
function addressesIn(text, from, to, hidden) {
  const part = text.slice(from, to);
  /** @type {Link[]} */
  const found = [];
  if (!part.includes('://')) return found;
  SCHEME.lastIndex = 0;
  for (let match = SCHEME.exec(part); match; match = SCHEME.exec(part)) {
    const start = from + match.index;
    const whole = wholeAt(text, start);
    SCHEME.lastIndex = Math.max(SCHEME.lastIndex, match.index + whole.length);
    const href = linkedText(text, start, whole);
    const end = start + href.length;
    if (href && end <= to && !hidden.meets(start, start + whole.length + 1)) found.push({ start, end, href, isFrame: false });
  }
  return found;
}

/** Tells which of many spans overlap others: both are given in order, so each is looked at once. */
class Meeting {
  /** @param {{start: number, end: number}[]} others in order */
  constructor(others) {
    this.others = others;
    this.next = 0;
  }

  /** @param {number} from at or after that of the call before @param {number} to */
  meets(from, to) {
    while (this.next < this.others.length && this.others[this.next].end <= from) this.next++;
    return this.next < this.others.length && this.others[this.next].start < to;
  }
}

/** What may belong to an address, including the punctuation after it. @param {string} text @param {number} start */
function wholeAt(text, start) {
  const rest = text.slice(start, start + MOST_CHARACTERS + 1);
  const end = rest.search(ENDS);
  const whole = end < 0 ? rest : rest.slice(0, end);
  // In single quotes, as Python writes them.
  const quote = text[start - 1] === "'" ? whole.indexOf("'") : -1;
  return quote < 0 ? whole : whole.slice(0, quote);
}

/** The address as written; "" if it must stay text. @param {string} text @param {number} start @param {string} whole */
function linkedText(text, start, whole) {
  if (whole.length > MOST_CHARACTERS || (start > 0 && OTHER_SCHEME.test(text[start - 1]))) return '';
  if (text[start + whole.length] === '…' || CUT_OFF.test(whole)) return '';
  const address = trimmed(whole);
  const authority = /^https?:\/\/([^/?#]*)/i.exec(address)?.[1] ?? '';
  try {
    // With a user name that looks like a host, a host in another script or with "%", or a number as a host, a browser
    // would go somewhere that the text doesn't name.
    return authority.replace(/:\d*$/, '').toLowerCase() === new URL(address).hostname ? address : '';
  } catch {
    return '';
  }
}

/** Without punctuation at its end, and without brackets that it doesn't open; each character is read once. @param {string} whole */
function trimmed(whole) {
  const more = PAIRS.map(([opens, closes]) => count(whole, closes) - count(whole, opens));
  let end = whole.length;
  for (; end > 0; end--) {
    const last = whole[end - 1];
    const pair = PAIRS.findIndex(([, closes]) => closes === last);
    if (pair >= 0 && more[pair] > 0) more[pair]--;
    else if (!TRAILING.test(last)) break;
  }
  return whole.slice(0, end);
}

/** @param {string} text @param {string} sign */
const count = (text, sign) => text.split(sign).length - 1;
