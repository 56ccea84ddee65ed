/**
 * Searches of any log over HTTP, without a socket and a viewer's place for each. A few run at a time; the others wait
 * for their turn. Knows no DOM.
 */

/** Searches of this page at a time: by default a person may have four, and a browser has six connections to a server. */
const AT_A_TIME = 3;
/** Milliseconds until a search is asked for again that the server refused because too many are running. */
const AGAIN_MS = [1_000, 2_000, 4_000, 8_000];
/** Characters of one message. The server sends at most fifty excerpts in one. */
const MOST_CHARACTERS = 1_000_000;
const TOO_MANY = 'too-many-searches';

/** @typedef {import('./requests.js').Failure} Failure */
/** @typedef {(message: Record<string, any>) => void} Hear */
/** @typedef {{address: string, what: Record<string, any>, hear: Hear, resolve: (message: any) => void, reject: (error: Error) => void, abort: AbortController, isOver: boolean, tries: number}} Asked */
/** @typedef {{search(what: Record<string, any>, hear: Hear): {done: Promise<Record<string, any>>, cancel(): void}}} Searcher like a session */

export class Searches {
  /**
   * @param {{fetch: typeof fetch, headers(): Record<string, string>, setTimeout(run: () => void, ms: number): any}} surroundings
   */
  constructor({ fetch, headers, setTimeout }) {
    this.fetch = fetch;
    this.headers = headers;
    this.setTimeout = setTimeout;
    /** @type {Asked[]} */
    this.waiting = [];
    this.running = 0;
  }

  /** Searches one log as a session does. Besides the server's messages it hears `{waits}`: whether others must end first. @param {string} address @returns {Searcher} */
  of(address) {
    return { search: (what, hear) => this.#ask(address, what, hear) };
  }

  /** @param {string} address @param {Record<string, any>} what @param {Hear} hear */
  #ask(address, what, hear) {
    /** @type {Asked} */
    const asked = { address, what, hear, resolve() {}, reject() {}, abort: new AbortController(), isOver: false, tries: 0 };
    const done = new Promise((resolve, reject) => Object.assign(asked, { resolve, reject }));
    this.waiting.push(asked);
    queueMicrotask(() => {
      this.#begin();
      if (this.waiting.includes(asked)) hear({ waits: true });
    });
    return { done, cancel: () => this.#end(asked) };
  }

  #begin() {
    while (this.running < AT_A_TIME && this.waiting.length) {
      const asked = /** @type {Asked} */ (this.waiting.shift());
      this.running++;
      asked.hear({ waits: false });
      void this.#run(asked);
    }
  }

  /** Nobody wants it any more, or it has come to its end. @param {Asked} asked */
  #end(asked) {
    if (asked.isOver) return;
    asked.isOver = true;
    asked.abort.abort();
    const at = this.waiting.indexOf(asked);
    if (at >= 0) this.waiting.splice(at, 1);
    else {
      this.running--;
      this.#begin();
    }
  }

  /** @param {Asked} asked */
  async #run(asked) {
    try {
      const answer = await this.#answer(asked);
      if (!asked.isOver) asked.resolve(answer);
    } catch (error) {
      if (asked.isOver) return;
      const failure = /** @type {Failure} */ (error);
      if (failure.id === TOO_MANY) return this.#again(asked, failure);
      asked.reject(failure);
    }
    return this.#end(asked);
  }

  /** Keeps the turn meanwhile: another search would be refused as well. @param {Asked} asked @param {Failure} failure */
  #again(asked, failure) {
    asked.hear({ waits: true, reason: failure.message, why: failure.why });
    this.setTimeout(() => {
      if (asked.isOver) return;
      asked.hear({ waits: false });
      void this.#run(asked);
    }, AGAIN_MS[Math.min(asked.tries++, AGAIN_MS.length - 1)]);
  }

  /** The last message; the others are heard. Throws a `Failure`. @param {Asked} asked */
  async #answer({ address, what, hear, abort }) {
    /** @type {Response} */
    let response;
    try {
      response = await this.fetch(address, {
        method: 'POST', credentials: 'same-origin', redirect: 'manual', signal: abort.signal, body: JSON.stringify(what),
        headers: { ...this.headers(), 'Content-Type': 'application/json', Accept: 'application/x-ndjson' },
      });
    } catch { throw lost(); }
    if (!response.ok || !response.body) throw await refusalIn(response);
    for await (const message of messagesIn(response.body)) {
      if (abort.signal.aborted) throw lost();
      switch (message.type) {
        case 'found':
        case 'progress':
          hear(message);
          break;
        case 'done': return message;
        case 'error': throw failed(message.text, message.id, message.why);
        case 'end': throw failed(message.text, message.reason, message.why);
        default:
      }
    }
    throw lost();
  }
}

/** @param {string} text @param {string} [id] @param {Record<string, any>} [why] @returns {Failure} */
const failed = (text, id, why) => Object.assign(new Error(text), { id, why });

const garbled = () => failed('a message that this page does not understand', 'garbled', { code: 'not-understood' });

const lost = () => failed('connection lost', 'connection-lost', { code: 'connection-lost' });

/** @param {Response} response @returns {Promise<Failure>} */
async function refusalIn(response) {
  const body = await response.json().catch(() => null);
  if (response.type === 'opaqueredirect' || response.status === 401) return failed('signed out', 'signed-out');
  if (response.status === 404) return failed('no such log', 'no-such-log');
  // A 403 without our JSON comes from the host: most often because of a CSRF cookie newer than this page.
  if (response.status === 403 && !body) return failed('the page is outdated', 'outdated', { code: 'page-outdated' });
  const text = body?.text ?? body?.cause;
  const id = typeof body?.error === 'string' ? body.error : 'failed';
  return typeof text === 'string' ? failed(text, id) : failed(`status ${response.status}`, id, { code: 'status', status: response.status });
}

/** The messages in a body, as they come. Throws a `Failure` when it breaks off, or holds something else. @param {ReadableStream<Uint8Array>} body */
async function* messagesIn(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => { throw lost(); });
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = /** @type {string} */ (lines.pop());
      if (rest.length > MOST_CHARACTERS) throw garbled();
      for (const line of lines) yield messageIn(line);
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** @param {string} line @returns {Record<string, any>} */
function messageIn(line) {
  /** @type {any} */
  let message = null;
  try { message = JSON.parse(line); } catch { /* it is none */ }
  if (!isMessage(message)) throw garbled();
  return message;
}

const LEVELS = ['E', 'W', 'I', 'D', 'O'];
const isCount = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (/** @type {unknown} */ value) => typeof value === 'string';
const isUnread = (/** @type {any} */ value) => value === undefined || (Array.isArray(value) && value.every((one) => isText(one?.name) && isText(one.reason)));
const isHit = (/** @type {any} */ hit) => isCount(hit?.start) && isCount(hit.end) && Array.isArray(hit.parts) && hit.parts.every(isText)
  && (hit.level === undefined || LEVELS.includes(hit.level)) && (hit.ms === undefined || Number.isSafeInteger(hit.ms));

/** @param {any} message */
function isMessage(message) {
  switch (message?.type) {
    case 'found': return isText(message.file) && isText(message.name) && Array.isArray(message.hits) && message.hits.every(isHit);
    case 'progress':
    case 'done': return isCount(message.at) && isCount(message.end) && (message.count === undefined || isCount(message.count)) && isUnread(message.unread);
    case 'error': return isText(message.text);
    case 'end': return isText(message.text) && isText(message.reason);
    default: return isText(message?.type);
  }
}
