/** Paints rows: knows the view options, and which lines are found, selected and linked. */

import { config, settings, words } from '../ui/config.js';
import { blockOf, firstLineOf, innerLinesOf, writtenBefore } from '../log/entry.js';
import { offerFold, paintFold } from './fold-row.js';
import { idsIn } from './ids.js';
import { linksIn, withIds } from './links.js';
import { paint } from './row.js';
import { PHONE } from './view-options.js';
import { drawnSecrets } from './secrets.js';
import { shapeOf } from '../formats/shape.js';
import { hangOf } from './written.js';

/** @typedef {import('../log/item.js').Item} Item */

/** @type {never[]} */
const NONE = [];

export class Painter {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, viewOptions: import('./view-options.js').ViewOptions, selection: import('./selection.js').Selection,
   *   filtered: import('../find/filtered.js').Filtered, finding: import('../find/finding.js').Finding,
   *   linkedLines: import('../log/linked-lines.js').LinkedLines, travel: import('../log/travel.js').Travel,
   * }} parts
   */
  constructor({ log, viewOptions, selection, filtered, finding, linkedLines, travel }) {
    this.log = log;
    this.viewOptions = viewOptions;
    this.selection = selection;
    this.filtered = filtered;
    this.finding = finding;
    this.linkedLines = linkedLines;
    this.travel = travel;
    /** The project's own patterns of ids. @type {import('./ids.js').Pattern[]} */
    this.patterns = [];
    /** The shape of the line in each row, so that it's parsed once. @type {WeakMap<HTMLElement, {text: string, formats: object|null, shape: import('../formats/shape.js').Shape|null}>} */
    this.shapes = new WeakMap();
    /** Where the text of the last painted entry begins: its lines are painted one after another. @type {{head: Item|null, times: object|null, formats: any, columns: number|null}} */
    this.last = { head: null, times: null, formats: null, columns: null };
  }

  /** Lets a line continue where the text of its own entry begins, which may not be the usual column of the log. @param {HTMLElement} row @param {Item} item */
  #hang(row, item) {
    const { store } = this.log;
    const { hang, times } = this.viewOptions;
    const head = firstLineOf(store, item);
    if (hang === null || head.inner) return;
    const { formats } = store.entries;
    const { last } = this;
    if (last.head !== head || last.times !== times || last.formats !== formats) {
      // A crash without a time begins at the edge, and so do its lines.
      const columns = this.#hangOf(head) ?? (shapeOf(head.plain, formats) ? null : 0);
      this.last = { head, times, formats, columns };
    }
    const { columns } = this.last;
    if (columns !== null && columns !== hang) row.style.setProperty('--lt-hang', `${columns}ch`);
  }

  /** The column where the text of an entry begins; null without one. @param {Item} head */
  #hangOf(head) {
    const { store } = this.log;
    const { formats } = store.entries;
    const { times } = this.viewOptions;
    const columns = hangOf(head.plain, (written, isStamp) => times.widthOf(written, isStamp), formats);
    const index = store.indexOfSeq(head.seq) + 1;
    const next = columns && index < store.length ? store.at(index) : null;
    // Some programs, such as .NET, write the lines of an entry already aligned.
    const blanks = next?.inner ? next.plain.search(/[^ ]/) : 0;
    return blanks > 0 && blanks === hangOf(head.plain, (written) => written.length, formats) ? 0 : columns;
  }

  /** The shape of a line. Of the lines in an entry's body, only dumped JSON has one. @param {HTMLElement} row @param {Item} item */
  shapeOf(row, item) {
    const text = item.plain;
    if (item.inner && text.charCodeAt(0) !== 123) return null;
    const { formats } = this.log.store.entries;
    const known = this.shapes.get(row);
    if (known && known.text === text && known.formats === formats) return known.shape;
    const shape = shapeOf(text, formats);
    this.shapes.set(row, { text, formats, shape });
    if (shape && !item.inner && !this.viewOptions.hasFields) this.viewOptions.sawFields(shape);
    return shape;
  }

  /** What the server hides in a line, or would hide from others. @param {Item} item @returns {import('./fill.js').Secret[]} */
  #secretsOf(item) {
    if (!item.secrets) return NONE;
    return drawnSecrets(item.secretsDrawn ?? NONE, this.log.store.showsOriginal);
  }

  /** @param {HTMLElement} row @param {Item} item */
  paint(row, item) {
    const { filtered, finding, linkedLines, selection, travel, viewOptions } = this;
    const { info, store } = this.log;
    const { query } = finding;
    if (filtered.isFoldOfFrames(item)) paintFold(row, item, blockOf(store, item), words);
    else paint(row, item, {
      words, formats: store.entries.formats, times: viewOptions.times, colours: settings.general.colours, isBrief: PHONE.matches && viewOptions.wrap, name: info?.name ?? '',
      linksOf: (text, steering, drawn, prose) => withIds(linksIn(text, steering, { urls: config.links && settings.general.links, source: config.source }, drawn), idsIn(text, this.patterns, prose ?? drawn), steering),
      secretsOf: (line) => this.#secretsOf(line),
      hitsOf: (text, line) => query.marks(text, line),
      isCurrent: (line) => filtered.matches[finding.current] === line,
      timeBefore: (line) => writtenBefore(store, line),
      shapeOf: (line, its) => this.shapeOf(line, its), columns: viewOptions.heading?.drawn ?? viewOptions.columns, raw: viewOptions.raw, rawItems: viewOptions.rawItems,
      mayLoad: this.log.stream.hello?.can?.includes('range') ?? true, hasPrevious: (mark) => linkedLines.isCutOff(mark), leftOutBy: (mark) => travel.leftOutBy(mark), opened: viewOptions.opened, folded: filtered.folded,
      innerCount: (line) => innerLinesOf(store, line).length,
    });
    if (item.block === item && filtered.opened.has(item)) offerFold(row, blockOf(store, item), words);
    if (item.inner) this.#hang(row, item);
    if (selection.has(item)) row.classList.add('lt-sel');
    row.removeAttribute('aria-current');
    if (!linkedLines.isTarget(item)) return;
    row.classList.add('lt-target');
    row.setAttribute('aria-current', 'true');
  }
}
