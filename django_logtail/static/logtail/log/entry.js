/** Entries of several lines: the first one, and those that belong to it. Knows no DOM. */

import { Frames } from '../formats/frames.js';
import { headOf } from '../formats/heads.js';

/** Items to search for the previous entry; further away, its time says nothing. */
const MOST_BACK = 200;

/** @typedef {import('./item.js').Item} Item */
/** @typedef {import('./store.js').Store} Store */

/** The first line of the entry an item belongs to; the item itself if that line is no longer here. @param {Store} store @param {Item} item */
export function firstLineOf(store, item) {
  for (let i = store.indexOfSeq(item.seq); i >= 0; i--) {
    const at = store.at(i);
    if (at?.kind !== 'line') break;
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

/** Names of libraries that a folded row has at most. */
const MOST_NAMES = 3;

/**
 * The frames of libraries that begin with a line: how many, of which libraries, and their lines.
 *
 * @param {Store} store @param {Item} first
 */
export function blockOf(store, first) {
  const lines = [];
  for (let i = store.indexOfSeq(first.seq); i < store.length && store.at(i).block === first; i++) lines.push(store.at(i));
  const texts = lines.map((line) => line.plain);
  const frames = new Frames();
  /** @type {Set<string>} */
  const names = new Set();
  let count = 0;
  texts.forEach((text, i) => {
    const { library, isFrame } = frames.read(text, texts[i + 1] ?? null);
    if (isFrame) count++;
    if (library) names.add(library);
  });
  const named = [...names].slice(0, MOST_NAMES).join(', ');
  return { lines, count, names: names.size > MOST_NAMES ? `${named} …` : named };
}

/** The time of the entry before, as it was written; '' without one. @param {Store} store @param {Item} item */
export function writtenBefore(store, item) {
  const index = store.indexOfSeq(item.seq);
  for (let i = index - 1; i >= Math.max(0, index - MOST_BACK); i--) {
    const before = store.at(i);
    if (before.kind !== 'line' || before.inner) continue;
    const head = headOf(before.plain, store.entries.formats) ?? headOf(before.plain);
    if (head?.written) return head.written;
  }
  return '';
}
