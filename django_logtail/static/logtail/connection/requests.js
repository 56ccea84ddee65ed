/** Requests to the server besides the stream, and their answers: bytes for `range`, hits for `search`. Knows no DOM. */

/** @typedef {{file: string, start: number, end: number, bytes: Uint8Array}} Range */
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
  range(what) {
    const request = this.next++;
    return new Promise((resolve, reject) => {
      this.open.set(request, { parts: [], resolve, reject });
      this.send({ type: 'range', request, ...what });
    });
  }

  /**
   * @param {{file: string, start?: number, pattern?: string, regex?: boolean, case?: boolean, terms?: object[], levels?: string}} what
   * @param {(message: Record<string, any>) => void} hear
   * @returns {{done: Promise<Record<string, any>>, cancel(): void}}
   */
  search(what, hear) {
    const request = this.next++;
    const done = new Promise((resolve, reject) => {
      this.open.set(request, { hear, resolve, reject });
      this.send({ type: 'search', request, ...what });
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
        asked?.hear?.(message);
        return true;
      case 'done':
        this.open.delete(message.request);
        asked?.resolve(asked.hear ? message : joined(asked.parts, message));
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
  return { file: done.file ?? parts[0]?.header.file, start: start ?? 0, end: (start ?? 0) + length, bytes };
}
