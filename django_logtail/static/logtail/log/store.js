/**
 * The loaded lines, in the order of the stream, with a mark at each break. Knows no DOM.
 *
 * A ring: beyond its limits it drops the oldest lines, unless the viewer is looking at them (`keeping`). In that case it
 * fills up, and the page asks the server to hold.
 */

import { Item } from './item.js';
import { Entries } from './entries.js';
import { hiddenIn, withNames } from './hidden.js';
import { isCoded, lineEnds, reading } from '../formats/text.js';

export const MOST_LINES = 200_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** The most items to read again when formats are detected. A longer log had enough lines for detection before. */
const MOST_READ_AGAIN = 5_000;
/** The most lines of an entry to read again when lines are inserted next to it. */
const MOST_OF_ENTRY = 300;
/** Items to keep on either side of those in view. */
const NEAR_ITEMS = 2_000;
/** The newest lines, which are kept whatever is in view: their number, and their size. */
const NEWEST_LINES = 1_000;
const NEWEST_BYTES = 1024 * 1024;
/** How full the store is after unloading lines. Less than full, so that not every load has to unload some. */
const KEPT = 0.8;
/** Marks at the beginning of a file. */
const BEGINS_FILE = new Set(['next', 'between', 'rotated', 'replaced', 'elsewhere']);

/** @typedef {{file: string, start: number, end: number, partial?: boolean, late?: boolean, request?: number, hidden?: [number, number, string][]}} Header */
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
    /** Whether its bytes are the original of redacted lines. */
    this.showsOriginal = false;
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
    /** The position after the last byte taken. @type {{file: string, offset: number}|null} */
    this.place = null;
    /** @type {Item[]} the unfinished line as shown */
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
   * Bytes that are here already aren't shown twice, and bytes missing before the batch become a gap.
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
    // The rest of a line that is longer than a batch is shown once it is complete.
    if (this.open && header.partial) return [];
    const lines = this.#linesOf(header.file, start, bytes, hiddenIn(header));
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
    for (const { start, end, ...secret } of more.secrets ?? []) (last.secrets ??= []).push({ ...secret, start: start + last.text.length, end: end + last.text.length });
    last.text += more.text;
    last.coded = isCoded(last.text);
    last.fieldName = '';
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

  /** Bytes appended to an older generation after a newer one began. They are shown after that generation's lines. */
  #takeLate(/** @type {Header} */ header, /** @type {Uint8Array} */ bytes) {
    const lines = this.#linesOf(header.file, header.start, bytes, hiddenIn(header));
    for (const line of lines) line.late = true;
    let at = this.items.length;
    while (at > this.first && this.items[at - 1].file !== header.file) at--;
    if (at === this.first) at = this.items.length;
    if (at === this.items.length) this.#add(lines, false);
    else this.splice(at - this.first, 0, lines);
    this.taken += lines.length;
    return lines;
  }

  /** @param {string} file @param {number} start @param {Uint8Array} bytes @param {import('./hidden.js').Hidden[]} hidden */
  #linesOf(file, start, bytes, hidden) {
    const ends = lineEnds(bytes, this.reading);
    let parts = this.reading.decode(bytes).split('\n');
    if (parts[parts.length - 1] === '') parts.pop();
    if (parts.length !== ends.length) {
      parts = ends.map((end, i) => this.reading.decode(bytes.subarray(i ? ends[i - 1] : 0, end)).replace(/\n$/, ''));
    }
    const named = hidden.length ? this.#named(start, bytes, ends, hidden, parts) : null;
    return parts.map((written, i) => {
      let { text, secrets } = named?.[i] ?? { text: written, secrets: null };
      const item = new Item('line');
      item.file = file;
      item.start = start + (i ? ends[i - 1] : 0);
      item.end = start + ends[i];
      while (text.charCodeAt(text.length - 1) === 13) text = text.slice(0, -1);
      const mark = item.start === 0 && text.charCodeAt(0) === 0xfeff ? 1 : 0;
      item.text = text.slice(mark);
      if (secrets) item.secrets = mark ? secrets.map((secret) => ({ ...secret, start: secret.start - mark, end: secret.end - mark })) : secrets;
      return item;
    });
  }

  /** The texts of lines, with words in place of what is hidden; null where nothing is. @param {number} start @param {Uint8Array} bytes @param {number[]} ends @param {import('./hidden.js').Hidden[]} hidden @param {string[]} parts */
  #named(start, bytes, ends, hidden, parts) {
    const textOf = (/** @type {number} */ from, /** @type {number} */ to) => this.reading.decode(bytes.subarray(from - start, to - start));
    let next = 0;
    return parts.map((_, i) => {
      const [from, to] = [start + (i ? ends[i - 1] : 0), start + ends[i]];
      while (next < hidden.length && hidden[next].end <= from) next++;
      const here = [];
      for (let j = next; j < hidden.length && hidden[j].start < to; j++) here.push(hidden[j]);
      if (!here.length) return null;
      const { text, secrets } = withNames(from, to, here, textOf, this.showsOriginal);
      return { text: text.replace(/\n$/, ''), secrets };
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
    let { lines, bytes } = this;
    while ((lines > this.mostLines || bytes > this.mostBytes) && this.length - count > 1) {
      const item = this.at(count++);
      if (item.kind !== 'line') continue;
      lines--;
      bytes -= item.end - item.start;
    }
    if (count) this.#drop(count);
  }

  /** Drops the oldest items. @param {number} count */
  #drop(count) {
    for (let i = 0; i < count; i++) {
      this.#uncount(this.items[this.first]);
      this.items[this.first++] = /** @type {any} */ (null);
    }
    this.firstSeq = this.items[this.first].seq;
    if (this.first > 32_768 && this.first * 2 > this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    this.onChange({ kind: 'dropped', count });
  }

  /** While `keeping`, nothing is dropped, because the viewer is looking at it.
   *
   * @param {boolean} keeping */
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

  /** Gives a generation a new id. @param {string} before @param {string} after */
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
   * Replaces `count` items from `index` on with lines, for example a gap that was loaded or an earlier part of the file.
   *
   * Items below keep their numbers, and those above are numbered downwards. If the new lines are part of an entry, all of
   * it is read again.
   *
   * @param {number} index @param {number} count @param {Item[]} lines
   */
  splice(index, count, lines) {
    const top = this.#beginOfEntry(index, lines);
    const bottom = this.#endOfEntry(index + count, lines);
    let day = '';
    for (let i = top - 1; i >= 0 && !day; i--) if (this.at(i).kind === 'day') day = this.at(i).details;
    const before = this.items.slice(this.first, this.first + top);
    const above = this.items.slice(this.first + top, this.first + index);
    const gone = this.items.slice(this.first + index, this.first + index + count);
    const below = this.items.slice(this.first + index + count, this.first + bottom);
    const after = this.items.slice(this.first + bottom);
    for (const item of [...above, ...gone, ...below]) this.#uncount(item);
    const isLine = (/** @type {Item} */ item) => item.kind !== 'day';
    const items = this.entries.readApart([...above.filter(isLine), ...lines, ...below.filter(isLine)], { begins: true, day });
    for (const item of items) this.#count(item);
    // Don't repeat a day that is now shown above.
    const named = items.findLast((item) => item.kind === 'day')?.details ?? (items.some((item) => item.kind === 'line') ? day : '');
    if (named && after[0]?.kind === 'day' && after[0].details === named) after.shift();
    const from = after.length || below.length ? this.nextSeq - before.length - items.length - after.length : this.firstSeq;
    this.items = [...before, ...items, ...after];
    this.first = 0;
    this.items.forEach((item, i) => { item.seq = from + i; });
    this.firstSeq = from;
    this.nextSeq = from + this.items.length;
    this.onChange({ kind: 'spliced', items });
    return items;
  }

  /** The beginning of the entry that lines inserted at `index` continue. @param {number} index @param {Item[]} lines */
  #beginOfEntry(index, lines) {
    const last = this.at(index - 1);
    if (!index || !lines.length || !follows(last, lines[0])) return index;
    for (let i = index - 1; i >= Math.max(0, index - MOST_OF_ENTRY); i--) {
      const item = this.at(i);
      if (item.kind !== 'line' && item.kind !== 'day') break;
      if (item.kind === 'line' && !item.inner) return i;
    }
    return index;
  }

  /** The end of the lines from `index` on that may belong to an entry in `lines`. @param {number} index @param {Item[]} lines */
  #endOfEntry(index, lines) {
    let before = lines.at(-1);
    let end = index;
    for (let i = index; before && i < Math.min(this.length, index + MOST_OF_ENTRY); i++) {
      const item = this.at(i);
      if (item.kind === 'day') continue;
      if (!follows(before, item) || (!item.inner && item.level !== 'O') || this.unfinished.includes(item)) break;
      before = item;
      end = i + 1;
    }
    return end;
  }

  /** The first line, or the gap before it; null without any. */
  get head() {
    for (let i = this.first; i < this.items.length; i++) if (this.items[i].kind === 'line' || this.items[i].kind === 'gap') return this.items[i];
    return null;
  }

  /** The line that begins there, or null. @param {string} file @param {number} start */
  find(file, start) {
    for (let i = this.items.length - 1; i >= this.first; i--) {
      const item = this.items[i];
      if (item.start === start && item.kind === 'line' && item.file === file) return item;
    }
    return null;
  }

  /** The line that contains a byte, or null. @param {string} file @param {number} offset */
  lineAt(file, offset) {
    for (let i = this.items.length - 1; i >= this.first; i--) {
      const item = this.items[i];
      if (item.start <= offset && offset < item.end && item.kind === 'line' && item.file === file) return item;
    }
    return null;
  }

  /**
   * Inserts lines that were loaded separately where they belong, with gaps for the missing bytes next to them.
   *
   * @param {string} file @param {Item[]} lines consecutive whole lines; those that are here already are left out
   * @param {number} fileEnd the file's current end
   * @param {{at?: number, next?: string, isNext?: boolean}} [where] `at`: the index above which the file belongs if no part of it is
   * loaded; `next`: the file that follows it directly, if that is known; `isNext`: it follows the file above directly
   */
  put(file, lines, fileEnd, { at = 0, next = '', isNext = false } = {}) {
    const below = this.at(at);
    if (next && below?.kind === 'between' && below.file === next) below.kind = 'next';
    const within = (/** @type {number} */ low, /** @type {number} */ high) => lines.filter((line) => line.start >= low && line.start < high);
    const own = [];
    for (let i = 0; i < this.length; i++) if (this.at(i).file === file && (this.at(i).kind === 'line' || this.at(i).kind === 'gap')) own.push(i);
    if (!own.length) return this.#putFile(file, lines, fileEnd, { at, next, isNext });
    // From the bottom up, so that the items above keep their indices.
    for (const i of own.reverse()) {
      const item = this.at(i);
      const kept = item.kind === 'gap' ? within(item.start, item.end) : [];
      if (kept.length) this.splice(i, 1, [...gapOf(file, item.start, kept[0].start), ...kept, ...gapOf(file, endOf(kept), item.end)]);
    }
    let first = own[own.length - 1];
    const { start } = this.at(first);
    const kept = within(0, start);
    while (first > 0 && this.at(first - 1).kind === 'day') first--;
    return kept.length ? this.splice(first, 0, [...gapOf(file, 0, first ? kept[0].start : 0), ...kept, ...gapOf(file, endOf(kept), start)]) : [];
  }

  /** @param {string} file @param {Item[]} lines @param {number} fileEnd @param {{at: number, next: string, isNext: boolean}} where */
  #putFile(file, lines, fileEnd, { at, next, isNext }) {
    if (!lines.length) return [];
    while (at > 0 && this.at(at - 1).kind === 'day') at--;
    const mark = (/** @type {string} */ kind, /** @type {string} */ of) => Object.assign(new Item(kind), { file: of, details: {} });
    const items = [...(at ? [mark(isNext ? 'next' : 'between', file)] : []), ...gapOf(file, 0, at ? lines[0].start : 0), ...lines, ...gapOf(file, endOf(lines), fileEnd)];
    if (!BEGINS_FILE.has(this.at(at)?.kind)) {
      const below = this.items.slice(this.first + at).find((item) => item.kind === 'line' || item.kind === 'gap');
      const name = next || below?.file;
      if (name) items.push(mark(next ? 'next' : 'between', name));
      if (name && name === below?.file) items.push(...gapOf(name, 0, below.start));
    }
    return this.splice(at, 0, items);
  }

  /**
   * If the store is too full, unloads lines far from the view: those above are dropped, like the oldest lines of a
   * ring; those below become gaps of exactly their bytes. The newest lines stay, so that the way back to them is short.
   *
   * @param {number} from @param {number} to the numbers of the first and the last item in view
   * @returns {boolean} whether something below was unloaded
   */
  giveBack(from, to) {
    if (this.lines <= this.mostLines && this.bytes <= this.mostBytes) return false;
    const top = this.indexOfSeq(from) - NEAR_ITEMS;
    const bottom = this.indexOfSeq(to) + NEAR_ITEMS;
    let [low, high] = [0, this.#beginOfNewest()];
    let { lines, bytes } = this;
    while (lines > this.mostLines * KEPT || bytes > this.mostBytes * KEPT) {
      const isAbove = top - low >= high - bottom;
      if ((isAbove ? top - low : high - bottom) <= 0) break;
      const item = this.at(isAbove ? low++ : --high);
      if (item.kind !== 'line') continue;
      lines--;
      bytes -= item.end - item.start;
    }
    const end = this.#beginOfNewest();
    const gave = high < end;
    if (gave) this.#giveBackTo(high, end);
    if (low) this.#drop(low);
    return gave;
  }

  /** The first of the newest lines, which are kept. */
  #beginOfNewest() {
    let bytes = 0;
    let i = this.length - this.unfinished.length;
    for (let n = 0; i > 0 && n < NEWEST_LINES && bytes < NEWEST_BYTES; n++) bytes += this.at(--i).end - this.at(i).start;
    // Always includes a line that continues in the next batch.
    return Math.max(0, Math.min(i, this.length - this.unfinished.length - 1));
  }

  /** @param {number} low @param {number} high */
  #giveBackTo(low, high) {
    // Merges with the gaps next to them.
    while (low > 0 && this.at(low - 1).kind === 'gap') low--;
    while (high < this.length && this.at(high).kind === 'gap') high++;
    /** @type {Item[]} */
    const kept = [];
    for (let i = low; i < high; i++) {
      const item = this.at(i);
      const gap = kept.at(-1);
      if (item.kind === 'line') item.gone = true;
      if (item.kind === 'day') continue;
      if (item.kind !== 'line' && item.kind !== 'gap') kept.push(item);
      else if (gap?.kind === 'gap' && gap.file === item.file && gap.end === item.start) gap.end = item.end;
      else kept.push(...gapOf(item.file, item.start, item.end));
    }
    this.splice(low, high - low, kept);
  }

  /** The lines in bytes that a `range` returned, for `splice`. @param {string} file @param {number} start @param {Uint8Array} bytes @param {import('./hidden.js').Hidden[]} [hidden] what is hidden in them */
  linesOf(file, start, bytes, hidden = []) {
    return this.#linesOf(file, start, bytes, hidden);
  }

  /** The text of the file, without escape sequences. @param {Iterable<Item>} items */
  static textOf(items) {
    let text = '';
    for (const item of items) if (item.kind === 'line') text += item.plain + '\n';
    return text;
  }
}

/** Bytes that are not here, if there are any. @param {string} file @param {number} start @param {number} end */
function gapOf(file, start, end) {
  return end > start ? [Object.assign(new Item('gap'), { file, start, end, details: { reason: 'elsewhere' } })] : [];
}

/** @param {Item[]} lines */
const endOf = (lines) => lines[lines.length - 1].end;

/** Whether a line is the next one in the file. @param {Item|undefined} before @param {Item} item */
const follows = (before, item) => before?.kind === 'line' && item.kind === 'line' && before.file === item.file && before.end === item.start;
