/** A tab that nobody looks at for long ends its viewing, and the reading behind it. */

const MINUTES = 30;

export class Absence {
  /** @param {import('../log-tail.js').LogTail} tail */
  constructor(tail) {
    this.tail = tail;
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
      this.tail.session?.wake();
      this.tail.drawing.all();
    }
  }

  #end() {
    if (this.tail.session?.ended !== false) return;
    this.hasEnded = true;
    this.tail.stop();
  }
}
