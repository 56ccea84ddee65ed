/** A tab that nobody looks at for long ends its viewing, and the reading behind it. */

const MINUTES = 30;

export class BackgroundStop {
  /**
   * @param {{log: import('./open-log.js').OpenLog}} parts
   * @param {{back(): void, away(): void}} listener `back`: somebody looks again; `away`: nobody did for long, and the viewing is to end
   */
  constructor({ log }, listener) {
    this.log = log;
    this.listener = listener;
    this.minutes = MINUTES;
    this.begin();
  }

  /** The log is read from here on. */
  begin() {
    /** Whether the viewing was ended for it. */
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
