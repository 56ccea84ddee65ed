/**
 * Lines as they come into the store: shown, or counted until the person looks again. Knows no DOM.
 *
 * While the page is paused nothing after that moment is shown. Lines that an expression is still to be matched with
 * wait until the worker has done so.
 */

/** @typedef {import('./item.js').Item} Item */

export class Incoming {
  /** @param {{log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, filtered: import('../find/filtered.js').Filtered, finding: import('../find/finding.js').Finding}} parts */
  constructor({ log, rows, filtered, finding }) {
    this.log = log;
    this.rows = rows;
    this.filtered = filtered;
    this.finding = finding;
    this.isMatching = false;
    this.begin();
  }

  /** Another log was opened. */
  begin() {
    /** The first number that is not shown while the page is paused. */
    this.pausedSeq = Infinity;
    /** Milliseconds: when it was paused. */
    this.pausedAt = 0;
    /** Lines that came while the page was paused. */
    this.waiting = 0;
    this.forgetUnseen();
    this.forgetUnmatched();
  }

  /** The person is at the newest line. */
  forgetUnseen() {
    /** Lines that came below what is looked at, and errors among them. */
    this.unseen = 0;
    this.unseenErrors = 0;
  }

  /** Another expression is wanted; what is in the store is matched with it. */
  forgetUnmatched() {
    /** @type {Item[]} */
    this.unmatched = [];
  }

  get paused() { return this.pausedSeq !== Infinity; }

  pause() {
    this.pausedSeq = this.log.store.nextSeq;
    this.pausedAt = Date.now();
    this.waiting = 0;
  }

  resume() {
    this.pausedSeq = Infinity;
    this.waiting = 0;
    this.rebuild();
  }

  /** @param {import('./store.js').Change} change */
  changed(change) {
    const { filtered, rows } = this;
    const { store } = this.log;
    switch (change.kind) {
      case 'added':
        this.#added(/** @type {Item[]} */ (change.items));
        break;
      case 'dropped':
        this.finding.dropped(filtered.dropBefore(store.firstSeq));
        rows.dropBefore(store.firstSeq);
        break;
      case 'removed':
        this.#removed(/** @type {Item[]} */ (change.items));
        break;
      case 'changed':
        if (rows.mounted.has(change.item)) rows.refresh(change.item);
        break;
      case 'reread':
      // What passed since the line before is another time where other lines stand before one.
      case 'spliced':
        this.rebuild();
        rows.repaint();
        break;
      case 'reformatted':
        rows.repaint();
        break;
      default:
        this.rebuild();
    }
  }

  /** @param {Item[]} items */
  #added(items) {
    if (this.paused) {
      for (const item of items) if (item.kind === 'line') this.waiting++;
      return;
    }
    if (this.finding.query.expression) {
      for (const item of items) this.unmatched.push(item);
      void this.#matchNew();
    } else for (const item of items) this.#show(item);
    this.rows.schedule();
  }

  /** @param {Item} item */
  #show(item) {
    this.filtered.take(item);
    // Its line counts one more.
    if (item.block && item.block !== item && this.rows.mounted.has(item.block)) this.rows.repaint();
    if (this.rows.follow || item.kind !== 'line') return;
    this.unseen++;
    if (item.level === 'E' && !item.inner) this.unseenErrors++;
  }

  /** Lines that came while an expression is matched elsewhere are shown when it has matched them. */
  async #matchNew() {
    if (this.isMatching) return;
    this.isMatching = true;
    const { finding, log, rows } = this;
    while (this.unmatched.length) {
      const { store } = log;
      const { query } = finding;
      const items = this.unmatched;
      // Lines that come meanwhile wait for the next turn, because they have not been matched.
      this.forgetUnmatched();
      const done = await finding.match(items.filter((item) => query.awaits(item)));
      // Another query is wanted, which chooses all lines again.
      if (!done || finding.query !== query) break;
      if (log.store !== store) continue;
      for (const item of items) if (item.seq >= store.firstSeq && !item.gone) this.#show(item);
      rows.schedule();
    }
    this.isMatching = false;
  }

  /** The unfinished line goes; it comes again when it is whole. @param {Item[]} items */
  #removed(items) {
    if (this.paused) {
      this.waiting -= items.length;
      return;
    }
    const { filtered, rows } = this;
    for (const item of items) item.gone = true;
    if (!rows.follow) this.unseen -= items.length;
    const gone = new Set(items);
    const { shown } = rows;
    while (shown.length && gone.has(shown.at(shown.length - 1))) {
      shown.pop();
      filtered.lines--;
    }
    filtered.untake(items);
    rows.schedule();
  }

  /** Chooses the shown lines from all lines. */
  rebuild() {
    const { filtered, finding, rows } = this;
    const { query } = finding;
    const { store } = this.log;
    const { items, first } = store;
    const end = this.paused ? first + store.indexOfSeq(this.pausedSeq) : items.length;
    const isAwaited = query.expression !== null && items.slice(first, end).some((item) => item.kind === 'line' && query.awaits(item));
    const current = filtered.matches[finding.current];
    filtered.begin();
    filtered.firstSeq = store.firstSeq;
    const { shown } = rows;
    /** @type {Item[]} */
    const kept = [];
    filtered.shown = kept;
    filtered.takeAll(items, first, end);
    if (isAwaited && finding.isMatching) {
      void finding.match(items.slice(first).filter((item) => query.awaits(item))).then((done) => { if (done && finding.query === query) this.rebuild(); });
    }
    filtered.shown = shown;
    rows.reset(kept);
    finding.comeBackTo(current);
  }
}
