/** Defines the element; import the class alone from `log-tail.js` to define it under another name. */

import { LogTail } from './log-tail.js';

if (!customElements.get('log-tail')) customElements.define('log-tail', LogTail);

// Scripts for later: from now on the browser has them, even after a newer release has replaced them.
const LATER = ['./find/match-worker.js', './vendor/re2js.js'];
addEventListener('load', () => { for (const name of LATER) void fetch(new URL(name, import.meta.url)).catch(() => {}); }, { once: true });

export { LogTail };
