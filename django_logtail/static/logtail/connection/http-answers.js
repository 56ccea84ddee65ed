/** What the server answers over plain HTTP: a refusal, and the messages that a socket would bring. Knows no DOM. */

/** @typedef {import('./session.js').Phase} Phase */

/** Asking again would not help. */
export class Refused extends Error {
  /** @param {Phase} phase what it means for the viewing @param {Record<string, any>} details */
  constructor(phase, details) {
    super(phase);
    this.phase = phase;
    this.details = details;
  }
}

/** What an answer that is none means: for good (`Refused`), or worth a retry. @param {Response} response @returns {Promise<Error>} */
export async function refusalOf(response) {
  const body = await response.json().catch(() => null);
  if (response.type === 'opaqueredirect' || response.status === 401) return new Refused('signedout', body ?? {});
  // A 403 without our JSON is the host's: most often a CSRF cookie newer than this page.
  if (response.status === 403) return new Refused(body ? 'denied' : 'outdated', body ?? {});
  if (response.status === 404) return new Refused(body ? 'gone' : 'failed', body ?? { status: 404 });
  if (response.status === 429) return new Refused('limit', body ?? {});
  if (response.status >= 500) return new Error(`status ${response.status}`);
  return new Refused('failed', { status: response.status, ...body });
}

/**
 * The messages of an answer: each a line of JSON, a batch's followed by its bytes.
 *
 * @param {Uint8Array} bytes
 * @returns {Generator<{header: any, bytes: Uint8Array}>}
 */
export function* messagesOf(bytes) {
  let at = 0;
  while (at < bytes.length) {
    const newline = bytes.indexOf(10, at);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(at, newline)));
    const end = newline + 1 + (header.type === 'batch' ? header.end - header.start : 0);
    yield { header, bytes: bytes.subarray(newline + 1, end) };
    at = end;
  }
}
