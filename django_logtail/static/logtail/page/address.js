/**
 * The address in the browser's bar, and its history. Knows no DOM: the window's parts are given.
 *
 * The address always describes the page: changes are written into the same entry of the history; opening a log or a pane makes a
 * new one. Browsers refuse to have an address changed too often (Safari throws at 100 times in 30 s), so some changes are
 * written at once, and after them the others together.
 */

/** Milliseconds between two changes of the same entry in the long run: 60 in 30 s; and changes that may come sooner. */
const PAUSE_MS = 500;
const AT_ONCE = 10;
/** Milliseconds from a change until it is written: changes that follow from it, such as scrolling, are over by then. */
const SOON_MS = 30;

/**
 * @typedef {{
 *   history: Pick<History, 'pushState'|'replaceState'|'state'>, location: {href: string}, now(): number,
 *   setTimeout(run: () => void, ms: number): any, clearTimeout(timer: any): void, ran(): boolean, written(): void,
 * }} Surroundings `ran`: the expressions of the page were run; kept in the entry, so that a reload runs them as well and a link does not; `written`: the bar has another address
 */

export class Address {
  /** @param {() => string} current the address of what is on the page now @param {Surroundings} surroundings */
  constructor(current, { history, location, now, setTimeout, clearTimeout, ran, written }) {
    this.current = current;
    this.history = history;
    this.location = location;
    this.now = now;
    this.setTimeout = setTimeout;
    this.clearTimeout = clearTimeout;
    this.ran = ran;
    this.written = written;
    /** When all changes so far would be written if each took its pause. */
    this.paidAt = -Infinity;
    /** @type {any} */
    this.timer = null;
  }

  /** Something on the page changed; this entry of the history shows it. */
  changed() {
    if (this.timer !== null) return;
    const wait = Math.max(SOON_MS, this.paidAt - (AT_ONCE - 1) * PAUSE_MS - this.now());
    this.timer = this.setTimeout(() => this.flush(), wait);
  }

  /** Writes pending changes into this entry: before the page closes, and before another entry begins. */
  flush() {
    this.forget();
    const address = this.current();
    const ran = this.ran();
    if (address === this.location.href && ran === (this.history.state?.ran === true)) return;
    this.paidAt = Math.max(this.paidAt, this.now()) + PAUSE_MS;
    try {
      this.history.replaceState(ran ? { ran } : null, '', address);
      this.written();
    } catch {
      // Changed too often after all, by the host's page as well: the next change is written.
    }
  }

  /** Does what makes another entry of the history: afterwards, the address is that of another page. @param {() => void} opens */
  opened(opens) {
    this.flush();
    opens();
    this.forget();
    const address = this.current();
    if (address === this.location.href) return;
    this.paidAt = Math.max(this.paidAt, this.now()) + PAUSE_MS;
    try {
      this.history.pushState(this.ran() ? { ran: true } : null, '', address);
      this.written();
    } catch {
      this.changed();
    }
  }

  /** The browser went to another entry: pending changes belong to the previous one. */
  forget() {
    if (this.timer !== null) this.clearTimeout(this.timer);
    this.timer = null;
  }
}
