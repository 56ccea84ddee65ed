/**
 * The rows in the document: one for each item in sight, in order. A row whose item went out of sight is repainted in
 * place with another item, or kept for later.
 */

const SPARE_ROWS = 300;

/** @typedef {import('../log/item.js').Item} Item */

export class Mounted {
  /** @param {HTMLElement} view @param {HTMLElement} window in the view; its children are the rows @param {(row: HTMLElement, item: Item) => void} paintRow */
  constructor(view, window, paintRow) {
    this.view = view;
    this.window = window;
    this.paintRow = paintRow;
    /** @type {Map<Item, HTMLElement>} */
    this.rowOf = new Map();
    /** @type {WeakMap<Element, Item>} */
    this.itemOf = new WeakMap();
    /** @type {HTMLElement[]} */
    this.spare = [];
    /** @type {Set<Item>} kept in the document though out of sight: the ends of a selection */
    this.pinned = new Set();
  }

  /** @param {Set<Item>} wanted in order @returns {Item[]} those that were not there before */
  mount(wanted) {
    const { rowOf } = this;
    const free = this.#unmount(wanted);
    const leave = (/** @type {HTMLElement} */ row) => {
      free.delete(row);
      row.remove();
      if (this.spare.length < SPARE_ROWS) this.spare.push(row);
    };
    /** @type {Item[]} */
    const fresh = [];
    let cursor = this.window.firstElementChild;
    for (const item of wanted) {
      while (this.#isPinnedBefore(cursor, item)) cursor = /** @type {Element} */ (cursor).nextElementSibling;
      let row = rowOf.get(item);
      while (row && cursor && cursor !== row && (free.has(cursor) || this.#isPinnedBefore(cursor, item))) {
        const before = /** @type {HTMLElement} */ (cursor);
        cursor = cursor.nextElementSibling;
        if (free.has(before)) leave(before);
      }
      const stands = row ? row === cursor : cursor !== null && free.has(cursor);
      if (!row) {
        if (stands) {
          row = /** @type {HTMLElement} */ (cursor);
          free.delete(row);
        } else {
          row = this.spare.pop() ?? document.createElement('div');
          row.tabIndex = -1;
        }
        this.itemOf.set(row, item);
        this.paintRow(row, item);
        rowOf.set(item, row);
        fresh.push(item);
      }
      if (stands) cursor = /** @type {Element} */ (cursor).nextElementSibling;
      else this.window.insertBefore(row, cursor);
    }
    for (const row of free) leave(/** @type {HTMLElement} */ (row));
    return fresh;
  }

  /** @param {Set<Item>} wanted @returns {Set<Element>} rows of items that are out of sight; an item that comes to their place is painted in them */
  #unmount(wanted) {
    const free = new Set();
    for (const [item, row] of this.rowOf) {
      if (wanted.has(item)) {
        if (isPinned(row)) {
          row.classList.remove('lt-pinned');
          row.style.top = '';
        }
      } else if (this.pinned.has(item)) row.classList.add('lt-pinned');
      else {
        this.rowOf.delete(item);
        if (row.contains(document.activeElement)) this.view.focus({ preventScroll: true });
        free.add(row);
      }
    }
    return free;
  }

  #isPinnedBefore(/** @type {Element|null} */ row, /** @type {Item} */ item) {
    return row !== null && isPinned(row) && /** @type {Item} */ (this.itemOf.get(row)).seq < item.seq;
  }

  /** Puts the pinned rows where their items are. @param {(item: Item) => number} topOf pixels below the first row */
  placePinned(topOf) {
    for (const item of this.pinned) {
      const row = this.rowOf.get(item);
      if (row && isPinned(row)) row.style.top = `${topOf(item)}px`;
    }
  }

  /** Repaints them, except some. @param {Set<Item>} [fresh] */
  repaint(fresh) {
    for (const [item, row] of this.rowOf) {
      if (fresh?.has(item)) continue;
      const wasPinned = isPinned(row);
      this.paintRow(row, item);
      row.classList.toggle('lt-pinned', wasPinned);
    }
  }

  /** The items whose rows are in place among the others. */
  get inSight() { return [...this.rowOf].filter(([, row]) => !isPinned(row)).map(([item]) => item); }

  /** @param {Node|null} node @returns {Item|null} */
  itemAt(node) {
    const start = node instanceof Element ? node : node?.parentElement;
    const row = start?.closest('.lt-row, .lt-mark');
    return (row && this.itemOf.get(row)) ?? null;
  }
}

/** @param {Element} row */
function isPinned(row) { return row.classList.contains('lt-pinned'); }
