/** A menu at what it is for, anywhere on the page; on phones at the lower edge. */

const PHONE = '(max-width: 640px)';

/**
 * Shows a menu; it goes by itself when the viewer turns elsewhere, and the focus comes back to where it was.
 *
 * @param {HTMLElement} host @param {HTMLElement} near what it is for @param {HTMLElement} pop
 */
export function popUp(host, near, pop) {
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  pop.popover = 'auto';
  near.dataset.on = '';
  pop.addEventListener('toggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === 'open') return;
    delete near.dataset.on;
    const hadFocus = pop.contains(document.activeElement) || document.activeElement === document.body;
    pop.remove();
    if (hadFocus) (near.isConnected && near.tabIndex >= 0 ? near : before)?.focus?.({ preventScroll: true });
  });
  host.append(pop);
  pop.showPopover();
  place(pop, near.getClientRects()[0] ?? near.getBoundingClientRect());
  pop.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') event.stopPropagation();
    if (!['ArrowDown', 'ArrowUp'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const items = /** @type {HTMLElement[]} */ ([...pop.querySelectorAll('.lt-item:not(:disabled, [hidden])')]);
    const next = items.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + (event.key === 'ArrowDown' ? 1 : -1);
    items[(next + items.length) % items.length].focus();
  });
  /** @type {HTMLElement|null} */ (pop.querySelector('.lt-item'))?.focus();
}

/** @param {HTMLElement} pop @param {DOMRect} at */
function place(pop, at) {
  const { style } = pop;
  if (matchMedia(PHONE).matches) {
    style.inset = 'auto 8px 8px 8px';
    return;
  }
  const below = at.bottom + 6;
  style.top = `${below + pop.offsetHeight > innerHeight - 8 ? Math.max(8, at.top - pop.offsetHeight - 6) : below}px`;
  style.left = `${Math.max(8, Math.min(innerWidth - pop.offsetWidth - 8, at.left))}px`;
}
