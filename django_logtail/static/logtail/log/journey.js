/**
 * The way to a place that has to be looked for: the next error, a moment. One at a time: another takes its place. It
 * says how far it is, and can be stopped. Knows no DOM.
 */

/** Milliseconds that its outcome is shown. */
const OUTCOME_MS = 6_000;

/** @typedef {{done: Promise<any>, cancel(): void}} Asked as the session has it */
/** @typedef {{key: string, values: Record<string, any>, at: number, end: number, isOver: boolean}} Shown `key`: of a text; `at` of `end`: bytes, 0 while unknown */

export class Journey {
  /**
   * @param {() => void} changed redraw it
   * @param {{setTimeout?: (run: () => void, ms: number) => any, clearTimeout?: (timer: any) => void}} [clock]
   */
  constructor(changed, clock = {}) {
    this.changed = changed;
    this.later = clock.setTimeout ?? ((run, ms) => globalThis.setTimeout(run, ms));
    this.never = clock.clearTimeout ?? ((timer) => globalThis.clearTimeout(timer));
    /** What is shown of it. @type {Shown|null} */
    this.shown = null;
    /** @type {(() => void)|null} */
    this.end = null;
  }

  /** Another log was opened. */
  begin() { this.stop(); }

  get isUnderWay() { return this.end !== null; }

  /**
   * Asks for a place.
   *
   * @template T
   * @param {string} key what to say meanwhile @param {Record<string, any>} values
   * @param {(hear: (message: Record<string, any>) => void) => {done: Promise<T>, cancel(): void}} ask
   * @returns {Promise<T|null>} null: it was stopped, or another one began
   */
  async go(key, values, ask) {
    this.stop();
    const shown = { key, values, at: 0, end: 0, isOver: false };
    const asked = ask(({ type, at, end }) => {
      if (type !== 'progress' || this.shown !== shown) return;
      Object.assign(shown, { at, end });
      this.changed();
    });
    const stopped = new Promise((resolve) => {
      this.end = () => {
        asked.cancel();
        resolve(null);
      };
    });
    this.shown = shown;
    this.changed();
    try {
      return await Promise.race([asked.done, stopped]);
    } finally {
      if (this.shown === shown) this.#leave();
    }
  }

  /** Says how it ended. @param {string} key @param {Record<string, any>} [values] */
  tell(key, values = {}) {
    this.stop();
    this.shown = { key, values, at: 0, end: 0, isOver: true };
    this.timer = this.later(() => this.#leave(), OUTCOME_MS);
    this.changed();
  }

  /** It is no longer wanted. @returns {boolean} whether there was one, or its outcome */
  stop() {
    const hadOne = this.shown !== null;
    this.end?.();
    if (hadOne) this.#leave();
    return hadOne;
  }

  #leave() {
    this.never(this.timer);
    this.shown = this.end = null;
    this.changed();
  }
}
