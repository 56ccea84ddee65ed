/** When to paint: with the next frame, or later when lines come faster than anyone reads. Knows no DOM. */

/** Lines a second from which on nobody reads each line: ten pictures a second show as much, for a sixth of the work. */
export const FAST_LINES = 2_000;
const FAST_MS = 100;
/** On a slow machine painting may take this part of the time, so that the page answers. */
const PAINT_SHARE = 0.25;
/** However slow: the log is seen to move. */
const SLOWEST_MS = 500;
/** A wait as short as this is the next frame. */
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

  /** @param {boolean} isUrgent the person did something */
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
      // What the browser makes of it is part of what it cost: the thread is free again when this runs.
      if (this.rate >= FAST_LINES) later(() => this.ended(), 0);
    });
  }

  began() { this.beganAt = this.clock.now(); }

  ended() { this.cost = this.clock.now() - this.beganAt; }

  /** Paints no more until it is asked to again. */
  end() {
    this.clock.noFrame(this.pending);
    this.clock.never(this.timer);
    this.timer = undefined;
    this.pending = 0;
  }
}
