/**
 * The loaded lines, in the order of the stream, with a mark at each break. Knows no DOM.
 *
 * A ring: beyond its limits the oldest lines are dropped, unless the person is looking at them (`keeping`). Then it
 * fills up, and the server is asked to hold.
 */

import { Item } from './item.js';
import { Entries } from './entries.js';
import { isCoded, lineEnds, reading } from '../formats/text.js';

export const MOST_LINES = 200_000;
export const MOST_BYTES = 64 * 1024 * 1024;
/** Items that are read again when formats are detected; a longer log was long enough for that before. */
const MOST_READ_AGAIN = 5_000;
/** Items above a place to search for its day. */
const MOST_BACK = 500;

/** @typedef {{file: string, start: number, end: number, partial?: boolean, late?: boolean, request?: number}} Header */
/** @typedef {{kind: 'added'|'dropped'|'removed'|'changed'|'spliced'|'reread'|'reformatted'|'cleared', items?: Item[], count?: number, item?: Item}} Change */

export class Store {
  /**
   * @param {{encoding?: string, given?: import('../formats/detection.js').Formats|null, mostLines?: number, mostBytes?:
   * number, onChange?: (change: Change) => void}} options `given`: the formats, if they need not be detected
   */
  constructor({ encoding = 'utf-8', given = null, mostLines = MOST_LINES, mostBytes = MOST_BYTES, onChange = () => {} } = {}) {
    this.given = given;
    this.reading = reading(encoding);
    this.mostLines = mostLines;
    this.mostBytes = mostBytes;
    this.onChange = onChange;
    this.keeping = false;
    /** Lines this store has ever taken from the stream, for the rate. */
    this.taken = 0;
    this.clear();
  }

  clear() {
    /** @type {Item[]} */
    this.items = [];
    this.first = 0;
    this.nextSeq = 0;
    this.firstSeq = 0;
    this.lines = 0;
    this.bytes = 0;
    this.counts = { E: 0, W: 0, I: 0, D: 0, O: 0 };
    /** The end of the last byte taken. @type {{file: string, offset: number}|null} */
    this.place = null;
    /** @type {Item[]} the unfinished line, as shown */
    this.unfinished = [];
    /** Whether the last line taken continues in the next batch. */
    this.open = false;
    this.entries = new Entries(this.given);
    this.onChange({ kind: 'cleared' });
  }

  get length() { return this.items.length - this.first; }
  /** @param {number} index from 0, the oldest */
  at(index) { return this.items[this.first + index]; }
  get last() { return this.items[this.items.length - 1]; }
  get full() { return this.lines >= this.mostLines || this.bytes >= this.mostBytes; }

  /** @param {number} seq */
  indexOfSeq(seq) {
    let low = this.first;
    let high = this.items.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.items[middle].seq < seq) low = middle + 1;
      else if (this.items[middle].seq > seq) high = middle - 1;
      else return middle - this.first;
    }
    return low - this.first;
  }

  /**
   * Takes a batch of the stream.
   *
   * Bytes already here are not shown twice; bytes missing before it become a gap.
   *
   * @param {Header} header
   * @param {Uint8Array} bytes
   * @returns {Item[]} the lines added
   */
  take(header, bytes) {
    if (header.late) return this.#takeLate(header, bytes);
    let { start } = header;
    this.#dropUnfinished();
    if (this.place && this.place.file === header.file && start !== this.place.offset) {
      if (start > this.place.offset) this.gap(header.file, this.place.offset, start, 'missed');
      else {
        const known = this.place.offset - start;
        if (known >= bytes.length) return [];
        bytes = bytes.subarray(known);
        start += known;
      }
    } else if (this.place && this.place.file !== header.file) this.open = false;
    // The rest of a line longer than a batch: shown once it is complete.
    if (this.open && header.partial) return [];
    const lines = this.#linesOf(header.file, start, bytes);
    if (this.open && lines.length && this.last?.kind === 'line') this.#continueLast(/** @type {Item} */ (lines.shift()));
    const endsLine = header.partial ? true : this.endsLine(bytes);
    this.#add(lines, header.partial === true);
    if (header.partial) this.unfinished = lines;
    else {
      this.place = { file: header.file, offset: start + bytes.length };
      this.open = !endsLine;
      this.taken += lines.length;
    }
    return lines;
  }

  /** Whether these bytes end with a line end. @param {Uint8Array} bytes */
  endsLine(bytes) {
    if (this.reading.unit === 1) return bytes[bytes.length - 1] === 10;
    const low = this.reading.big ? 1 : 2;
    return bytes[bytes.length - low] === 10 && bytes[bytes.length - (3 - low)] === 0;
  }

  /** A line longer than a batch arrives in parts. @param {Item} more */
  #continueLast(more) {
    const { last } = this;
    last.text += more.text;
    last.coded = isCoded(last.text);
    this.bytes += more.end - more.start;
    last.end = more.end;
    last.measured = 0;
    this.onChange({ kind: 'changed', item: last });
  }

  #dropUnfinished() {
    if (!this.unfinished.length) return;
    for (const item of this.unfinished) this.#uncount(item);
    this.items.length -= this.unfinished.length;
    this.nextSeq -= this.unfinished.length;
    this.onChange({ kind: 'removed', items: this.unfinished, count: this.unfinished.length });
    this.unfinished = [];
  }

  /** Bytes appended to an older generation after a newer one had begun: shown after its own lines. */
  #takeLate(/** @type {Header} */ header, /** @type {Uint8Array} */ bytes) {
    const lines = this.#linesOf(header.file, header.start, bytes);
    for (const line of lines) line.late = true;
    let at = this.items.length;
    while (at > this.first && this.items[at - 1].file !== header.file) at--;
    if (at === this.first) at = this.items.length;
    if (at === this.items.length) this.#add(lines, false);
    else this.splice(at - this.first, 0, lines);
    this.taken += lines.length;
    return lines;
  }

  /** @param {string} file @param {number} start @param {Uint8Array} bytes */
  #linesOf(file, start, bytes) {
    const ends = lineEnds(bytes, this.reading);
    let parts = this.reading.decode(bytes).split('\n');
    if (parts[parts.length - 1] === '') parts.pop();
    if (parts.length !== ends.length) {
      parts = ends.map((end, i) => this.reading.decode(bytes.subarray(i ? ends[i - 1] : 0, end)).replace(/\n$/, ''));
    }
    return parts.map((text, i) => {
      const item = new Item('line');
      item.file = file;
      item.start = start + (i ? ends[i - 1] : 0);
      item.end = start + ends[i];
      while (text.charCodeAt(text.length - 1) === 13) text = text.slice(0, -1);
      item.text = item.start === 0 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
      return item;
    });
  }

  /** @param {Item[]} lines @param {boolean} unfinished */
  #add(lines, unfinished) {
    if (!lines.length) return;
    if (unfinished) {
      this.entries.readApart(lines, { begins: false, day: this.entries.day });
      this.#push(lines);
      return;
    }
    const isOther = this.entries.learn(lines);
    if (isOther && this.length) {
      if (this.length <= MOST_READ_AGAIN) this.#readAgain();
      else this.onChange({ kind: 'reformatted' });
    }
    this.#push(this.entries.read(lines));
  }

  /** Reads the lines again with other given formats, or with none. @param {import('../formats/detection.js').Formats|null} given */
  readAs(given) {
    this.given = given;
    this.entries.give(given);
    if (this.length) this.#readAgain();
  }

  /** Reads the lines again, with the formats known now. */
  #readAgain() {
    const from = this.firstSeq;
    this.items = this.entries.readAgain(this.items.slice(this.first));
    this.first = 0;
    this.lines = this.bytes = 0;
    this.counts = { E: 0, W: 0, I: 0, D: 0, O: 0 };
    this.items.forEach((item, i) => {
      item.seq = from + i;
      this.#count(item);
    });
    this.nextSeq = from + this.items.length;
    this.onChange({ kind: 'reread', items: this.items });
  }

  /** @param {Item[]} items */
  #push(items) {
    for (const item of items) {
      item.seq = this.nextSeq++;
      this.items.push(item);
      this.#count(item);
    }
    this.onChange({ kind: 'added', items });
    this.#trim();
  }

  #count(/** @type {Item} */ item) {
    if (item.kind !== 'line') return;
    this.lines++;
    this.bytes += item.end - item.start;
    if (!item.inner) this.counts[item.level]++;
  }

  #uncount(/** @type {Item} */ item) {
    if (item.kind !== 'line') return;
    this.lines--;
    this.bytes -= item.end - item.start;
    if (!item.inner) this.counts[item.level]--;
  }

  #trim() {
    if (this.keeping) return;
    let count = 0;
    while ((this.lines > this.mostLines || this.bytes > this.mostBytes) && this.length > 1) {
      this.#uncount(this.items[this.first]);
      this.items[this.first++] = /** @type {any} */ (null);
      count++;
    }
    if (!count) return;
    this.firstSeq = this.items[this.first].seq;
    if (this.first > 32_768 && this.first * 2 > this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    this.onChange({ kind: 'dropped', count });
  }

  /** While `keeping`, nothing is dropped, because the person is looking at it. @param {boolean} keeping */
  keep(keeping) {
    this.keeping = keeping;
    this.#trim();
  }

  /** Bytes that were not sent. @param {string} file @param {number} start @param {number} end @param {string} reason */
  gap(file, start, end, reason) {
    const mark = new Item('gap');
    Object.assign(mark, { file, start, end, details: { reason } });
    this.#dropUnfinished();
    this.open = false;
    this.entries.endEntry();
    this.#push([mark]);
    this.place = { file, offset: end };
    return mark;
  }

  /** Something that happened between two lines. @param {string} kind @param {any} details @param {{file: string, offset: number}|null} [place] the stream's place after it */
  mark(kind, details, place) {
    const mark = new Item(kind);
    mark.details = details;
    mark.file = place?.file ?? this.place?.file ?? '';
    mark.start = mark.end = place?.offset ?? this.place?.offset ?? 0;
    this.#dropUnfinished();
    this.open = false;
    this.entries.endEntry();
    this.#push([mark]);
    if (place) this.place = place;
    return mark;
  }

  /** A generation has a new id. @param {string} before @param {string} after */
  rename(before, after) {
    for (let i = this.first; i < this.items.length; i++) if (this.items[i].file === before) this.items[i].file = after;
    if (this.place?.file === before) this.place = { file: after, offset: this.place.offset };
  }

  /** The stream moves to another place, with nothing to show. @param {{file: string, offset: number}} place */
  move(place) {
    if (this.place?.file !== place.file || this.place.offset !== place.offset) {
      this.#dropUnfinished();
      this.open = false;
    }
    this.place = place;
  }

  /**
   * Replaces `count` items from `index` on with lines: a gap that was loaded, or an earlier part of the file.
   *
   * @param {number} index @param {number} count @param {Item[]} lines
   */
  splice(index, count, lines) {
    let day = '';
    for (let i = index - 1; i >= Math.max(0, index - MOST_BACK) && !day; i--) if (this.at(i).kind === 'day') day = this.at(i).details;
    const items = this.entries.readApart(lines, { begins: true, day });
    const before = this.items.slice(this.first, this.first + index);
    const gone = this.items.slice(this.first + index, this.first + index + count);
    const after = this.items.slice(this.first + index + count);
    for (const item of gone) this.#uncount(item);
    for (const item of items) this.#count(item);
    // A day that is now shown above is not shown again.
    const named = items.findLast((item) => item.kind === 'day')?.details;
    if (named && after[0]?.kind === 'day' && after[0].details === named) after.shift();
    // An earlier part is numbered downwards, so that lines on screen keep their numbers.
    const from = index === 0 && after.length ? after[0].seq - items.length : this.firstSeq;
    this.items = [...before, ...items, ...after];
    this.first = 0;
    this.items.forEach((item, i) => { item.seq = from + i; });
    this.firstSeq = from;
    this.nextSeq = from + this.items.length;
    this.onChange({ kind: 'spliced', items });
    return items;
  }

  /** The line that begins there, or null. @param {string} file @param {number} start */
  find(file, start) {
    for (let i = this.items.length - 1; i >= this.first; i--) {
      const item = this.items[i];
      if (item.start === start && item.kind === 'line' && item.file === file) return item;
    }
    return null;
  }

  /**
   * Puts separately loaded lines where they belong, with gaps where bytes next to them are missing.
   *
   * @param {string} file @param {Item[]} lines consecutive whole lines, the first of which is not here yet
   * @param {number} fileEnd the file's current end
   */
  put(file, lines, fileEnd) {
    /** @param {string} of @param {number} start @param {number} end */
    const between = (of, start, end) => (end > start ? [Object.assign(new Item('gap'), { file: of, start, end, details: { reason: 'elsewhere' } })] : []);
    const within = (/** @type {number} */ low, /** @type {number} */ high) => lines.filter((line) => line.start >= low && line.start < high);
    const endOf = (/** @type {Item[]} */ kept) => kept[kept.length - 1].end;
    let first = -1;
    for (let i = 0; i < this.length; i++) {
      const item = this.at(i);
      if (item.file !== file || (item.kind !== 'line' && item.kind !== 'gap')) continue;
      if (first < 0) first = i;
      if (item.kind !== 'gap') continue;
      const kept = within(item.start, item.end);
      if (kept.length) return this.splice(i, 1, [...between(file, item.start, kept[0].start), ...kept, ...between(file, endOf(kept), item.end)]);
    }
    if (first >= 0) {
      const { start } = this.at(first);
      const kept = within(0, start);
      while (first > 0 && this.at(first - 1).kind === 'day') first--;
      return kept.length ? this.splice(first, 0, [...between(file, 0, first ? kept[0].start : 0), ...kept, ...between(file, endOf(kept), start)]) : [];
    }
    const next = this.items.slice(this.first).find((item) => item.kind === 'line' || item.kind === 'gap');
    const below = next ? [Object.assign(new Item('between'), { file: next.file, details: {} }), ...between(next.file, 0, next.start)] : [];
    return this.splice(0, 0, [...lines, ...between(file, endOf(lines), fileEnd), ...below]);
  }

  /** The lines in bytes that a `range` returned, for `splice`. @param {string} file @param {number} start @param {Uint8Array} bytes */
  linesOf(file, start, bytes) {
    return this.#linesOf(file, start, bytes);
  }

  /** The text of the file, without escape sequences. @param {Iterable<Item>} items */
  static textOf(items) {
    let text = '';
    for (const item of items) if (item.kind === 'line') text += item.plain + '\n';
    return text;
  }
}
