/** Responses over plain HTTP: refusals, and the messages that a socket would bring. Knows no DOM. */

/** @typedef {import('./session.js').Phase} Phase */

/** A refusal that a retry would not change. */
export class Refused extends Error {
  /** @param {Phase} phase of the session that results @param {Record<string, any>} details */
  constructor(phase, details) {
    super(phase);
    this.phase = phase;
    this.details = details;
  }
}

/** The error for a failed response: final (`Refused`), or worth a retry. @param {Response} response @returns {Promise<Error>} */
export async function refusalOf(response) {
  const body = await response.json().catch(() => null);
  if (response.type === 'opaqueredirect' || response.status === 401) return new Refused('signedout', body ?? {});
  // A 403 without our JSON comes from the host: most often because of a CSRF cookie newer than this page.
  if (response.status === 403) return new Refused(body ? 'denied' : 'outdated', body ?? {});
  if (response.status === 404) return new Refused(body ? 'gone' : 'failed', body ?? { status: 404 });
  if (response.status === 429) return new Refused('limit', body ?? {});
  if (response.status >= 500) return new Error(`status ${response.status}`);
  return new Refused('failed', { status: response.status, ...body });
}

/**
 * The messages in a response: each is a line of JSON; a batch's bytes follow it.
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
