/** Text to the clipboard, and saying so. */

import { words } from './config.js';
import { el } from './dom.js';
import { reshape } from './icons.js';

/** For how long a button shows that it was done. */
const DONE_MS = 1_200;

/**
 * @param {HTMLElement} host
 * @param {string} text
 * @param {(words: string) => void} say
 * @param {Element|null} [button] that asked for it
 * @param {'copy'|'link'} [what] as its icon
 */
export async function copy(host, text, say, button = null, what = 'copy') {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Over plain HTTP there is no such thing; the older way works there, after a click.
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
