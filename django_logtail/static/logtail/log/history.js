/** All files of a log as one history, from the oldest byte to the live end, and the parts of it. Knows no DOM. */

/** @typedef {import('../connection/requests.js').LogFile} LogFile */
/** @typedef {import('./item.js').Item} Item */
/** @typedef {{file: string|null, name: string, size: number, isEstimated: boolean}} Generation `size`: bytes of its text; `file`: null if it can't be read */

/** How many bytes of text a byte in an archive stands for, if no archive of the log was unpacked yet. */
const USUAL_RATIO = 10;

export class History {
  constructor() {
    this.clear();
  }

  clear() {
    /** Oldest first; the current file last. @type {Generation[]} */
    this.files = [];
    /** The bytes before each of them. @type {number[]} */
    this.starts = [];
    this.total = 0;
  }

  get isKnown() { return this.files.length > 0; }

  /** Whether a size in it is an estimate. */
  get isEstimated() { return this.files.some((one) => one.isEstimated); }

  /** @param {LogFile[]} files as the server lists them */
  take(files) {
    const unpacked = files.filter((one) => one.compression && one.size && one.stored);
    const sum = (/** @type {'size'|'stored'} */ what) => unpacked.reduce((all, one) => all + Number(one[what]), 0);
    const ratio = unpacked.length ? sum('size') / sum('stored') : USUAL_RATIO;
    this.files = files.map(({ file, name, size, stored }) => ({ file, name, size: size ?? Math.round(stored * ratio), isEstimated: size === null }));
    this.#add();
  }

  #add() {
    this.total = 0;
    this.starts = this.files.map(({ size }) => (this.total += size) - size);
  }

  /** A file is at least as long as this. @param {string} file @param {number} size @param {boolean} [isExact] */
  grow(file, size, isExact = false) {
    const one = this.files[this.indexOf(file)];
    if (!one || (isExact ? one.size === size && !one.isEstimated : one.size >= size)) return;
    one.size = size;
    if (isExact) one.isEstimated = false;
    this.#add();
  }

  /** @param {string} file */
  indexOf(file) { return this.files.findLastIndex((one) => one.file === file); }

  /** How much of the history is before a place, from 0 to 1; null if it isn't part of it. @param {string} file @param {number} offset */
  partOf(file, offset) {
    const index = this.indexOf(file);
    if (index < 0 || !this.total) return null;
    return (this.starts[index] + Math.min(offset, this.files[index].size)) / this.total;
  }

  /** The place at a part of the history; in a file that can't be read, the next one that can; null where all is unreadable. @param {number} part 0 to 1 */
  placeAt(part) {
    const at = Math.floor(Math.min(1, Math.max(0, part)) * this.total);
    let index = this.files.findLastIndex((one, i) => this.starts[i] <= at && one.size > 0);
    if (index < 0) return null;
    const isReadable = this.files[index].file !== null;
    while (index < this.files.length && this.files[index].file === null) index++;
    if (index === this.files.length) return null;
    const { file, size } = this.files[index];
    return { file: /** @type {string} */ (file), offset: isReadable ? Math.min(at - this.starts[index], size) : 0 };
  }

  /** The first file with a byte that can be read. */
  get first() { return this.files.find((one) => one.file !== null && one.size > 0)?.file ?? null; }

  /** The files between two that can be read. @param {string} above @param {string} below @returns {string[]|null} null if the two are not known in this order */
  between(above, below) {
    const [from, to] = [this.indexOf(above), this.indexOf(below)];
    if (from < 0 || to <= from) return null;
    return this.files.slice(from + 1, to).flatMap((one) => (one.file !== null && one.size > 0 ? [one.file] : []));
  }
}

/** @typedef {{from: number, to: number, first: Item, last: Item}} Window loaded lines that follow one another, and the part that they are */

/** The loaded windows, from top to bottom. @param {History} history @param {{items: Item[], first: number}} store @returns {Window[]} */
export function windowsOf(history, { items, first }) {
  /** @type {Window[]} */
  const windows = [];
  /** @type {Item|null} */
  let begin = null;
  let last = begin;
  const end = () => {
    const from = begin && history.partOf(begin.file, begin.start);
    const to = last && history.partOf(last.file, last.end);
    if (begin && last && from !== null && to !== null) windows.push({ from, to, first: begin, last });
  };
  for (let i = first; i < items.length; i++) {
    const item = items[i];
    if (item.kind !== 'line') continue;
    if (!last || last.file !== item.file || last.end !== item.start) {
      end();
      begin = item;
    }
    last = item;
  }
  end();
  return windows;
}

/**
 * The thumb of a bar: never lower than `least`, and at the bar's ends where the part is.
 *
 * @param {number} from @param {number} to of the part, from 0 to 1 @param {number} height of the bar in pixels @param {number} least
 */
export function thumbOf(from, to, height, least) {
  const thumb = Math.min(height, Math.max(least, (to - from) * height));
  const rest = 1 - (to - from);
  return { top: rest > 0 ? Math.min(1, from / rest) * (height - thumb) : 0, height: thumb };
}
