/**
 * Where the reader of the page looks: at the newest line, elsewhere, or at a page that is held still.
 *
 * Nothing is dropped while they look elsewhere; what no longer fits waits on the server.
 */

import { words } from '../ui/config.js';

export class Attention {
  /** @param {import('../log-tail.js').LogTail} tail */
  constructor(tail) {
    this.tail = tail;
  }

  get #isElsewhere() { return this.tail.arrivals.paused || !this.tail.rows.follow; }

  pause() {
    const { arrivals, drawing, store, stream } = this.tail;
    if (arrivals.paused || stream.phase !== 'open') return;
    arrivals.pause();
    store.keep(true);
    this.tail.say(words.say('say.paused'));
    drawing.all();
  }

  resume() {
    if (!this.tail.arrivals.paused) return;
    this.unpause(true);
    this.tail.say(words.say('say.following'));
  }

  /** What came meanwhile is shown. @param {boolean} [follow] the reader goes to the newest line */
  unpause(follow = false) {
    const { arrivals, drawing } = this.tail;
    arrivals.resume();
    if (follow) this.toEnd();
    this.keep();
    drawing.all();
  }

  /** To the newest line, and on with it. */
  toEnd() {
    const { arrivals, drawing, rows, selection } = this.tail;
    selection.clear();
    if (arrivals.paused) this.resume();
    arrivals.forgetUnseen();
    rows.toEnd();
    this.keep();
    drawing.pill();
  }

  /** The rows follow now, or do not any more. @param {boolean} follow */
  followed(follow) {
    const { arrivals, drawing, history, rows } = this.tail;
    if (follow) {
      arrivals.forgetUnseen();
      if (history.target) rows.repaint();
      history.leave();
    }
    this.keep();
    drawing.pill();
    drawing.status();
  }

  /** Keeps what is looked at, or lets it go on. */
  keep() {
    const { drawing, session, store } = this.tail;
    const isKeeping = this.#isElsewhere;
    store.keep(isKeeping);
    if (!isKeeping) {
      session?.release();
      if (drawing.shown?.chip === 'history') drawing.state();
    } else if (store.full) this.hold();
  }

  /** More lines are here. */
  grew() {
    if (this.#isElsewhere && this.tail.store.full) this.hold();
  }

  /** Asks the server for no more. */
  hold() {
    const { drawing, session } = this.tail;
    if (!session || session.holding) return;
    session.hold();
    drawing.state();
  }
}
