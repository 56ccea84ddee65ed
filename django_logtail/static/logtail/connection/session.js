/**
 * One viewer of one log: its connection, its place, and when to try again. Knows no DOM.
 *
 * The clock, randomness, `fetch` and `WebSocket` are parameters. `docs/reference/protocol` describes the messages.
 */

import { Health } from './health.js';
import { Refused, messagesOf, refusalOf } from './http-answers.js';
import { Requests } from './requests.js';

const PROTOCOL = 1;

const HELLO_MS = 12_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
/** After a connection that lasted this long, retries start with the shortest wait again. */
const GOOD_MS = 10_000;
/** Handshakes that must fail while plain HTTP works before the page reports that the network blocks WebSockets. */
const HANDSHAKES = 2;
/** Statuses with which the server says why there is no socket; under WSGI it can't use 426. */
const ANSWERS = new Set([426, 501]);
/** Milliseconds that a response over HTTP may take; the server gives up after 8 s. */
const LINES_MS = 20_000;

/**
 * @typedef
 * {'idle'|'connecting'|'open'|'waiting'|'offline'|'stopped'|'denied'|'gone'|'signedout'|'failed'|'limit'|'ended'|'nosocket'|'outdated'}
 * Phase `waiting`: the connection was lost, the next attempt is at `retryAt`. `stopped`: by the viewer.
 * `nosocket`: the details give the reason (`id`, `cause`, `fix`, `paste`; or only a `status`), whether lines are being
 * fetched over HTTP (`fetching`), and whether some have arrived (`served`).
 *
 * @typedef {{file: string, offset: number}} Place
 * @typedef {{
 *   phase(phase: Phase, details: Record<string, any>): void,
 *   message(message: Record<string, any>): void,
 *   batch(header: import('../log/store.js').Header, bytes: Uint8Array): Place|null|void,
 * }} Listener `batch` returns the store's place.
 */

/** The answer to a request without a connection. @returns {Promise<never>} */
const unconnected = () => Promise.reject(new Error('not connected'));

export class Session {
  /**
   * @param {{
   *   urls: {ticket: string, socket: string, lines?: string}, ticket?: string, lines?: number, listener: Listener, origin?: string, refusals?: {before: boolean, note(): void, forget(): void},
   *   WebSocket: any, fetch: typeof fetch, headers?: () => Record<string, string>,
   *   now?: () => number, random?: () => number, online?: () => boolean,
   *   setTimeout?: (run: () => void, ms: number) => any, clearTimeout?: (timer: any) => void,
   * }} options `ticket`: for the first connection
   */
  constructor(options) {
    this.urls = options.urls;
    this.ticket = options.ticket ?? '';
    this.lines = options.lines ?? 500;
    this.listener = options.listener;
    this.origin = options.origin ?? '';
    this.refusals = options.refusals ?? { before: false, note() {}, forget() {} };
    this.WebSocket = options.WebSocket;
    this.fetch = options.fetch;
    this.headers = options.headers ?? (() => ({}));
    this.now = options.now ?? (() => Date.now());
    this.random = options.random ?? Math.random;
    this.online = options.online ?? (() => true);
    this.later = options.setTimeout ?? ((run, ms) => globalThis.setTimeout(run, ms));
    this.never = options.clearTimeout ?? ((timer) => globalThis.clearTimeout(timer));
    /** @type {Phase} */
    this.phase = 'idle';
    /** The viewer's place, where a resume continues. @type {Place|null} */
    this.place = null;
    this.attempt = 0;
    this.handshakes = 0;
    this.everOpen = false;
    this.freshTicketTried = false;
    this.retryAt = 0;
    this.can = /** @type {string[]} */ ([]);
    this.holding = false;
    this.socket = null;
    this.run = 0;
    /** The details while WebSockets are blocked. @type {Record<string, any>} */
    this.blocked = {};
    this.requests = new Requests((message) => this.#send(message));
    this.health = new Health({ now: this.now, later: this.later, never: this.never }, {
      acknowledge: () => { if (this.place) this.#send({ type: 'ack', ...this.place }); },
      died: () => this.#lost('silent'),
    });
    this.timers = { retry: null, hello: null };
  }

  get ended() {
    return ['stopped', 'denied', 'gone', 'signedout', 'failed', 'limit', 'ended', 'nosocket', 'outdated'].includes(this.phase);
  }

  /** Starts, or continues at its place. */
  start() {
    this.attempt = 0;
    this.handshakes = 0;
    this.freshTicketTried = false;
    this.#connect();
  }

  /** Stops watching, so that the file need not be read for this page. */
  stop() {
    this.#send({ type: 'stop' });
    this.#close('stopped', {}, 1000);
  }

  /** Disconnects without a message, like closing the tab. */
  leave() {
    this.#close('idle', {}, 1000);
  }

  /** Ends because of the server's answer to another request. @param {Refused} refused */
  refuse({ phase, details }) { this.#close(phase, details, 1000); }

  /** Tries now instead of later: after a click, when the network is back, or when the tab is visible again. */
  wake() {
    if (this.phase === 'offline' && !this.online()) return;
    if (this.phase === 'waiting' || this.phase === 'offline') this.#connect();
    else if (this.phase === 'open' && this.health.isDead) this.#lost('silent');
  }

  /** If WebSockets are blocked: fetches the newest lines over HTTP, and tries the socket again at the same time. */
  async refresh() {
    if (this.phase !== 'nosocket' || this.blocked.fetching) return;
    void this.#connect();
    if (this.phase === 'nosocket') await this.#fetchLines();
  }

  /** The browser reports that the network is gone. */
  offline() {
    if (this.phase === 'open' || this.phase === 'waiting' || this.phase === 'connecting') this.#close('offline', {});
  }

  hold() {
    if (this.holding) return;
    this.holding = true;
    this.#send({ type: 'hold' });
  }

  release() {
    if (!this.holding) return;
    this.holding = false;
    this.#send({ type: 'release' });
  }

  /**
   * Bytes of a generation, outside the stream.
   *
   * @param {{file: string, start: number, end: number} | {file: string, before: number, lines: number}} what
   * @returns {Promise<import('./requests.js').Range>} rejects with the server's text and `id`
   */
  range(what) {
    return this.phase === 'open' ? this.requests.range(what) : unconnected();
  }

  /**
   * The files of the log, oldest first and the current one last; if `can` has "files".
   *
   * @returns {Promise<{files: import('./requests.js').LogFile[], more: boolean}>} rejects like `range`
   */
  files() {
    return this.phase === 'open' ? this.requests.files() : unconnected();
  }

  /**
   * Where the first line at or after a moment is.
   *
   * @param {number} at milliseconds since the epoch
   * @param {(message: Record<string, any>) => void} [hear] gets the `progress` messages
   * @returns {{done: Promise<import('./requests.js').Reached>, cancel(): void}} `done` rejects like `range`; after
   * `cancel` it never settles
   */
  time(at, hear) {
    return this.phase === 'open' ? this.requests.time(at, hear) : { done: unconnected(), cancel() {} };
  }

  /**
   * Searches all files in an order, if `can` has "order"; or one file from byte `start` on.
   *
   * @param {{file?: string, start?: number, order?: string, from?: object, to?: object, count?: boolean, limit?: number, heads?: boolean, pattern?: string, regex?: boolean, case?: boolean, terms?: object[], levels?: string}} what
   * @param {(message: Record<string, any>) => void} hear gets the `found` and `progress` messages
   * @returns {{done: Promise<Record<string, any>>, cancel(): void}} `done` rejects with the server's text; after
   * `cancel` it never settles
   */
  search(what, hear) {
    return this.phase === 'open' ? this.requests.search(what, hear) : { done: unconnected(), cancel() {} };
  }

  /**
   * Entries over time, as a picture that gets better, if `can` has "volume".
   *
   * @param {{from: number|null, to: number|null, columns: number}} what moments in milliseconds; null: from the first entry, to the last
   * @param {(message: Record<string, any>) => void} hear gets the `volume` messages
   * @returns {{done: Promise<Record<string, any>>, cancel(): void}} as of `search`
   */
  volume(what, hear) {
    return this.phase === 'open' ? this.requests.volume(what, hear) : { done: unconnected(), cancel() {} };
  }

  // --- connecting ---------------------------------------------------------

  async #connect() {
    this.#forget();
    if (!this.online()) return this.#become('offline');
    const run = ++this.run;
    // While lines come over HTTP, an attempt with the socket is shown only if it succeeds.
    if (this.phase !== 'nosocket') this.#become('connecting', { attempt: this.attempt, resumed: this.place !== null });
    let ticket;
    try {
      ticket = await this.#ticket();
    } catch (error) {
      if (run !== this.run) return;
      if (error instanceof Refused && error.phase === 'outdated') return this.#refused(run);
      if (error instanceof Refused) return this.#become(error.phase, error.details);
      return this.#lost('unreachable');
    }
    if (run === this.run) this.#open(ticket, run);
  }

  async #ticket() {
    const { ticket } = this;
    this.ticket = '';
    if (ticket) return ticket;
    const response = await this.fetch(this.urls.ticket, {
      method: 'POST', credentials: 'same-origin', redirect: 'manual', cache: 'no-store', headers: { Accept: 'application/json', ...this.headers() },
    });
    if (response.ok) return (await response.json()).ticket;
    throw await refusalOf(response);
  }

  /** @param {string} ticket @param {number} run */
  #open(ticket, run) {
    let socket;
    try {
      socket = new this.WebSocket(this.urls.socket);
    } catch {
      return this.#diagnose(run);
    }
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    let opened = false;
    this.timers.hello = this.later(() => {
      if (run !== this.run || this.phase === 'open') return;
      // Some networks never answer a handshake.
      if (!opened && !this.everOpen) void this.#diagnose(run);
      else this.#lost('silent');
    }, HELLO_MS);
    socket.onopen = () => {
      if (run !== this.run) return;
      opened = true;
      this.handshakes = 0;
      this.health.heard();
      this.#send({ type: 'hello', protocol: PROTOCOL, ticket, lines: this.place ? 0 : this.lines, resume: this.place });
    };
    socket.onmessage = (/** @type {{data: any}} */ event) => { if (run === this.run) this.#heard(event.data); };
    socket.onclose = (/** @type {{code: number, reason: string}} */ event) => {
      if (run !== this.run) return;
      if (opened || this.everOpen) this.#closed(event.code, event.reason);
      else this.#diagnose(run);
    };
    socket.onerror = () => {};
  }

  /** The server refuses this page's own requests. A new page would know a newer token; one that is new needs another remedy. @param {number} run */
  async #refused(run) {
    const isNew = this.refusals.before;
    this.refusals.note();
    if (!isNew) return this.#become('outdated');
    const why = await this.#why('&refused=1');
    if (run === this.run) this.#become('nosocket', { ...why, served: false, fetching: false });
  }

  /**
   * The server's answer to why there is no socket; only a status if something else refuses to answer; null without an answer.
   *
   * @param {string} [more] to ask
   * @returns {Promise<Record<string, any>|null>}
   */
  async #why(more = '') {
    const address = `${this.urls.socket.replace(/^ws/, 'http')}?origin=${encodeURIComponent(this.origin)}${more}`;
    try {
      const response = await this.fetch(address, { credentials: 'same-origin', cache: 'no-store', redirect: 'manual', headers: { Accept: 'application/json' } });
      if (ANSWERS.has(response.status)) return await response.json();
      return response.status === 403 ? { status: 403 } : null;
    } catch {
      return null;
    }
  }

  /** Finds out why the handshake failed: the network, or something in between that doesn't support WebSocket. @param {number} run */
  async #diagnose(run) {
    const body = await this.#why();
    if (run !== this.run) return;
    if (!body) return this.#lost('unreachable');
    if (!body.certain && ++this.handshakes < HANDSHAKES) return this.#lost('unreachable');
    if (this.phase === 'nosocket') {
      this.#forget();
      // The last remedy may have helped, and this is the next cause.
      this.listener.phase('nosocket', Object.assign(this.blocked, body));
      return;
    }
    this.blocked = { ...body, served: false, fetching: Boolean(this.urls.lines) && body.lines !== false };
    this.#become('nosocket', this.blocked);
    if (this.blocked.fetching) void this.#fetchLines();
  }

  /**
   * Fetches lines over HTTP, from the viewer's place on. If there are too many, the newest; the rest is a gap.
   *
   * @param {boolean} [newest] regardless of the viewer's place
   */
  async #fetchLines(newest = false) {
    const place = newest ? null : this.place;
    const known = this.place;
    const query = new URLSearchParams(place ? { file: place.file, offset: String(place.offset) } : { lines: String(this.lines) });
    this.blocked = { ...this.blocked, fetching: true };
    const blocked = this.blocked;
    let answer = null;
    let trouble = null;
    try {
      const response = await this.fetch(`${this.urls.lines}?${query}`, { credentials: 'same-origin', redirect: 'manual', cache: 'no-store', signal: AbortSignal.timeout(LINES_MS) });
      if (response.ok) answer = [...messagesOf(new Uint8Array(await response.arrayBuffer()))];
      else trouble = await refusalOf(response);
    } catch { /* no answer, or none of ours: the network, and a retry */ }
    // In the meantime the socket may have got through after all, or the viewer has left.
    if (this.phase !== 'nosocket' || this.blocked !== blocked || this.place !== known) return;
    if (trouble instanceof Refused && trouble.phase === 'outdated') return this.#refused(this.run);
    if (trouble instanceof Refused) return this.#become(trouble.phase, trouble.details);
    if (!answer) return this.#lost('unreachable');
    this.refusals.forget();
    this.blocked = { ...blocked, served: true, fetching: false };
    for (const { header, bytes } of answer) {
      if (header.type === 'hello') this.listener.phase('nosocket', Object.assign(this.blocked, { encoding: header.encoding, queue: header.queue, ...(header.redacted ? { redacted: true } : {}) }));
      else if (header.type === 'batch') this.#took(header, bytes);
      else if (header.type === 'event' || header.type === 'status' || header.type === 'gap') this.#passed(header);
    }
    if (place && answer.at(-1)?.header.reason === 'more') await this.#fetchLines(true);
    else this.listener.phase('nosocket', this.blocked);
  }

  // --- receiving ------------------------------------------------------------

  /** @param {string|ArrayBuffer} data */
  #heard(data) {
    this.health.heard();
    if (typeof data === 'string') {
      let message;
      try { message = JSON.parse(data); } catch { return; }
      this.#said(message);
      return;
    }
    const bytes = new Uint8Array(data);
    const newline = bytes.indexOf(10);
    if (newline < 0) return;
    let header;
    try { header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, newline))); } catch { return; }
    if (header.type !== 'batch') return;
    const body = bytes.subarray(newline + 1);
    if (header.request !== undefined) return this.requests.take(header, body);
    this.#took(header, body);
    this.health.took(bytes.length);
  }

  /** @param {any} header @param {Uint8Array} bytes */
  #took(header, bytes) {
    const place = this.listener.batch(header, bytes);
    if (place) this.place = place;
  }

  /** Part of the stream other than bytes. @param {Record<string, any>} message */
  #passed(message) {
    if (message.type === 'event' && message.file && Number.isFinite(message.offset)) this.place = { file: message.file, offset: message.offset };
    else if (message.type === 'gap') this.place = { file: message.file, offset: message.end };
    this.listener.message(message);
  }

  /** @param {Record<string, any>} message */
  #said(message) {
    switch (message.type) {
      case 'hello':
        if (message.protocol !== PROTOCOL) return this.#close('outdated', {}, 1000);
        this.can = Array.isArray(message.can) ? message.can : [];
        this.everOpen = true;
        this.refusals.forget();
        this.freshTicketTried = false;
        this.openedAt = this.now();
        this.never(this.timers.hello);
        this.#become('open', message);
        if (this.holding) this.#send({ type: 'hold' });
        this.health.watch();
        return;
      case 'done':
      case 'found':
      case 'progress':
      case 'volume':
      case 'files':
      case 'time':
      case 'error':
        if (this.requests.hear(message)) return;
        break;
      case 'end':
        this.endWords = message;
        break;
      default:
    }
    this.#passed(message);
    // These must be acknowledged too, although they may not move the place.
    if (message.type === 'event' || message.type === 'gap') this.health.took();
  }

  // --- sending -----------------------------------------------------------

  /** @param {Record<string, any>} message */
  #send(message) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  // --- ending -------------------------------------------------------------

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    const words = this.endWords ?? {};
    const details = { ...words, code, id: words.reason ?? '', reason: words.text || reason || '', until: this.now() + 1000 * (words.retry_after ?? 0) };
    this.endWords = null;
    switch (code) {
      case 4401:
        if (!this.freshTicketTried) {
          this.freshTicketTried = true;
          return this.#connect();
        }
        return this.#become('signedout', details);
      case 4403: return this.#become('denied', details);
      case 4404: return this.#become('gone', details);
      case 4400: return this.#become('failed', details);
      // Of a limit for one user, the server knows when it is over, or nearly.
      case 4409: return words.may_retry && words.limit ? this.#lost('limit', details) : this.#become('limit', details);
      case 4410: return this.#become('ended', details);
      case 4426: return this.#become('outdated', details);
      case 1000:
        if (words.may_retry === false) return this.#become('stopped', details);
        return this.#lost('closed', details);
      default: return this.#lost(code === 4503 ? 'no-reader' : 'closed', details);
    }
  }

  /** @param {string} why @param {Record<string, any>} [details] */
  #lost(why, details = {}) {
    if (this.openedAt && this.now() - this.openedAt > GOOD_MS) this.attempt = 0;
    this.openedAt = 0;
    this.#forget();
    if (!this.online()) return this.#become('offline');
    const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.attempt);
    // Half fixed, half random, so that a thousand pages don't come back in the same instant.
    const wait = Math.max(most / 2 + this.random() * (most / 2), (details.until ?? 0) - this.now());
    this.attempt++;
    this.retryAt = this.now() + wait;
    this.timers.retry = this.later(() => this.#connect(), wait);
    this.#become('waiting', { why, retryAt: this.retryAt, place: this.place, ...details });
  }

  /** @param {Phase} phase @param {Record<string, any>} details @param {number} [code] */
  #close(phase, details, code) {
    const { socket } = this;
    this.#forget();
    if (socket && code) socket.close(code);
    this.#become(phase, details);
  }

  /** Cancels everything pending, so that nothing comes back later. */
  #forget() {
    this.run++;
    for (const name of Object.keys(this.timers)) {
      this.never(this.timers[name]);
      this.timers[name] = null;
    }
    this.health.end();
    this.requests.forget();
    const { socket } = this;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      if (socket.readyState < 2) socket.close();
    }
  }

  /** @param {Phase} phase @param {Record<string, any>} [details] */
  #become(phase, details = {}) {
    if (phase !== 'open' && phase !== 'connecting' && phase !== 'waiting') this.#forget();
    this.phase = phase;
    this.listener.phase(phase, details);
  }
}
