/** Shows a label and its key next to a button under the pointer. */

import { el } from './dom.js';

const WAIT_MS = 450;

/** @param {Document} root */
export function watchTips(root) {
  const tip = el('div.lt-tip', { 'aria-hidden': 'true', hidden: true });
  root.body.append(tip);
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const show = (/** @type {Element|null} */ button) => {
    clearTimeout(timer);
    tip.hidden = true;
    const label = button?.getAttribute('aria-label');
    if (!button || !label) return;
    timer = setTimeout(() => {
      const keys = button.getAttribute('data-keys');
      tip.replaceChildren(el('span', {}, label), ...(keys ? [el('kbd', {}, keys)] : []));
      tip.hidden = false;
      const at = button.getBoundingClientRect();
      tip.style.left = `${Math.max(6, Math.min(innerWidth - tip.offsetWidth - 6, at.left + at.width / 2 - tip.offsetWidth / 2))}px`;
      tip.style.top = `${at.bottom + 8 > innerHeight - 30 ? at.top - 32 : at.bottom + 8}px`;
    }, WAIT_MS);
  };
  root.addEventListener('pointerover', (event) => { if (event.pointerType === 'mouse') show(/** @type {Element} */ (event.target).closest?.('button[aria-label]')); });
  root.addEventListener('focusin', (event) => { if (/** @type {Element} */ (event.target).matches?.('button:focus-visible')) show(/** @type {Element} */ (event.target)); });
  root.addEventListener('focusout', () => show(null));
  root.addEventListener('pointerdown', () => show(null));
}
