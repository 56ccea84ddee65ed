/**
 * Where the viewer looks: at the newest line, elsewhere, or at a paused page.
 *
 * Nothing is dropped while they look elsewhere; what no longer fits waits on the server.
 */

import { words } from '../ui/config.js';

export class Follow {
  /**
   * @param {{log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, incoming: import('./incoming.js').Incoming}} parts
   * @param {{say(text: string): void, changed(): void, leaving(): void, caughtUp(): void, looked(): void, held(isHeld: boolean): void}} listener
   *   `leaving`: the view is about to jump to the newest line; `caughtUp`: it shows that line; `looked`: the viewer looks
   *   elsewhere, or at the newest line again; `held`: the server was asked to hold or to continue; `changed`: redraw all of it
   */
  constructor({ log, rows, incoming }, listener) {
    this.log = log;
    this.rows = rows;
    this.incoming = incoming;
    this.listener = listener;
  }

  get #isElsewhere() { return this.incoming.paused || !this.rows.follow; }

  pause() {
    const { incoming } = this;
    const { store, stream } = this.log;
    if (incoming.paused || stream.phase !== 'open') return;
    incoming.pause();
    store.keep(true);
    this.listener.say(words.say('say.paused'));
    this.listener.changed();
  }

  resume() {
    if (!this.incoming.paused) return;
    this.unpause(true);
    this.listener.say(words.say('say.following'));
  }

  /** Shows what came in the meantime. @param {boolean} [follow] whether to go to the newest line */
  unpause(follow = false) {
    this.incoming.resume();
    if (follow) this.toEnd();
    this.keep();
    this.listener.changed();
  }

  /** Goes to the newest line and follows new ones. */
  toEnd() {
    const { incoming } = this;
    this.listener.leaving();
    if (incoming.paused) this.resume();
    incoming.forgetUnseen();
    this.rows.toEnd();
    this.keep();
    this.listener.looked();
  }

  /** The rows started or stopped following. @param {boolean} follow */
  followed(follow) {
    if (follow) {
      this.incoming.forgetUnseen();
      this.listener.caughtUp();
    }
    this.keep();
    this.listener.looked();
  }

  /** Keeps the lines in view while the viewer looks elsewhere; otherwise lets the stream continue. */
  keep() {
    const { session, store } = this.log;
    const isKeeping = this.#isElsewhere;
    store.keep(isKeeping);
    if (!isKeeping) {
      session?.release();
      this.listener.held(false);
    } else if (store.full) this.hold();
  }

  /** Lines were loaded: if there are too many now, unloads those far from the view. */
  loaded() {
    const { incoming, log, rows } = this;
    const { shown } = rows;
    if (!rows.follow && !incoming.paused && !rows.isHeld() && shown.length) {
      const { seq: from } = shown.at(shown.indexAt(Math.max(0, rows.at)));
      const { seq: to } = shown.at(shown.indexAt(rows.at + rows.height));
      if (log.store.giveBack(from, to)) this.hold();
    }
    this.keep();
  }

  /** More lines are here. */
  grew() {
    if (this.#isElsewhere && this.log.store.full) this.hold();
  }

  /** Asks the server to send no more. */
  hold() {
    const { session } = this.log;
    if (!session || session.holding) return;
    session.hold();
    this.listener.held(true);
  }
}
