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

// CSI; OSC that is ended; DCS, PM, APC, SOS that are ended; two-character escapes. Each stops where the next begins, so a
// million unfinished ones cost no more than one. CSI and OSC may also begin with one character, of C1.
const ESCAPES = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c\u009d]*(?:\u0007|\u001b\\|\u009c)|\u001b(?:[PX^_][^\u001b]*\u001b\\|[ -/]+[0-~]|[0-OQ-WYZ\\`a-~])/g;
const SEQUENCE = /[\u001b\u009b\u009d]/;
/** What may begin such a sequence, or a state of the line that is written over the one before. */
const CODED = /[\u001b\u009b\u009d\r]/;
const COLOUR = /^(?:\u001b\[|\u009b)([\d;:]*)m$/;
/** The rest of the line, or all of it, is erased. */
const ERASE = /^(?:\u001b\[|\u009b)[02]?K$/;
/** A link of OSC 8: its target, empty where it ends. */
const LINK = /^(?:\u001b\]|\u009d)8;[^;]*;([^\u0007\u001b\u009c]*)/;

/** Whether there may be an escape sequence in it, or a return to its beginning. @param {string} text */
export function isCoded(text) { return CODED.test(text); }

/** The text without escape sequences, and nothing else changed. @param {string} text */
export function unescaped(text) { return CODED.test(text) ? text.replace(ESCAPES, '') : text; }

/** The text as a terminal would show it, without colours: what is searched, measured and copied. @param {string} text */
export function plain(text) {
  if (!CODED.test(text)) return text;
  return text.includes('\r') || text.includes(']8;') || text.includes('\u009d') ? coloured(text).text : text.replace(ESCAPES, '');
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

  /** @param {string} codes the parameters of one "select graphic rendition" */
  apply(codes) {
    const all = codes.split(';');
    for (let i = 0; i < all.length; i++) {
      const [c, ...sub] = all[i].split(':').map(Number);
      if (c === 38 || c === 48 || c === 58) {
        // 38:2::r:g:b names a colour space that 38:2:r:g:b leaves out; with semicolons it is never there.
        const n = sub.length ? (sub[0] === 2 && sub.length > 4 ? [2, ...sub.slice(2)] : sub) : all.slice(i + 1, i + 5).map(Number);
        let value = -1;
        if (n[0] === 5) value = role256(n[1] & 255);
        else if (n[0] === 2) value = role(n[1], n[2], n[3]);
        if (!sub.length) i += n[0] === 5 ? 2 : n[0] === 2 ? 4 : 0;
        if (c === 38) this.fg = value;
        else if (c === 48) this.bg = value;
      } else if (c === 0) Object.assign(this, new Pen());
      else if (c === 1) this.bold = true;
      else if (c === 2) this.dim = true;
      else if (c === 3) this.italic = true;
      else if (c === 4) this.under = sub[0] !== 0;
      else if (c === 7) this.inverse = true;
      else if (c === 9) this.strike = true;
      else if (c === 21) this.under = true;
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
    }
  }

  /** What sets a new pen to this one; empty for one that is new. */
  get codes() {
    const found = [];
    if (this.fg >= 0) found.push(this.fg < 8 ? this.fg + 30 : this.fg + 82);
    if (this.bg >= 0) found.push(this.bg < 8 ? this.bg + 40 : this.bg + 92);
    if (this.bold) found.push(1);
    if (this.dim) found.push(2);
    if (this.italic) found.push(3);
    if (this.under) found.push(4);
    if (this.inverse) found.push(7);
    if (this.strike) found.push(9);
    return found.join(';');
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

/** @typedef {{start: number, end: number, classes: string}} Run */
/** @typedef {{text: string, runs: Run[], erases: boolean}} State what is written after one return to the beginning of a line */

/**
 * The text as a terminal would show it, and which parts of it the log coloured.
 *
 * @param {string} text
 * @param {string} [pen] the colours that the line before ended with, as `pen` of what is returned
 * @param {boolean} [keeps] nothing is written over: a return is a character like others
 * @returns {{text: string, runs: Run[], pen: string}}
 */
export function coloured(text, pen = '', keeps = false) {
  if (!pen && !CODED.test(text)) return { text, runs: [], pen };
  const hand = new Pen();
  if (pen) hand.apply(pen);
  if (keeps) return { ...stateOf(text, hand), pen: hand.codes };
  let end = text.length;
  while (text.charCodeAt(end - 1) === 13) end--;
  const states = text.slice(0, end).split('\r').map((part) => stateOf(part, hand));
  const shown = states.length > 1 ? overwritten(states) : states[0];
  return { text: shown.text, runs: shown.runs, pen: hand.codes };
}

/** @param {string} text @param {Pen} hand @returns {State} */
function stateOf(text, hand) {
  /** @type {Run[]} */
  const runs = [];
  if (!SEQUENCE.test(text)) {
    const { classes } = hand;
    return { text, runs: text && classes ? [{ start: 0, end: text.length, classes }] : [], erases: false };
  }
  let clean = '';
  let last = 0;
  let erases = false;
  let target = '';
  /** What the link shows: to ask the end of `clean` for each link would copy all of it. */
  let linked = '';
  const put = (/** @type {string} */ part) => {
    const classes = part && hand.classes;
    if (classes) runs.push({ start: clean.length, end: clean.length + part.length, classes });
    clean += part;
    linked += part;
  };
  for (const match of text.matchAll(ESCAPES)) {
    put(text.slice(last, match.index));
    last = match.index + match[0].length;
    const colour = COLOUR.exec(match[0]);
    if (colour) hand.apply(colour[1]);
    else if (ERASE.test(match[0])) erases = true;
    else {
      const link = LINK.exec(match[0]);
      if (!link) continue;
      // A link's target is shown next to it; the text itself is never a link here.
      if (target && !linked.endsWith(target)) put(` (${target})`);
      [, target] = link;
      linked = '';
    }
  }
  put(text.slice(last));
  return { text: clean, runs, erases };
}

/** Each state is written over the ones before, which are seen where they are longer. @param {State[]} states */
function overwritten(states) {
  let text = '';
  /** @type {Run[]} */
  const runs = [];
  for (let i = states.length - 1; i >= 0; i--) {
    const state = states[i];
    const at = text.length;
    if (state.text.length > at) {
      text += state.text.slice(at);
      for (const run of state.runs) if (run.end > at) runs.push({ ...run, start: Math.max(run.start, at) });
    }
    if (state.erases) break;
  }
  return { text, runs };
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
  const found = [];
  for (const match of text.matchAll(STEERING_ALL)) {
    const end = match.index + match[0].length;
    if (!joins(text, match.index)) found.push({ start: match.index, end });
  }
  return found;
}

/** Whether there is a joiner between letters, or emoji, that it shapes; between others it would only hide. @param {string} text @param {number} at */
function joins(text, at) {
  const code = text.charCodeAt(at);
  return (code === 0x200c || code === 0x200d) && text.charCodeAt(at - 1) >= 0x0590 && text.charCodeAt(at + 1) >= 0x0590 && !isSteering(text[at - 1]) && !isSteering(text[at + 1]);
}

/** @param {string} character */
function isSteering(character) { return STEERING.test(character); }

/** Whether the first bytes of a log look like something else than text. @param {Uint8Array} bytes @param {{unit: number}} how */
export function looksBinary(bytes, how) {
  if (how.unit === 2) return false;
  const head = bytes.subarray(0, 4096);
  let odd = 0;
  for (const byte of head) if (byte === 0 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27 && byte !== 12 && byte !== 8)) odd++;
  return head.length > 0 && odd / head.length > 0.05;
}
