/** Finds the offset in a line's text of a point in its row, for selections. */

import { pieceOf } from './formatted.js';

/** @param {HTMLElement} row @param {Node} node @param {number} offset */
export function offsetIn(row, node, offset) {
  if (!row.classList.contains('lt-shaped')) return countTo(row, node, offset);
  const part = partAt(row, node, offset);
  if (!part) return 0;
  const piece = pieceOf.get(part);
  if (!piece?.at) return part.previousElementSibling?.classList.contains('lt-gut') ? 0 : 1;
  const [from, to] = piece.at;
  const before = part.contains(node) ? countTo(part, node, offset) - (piece.isQuoted ? 1 : 0) : 0;
  // No part of the line precedes the point: it is the beginning of the line.
  if (before <= 0 && part.previousElementSibling?.classList.contains('lt-gut')) return 0;
  if (before <= 0) return from;
  return to - from === piece.text.length ? Math.min(to, from + before) : to;
}

/** The part of a formatted line that a point is in; for a key and the space before it, that of their value. A selection within one part copies just its text. @param {HTMLElement} row @param {Node} node @param {number} offset @returns {Element|null} */
export function partAt(row, node, offset) {
  if (!row.classList.contains('lt-shaped')) return null;
  /** @type {Node|null} */
  let part = node === row ? row.childNodes[Math.min(offset, row.childNodes.length - 1)] ?? null : node;
  while (part && part.parentNode !== row) part = part.parentNode;
  while (part && (!(part instanceof Element) || part.classList.contains('lt-key'))) part = part.nextSibling;
  return /** @type {Element|null} */ (part);
}

/** Characters before a point. @param {Element} row @param {Node} node @param {number} offset */
function countTo(row, node, offset) {
  let count = 0;
  const walk = (/** @type {Node} */ at) => {
    if (at === node) {
      if (at.nodeType === Node.TEXT_NODE) {
        count += at.parentElement?.hasAttribute('data-char') ? (offset > 0 ? 1 : 0) : offset;
        return true;
      }
      for (let i = 0; i < offset && i < at.childNodes.length; i++) add(at.childNodes[i]);
      return true;
    }
    if (at.nodeType === Node.TEXT_NODE) {
      add(at);
      return false;
    }
    if (isIgnored(at)) return at.contains(node);
    for (const child of at.childNodes) if (walk(child)) return true;
    return false;
  };
  const add = (/** @type {Node} */ part) => {
    if (isIgnored(part)) return;
    if (part instanceof Text) {
      if (part.parentElement?.hasAttribute('data-char')) count += 1;
      else if (part.data !== '\u200b') count += part.data.length;
    } else for (const child of part.childNodes) add(child);
  };
  walk(row);
  return count;
}

/** @param {Node} node */
function isIgnored(node) {
  return node.nodeType === Node.ELEMENT_NODE && /lt-extra|lt-fields|lt-gut|lt-unfold/.test(/** @type {Element} */ (node).className);
}
