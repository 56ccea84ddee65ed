/** The log that is open: what is known of it, its lines, and what brings them. Knows no DOM. */

import { fragmentOf } from './link.js';
import { Store } from './store.js';

/** @typedef {{slug: string, name: string, folder?: string, path?: string, queue?: string, ticket: string, socket: string, lines?: string, download?: string, format?: string, size?: number|null, page?: string}} LogInfo */

/** Parts keep this and not what it holds, which is another store and session for each log. */
export class OpenLog {
  /** @param {import('../connection/stream.js').Stream} stream */
  constructor(stream) {
    this.stream = stream;
    /** Null while no log is chosen. @type {LogInfo|null} */
    this.info = null;
    this.store = new Store();
    /** @type {import('../connection/session.js').Session|null} */
    this.session = null;
  }

  get lines() { return this.store.lines; }

  /** How large the file is, as far as it is known. */
  get fileSize() { return this.stream.server?.size ?? this.info?.size ?? null; }

  /** The address of lines: of the log's own page, or of this one where that is not known. @param {import('./item.js').Item[]} items in order */
  linkTo(items) {
    const address = new URL(this.info?.page || location.href, location.href);
    address.hash = fragmentOf(items);
    return address.href;
  }
}
