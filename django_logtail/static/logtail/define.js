/** Defines the element; import the class alone from `log-tail.js` to define it under another name. */

import { LogTail } from './log-tail.js';

if (!customElements.get('log-tail')) customElements.define('log-tail', LogTail);

// The one script that comes later: from now on the browser has it, also when a newer release has taken its place.
addEventListener('load', () => void fetch(new URL('./find/match-worker.js', import.meta.url)).catch(() => {}), { once: true });

export { LogTail };
