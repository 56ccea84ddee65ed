/**
 * Which items are shown, how high each is, and where. Knows no DOM.
 *
 * Heights are summed in blocks, so that finding a place among 200,000 rows looks at some hundreds of numbers.
 */

const BLOCK = 512;

/** @typedef {import('../log/item.js').Item} Item */

export class Heights {
  /** @param {(item: Item) => number} estimate height of an item that was not measured, in pixels */
  constructor(estimate) {
    this.estimate = estimate;
    this.clear();
  }

  clear() {
    /** @type {Item[]} */
    this.items = [];
    this.first = 0;
    /** @type {number[]} */
    this.sums = [];
    this.total = 0;
  }

  get length() { return this.items.length - this.first; }
  /** @param {number} index from 0 */
  at(index) { return this.items[this.first + index]; }

  /** @param {Item} item */
  push(item) {
    const block = Math.floor(this.items.length / BLOCK);
    item.height = this.estimate(item);
    this.items.push(item);
    this.sums[block] = (this.sums[block] || 0) + item.height;
    this.total += item.height;
  }

  pop() {
    const item = this.items.pop();
    if (!item) return;
    this.sums[Math.floor(this.items.length / BLOCK)] -= item.height;
    this.total -= item.height;
  }

  /** Forgets the items before `seq`. @param {number} seq @returns {number} how high they were */
  dropBefore(seq) {
    let height = 0;
    while (this.first < this.items.length && this.items[this.first].seq < seq) {
      const item = this.items[this.first];
      this.sums[Math.floor(this.first / BLOCK)] -= item.height;
      height += item.height;
      this.items[this.first++] = /** @type {any} */ (null);
    }
    this.total -= height;
    const whole = Math.floor(this.first / BLOCK);
    if (whole > 128) {
      this.items = this.items.slice(whole * BLOCK);
      this.sums = this.sums.slice(whole);
      this.first -= whole * BLOCK;
    }
    return height;
  }

  /** @param {Item[]} items its own from now on */
  reset(items) {
    this.clear();
    this.items = items;
    for (let at = 0; at < items.length; at += BLOCK) {
      const end = Math.min(at + BLOCK, items.length);
      let sum = 0;
      for (let i = at; i < end; i++) sum += items[i].height = this.estimate(items[i]);
      this.sums.push(sum);
      this.total += sum;
    }
  }

  /** Estimates every height again, because the layout changed. */
  measureAgain() {
    this.reset(this.items.slice(this.first));
  }

  /** @param {number} index @param {number} height @returns {number} by how much it grew */
  resize(index, height) {
    const item = this.at(index);
    const grown = height - item.height;
    if (!grown) return 0;
    item.height = height;
    this.sums[Math.floor((this.first + index) / BLOCK)] += grown;
    this.total += grown;
    return grown;
  }

  /** Pixels above the item. @param {number} index */
  topOf(index) {
    const at = Math.min(this.first + index, this.items.length);
    const block = Math.floor(at / BLOCK);
    let top = 0;
    for (let i = Math.floor(this.first / BLOCK); i < block; i++) top += this.sums[i];
    for (let i = Math.max(block * BLOCK, this.first); i < at; i++) top += this.items[i].height;
    return top;
  }

  /** The item at a pixel from the top; the nearest one beyond the ends. @param {number} y */
  indexAt(y) {
    if (!this.length) return 0;
    let block = Math.floor(this.first / BLOCK);
    let top = 0;
    while (block < this.sums.length - 1 && top + this.sums[block] <= y) top += this.sums[block++];
    let at = Math.max(block * BLOCK, this.first);
    while (at < this.items.length - 1 && top + this.items[at].height <= y) top += this.items[at++].height;
    return at - this.first;
  }

  /** Where an item is, or where it would be. @param {number} seq */
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
}
