/** Creates elements. Text always goes in as text. */

/**
 * @param {string} tag with classes: "div.lt-row.lt-sel"
 * @param {Record<string, any>} [attributes] a function is an event listener; null and false leave an attribute out
 * @param {...(Node|string|null|undefined)} children
 */
export function el(tag, attributes, ...children) {
  const [name, ...classes] = tag.split('.');
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') made.addEventListener(key, value);
    else made.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

/** Changes text only if it differs, so that a live region doesn't speak twice. @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
