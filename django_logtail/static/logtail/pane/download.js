/** What can be saved as a file: the whole log, from the server; and the lines that are here, without asking it. */

import { el } from '../ui/dom.js';
import { Store } from '../log/store.js';

/** The browser has begun to read it by then. */
const KEPT_MS = 10_000;

/** @typedef {import('../log-tail.js').LogTail} LogTail */

/** Where the whole file is to be had; '' where it is not. @param {LogTail} tail */
export function fileLink({ info, stream }) {
  return stream.phase === 'nosocket' && stream.details.certain ? '' : info?.download ?? '';
}

/** Saves lines that are here. @param {LogTail} tail @param {'loaded'|'filtered'} what */
export function saveLines({ chosen, info, rows, store }, what) {
  const { shown } = rows;
  const items = what === 'loaded' ? store.items.slice(store.first) : chosen.hides ? shown.items.slice(shown.first) : chosen.matches;
  const file = new Blob([Store.textOf(items)], { type: 'text/plain' });
  const link = /** @type {HTMLAnchorElement} */ (el('a', { download: info.name, href: URL.createObjectURL(file) }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
