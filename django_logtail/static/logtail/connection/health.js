/** Watches whether a connection is alive, and acknowledges what was received. Knows no DOM. */

const ACK_BYTES = 64 * 1024;
/** An acknowledgement costs the server as much as three frames, and less than ACK_BYTES needn't be told soon. */
const ACK_MS = 2_000;
/** A quiet client reports its place every 20 s, because proxies close idle sockets after 30 to 100 s. */
const QUIET_MS = 20_000;
/** The server sends something every 20 s. After a little more than twice that, the socket is dead, whatever its state. */
const DEAD_MS = 45_000;
const LOOK_MS = 5_000;

export class Health {
  /**
   * @param {{now: () => number, later: (run: () => void, ms: number) => any, never: (timer: any) => void}} clock
   * @param {{acknowledge(): void, died(): void}} listener
   */
  constructor(clock, listener) {
    this.clock = clock;
    this.listener = listener;
    /** Bytes received since the last acknowledgement, including what describes them: the server counts these too. */
    this.taken = 0;
    this.heardAt = 0;
    this.acknowledgedAt = 0;
    this.ackTimer = null;
    this.lookTimer = null;
  }

  /** The server sent something. */
  heard() { this.heardAt = this.clock.now(); }

  /** Whether the server has been silent for too long. */
  get isDead() { return this.clock.now() - this.heardAt > DEAD_MS; }

  /** Part of the stream was received, even if only a message, which must be acknowledged too. @param {number} [bytes] */
  took(bytes = 0) {
    this.taken += bytes;
    if (this.taken >= ACK_BYTES) this.#acknowledge();
    else if (!this.ackTimer) this.ackTimer = this.clock.later(() => this.#acknowledge(), ACK_MS);
  }

  #acknowledge() {
    this.clock.never(this.ackTimer);
    this.ackTimer = null;
    this.taken = 0;
    this.acknowledgedAt = this.clock.now();
    this.listener.acknowledge();
  }

  /** Watches an open connection until `end`. */
  watch() {
    this.clock.never(this.lookTimer);
    this.lookTimer = this.clock.later(() => {
      if (this.isDead) return this.listener.died();
      if (this.clock.now() - this.acknowledgedAt >= QUIET_MS) this.#acknowledge();
      this.watch();
    }, LOOK_MS);
  }

  end() {
    this.clock.never(this.ackTimer);
    this.clock.never(this.lookTimer);
    this.ackTimer = this.lookTimer = null;
  }
}
