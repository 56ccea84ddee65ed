/** A tab that is hidden for long stops watching, so that its log need not be read. */

const MINUTES = 30;

export class BackgroundStop {
  /**
   * @param {{log: import('./open-log.js').OpenLog}} parts
   * @param {{back(): void, away(): void}} listener `back`: the page is visible again; `away`: it was hidden for long, so end the viewing
   */
  constructor({ log }, listener) {
    this.log = log;
    this.listener = listener;
    this.minutes = MINUTES;
    this.begin();
  }

  /** The log is read from here on. */
  begin() {
    /** Whether it has stopped watching. */
    this.hasEnded = false;
  }

  /** @param {AbortSignal} signal */
  wire(signal) {
    document.addEventListener('visibilitychange', () => this.#turned(), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.timer));
  }

  #turned() {
    clearTimeout(this.timer);
    if (document.hidden) this.timer = setTimeout(() => this.#end(), MINUTES * 60_000);
    else {
      this.log.session?.wake();
      this.listener.back();
    }
  }

  #end() {
    if (this.log.session?.ended !== false) return;
    this.hasEnded = true;
    this.listener.away();
  }
}
