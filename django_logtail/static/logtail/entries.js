/** Entries of several lines: the first one, and those that belong to it. Knows no DOM. */

import { plain } from './text.js?v=0.1.0';

/** Items looked at for the entry before; further away its time says nothing. */
const MOST_BACK = 200;
/** Characters of a line in which its time is written. */
const WITH_TIME = 60;

/** @typedef {import('./item.js').Item} Item */
/** @typedef {import('./store.js').Store} Store */

/** The first line of the entry an item belongs to. @param {Store} store @param {Item} item */
export function firstLineOf(store, item) {
  for (let i = store.indexOfSeq(item.seq); i >= 0; i--) {
    const at = store.at(i);
    if (at.kind !== 'line') break;
    if (!at.inner) return at;
  }
  return item;
}

/** The lines that belong to an entry's first one. @param {Store} store @param {Item} first */
export function innerLinesOf(store, first) {
  const found = [];
  for (let i = store.indexOfSeq(first.seq) + 1; i < store.length; i++) {
    const item = store.at(i);
    if (item.kind !== 'line' || !item.inner) break;
    found.push(item);
  }
  return found;
}

/** How the entry before begins, where its time is written; '' without one. @param {Store} store @param {Item} item */
export function writtenBefore(store, item) {
  const index = store.indexOfSeq(item.seq);
  for (let i = index - 1; i >= Math.max(0, index - MOST_BACK); i--) {
    const before = store.at(i);
    if (before.kind === 'line' && !before.inner) return plain(before.text).slice(0, WITH_TIME);
  }
  return '';
}
