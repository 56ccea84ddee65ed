/**
 * Selecting and copying lines that are not in the document.
 *
 * The gutter and the keyboard select whole lines. The browser's own selection works as well: the rows of its two ends
 * stay in the document while those in between come and go. Either way, the clipboard gets the lines from the store: the
 * text of the file without escape sequences. Copying the first line of an entry includes its folded lines.
 */

import { write } from '../ui/dom.js';
import { words } from '../ui/config.js';
import { headOf } from '../formats/heads.js';
import { firstLineOf } from '../log/entry.js';
import { MOST_CHARACTERS, markdownOf } from '../log/markdown.js';
import { offsetIn, partAt } from './text-offset.js';

/** Parts of a row with room after their text, or with something drawn over it. */
const ROOMY = '.lt-window > .lt-row > :is(.lt-ts, .lt-pad, .lt-verb, .lt-path, .lt-code, .lt-n, .lt-col)';
/** Pixels between the selection and the bar. */
const APART = 6;

/** @typedef {import('../log/item.js').Item} Item */
/**
 * @typedef {{item: Item, offset: number, part?: Element|null, isFold?: boolean}} Place `part`: the part it is in, of a
 *   line that is drawn as its fields; `isFold`: whether it is on the row of folded frames, which are copied as a whole
 */

export class Selection {
  /**
   * @param {{host: HTMLElement, log: import('../log/open-log.js').OpenLog, parts: import('../pane/pane.js').Parts, rows: import('./rows.js').Rows}} parts `host`: copying inside it is handled here
   * @param {{say(text: string): void}} listener
   */
  constructor({ host, log, parts, rows }, listener) {
    this.host = host;
    this.log = log;
    this.parts = parts;
    this.rows = rows;
    this.listener = listener;
    /** Selected lines: where the selection began, and its moving end. @type {{from: Item, to: Item}|null} */
    this.lines = null;
    /** The browser's own selection. @type {{from: Place, to: Place}|null} */
    this.native = null;
    /** The type of the pointer that is down; '' if none is. */
    this.pointer = '';
    /** Whether the browser's own selection was made with a mouse. */
    this.isByMouse = false;
    /** Whether parts of rows are marked as selected. */
    this.isMarked = false;
  }

  get active() { return this.lines !== null || this.native !== null; }

  /** @param {AbortSignal} signal */
  wire(signal) {
    const { bar, view } = { bar: this.parts.selectionBar, view: this.parts.view };
    view.addEventListener('pointerdown', (event) => {
      this.pointer = event.pointerType;
      this.isByMouse = event.pointerType === 'mouse';
      if (this.native) this.#draw();
    }, { signal });
    for (const type of ['pointerup', 'pointercancel']) {
      addEventListener(type, () => {
        this.pointer = '';
        if (this.native) this.#draw();
      }, { signal });
    }
    view.addEventListener('keydown', () => { this.isByMouse = false; }, { signal });
    // Otherwise, a press on the bar would clear the browser's selection.
    bar.addEventListener('mousedown', (event) => event.preventDefault(), { signal });
  }

  /** @param {Item} item */
  has(item) {
    if (!this.lines || item.kind !== 'line') return false;
    const [low, high] = ordered(this.lines.from, this.lines.to);
    return item.seq >= low.seq && item.seq <= high.seq;
  }

  /** @param {Item|null} item @param {boolean} extend */
  clickGutter(item, extend) {
    if (!item || item.kind !== 'line') return;
    getSelection()?.removeAllRanges();
    this.select(extend && this.lines ? this.lines.from : item, item);
  }

  /** @param {Item} from @param {Item} to */
  select(from, to) {
    this.lines = { from, to };
    this.rows.leave();
    this.rows.repaint();
    this.#draw();
  }

  /** Selects every line that is shown. */
  all() {
    const { host, parts } = this;
    const { shown } = this.rows;
    if (!shown.length) return;
    // Browsers ask the focused element what to copy, and after a page has loaded nothing has the focus.
    if (!host.contains(document.activeElement)) parts.view.focus({ preventScroll: true });
    this.select(shown.at(0), shown.at(shown.length - 1));
  }

  clear() {
    if (this.native) getSelection()?.removeAllRanges();
    this.native = null;
    this.rows.pinned.clear();
    this.mark();
    if (this.lines) this.rows.repaint();
    this.lines = null;
    this.#draw();
  }

  // --- what is selected ----------------------------------------------------

  /** The first and the last place, in order; null without a selection. @returns {{from: Place, to: Place}|null} */
  get #ends() {
    if (this.lines) {
      const [low, high] = ordered(this.lines.from, this.lines.to);
      return { from: { item: low, offset: 0 }, to: { item: high, offset: Infinity } };
    }
    if (!this.native) return null;
    const { from, to } = this.native;
    const ends = from.item.seq > to.item.seq || (from.item === to.item && from.offset > to.offset) ? { from: to, to: from } : { from, to };
    return ends.to.isFold ? { ...ends, to: { ...ends.to, offset: Infinity } } : ends;
  }

  /** The selected lines and those folded into them. @returns {Item[]} */
  get items() {
    const ends = this.#ends;
    if (!ends) return [];
    const { from, to } = ends;
    return this.#between(from.item, to.item, to.offset >= to.item.plain.length);
  }

  /**
   * The lines from one to another that are shown, and the folded lines of entries whose first line is among them.
   *
   * @param {Item} low @param {Item} high @param {boolean} isWhole whether the last line is selected to its end, which includes what is folded behind it
   */
  #between(low, high, isWhole) {
    const { store } = this.log;
    const { shown } = this.rows;
    /** @type {Item[]} */
    const found = [];
    let at = shown.indexOfSeq(firstLineOf(store, low).seq);
    let isHeadShown = false;
    for (let i = store.indexOfSeq(firstLineOf(store, low).seq); i < store.length; i++) {
      const item = store.at(i);
      while (at < shown.length && shown.at(at).seq < item.seq) at++;
      const isShown = at < shown.length && shown.at(at) === item;
      const isInner = item.kind === 'line' && item.inner;
      if (item.seq > high.seq && !(isWhole && isInner && isHeadShown && !isShown)) break;
      if (!isInner) isHeadShown = item.kind === 'line' && isShown;
      if (item.kind === 'line' && item.seq >= low.seq && (isShown || isHeadShown)) found.push(item);
    }
    return found;
  }

  /** The selected text as it is in the file; '' without a selection. */
  get text() {
    const ends = this.#ends;
    if (!ends) return '';
    const { from, to } = ends;
    return this.items.map((item) => {
      const whole = item.plain;
      // The parts of a formatted line aren't in the file's order, so either one part is copied or the whole line.
      if (this.native && item.formatted && (from.item !== to.item || from.part !== to.part)) return item === to.item && item !== from.item && to.offset === 0 ? '' : whole;
      return whole.slice(item === from.item ? from.offset : 0, item === to.item ? to.offset : undefined);
    }).join('\n');
  }

  /** What "Filter for this" looks for: the selected text of one line, or the message of a selected line; '' for more than one. */
  get sought() {
    const { native } = this;
    if (native) return native.from.item === native.to.item ? this.text.trim() : '';
    const { items } = this;
    return items.length === 1 ? messageOf(items[0], this.log.store).trim() : '';
  }

  /** The selected entries as Markdown, or one entry. @param {Item} [item] a line of that entry @returns {{text: string, copied: number, all: number}|null} */
  markdown(item) {
    const { log } = this;
    const ends = item ? { from: { item }, to: { item } } : this.#ends;
    if (!ends || !log.info) return null;
    const { store } = log;
    let last = ends.to.item;
    for (let i = store.indexOfSeq(last.seq) + 1; i < store.length && store.at(i).kind === 'line' && store.at(i).inner; i++) last = store.at(i);
    const lines = this.#between(firstLineOf(store, ends.from.item), last, true);
    if (!lines.length) return null;
    const heads = lines.filter((line) => !line.inner);
    const of = {
      name: log.info.name, host: log.info.queue || location.hostname, link: log.linkTo(lines),
      first: writtenIn(heads[0], store), last: writtenIn(heads[heads.length - 1], store),
    };
    const { text, copied } = markdownOf(of, lines.map((line) => line.plain), (n) => words.say('md.left', { n, size: words.number(MOST_CHARACTERS) }));
    return { text, copied, all: lines.length };
  }

  /** The browser's selection moved. */
  changed() {
    const { parts, rows } = this;
    const selection = getSelection();
    const inside = selection && !selection.isCollapsed && selection.anchorNode && parts.window.contains(selection.anchorNode);
    if (!selection || !inside) {
      if (this.native) {
        this.native = null;
        rows.pinned.clear();
        this.mark();
        this.#draw();
      }
      return;
    }
    const from = this.#end(selection.anchorNode, selection.anchorOffset);
    // The pointer left the lines: keep the last place inside.
    const to = this.#end(selection.focusNode, selection.focusOffset) ?? this.native?.to ?? null;
    if (!from || !to) return;
    rows.leave(true);
    if (this.lines) {
      this.lines = null;
      rows.repaint();
    }
    this.native = { from, to };
    rows.pinned.clear();
    rows.pinned.add(from.item);
    rows.pinned.add(to.item);
    this.mark();
    this.#draw();
  }

  /** @param {Node|null} node @param {number} offset @returns {Place|null} */
  #end(node, offset) {
    if (!node) return null;
    const { rows, parts } = this;
    const item = rows.itemAt(node);
    const row = item && rows.mounted.get(item);
    if (item && row?.classList.contains('lt-foldrow')) return { item, offset: 0, isFold: true };
    if (item && row) return { item, offset: offsetIn(row, node, offset), part: partAt(row, node, offset) };
    if (node === parts.window) {
      const beside = node.childNodes[Math.min(offset, node.childNodes.length - 1)];
      const at = rows.itemAt(beside);
      return at && { item: at, offset: 0, part: null };
    }
    return null;
  }

  /** Marks what the browser doesn't highlight. Call it again when rows show other lines. */
  mark() {
    if (!this.native && !this.isMarked) return;
    const selection = this.native ? getSelection() : null;
    for (const part of this.parts.view.querySelectorAll(ROOMY)) part.toggleAttribute('data-picked', selection?.containsNode(part) ?? false);
    this.isMarked = this.native !== null;
  }

  // --- the bar ---------------------------------------------------------------

  #draw() {
    const { native, parts } = this;
    const { selectionBar: bar } = parts;
    // During a drag, the bar must not get under the pointer.
    bar.hidden = !this.active || (native !== null && this.pointer !== '');
    if (bar.hidden) return;
    const { sought, text } = this;
    const isWithin = native !== null && native.from.item === native.to.item;
    write(parts.selectionCount, isWithin ? words.say('sel.chars', { n: [...text].length }) : words.say('sel.n', { n: this.items.length }));
    for (const button of parts.selectionFilters) button.hidden = !sought;
    this.moved();
  }

  /** Lines moved on screen. */
  moved() {
    const { parts } = this;
    const { selectionBar: bar, body, ruler } = parts;
    if (bar.hidden) return;
    const end = this.native && this.isByMouse ? endOfSelection() : null;
    const box = body.getBoundingClientRect();
    if (!end || end.rect.bottom < box.top || end.rect.top > box.bottom) {
      bar.dataset.at = 'bottom';
      bar.style.translate = '';
      return;
    }
    bar.dataset.at = 'end';
    const { rect, isUpwards } = end;
    const { offsetHeight: height, offsetWidth: width } = bar;
    const below = rect.bottom - box.top + APART;
    const above = rect.top - box.top - APART - height;
    const fitsBelow = below + height <= box.height - APART;
    const top = (isUpwards && above >= APART) || !fitsBelow ? above : below;
    const left = Math.min((isUpwards ? rect.left : rect.right) - box.left - width / 2, box.width - ruler.offsetWidth - width - APART);
    bar.style.translate = `${Math.round(Math.max(APART, left))}px ${Math.round(Math.max(APART, Math.min(box.height - height - APART, top)))}px`;
  }

  /** @param {ClipboardEvent} event */
  copy(event) {
    // Without a native selection, Firefox sends the event to the body, not to the focused element.
    const at = /** @type {Element} */ (event.target === document.body ? document.activeElement : event.target);
    if (at?.closest?.('input, textarea') || (!this.native && !this.host.contains(at))) return;
    if (!this.active || !event.clipboardData) return;
    event.clipboardData.setData('text/plain', this.text);
    event.preventDefault();
    this.listener.say(words.say('row.copied'));
  }
}

/** Where the moving end of the selection is on screen, and whether it is above the other end. */
function endOfSelection() {
  const selection = getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const isUpwards = range.startContainer === selection.focusNode && range.startOffset === selection.focusOffset;
  const rects = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
  const rect = isUpwards ? rects[0] : rects[rects.length - 1];
  return rect ? { rect, isUpwards } : null;
}

/** @param {Item} item @param {import('../log/store.js').Store} store */
function messageOf(item, store) {
  const text = item.plain;
  const head = item.inner ? null : headOf(text, store.entries.formats);
  return head ? head.said ?? text.slice(head.message) : text;
}

/** The time of an entry as it was written. @param {Item|undefined} item @param {import('../log/store.js').Store} store */
function writtenIn(item, store) {
  return (item && headOf(item.plain, store.entries.formats)?.written) || '';
}

/** @param {Item} a @param {Item} b @returns {[Item, Item]} */
function ordered(a, b) {
  return a.seq <= b.seq ? [a, b] : [b, a];
}
