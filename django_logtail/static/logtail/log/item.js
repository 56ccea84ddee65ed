/** The parts of a log on the page: lines, and marks between them. Knows no DOM. */

import { coloured, plain, unescaped } from '../formats/text.js';
import { secretsIn } from './hidden.js';

/** One line of the log, or a mark between two of them. */
export class Item {
  /** @param {string} kind "line", or what the mark says: gap, rotated, truncated, day … */
  constructor(kind) {
    this.kind = kind;
    this.seq = 0;
    this.text = '';
    /** Whether its text may hold escape sequences: 200,000 lines are asked for their plain text at once. */
    this.coded = false;
    /** What is hidden in its text, or would be. @type {import('./hidden.js').Secret[]|null} */
    this.secrets = null;
    /** The colours that the line before ended with, as `coloured` takes them. */
    this.pen = '';
    /** Whether to show what a return would overwrite, because the line has a head of its own and isn't a progress bar. */
    this.keeps = false;
    this.file = '';
    this.start = 0;
    this.end = 0;
    /** @type {import('../formats/rows.js').Level} */
    this.level = 'O';
    /** Whether it belongs to the entry above. */
    this.inner = false;
    /** Whether it is the message of the entry whose head is above. */
    this.isMessage = false;
    /** The first line of the run of library frames that it belongs to. @type {Item|null} */
    this.block = null;
    this.late = false;
    /** Where its field of one name has its value, for the next filter by that name. */
    this.fieldName = '';
    this.fieldAt = 0;
    /** Height on screen, in pixels; the rows keep it here so that it survives a filter. */
    this.height = 0;
    /** For which layout `height` was measured; 0 when it is an estimate. */
    this.measured = 0;
    this.whole = false;
    /** Whether it was drawn as its fields the last time, and not as it was written. */
    this.formatted = false;
    /** Whether it was an unfinished line that was replaced. */
    this.gone = false;
    /** @type {any} */
    this.details = null;
  }

  /** The text as a terminal would show it, without colours. */
  get plain() { return this.coded ? (this.keeps ? unescaped(this.text) : plain(this.text)) : this.text; }

  /** Its secrets, at their places in the plain text. */
  get secretsDrawn() { return this.secrets && this.coded ? secretsIn(this.secrets, this.text, this.plain) : this.secrets; }

  /** The plain text, and which parts of it the log coloured. */
  get coloured() { return this.coded || this.pen ? coloured(this.text, this.pen, this.keeps) : { text: this.text, runs: [], pen: '' }; }
}
