/** A page that nobody looks at stops watching, so that its log need not be read, and is not left open for others. */

/** Minutes for a tab in the background. */
const MINUTES = 30;
const ACTIVITY = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart'];

export class BackgroundStop {
  /**
   * @param {{log: import('./open-log.js').OpenLog, idleMinutes?: number}} parts `idleMinutes`: for a page in sight that nobody uses; 0: it may stay
   * @param {{back(): void, away(): void}} listener `back`: the page is visible again; `away`: nobody looked for long, so end the viewing
   */
  constructor({ log, idleMinutes = 0 }, listener) {
    this.log = log;
    this.listener = listener;
    this.idleMinutes = idleMinutes;
    /** After how long it stopped. */
    this.minutes = MINUTES;
    this.isWired = false;
    this.begin();
  }

  /** The log is read from here on. */
  begin() {
    /** Whether it has stopped watching: hidden, or in sight and not used. @type {''|'hidden'|'unused'} */
    this.ended = '';
    this.#wait();
  }

  /** @param {AbortSignal} signal */
  wire(signal) {
    this.isWired = true;
    document.addEventListener('visibilitychange', () => this.#turned(), { signal });
    for (const kind of this.idleMinutes ? ACTIVITY : []) document.addEventListener(kind, () => this.#wait(), { signal, passive: true, capture: true });
    signal.addEventListener('abort', () => {
      this.isWired = false;
      clearTimeout(this.timer);
    });
    this.#wait();
  }

  #turned() {
    this.#wait();
    if (document.hidden) return;
    this.log.session?.wake();
    this.listener.back();
  }

  #wait() {
    clearTimeout(this.timer);
    const unused = this.idleMinutes || Infinity;
    const minutes = document.hidden ? Math.min(MINUTES, unused) : unused;
    if (this.isWired && minutes < Infinity) this.timer = setTimeout(() => this.#end(minutes), minutes * 60_000);
  }

  /** @param {number} minutes */
  #end(minutes) {
    if (this.log.session?.ended !== false) return;
    this.minutes = minutes;
    this.ended = document.hidden ? 'hidden' : 'unused';
    this.listener.away();
  }
}
