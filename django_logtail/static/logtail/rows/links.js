/**
 * What in a line is a link: addresses, and the source of traceback frames. Knows no DOM.
 *
 * A link leads exactly where its text says. What can't promise that stays text: an address with a user name or a
 * password, a host that browsers write in another way than the line does, one that is cut off, and one in which hidden
 * characters stand.
 */

import { frameOf, sourceOf } from '../formats/frames.js';

/** @typedef {{start: number, end: number, href: string, isFrame: boolean}} Link `end`: behind its last character */
/** @typedef {{urls: boolean, source: {url: string, roots: string[]}|null}} Linked `urls`: whether addresses are links */

const SCHEME = /https?:\/\//gi;
/** Browsers and servers take no longer ones. */
const MOST_CHARACTERS = 2_000;
/** What ends an address in prose, JSON and code: blanks, quotes, brackets that addresses don't have, and signs of other scripts. */
const ENDS = /[\s"`<>\\^{}|]|(?![ -~])[\p{P}\p{S}\p{Z}]/u;
/** What stands behind an address, and not in it. */
const TRAILING = /[.,;:!?'*_~]+$/;
/** The same, where more of it was left out. */
const CUT_OFF = /\.{2,}$/;
/** What makes "https" the end of another scheme. */
const OTHER_SCHEME = /[A-Za-z0-9+]/;
const PAIRS = /** @type {const} */ ([['(', ')'], ['[', ']']]);

/**
 * The links of a line, in order, none over another.
 *
 * @param {string} text @param {{start: number, end: number}[]} steering where hidden characters are @param {Linked} linked
 * @param {number} [limit] how much of the text is shown; what continues beyond it isn't a link
 * @returns {Link[]}
 */
export function linksIn(text, steering, { urls, source }, limit = text.length) {
  /** @type {Link[]} */
  const found = [];
  if (source) {
    const frame = frameOf(text);
    const href = frame?.at ? sourceOf(frame, source) : '';
    if (href && frame?.at && frame.at[1] <= limit && !meets(steering, ...frame.at)) found.push({ start: frame.at[0], end: frame.at[1], href, isFrame: true });
  }
  if (!urls || !text.includes('://')) return found;
  const [frame] = found;
  SCHEME.lastIndex = 0;
  for (let match = SCHEME.exec(text); match; match = SCHEME.exec(text)) {
    const start = match.index;
    if (start >= limit) break;
    const whole = wholeAt(text, start);
    SCHEME.lastIndex = Math.max(SCHEME.lastIndex, start + whole.length);
    const href = linkedText(text, start, whole);
    const end = start + href.length;
    if (!href || end > limit || meets(steering, start, start + whole.length + 1) || (frame && start < frame.end && end > frame.start)) continue;
    found.push({ start, end, href, isFrame: false });
  }
  return found.sort((a, b) => a.start - b.start);
}

/** @param {{start: number, end: number}[]} steering @param {number} from @param {number} to */
function meets(steering, from, to) {
  return steering.some(({ start, end }) => start < to && end > from);
}

/** All that may belong to an address, and the signs behind it. @param {string} text @param {number} start */
function wholeAt(text, start) {
  const rest = text.slice(start, start + MOST_CHARACTERS + 1);
  const end = rest.search(ENDS);
  let whole = end < 0 ? rest : rest.slice(0, end);
  // In single quotes, as Python writes them.
  const quote = text[start - 1] === "'" ? whole.indexOf("'") : -1;
  if (quote >= 0) whole = whole.slice(0, quote);
  const next = whole.slice(1).search(/[,;]https?:\/\//i);
  return next < 0 ? whole : whole.slice(0, next + 1);
}

/** The address, as it stands there; "" where it is to stay text. @param {string} text @param {number} start @param {string} whole */
function linkedText(text, start, whole) {
  if (whole.length > MOST_CHARACTERS || (start > 0 && OTHER_SCHEME.test(text[start - 1]))) return '';
  if (text[start + whole.length] === '…' || CUT_OFF.test(whole)) return '';
  const address = trimmed(whole);
  const authority = /^https?:\/\/([^/?#]*)/i.exec(address)?.[1] ?? '';
  try {
    // A user name that looks like the host, a host of another script or with "%", a number for an address: browsers go
    // where the text doesn't say.
    return authority.replace(/:\d*$/, '').toLowerCase() === new URL(address).hostname ? address : '';
  } catch {
    return '';
  }
}

/** @param {string} whole */
function trimmed(whole) {
  let address = whole;
  for (let before = ''; before !== address;) {
    before = address;
    address = address.replace(TRAILING, '');
    for (const [opens, closes] of PAIRS) {
      if (address.endsWith(closes) && count(address, closes) > count(address, opens)) address = address.slice(0, -1);
    }
  }
  return address;
}

/** @param {string} text @param {string} sign */
const count = (text, sign) => text.split(sign).length - 1;
