/** Defines the element; import the class alone from `log-tail.js` to define it under another name. */

import { LogTail } from './log-tail.js';

if (!customElements.get('log-tail')) customElements.define('log-tail', LogTail);

export { LogTail };
