/** When to paint: with the next frame, or later when lines come faster than anyone reads. Knows no DOM. */

/** Lines a second above which nobody can read each line: ten frames a second show as much, for a sixth of the work. */
export const FAST_LINES = 2_000;
const FAST_MS = 100;
/** The share of time for painting on a slow machine, so that the page still responds. */
const PAINT_SHARE = 0.25;
/** The longest wait: even on a slow machine, the log visibly moves. */
const SLOWEST_MS = 500;
/** A wait this short or shorter means the next frame. */
const NO_WAIT_MS = 4;

export class Pace {
  /**
   * @param {() => void} paint that says when it began and ended
   * @param {{now?: () => number, later?: (run: () => void, ms: number) => any, never?: (timer: any) => void, frame?: (run: () => void) => number, noFrame?: (frame: number) => void}} [clock]
   */
  constructor(paint, {
    now = () => performance.now(), later = (run, ms) => setTimeout(run, ms), never = (timer) => clearTimeout(timer),
    frame = (run) => requestAnimationFrame(run), noFrame = (pending) => cancelAnimationFrame(pending),
  } = {}) {
    this.paint = paint;
    this.clock = { now, later, never, frame, noFrame };
    /** Lines a second. */
    this.rate = 0;
    /** Milliseconds that the last painting took. */
    this.cost = 0;
    this.beganAt = 0;
    this.pending = 0;
  }

  /** @param {boolean} isUrgent the viewer did something */
  schedule(isUrgent) {
    if (this.pending) return;
    const { now, later } = this.clock;
    const wait = isUrgent || this.rate < FAST_LINES ? 0 : Math.min(SLOWEST_MS, Math.max(FAST_MS, this.cost / PAINT_SHARE)) - (now() - this.beganAt);
    if (wait <= NO_WAIT_MS) this.#nextFrame();
    else if (!this.timer) this.timer = later(() => { this.timer = undefined; this.#nextFrame(); }, wait);
  }

  #nextFrame() {
    if (this.pending) return;
    const { later, frame } = this.clock;
    this.pending = frame(() => {
      this.pending = 0;
      this.paint();
      // The cost includes the browser's own work: the thread is free again when this runs.
      if (this.rate >= FAST_LINES) later(() => this.ended(), 0);
    });
  }

  began() { this.beganAt = this.clock.now(); }

  ended() { this.cost = this.clock.now() - this.beganAt; }

  /** Cancels painting until the next request. */
  end() {
    this.clock.noFrame(this.pending);
    this.clock.never(this.timer);
    this.timer = undefined;
    this.pending = 0;
  }
}
