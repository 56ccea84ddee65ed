/** What can be saved as a file: the whole log, from the server; and the lines that are here, without asking it. */

import { el } from '../ui/dom.js';
import { Store } from '../log/store.js';

/** The browser has begun to read it by then. */
const KEPT_MS = 10_000;

/** @typedef {import('../log/open-log.js').OpenLog} OpenLog */

/** The address from which to download the whole file; '' if there is none. @param {OpenLog} log */
export function fileLink({ info, stream }) {
  return stream.phase === 'nosocket' && stream.details.certain ? '' : info?.download ?? '';
}

/**
 * Saves lines that are here.
 *
 * @param {{log: OpenLog, rows: import('../rows/rows.js').Rows, filtered: import('../find/filtered.js').Filtered}} parts
 * @param {'loaded'|'filtered'} what
 */
export function saveLines({ log, rows, filtered }, what) {
  const { info, store } = log;
  const { shown } = rows;
  const items = what === 'loaded' ? store.items.slice(store.first) : filtered.hides ? shown.items.slice(shown.first) : filtered.matches;
  const file = new Blob([Store.textOf(items)], { type: 'text/plain' });
  const link = /** @type {HTMLAnchorElement} */ (el('a', { download: info.name, href: URL.createObjectURL(file) }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
