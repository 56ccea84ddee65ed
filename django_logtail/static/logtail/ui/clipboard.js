/** Copies text to the clipboard, and confirms it. */

import { words } from './config.js';
import { el } from './dom.js';
import { reshape } from './icons.js';

/** Milliseconds for which a button shows that it is done. */
const DONE_MS = 1_200;

/**
 * @param {HTMLElement} host
 * @param {string} text
 * @param {(words: string) => void} say
 * @param {Element|null} [button] that was pressed
 * @param {'copy'|'link'} [what] the button's icon
 */
export async function copy(host, text, say, button = null, what = 'copy') {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Not available over plain HTTP, where the older way works, after a click.
    if (!copyBySelection(host, text)) return;
  }
  say(words.say(what === 'link' ? 'row.linked' : 'row.copied'));
  if (!button) return;
  reshape(button, 'check');
  setTimeout(() => reshape(button, what), DONE_MS);
}

/** @param {HTMLElement} host @param {string} text */
function copyBySelection(host, text) {
  const focused = /** @type {HTMLElement|null} */ (document.activeElement);
  const field = /** @type {HTMLTextAreaElement} */ (el('textarea.lt-sr', { 'aria-hidden': 'true', tabindex: '-1' }));
  field.value = text;
  host.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  focused?.focus({ preventScroll: true });
  return done;
}
