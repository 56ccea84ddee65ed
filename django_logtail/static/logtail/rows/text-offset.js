/** Where in a line's text a point of its row is, for a selection. */

import { pieceOf } from './formatted.js';

/** @param {HTMLElement} row @param {Node} node @param {number} offset */
export function offsetIn(row, node, offset) {
  if (!row.classList.contains('lt-shaped')) return countTo(row, node, offset);
  const part = partAt(row, node, offset);
  if (!part) return 0;
  const piece = pieceOf.get(part);
  if (!piece?.at) return part.previousElementSibling?.classList.contains('lt-gut') ? 0 : 1;
  const [from, to] = piece.at;
  const before = part.contains(node) ? countTo(part, node, offset) - piece.key.length - (piece.isQuoted ? 1 : 0) : 0;
  // Nothing of the line is before it: as good as the beginning of the line.
  if (before <= 0 && part.previousElementSibling?.classList.contains('lt-gut')) return 0;
  if (before <= 0) return from;
  return to - from === piece.text.length ? Math.min(to, from + before) : to;
}

/** The part of a line of fields that a point is in: within one, what was written can be copied by parts. @param {HTMLElement} row @param {Node} node @param {number} offset @returns {Element|null} */
export function partAt(row, node, offset) {
  if (!row.classList.contains('lt-shaped')) return null;
  if (node === row) return row.children[Math.min(offset, row.children.length - 1)] ?? null;
  let part = node instanceof Element ? node : node.parentElement;
  while (part && part.parentElement !== row) part = part.parentElement;
  return part;
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
