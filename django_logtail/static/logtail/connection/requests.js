/** Requests to the server in addition to the stream, and their answers: bytes for `range`, hits for `search`, a list for `files`, a place for `time`, counts for `volume`. Knows no DOM. */

import { hiddenIn } from '../log/hidden.js';

/** @typedef {{file: string, start: number, end: number, bytes: Uint8Array, hidden: import('../log/hidden.js').Hidden[]}} Range */
/**
 * @typedef {{file: string|null, name: string, size: number|null, stored: number, compression: string, reason?: string, why?: Record<string, any>}} LogFile
 * `size`: bytes of its text, null while unknown; `stored`: on disk; `compression`: "" for plain text; `file`: null if it can't be read, for `reason`
 */
/**
 * @typedef {{result: 'found'|'begins'|'ends'|'nearest'|'none', file?: string, offset?: number, written?: string, ms?: number, read: number}} Reached
 * `begins`, `ends`: the log starts after the moment, or ends before it; `nearest`: its times are not in order
 */
/** @typedef {Error & {id?: string, why?: Record<string, any>}} Failure the reason for no answer: the server's `id` and `why` */

export class Requests {
  /** @param {(message: Record<string, any>) => void} send */
  constructor(send) {
    this.send = send;
    /** @type {Map<number, {parts?: {header: any, bytes: Uint8Array}[], hear?: (message: Record<string, any>) => void, resolve: (answer: any) => void, reject: (error: Error) => void}>} */
    this.open = new Map();
    this.next = 1;
  }

  /** @param {{file: string, start: number, end: number} | {file: string, before: number, lines: number}} what @returns {Promise<Range>} */
  range(what) { return this.#ask({ type: 'range', ...what }, { parts: [] }); }

  /** The files of the log, oldest first. @returns {Promise<{files: LogFile[], more: boolean}>} `more`: there are older ones */
  files() { return this.#ask({ type: 'files' }); }

  /** Where the first line at or after a moment is. @param {number} at milliseconds since the epoch @param {(message: Record<string, any>) => void} [hear] gets `progress` @returns {{done: Promise<Reached>, cancel(): void}} */
  time(at, hear) { return this.#listen({ type: 'time', at }, hear); }

  /** @param {Record<string, any>} message @param {{parts?: {header: any, bytes: Uint8Array}[]}} [asked] what its answer is collected in @returns {Promise<any>} */
  #ask(message, asked = {}) {
    const request = this.next++;
    return new Promise((resolve, reject) => {
      this.open.set(request, { ...asked, resolve, reject });
      this.send({ ...message, request });
    });
  }

  /**
   * @param {{file?: string, start?: number, order?: string, from?: object, to?: object, count?: boolean, limit?: number, heads?: boolean, pattern?: string, regex?: boolean, case?: boolean, terms?: object[], levels?: string}} what
   * @param {(message: Record<string, any>) => void} hear
   * @returns {{done: Promise<Record<string, any>>, cancel(): void}}
   */
  search(what, hear) { return this.#listen({ type: 'search', ...what }, hear); }

  /**
   * Entries over time, as a picture that gets better.
   *
   * @param {{from: number|null, to: number|null, columns: number}} what moments in milliseconds; null: from the first entry, to the last
   * @param {(message: Record<string, any>) => void} hear
   * @returns {{done: Promise<Record<string, any>>, cancel(): void}}
   */
  volume(what, hear) { return this.#listen({ type: 'volume', ...what }, hear); }

  /** @param {Record<string, any>} message @param {(message: Record<string, any>) => void} [hear] @returns {{done: Promise<any>, cancel(): void}} */
  #listen(message, hear) {
    const request = this.next++;
    const done = new Promise((resolve, reject) => {
      this.open.set(request, { hear, resolve, reject });
      this.send({ ...message, request });
    });
    return { done, cancel: () => { if (this.open.delete(request)) this.send({ type: 'cancel', request }); } };
  }

  /** A batch that answers a request. @param {any} header @param {Uint8Array} bytes */
  take(header, bytes) {
    this.open.get(header.request)?.parts?.push({ header, bytes });
  }

  /** @param {Record<string, any>} message @returns {boolean} whether it was for a request: an error may be about something else */
  hear(message) {
    const asked = this.open.get(message.request);
    switch (message.type) {
      case 'found':
      case 'progress':
      case 'volume':
        asked?.hear?.(message);
        return true;
      case 'done':
        this.open.delete(message.request);
        asked?.resolve(asked.hear ? message : joined(asked.parts, message));
        return true;
      case 'files':
        this.open.delete(message.request);
        asked?.resolve({ files: message.files, more: message.more === true });
        return true;
      case 'time':
        this.open.delete(message.request);
        asked?.resolve(message);
        return true;
      case 'error':
        this.open.delete(message.request);
        asked?.reject(Object.assign(new Error(message.text || message.id), { id: message.id, why: message.why }));
        return asked !== undefined;
      default: return false;
    }
  }

  /** The connection is lost, so no answers will come. */
  forget() {
    for (const asked of this.open.values()) asked.reject(Object.assign(new Error('connection lost'), { why: { code: 'connection-lost' } }));
    this.open.clear();
  }
}

/** @param {{header: any, bytes: Uint8Array}[]} parts @param {any} done @returns {Range} */
function joined(parts, done) {
  const length = parts.reduce((sum, part) => sum + part.bytes.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part.bytes, at);
    at += part.bytes.length;
  }
  const start = parts.length ? parts[0].header.start : done.start;
  return { file: done.file ?? parts[0]?.header.file, start: start ?? 0, end: (start ?? 0) + length, bytes, hidden: parts.flatMap((part) => hiddenIn(part.header)) };
}
