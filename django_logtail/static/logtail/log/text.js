/**
 * Bytes to text, and text to what may be shown. Knows no DOM.
 *
 * Nothing in a log line is ever obeyed: colours become roles, other escape sequences vanish, and characters that
 * would hide or reorder text are shown by their number.
 */

/**
 * How to read a log's bytes: one function for the text, one for where its lines begin.
 *
 * @param {string} label of the log's encoding, as `hello` gives it
 */
export function reading(label) {
  let decoder;
  try {
    decoder = new TextDecoder(label || 'utf-8', { ignoreBOM: true });
  } catch {
    decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  }
  const wide = decoder.encoding.startsWith('utf-16');
  return {
    name: decoder.encoding.toUpperCase(),
    decode: (/** @type {Uint8Array} */ bytes) => decoder.decode(bytes),
    unit: wide ? 2 : 1,
    big: decoder.encoding === 'utf-16be',
  };
}

/**
 * Where each line of `bytes` ends (after its newline), in bytes from their start. A rest without a newline counts
 * as a line. 0x0A is never a trail byte of the encodings a log may declare, but for UTF-16, which has units of two.
 *
 * @param {Uint8Array} bytes
 * @param {{unit: number, big: boolean}} how
 */
export function lineEnds(bytes, how) {
  const ends = [];
  if (how.unit === 1) {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) ends.push(at + 1);
  } else {
    const low = how.big ? 1 : 0;
    for (let at = 0; at + 1 < bytes.length; at += 2) if (bytes[at + low] === 10 && bytes[at + 1 - low] === 0) ends.push(at + 2);
  }
  if (bytes.length && ends[ends.length - 1] !== bytes.length) ends.push(bytes.length);
  return ends;
}

const ESC = '\u001b';
// CSI; OSC that is ended; DCS, PM, APC, SOS that are ended; two-character escapes. Each stops at the next ESC, so a
// million unfinished ones cost no more than one.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[ -/]+[0-~]|[0-OQ-WYZ\\`a-~])/g;

/** Whether there may be an escape sequence in it. @param {string} text */
export function isCoded(text) { return text.includes(ESC); }

/** The text without escape sequences: what is searched, measured and copied. @param {string} text */
export function plain(text) {
  return text.includes(ESC) ? text.replace(ESCAPES, '') : text;
}

/** The role (0 to 15) nearest to a colour. A theme decides what a role looks like. */
function role(r, g, b) {
  const most = Math.max(r, g, b);
  const least = Math.min(r, g, b);
  if (most - least < 40) return most < 64 ? 0 : most < 128 ? 8 : most < 208 ? 7 : 15;
  const cut = (most + least) / 2;
  return (r > cut ? 1 : 0) + (g > cut ? 2 : 0) + (b > cut ? 4 : 0) + (most > 220 && least > 80 ? 8 : 0);
}

function role256(n) {
  if (n < 16) return n;
  if (n > 231) return role((n - 232) * 10 + 8, (n - 232) * 10 + 8, (n - 232) * 10 + 8);
  const level = (/** @type {number} */ v) => (v ? v * 40 + 55 : 0);
  const cube = n - 16;
  return role(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

class Pen {
  fg = -1; bg = -1; bold = false; dim = false; italic = false; under = false; strike = false; inverse = false;

  /** @param {string} codes the numbers of one "select graphic rendition" */
  apply(codes) {
    const n = codes.split(/[;:]/).map(Number);
    for (let i = 0; i < n.length; i++) {
      const c = n[i];
      if (c === 0) Object.assign(this, new Pen());
      else if (c === 1) this.bold = true;
      else if (c === 2) this.dim = true;
      else if (c === 3) this.italic = true;
      else if (c === 4) this.under = true;
      else if (c === 7) this.inverse = true;
      else if (c === 9) this.strike = true;
      else if (c === 22) this.bold = this.dim = false;
      else if (c === 23) this.italic = false;
      else if (c === 24) this.under = false;
      else if (c === 27) this.inverse = false;
      else if (c === 29) this.strike = false;
      else if (c >= 30 && c <= 37) this.fg = c - 30;
      else if (c >= 90 && c <= 97) this.fg = c - 82;
      else if (c === 39) this.fg = -1;
      else if (c >= 40 && c <= 47) this.bg = c - 40;
      else if (c >= 100 && c <= 107) this.bg = c - 92;
      else if (c === 49) this.bg = -1;
      else if (c === 38 || c === 48) {
        let value = -1;
        if (n[i + 1] === 5) { value = role256(n[i + 2] & 255); i += 2; } else if (n[i + 1] === 2) { value = role(n[i + 2], n[i + 3], n[i + 4]); i += 4; }
        if (c === 38) this.fg = value; else this.bg = value;
      }
    }
  }

  get classes() {
    const fg = this.inverse ? this.bg : this.fg;
    const bg = this.inverse ? (this.fg < 0 ? 7 : this.fg) : this.bg;
    const found = [];
    if (fg >= 0) found.push(`lt-f${fg}`);
    if (bg >= 0) found.push(`lt-b${bg}`);
    if (this.bold) found.push('lt-bo');
    if (this.dim) found.push('lt-di');
    if (this.italic) found.push('lt-it');
    if (this.under) found.push('lt-un');
    if (this.strike) found.push('lt-st');
    return found.join(' ');
  }
}

/**
 * The text without escape sequences, and which parts of it the log coloured.
 *
 * @param {string} text
 * @returns {{text: string, runs: {start: number, end: number, classes: string}[]}}
 */
export function coloured(text) {
  if (!text.includes(ESC)) return { text, runs: [] };
  const pen = new Pen();
  const runs = [];
  let clean = '';
  let last = 0;
  const put = (/** @type {string} */ part) => {
    const classes = part && pen.classes;
    if (classes) runs.push({ start: clean.length, end: clean.length + part.length, classes });
    clean += part;
  };
  for (const match of text.matchAll(ESCAPES)) {
    put(text.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[0][1] === '[' && match[0].endsWith('m') && /^[\d;:]*$/.test(match[0].slice(2, -1))) pen.apply(match[0].slice(2, -1));
  }
  put(text.slice(last));
  return { text: clean, runs };
}

/** Characters that steer a terminal, hide, or reorder what surrounds them. A tab is text. */
// eslint-disable-next-line no-control-regex
export const STEERING = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/;
const STEERING_ALL = new RegExp(STEERING, 'g');

/** How such a character is written on screen. @param {string} character */
export function named(character) {
  return 'U+' + /** @type {number} */ (character.codePointAt(0)).toString(16).toUpperCase().padStart(4, '0');
}

/** Where steering characters are in `text`. @param {string} text @returns {{start: number, end: number}[]} */
export function steering(text) {
  if (!STEERING.test(text)) return [];
  return Array.from(text.matchAll(STEERING_ALL), (match) => ({ start: match.index, end: match.index + match[0].length }));
}

/** Whether the first bytes of a log look like something else than text. @param {Uint8Array} bytes @param {{unit: number}} how */
export function looksBinary(bytes, how) {
  if (how.unit === 2) return false;
  const head = bytes.subarray(0, 4096);
  let odd = 0;
  for (const byte of head) if (byte === 0 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27 && byte !== 12 && byte !== 8)) odd++;
  return head.length > 0 && odd / head.length > 0.05;
}
