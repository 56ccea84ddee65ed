/** The log that is open: its description, its lines, and the connection they come from. Knows no DOM. */

import { fragmentOf } from './link.js';
import { Store } from './store.js';

/** @typedef {{slug: string, name: string, folder?: string, path?: string, queue?: string, ticket: string, socket: string, lines?: string, download?: string, hits?: string, search?: string, format?: string, size?: number|null, page?: string}} LogInfo */

/** Parts keep this object and not its contents, because each log gets another store and session. */
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

  /** The size of the file, if known. */
  get fileSize() { return this.stream.server?.size ?? this.info?.size ?? null; }

  /** The address of lines: of the log's own page, or of this one where that is not known. @param {import('./item.js').Item[]} items in order */
  linkTo(items) {
    const address = new URL(this.info?.page || location.href, location.href);
    address.hash = fragmentOf(items);
    return address.href;
  }
}
