/**
 * Puts what a session receives into the log's store, and keeps what that reveals about the connection and the reader
 * behind it. Knows no DOM.
 */

import { looksBinary, reading } from '../formats/text.js';

/** Milliseconds for which the page says that nothing was missed. */
const RESUMED_MS = 6_000;
const NOTE_MS = 500;
const NOTE_TRIES = 20;
/** Events of the protocol that the page doesn't show as a mark. */
const SILENT = new Set(['started', 'degraded', 'restored']);

/** @typedef {import('./session.js').Phase} Phase */

/** Whether the viewer may no longer see the log, including lines already shown. @param {Phase} phase */
export function endsAccess(phase) { return phase === 'denied' || phase === 'gone' || phase === 'signedout'; }

export class Stream {
  /**
   * @param {{
   *   became(phase: Phase, details: Record<string, any>, isOver: boolean): void, heardStatus(): void, changed(): void, follows(file: string, before: string): void, named(name: string): void,
   * }} listener `isOver`: the original is no longer shown. `follows`: which file was there before a file; `named`: what the file is called that the stream has come to, if the log is the newest of several
   * @param {{now?: () => number, later?: (run: () => void, ms: number) => any}} [clock]
   */
  constructor(listener, { now = () => Date.now(), later = (run, ms) => setTimeout(run, ms) } = {}) {
    this.listener = listener;
    this.now = now;
    this.later = later;
    this.begin(null);
  }

  /** Another log was opened. @param {import('../log/store.js').Store} store where its lines go */
  begin(store) {
    this.store = store;
    /** @type {Phase} */
    this.phase = 'idle';
    /** The session's details of the phase. @type {Record<string, any>} */
    this.details = {};
    /** The server's `hello`. @type {Record<string, any>|null} */
    this.hello = null;
    /** The server's latest `status` fields. @type {Record<string, any>|null} */
    this.server = null;
    /** Until when (in milliseconds) the lines are the original of redacted ones, and why they are; null if they aren't. @type {{until: number, reason: string}|null} */
    this.original = null;
    /** Seconds, by the server's clock or ours. @type {number|null} */
    this.lastByteAt = null;
    /** Whether it began with bytes that aren't text. */
    this.binary = false;
    this.lostOnce = false;
    this.cameBack = false;
    /** Whether there was no file when the viewing began. */
    this.isAwaited = false;
    this.resumedUntil = 0;
  }

  /** Whether the server can do this now. @param {'range'|'search'|'order'|'heads'|'files'|'time'|'volume'|'original'} what */
  can(what) { return this.phase === 'open' && (this.hello?.can ?? []).includes(what); }

  /** Whether it resumed a moment ago. */
  get resumed() { return this.now() < this.resumedUntil; }

  // --- from the session ----------------------------------------------

  /** @param {Phase} phase @param {Record<string, any>} details */
  become(phase, details) {
    this.phase = phase;
    this.details = details;
    const before = this.original;
    this.original = phase === 'open' && details.original ? { until: this.now() + details.original.seconds * 1000, reason: String(details.original.reason) } : null;
    this.store.showsOriginal = this.original !== null;
    if (phase === 'open') {
      this.hello = details;
      this.server = null;
    }
    if (details.encoding) {
      const how = reading(details.encoding);
      if (this.store.reading.name !== how.name) this.store.reading = how;
    }
    if (phase === 'waiting' || phase === 'offline') this.lostOnce = true;
    if (endsAccess(phase)) this.store.clear();
    this.listener.became(phase, details, before !== null && this.original === null);
  }

  /** @param {import('../log/store.js').Header} header @param {Uint8Array} bytes @returns the store's place */
  take(header, bytes) {
    const { store } = this;
    if (!store.taken && !store.lines && looksBinary(bytes, store.reading)) this.binary = true;
    store.take(header, bytes);
    this.lastByteAt = this.now() / 1000;
    if (this.server?.state === undefined || this.server?.state === null) this.listener.changed();
    return store.place;
  }

  /** @param {Record<string, any>} message */
  hear(message) {
    switch (message.type) {
      case 'status':
        this.server = { ...this.server, ...message };
        if (message.last_byte_at) this.lastByteAt = message.last_byte_at;
        this.#resume();
        this.listener.heardStatus();
        break;
      case 'gap':
        this.store.gap(message.file, message.start, message.end, message.reason);
        break;
      case 'event':
        this.#hearEvent(message);
        break;
      default:
    }
  }

  // --- into the store -----------------------------------------

  /** @param {Record<string, any>} event */
  #hearEvent(event) {
    const place = event.file && Number.isFinite(event.offset) ? { file: event.file, offset: event.offset } : null;
    if (event.current) this.listener.named(String(event.current));
    if (event.kind === 'started') return this.#begun(event, place);
    if (event.kind === 'note') return this.#note(event);
    if (SILENT.has(event.kind)) return;
    // A file that was never seen can't disappear, and comes for the first time.
    if (!this.store.place && event.kind === 'gone') {
      this.isAwaited = true;
      return;
    }
    if (this.isAwaited && event.kind === 'back') {
      this.isAwaited = false;
      return this.mark('appeared', { ...event }, place);
    }
    if (event.kind === 'rotated' && place && event.before?.file) this.listener.follows(place.file, event.before.file);
    this.mark(event.kind, { ...event }, place);
  }

  /** A reader has started on the log, at a given place. @param {Record<string, any>} event @param {{file: string, offset: number}|null} place */
  #begun(event, place) {
    const { store } = this;
    const before = store.place;
    // A file that was short at first now has an id made from more of its head: another id, the same file.
    if (before && place && event.resumed && before.file !== place.file) store.rename(before.file, place.file);
    if (before && place && store.place.file !== place.file) this.mark('elsewhere', {}, place);
    else if (before && place && before.file === place.file && place.offset > before.offset) store.gap(place.file, before.offset, place.offset, 'missed');
    else if (before && this.lostOnce) this.cameBack = true;
    this.lostOnce = false;
    if (place) store.move(place);
    if (Number.isFinite(event.size)) this.server = { ...this.server, size: event.size };
    this.#resume();
    this.listener.changed();
  }

  /** Says that the log resumed only once it is live again. */
  #resume() {
    if (!this.cameBack || this.server?.state !== 'live') return;
    this.cameBack = false;
    this.resumedUntil = this.now() + RESUMED_MS;
    this.later(() => this.listener.changed(), RESUMED_MS + 50);
  }

  /** A note goes between lines: if it comes in the middle of a line, it waits for the line's end. @param {Record<string, any>} note @param {number} [tries] */
  #note(note, tries = 0) {
    const { store } = this;
    if ((store.open || store.unfinished.length) && tries < NOTE_TRIES) {
      this.later(() => { if (this.store === store) this.#note(note, tries + 1); }, NOTE_MS);
      return;
    }
    store.mark('note', { text: String(note.text ?? ''), level: note.level, at: Number.isFinite(note.at) ? note.at * 1000 : this.now() });
  }

  /** @param {string} kind @param {Record<string, any>} [details] @param {{file: string, offset: number}|null} [place] */
  mark(kind, details = {}, place = null) {
    this.store.mark(kind, { ...details, at: this.now() }, place);
  }
}
