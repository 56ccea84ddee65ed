/** What the look of a row depends on, brought together: view options, what is found, selected and linked. */

import { config, settings, words } from '../ui/config.js';
import { blockOf, firstLineOf, innerLinesOf, writtenBefore } from '../log/entry.js';
import { offerFold, paintFold } from './fold-row.js';
import { linksIn } from './links.js';
import { hangOf, paint } from './row.js';
import { PHONE } from './view-options.js';
import { shapeOf } from '../formats/shape.js';

/** @typedef {import('../log/item.js').Item} Item */

export class Painter {
  /**
   * @param {{
   *   log: import('../log/open-log.js').OpenLog, viewOptions: import('./view-options.js').ViewOptions, selection: import('./selection.js').Selection,
   *   filtered: import('../find/filtered.js').Filtered, finding: import('../find/finding.js').Finding,
   *   linkedLines: import('../log/linked-lines.js').LinkedLines,
   * }} parts
   */
  constructor({ log, viewOptions, selection, filtered, finding, linkedLines }) {
    this.log = log;
    this.viewOptions = viewOptions;
    this.selection = selection;
    this.filtered = filtered;
    this.finding = finding;
    this.linkedLines = linkedLines;
    /** What the line of a row consists of: it is asked for once for each line that is painted there. @type {WeakMap<HTMLElement, {text: string, formats: object|null, shape: import('../formats/shape.js').Shape|null}>} */
    this.shapes = new WeakMap();
    /** Where the text begins in the last head that was asked for. @type {{head: Item|null, time: string, formats: any, columns: number|null}} */
    this.last = { head: null, time: '', formats: null, columns: null };
  }

  /** Lines go on where the text of their own head begins, also where that is another column than in most. @param {HTMLElement} row @param {Item} item */
  #hang(row, item) {
    const { store } = this.log;
    const { hang, time } = this.viewOptions;
    const head = firstLineOf(store, item);
    if (hang === null || head.inner) return;
    const { formats } = store.entries;
    const { last } = this;
    if (last.head !== head || last.time !== time || last.formats !== formats) this.last = { head, time, formats, columns: hangOf(head.plain, time, formats) };
    const { columns } = this.last;
    if (columns !== null && columns !== hang) row.style.setProperty('--lt-hang', `${columns}ch`);
  }

  /** What a line consists of; of the lines in an entry's body, only JSON that was dumped there. @param {HTMLElement} row @param {Item} item */
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

  /** @param {HTMLElement} row @param {Item} item */
  paint(row, item) {
    const { filtered, finding, linkedLines, selection, viewOptions } = this;
    const { info, store } = this.log;
    const { query } = finding;
    if (filtered.isFoldOfFrames(item)) paintFold(row, item, blockOf(store, item), words);
    else paint(row, item, {
      words, formats: store.entries.formats, time: viewOptions.time, colours: settings.general.colours, phone: PHONE.matches, name: info?.name ?? '',
      linksOf: (text, steering, limit) => linksIn(text, steering, { urls: config.links && settings.general.links, source: config.source }, limit),
      hitsOf: (text, line) => (query.active ? query.hits(text, line) : []),
      isCurrent: (line) => filtered.matches[finding.current] === line,
      timeBefore: (line) => writtenBefore(store, line),
      shapeOf: (line, its) => this.shapeOf(line, its), columns: viewOptions.heading?.drawn ?? viewOptions.columns, raw: viewOptions.raw, rawItems: viewOptions.rawItems,
      hasPrevious: (mark) => linkedLines.isCutOff(mark), opened: viewOptions.opened, folded: filtered.folded,
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
