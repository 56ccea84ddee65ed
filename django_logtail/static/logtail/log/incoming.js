/**
 * Lines as they come into the store: shown, or counted until the viewer looks again. Knows no DOM.
 *
 * While the page is paused nothing after that moment is shown. Lines that an expression is still to be matched with
 * wait until the worker has done so.
 */

/** @typedef {import('./item.js').Item} Item */

/** Entries that are errors. @param {Item[]} items */
export const errorsIn = (items) => items.filter((item) => item.kind === 'line' && item.level === 'E' && !item.inner).length;

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
    /** Lines that came while the page was paused, and errors among them. */
    this.waiting = this.waitingErrors = 0;
    this.forgetUnseen();
    this.forgetUnmatched();
  }

  /** The viewer is at the newest line. */
  forgetUnseen() {
    /** Lines that arrived below the view and are shown there, and errors among them. */
    this.unseen = 0;
    this.unseenErrors = 0;
    /** The first number of what arrived below the view, shown or not. */
    this.unseenSeq = Infinity;
  }

  /** The expression changed and the loaded lines are matched with it, so none is left to match. */
  forgetUnmatched() {
    /** @type {Item[]} */
    this.unmatched = [];
  }

  get paused() { return this.pausedSeq !== Infinity; }

  pause() {
    this.pausedSeq = this.log.store.nextSeq;
    this.pausedAt = Date.now();
    this.waiting = this.waitingErrors = 0;
  }

  resume() {
    this.pausedSeq = Infinity;
    this.waiting = this.waitingErrors = 0;
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
      // The time since the previous line changes if other lines are inserted before it.
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
      this.waitingErrors += errorsIn(items);
      return;
    }
    if (this.finding.query.expressions) {
      for (const item of items) this.unmatched.push(item);
      void this.#matchNew();
    } else for (const item of items) this.#show(item);
    this.rows.schedule();
  }

  /** @param {Item} item */
  #show(item) {
    const { filtered } = this;
    const { lines, entryShown } = filtered;
    filtered.take(item);
    // Its line counts one more.
    if (item.block && item.block !== item && this.rows.mounted.has(item.block)) this.rows.repaint();
    if (this.rows.follow || item.kind !== 'line') return;
    this.unseenSeq = Math.min(this.unseenSeq, item.seq);
    // A line may bring the lines above it in its entry into view, or take them out.
    this.unseen = Math.max(0, this.unseen + filtered.lines - lines);
    const head = /** @type {Item} */ (filtered.head);
    if (head.level !== 'E' || head.inner) return;
    const wasShown = item !== head && entryShown;
    this.unseenErrors = Math.max(0, this.unseenErrors + Number(filtered.entryShown) - Number(wasShown));
  }

  /** Other lines are shown. @param {Item[]} shown */
  #countUnseen(shown) {
    this.unseen = this.unseenErrors = 0;
    for (let i = shown.length - 1; i >= 0 && shown[i].seq >= this.unseenSeq; i--) {
      if (shown[i].kind !== 'line') continue;
      this.unseen++;
      if (shown[i].level === 'E' && !shown[i].inner) this.unseenErrors++;
    }
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
      this.waitingErrors -= errorsIn(items);
      return;
    }
    const { filtered, rows } = this;
    for (const item of items) item.gone = true;
    const gone = new Set(items);
    const { shown } = rows;
    while (shown.length && gone.has(shown.at(shown.length - 1))) {
      const item = shown.at(shown.length - 1);
      shown.pop();
      filtered.lines--;
      if (item.seq < this.unseenSeq) continue;
      this.unseen--;
      if (item.level === 'E' && !item.inner) this.unseenErrors--;
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
    const isAwaited = query.expressions !== null && items.slice(first, end).some((item) => item.kind === 'line' && query.awaits(item));
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
    this.#countUnseen(kept);
    rows.reset(kept);
    finding.comeBackTo(current);
  }
}
