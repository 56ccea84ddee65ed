/** Where in a line's text a point of its row is, for a selection. */

/** @param {HTMLElement} row @param {Node} node @param {number} offset */
export function offsetIn(row, node, offset) {
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
