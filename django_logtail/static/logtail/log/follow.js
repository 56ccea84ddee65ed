/**
 * Where the person looks: at the newest line, elsewhere, or at a paused page.
 *
 * Nothing is dropped while they look elsewhere; what no longer fits waits on the server.
 */

import { words } from '../ui/config.js';

export class Follow {
  /**
   * @param {{log: import('./open-log.js').OpenLog, rows: import('../rows/rows.js').Rows, incoming: import('./incoming.js').Incoming}} parts
   * @param {{say(text: string): void, changed(): void, leaving(): void, caughtUp(): void, looked(): void, held(isHeld: boolean): void}} listener
   *   `leaving`: what is looked at is left for the newest line, and `caughtUp`: that is shown; `looked`: elsewhere, or at
   *   the newest line again; `held`: the server was asked to hold or to go on; `changed`: redraw all of it
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

  /** To the newest line, and on with it. */
  toEnd() {
    const { incoming } = this;
    this.listener.leaving();
    if (incoming.paused) this.resume();
    incoming.forgetUnseen();
    this.rows.toEnd();
    this.keep();
    this.listener.looked();
  }

  /** The rows follow now, or do not any more. @param {boolean} follow */
  followed(follow) {
    if (follow) {
      this.incoming.forgetUnseen();
      this.listener.caughtUp();
    }
    this.keep();
    this.listener.looked();
  }

  /** Keeps what is looked at, or lets it go on. */
  keep() {
    const { session, store } = this.log;
    const isKeeping = this.#isElsewhere;
    store.keep(isKeeping);
    if (!isKeeping) {
      session?.release();
      this.listener.held(false);
    } else if (store.full) this.hold();
  }

  /** More lines are here. */
  grew() {
    if (this.#isElsewhere && this.log.store.full) this.hold();
  }

  /** Asks the server for no more. */
  hold() {
    const { session } = this.log;
    if (!session || session.holding) return;
    session.hold();
    this.listener.held(true);
  }
}
