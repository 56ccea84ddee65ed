/**
 * Pressing links: a click opens one, and drawing along it selects its text like any other.
 *
 * Browsers do not start a selection inside a link. While the pointer is down, a link is plain text; before the click it is a link again.
 */

/** @param {HTMLElement} view @param {AbortSignal} signal */
export function selectsInLinks(view, signal) {
  /** @type {{link: Element, href: string}|null} */
  let pressed = null;
  const release = () => {
    pressed?.link.setAttribute('href', pressed.href);
    pressed = null;
  };
  view.addEventListener('pointerdown', (event) => {
    release();
    const link = /** @type {Element} */ (event.target).closest('a.lt-a');
    const href = link?.getAttribute('href');
    if (!link || !href || event.button !== 0 || event.pointerType !== 'mouse' || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    pressed = { link, href };
    link.removeAttribute('href');
  }, { signal });
  for (const type of ['pointerup', 'pointercancel', 'blur']) addEventListener(type, release, { signal, capture: true });
  view.addEventListener('click', (event) => {
    if (/** @type {Element} */ (event.target).closest('a.lt-a') && getSelection()?.isCollapsed === false) event.preventDefault();
  }, { signal });
}
