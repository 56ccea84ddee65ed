/** The line between two panes: people drag it, or move it with keys, and both panes adapt. */

import { words } from '../ui/config.js';
import { el } from '../ui/dom.js';

/** Pixels that a pane keeps. */
const LEAST = 200;
const STEP = 16;
const LONG_STEP = 96;

export class Divider {
  /**
   * @param {HTMLElement} before @param {HTMLElement} after the panes on its sides
   * @param {{begins(): void, moved(): void, evens(): void}} listener `begins`: set the width of each pane in pixels, as `flex-grow`; `evens`: make all panes equally wide
   */
  constructor(before, after, listener) {
    this.before = before;
    this.after = after;
    this.listener = listener;
    this.element = el('div.lt-divider', {
      role: 'separator', tabindex: '0', 'aria-orientation': 'vertical', 'aria-label': words.say('do.resize'), 'aria-valuemin': '0', 'aria-valuemax': '100',
      pointerdown: (/** @type {PointerEvent} */ event) => this.#drag(event), dblclick: () => listener.evens(), keydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
    });
    this.draw();
  }

  draw() {
    const before = this.before.offsetWidth;
    const share = Math.round(100 * before / Math.max(1, before + this.after.offsetWidth));
    this.element.setAttribute('aria-valuenow', String(share));
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (event.button) return;
    event.preventDefault();
    const { element } = this;
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    this.listener.begins();
    const from = event.clientX;
    const width = this.before.offsetWidth;
    const moves = (/** @type {PointerEvent} */ moved) => this.#size(width + (moved.clientX - from) * this.#side);
    element.classList.add('lt-dragged');
    element.addEventListener('pointermove', moves);
    element.addEventListener('lostpointercapture', () => {
      element.removeEventListener('pointermove', moves);
      element.classList.remove('lt-dragged');
    }, { once: true });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = (event.shiftKey ? LONG_STEP : STEP) * this.#side;
    const width = this.before.offsetWidth;
    const to = { ArrowLeft: width - step, ArrowRight: width + step, Home: 0, End: Infinity }[event.key];
    if (event.key === 'Enter') this.listener.evens();
    else if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    else {
      this.listener.begins();
      this.#size(to);
    }
    event.preventDefault();
  }

  /** 1 where what comes first is on the left. */
  get #side() { return getComputedStyle(this.element).direction === 'rtl' ? -1 : 1; }

  /** @param {number} width of the pane before it */
  #size(width) {
    const both = this.before.offsetWidth + this.after.offsetWidth;
    const least = Math.min(LEAST, both / 2);
    const wanted = Math.max(least, Math.min(both - least, width));
    this.before.style.flexGrow = String(wanted);
    this.after.style.flexGrow = String(both - wanted);
    this.draw();
    this.listener.moved();
  }
}
