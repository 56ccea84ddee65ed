/**
 * Selecting and copying lines that are not in the document.
 *
 * Two ways to select: with the gutter or the keyboard, whole lines; or with the browser's own selection, whose two
 * ends are kept in the document while what lies between comes and goes. Either way the clipboard gets the lines from
 * the store: the text of the file, escape sequences removed.
 */

import { write } from '../ui/dom.js';
import { words } from '../ui/config.js';
import { offsetIn } from './text-offset.js';

/** @typedef {import('../log/item.js').Item} Item */

export class Selection {
  /**
   * @param {{host: HTMLElement, parts: import('../pane/pane.js').Parts, rows: import('./rows.js').Rows}} parts `host`: where what is copied is ours
   * @param {{say(text: string): void}} listener
   */
  constructor({ host, parts, rows }, listener) {
    this.host = host;
    this.parts = parts;
    this.rows = rows;
    this.listener = listener;
    /** Whole lines, from where it began to where it goes. @type {{from: Item, to: Item}|null} */
    this.lines = null;
    /** The browser's own. @type {{from: {item: Item, offset: number}, to: {item: Item, offset: number}}|null} */
    this.native = null;
  }

  get active() { return this.lines !== null || this.native !== null; }

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

  /** Every line shown. */
  all() {
    const { host, parts } = this;
    const { shown } = this.rows;
    if (!shown.length) return;
    // What is copied next is asked of what has the focus, which is still nothing after a page has loaded.
    if (!host.contains(document.activeElement)) parts.view.focus({ preventScroll: true });
    this.select(shown.at(0), shown.at(shown.length - 1));
  }

  clear() {
    if (this.native) getSelection()?.removeAllRanges();
    this.native = null;
    this.rows.pinned.clear();
    if (!this.lines) return;
    this.lines = null;
    this.rows.repaint();
    this.#draw();
  }

  #draw() {
    const { parts } = this;
    parts.selectionBar.hidden = this.lines === null;
    if (!this.lines) return;
    const n = this.items.length;
    write(parts.selectionCount, words.say('sel.n', { n }));
  }

  /** The lines selected, of those shown. */
  get items() {
    if (!this.lines) return [];
    const [low, high] = ordered(this.lines.from, this.lines.to);
    return this.#between(low, high);
  }

  /** @param {Item} low @param {Item} high */
  #between(low, high) {
    const { shown } = this.rows;
    const found = [];
    for (let i = shown.indexOfSeq(low.seq); i < shown.length && shown.at(i).seq <= high.seq; i++) if (shown.at(i).kind === 'line') found.push(shown.at(i));
    return found;
  }

  get text() {
    return this.items.map((item) => item.plain).join('\n');
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
      }
      return;
    }
    const from = this.#end(selection.anchorNode, selection.anchorOffset);
    // Dragged out of the lines: the last end inside stays.
    const to = this.#end(selection.focusNode, selection.focusOffset) ?? this.native?.to ?? null;
    if (!from || !to) return;
    rows.leave();
    this.native = { from, to };
    rows.pinned.clear();
    rows.pinned.add(from.item);
    rows.pinned.add(to.item);
  }

  /** @param {Node|null} node @param {number} offset */
  #end(node, offset) {
    if (!node) return null;
    const { rows, parts } = this;
    const item = rows.itemAt(node);
    const row = item && rows.mounted.get(item);
    if (item && row) return { item, offset: offsetIn(row, node, offset) };
    if (node === parts.window) {
      const beside = node.childNodes[Math.min(offset, node.childNodes.length - 1)];
      const at = rows.itemAt(beside);
      return at && { item: at, offset: 0 };
    }
    return null;
  }

  /** @param {ClipboardEvent} event */
  copy(event) {
    // Where nothing is natively selected, Firefox asks the body and not what has the focus.
    const at = /** @type {Element} */ (event.target === document.body ? document.activeElement : event.target);
    if (at?.closest?.('input, textarea') || (!this.native && !this.host.contains(at))) return;
    let text = null;
    if (this.native) {
      let { from, to } = this.native;
      if (from.item.seq > to.item.seq || (from.item === to.item && from.offset > to.offset)) [from, to] = [to, from];
      const items = this.#between(from.item, to.item);
      text = items.map((item) => {
        const whole = item.plain;
        return whole.slice(item === from.item ? from.offset : 0, item === to.item ? to.offset : undefined);
      }).join('\n');
      // An end on a line below with nothing of it selected means: up to and with the newline.
    } else if (this.lines) text = this.text;
    if (text === null || !event.clipboardData) return;
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
    this.listener.say(words.say('row.copied'));
  }
}

/** @param {Item} a @param {Item} b @returns {[Item, Item]} */
function ordered(a, b) {
  return a.seq <= b.seq ? [a, b] : [b, a];
}
