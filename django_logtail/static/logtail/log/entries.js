/** Reads lines in order: the level of each, the entries they belong to, and where a day begins. Knows no DOM. */

import { Context, read } from '../formats/context.js';
import { detect } from '../formats/detection.js';
import { Frames } from '../formats/frames.js';
import { headOf } from '../formats/heads.js';
import { Item } from './item.js';
import { dayOf } from '../formats/moments.js';
import { isCoded, unescaped } from '../formats/text.js';

/** What ends a line in no colour, as most programs do. */
const ENDS_PLAIN = /\u001b\[0?m[^\u001b\u009b]*$/;
/** First lines, and last ones, in which formats are looked for. */
const SAMPLE = 300;
/** Formats are detected again when there are this many times as many lines. */
const GROWTH = 3;
/** Lines and milliseconds after which they are looked for again all the same: another program may write now. */
const AGAIN_LINES = 1_000;
const AGAIN_MS = 10_000;

export class Entries {
  /** @param {import('../formats/detection.js').Formats|null} [given] the log's format as an administrator gave it @param {() => number} [now] milliseconds */
  constructor(given = null, now = () => performance.now()) {
    this.now = now;
    this.context = new Context(given);
    /** The day that was named last. */
    this.day = '';
    /** The colours that the last line ended with: they continue in the next one, as in a terminal. */
    this.pen = '';
    this.frames = new Frames();
    /** The first line of the run of library frames that the last line belonged to. @type {Item|null} */
    this.block = null;
    /** What the last time began with, and the day it names: most lines are of one day. */
    this.dated = { before: '\n', day: '' };
    /** @type {string[]} the first lines, and the last ones, without escape sequences */
    this.firstLines = [];
    /** @type {string[]} */
    this.lastLines = [];
    this.seen = 0;
    this.looked = { seen: 0, at: -Infinity };
  }

  /** The formats that an administrator or the viewer chose; null: those detected. @param {import('../formats/detection.js').Formats|null} given */
  give(given) { this.context.formats = given ?? detect(this.firstLines, this.lastLines); }

  /** Those that were given or found, or null. */
  get formats() { return this.context.formats; }

  /** The next line starts a new entry. */
  endEntry() {
    this.context.end();
    this.pen = '';
    this.#endFrames();
  }

  #endFrames() {
    this.frames.end();
    this.block = null;
  }

  /**
   * Detects the log's formats again if enough lines have come since the last time.
   *
   * @param {Item[]} lines new ones
   * @returns {boolean} whether they differ from those that earlier lines were read with
   */
  learn(lines) {
    const texts = [];
    for (let i = Math.max(0, lines.length - SAMPLE); i < lines.length; i++) texts.push(lines[i]);
    for (let i = 0; i < lines.length && this.firstLines.length < SAMPLE; i++) this.firstLines.push(plainOf(lines[i]));
    const before = this.seen;
    this.seen += lines.length;
    const last = texts.slice(Math.max(0, SAMPLE - before - (lines.length - texts.length))).map(plainOf);
    this.lastLines = [...this.lastLines, ...last].slice(-SAMPLE);
    if (this.formats?.isGiven) return false;
    const isDue = this.seen >= this.looked.seen * GROWTH || (this.seen >= this.looked.seen + AGAIN_LINES && this.now() - this.looked.at > AGAIN_MS);
    if (!isDue) return false;
    this.looked = { seen: this.seen, at: this.now() };
    const found = detect(this.firstLines, this.lastLines);
    if (!found || found.signs.join() === this.formats?.signs.join()) return false;
    this.context.formats = found;
    return before > 0;
  }

  /** @param {Item[]} lines and marks @returns {Item[]} with a mark wherever a day begins */
  read(lines) {
    /** @type {Item[]} */
    const out = [];
    const { context } = this;
    let text = lines.length ? plainOf(lines[0]) : '';
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i];
      const next = i + 1 < lines.length ? plainOf(lines[i + 1]) : null;
      if (line.kind !== 'line') {
        this.endEntry();
        out.push(line);
        text = next ?? '';
        continue;
      }
      const following = next !== null && lines[i + 1].kind === 'line' ? next : null;
      const { kind, level, written, isMessage = false } = read(text, context, following);
      line.pen = this.pen;
      if (line.coded) this.pen = ENDS_PLAIN.test(line.text) ? '' : line.coloured.pen;
      line.level = level;
      line.inner = kind === 'continuation';
      line.isMessage = isMessage;
      if (!line.inner) this.#endFrames();
      else this.block = this.frames.read(text, following).library ? this.block ?? line : null;
      line.block = this.block;
      if (written) {
        const day = this.#dayOf(written);
        if (day && day !== this.day) {
          this.day = day;
          out.push(dayMark(line, day));
        }
      }
      out.push(line);
      text = next ?? '';
    }
    return out;
  }

  /** @param {string} written */
  #dayOf(written) {
    if (written.startsWith(this.dated.before)) return this.dated.day;
    const day = dayOf(written);
    const colon = written.indexOf(':');
    // An epoch has no colon.
    if (colon > 0) this.dated = { before: written.slice(0, colon + 1), day };
    return day;
  }

  /** Reads lines that belong elsewhere, or are still incomplete, without affecting how later lines are read. @param {Item[]} lines @param {{begins: boolean, day: string}} where `begins`: they continue no entry */
  readApart(lines, { begins, day }) {
    const { block, context, day: dayHere, frames, pen } = this;
    const kept = context.keep();
    const framesHere = frames.keep();
    if (begins) this.endEntry();
    this.day = day;
    const items = this.read(lines);
    context.restore(kept);
    this.day = dayHere;
    this.pen = pen;
    frames.restore(framesHere);
    this.block = block;
    return items;
  }

  /** Reads all lines again, because their formats are known now. @param {Item[]} items @returns {Item[]} */
  readAgain(items) {
    this.endEntry();
    this.day = '';
    return this.read(items.filter((item) => item.kind !== 'day'));
  }
}

/** @param {Item} line */
function plainOf(line) {
  line.coded = isCoded(line.text);
  const back = line.coded ? line.text.indexOf('\r') : -1;
  if (back >= 0) {
    const head = headOf(unescaped(line.text.slice(0, back)));
    line.keeps = head !== null && (head.written !== '' || head.word !== null);
  }
  return line.plain;
}

/** @param {Item} line @param {string} day */
function dayMark(line, day) {
  const mark = new Item('day');
  mark.file = line.file;
  mark.start = mark.end = line.start;
  mark.details = day;
  return mark;
}
