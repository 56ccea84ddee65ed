/** The older files of a log, below it in the list: how many there are, and each of them once they are opened. */

import { words } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

/** @typedef {import('../connection/requests.js').LogFile} LogFile */
/** @typedef {import('./list.js').Log} Log */

export class Older {
  /** @param {Log} log @param {{openFile(log: Log, file: string): void, askForFiles(log: Log): void}} actions */
  constructor(log, actions) {
    this.log = log;
    this.actions = actions;
    this.isOpen = false;
    /** What is drawn: elements that are replaced under the pointer lose the click. */
    this.drawn = '';
    this.element = el('div', { hidden: true });
  }

  /** @param {LogFile[]} files oldest first, the current one last @param {boolean} more whether there are still older ones */
  show(files, more) {
    this.files = files.slice(0, -1).reverse();
    this.more = more;
    const drawn = JSON.stringify([this.files, more]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.#draw();
  }

  #draw() {
    const { element, files = [] } = this;
    element.hidden = files.length === 0;
    if (element.hidden) return element.replaceChildren();
    const hadFocus = element.contains(document.activeElement);
    const n = this.more ? `${words.number(files.length)}+` : files.length;
    const toggle = el('button.lt-log.lt-older', { type: 'button', 'aria-expanded': String(this.isOpen), click: () => {
      this.isOpen = !this.isOpen;
      // There may have been a rotation since.
      if (this.isOpen) this.actions.askForFiles(this.log);
      this.#draw();
    } }, icon('chevron'), el('span.lt-log-name', {}, words.say('nav.older', { n })));
    element.replaceChildren(toggle, ...(this.isOpen ? files.map((file) => this.#row(file)) : []));
    if (hadFocus) toggle.focus();
    return undefined;
  }

  /** @param {LogFile} file */
  #row({ file, name, size, stored, compression, why, reason }) {
    const label = [el('span.lt-log-name', {}, name), el('span.lt-log-size', {}, words.size(compression ? stored : size ?? stored))];
    const title = file ? name : words.reason(why, reason) || name;
    if (!file) return el('span.lt-log.lt-older.lt-file', { title, 'aria-disabled': 'true' }, ...label);
    return el('a.lt-log.lt-older.lt-file', { title, href: `${this.log.page}#file=${encodeURIComponent(file)}&at=0`, click: (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.actions.openFile(this.log, file);
    } }, ...label);
  }
}
