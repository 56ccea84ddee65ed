/** What lines are, told in order: the level of each, the entries they belong to, and where a day begins. Knows no DOM. */

import { Item } from './item.js?v=0.1.0';
import { continues, headOf } from './levels.js?v=0.1.0';
import { isCoded } from './text.js?v=0.1.0';

/** An entry of more lines than this is not one: a format without heads was taken for one. */
const MOST_ENTRY_LINES = 2_000;

export class Outline {
  constructor() {
    /** Whether the last head had a time. */
    this.timed = false;
    /** Lines of the entry under way; 0 without one. */
    this.entry = 0;
    /** The day that was named last. */
    this.day = '';
    /** That of the last line. @type {import('./levels.js').Level} */
    this.level = 'O';
  }

  /** What comes belongs to no entry before. */
  endEntry() { this.entry = 0; }

  /** @param {Item[]} lines and marks @returns {Item[]} with a mark wherever a day begins */
  read(lines) {
    /** @type {Item[]} */
    const out = [];
    let { level } = this;
    for (const line of lines) {
      if (line.kind !== 'line') {
        this.entry = 0;
        level = 'O';
        out.push(line);
        continue;
      }
      line.coded = isCoded(line.text);
      const text = line.plain;
      const head = headOf(text);
      if (head) {
        this.timed = head.time !== null;
        this.entry = 1;
        line.level = level = head.level;
        if (head.day && head.day !== this.day) {
          this.day = head.day;
          out.push(dayOf(line, head.day));
        }
      } else if (this.entry && this.entry < MOST_ENTRY_LINES && continues(text, this.timed)) {
        this.entry++;
        line.inner = true;
        line.level = level;
      } else {
        this.entry = this.timed ? 0 : 1;
        level = 'O';
      }
      out.push(line);
    }
    this.level = level;
    return out;
  }

  /** Reads lines that stand elsewhere, or are not whole yet: what comes is read as if they had not been. @param {Item[]} lines @param {{entry: number, day: string}} where */
  readApart(lines, { entry, day }) {
    const { timed, entry: entryHere, day: dayHere, level } = this;
    Object.assign(this, { entry, day });
    const items = this.read(lines);
    Object.assign(this, { timed, entry: entryHere, day: dayHere, level });
    return items;
  }
}

/** @param {Item} line @param {string} day */
function dayOf(line, day) {
  const mark = new Item('day');
  mark.file = line.file;
  mark.start = mark.end = line.start;
  mark.details = day;
  return mark;
}
