/** The browser's tab: its title and icon show the log's state while the page is hidden. */

import { words } from '../ui/config.js';

/** The icon of each state that has one; other states have the plain icon. */
const ICONS = { paused: 'icon-paused', offline: 'icon-offline', stopped: 'icon-stopped' };
const ERRORS = 'icon-errors';
/** A host's page may have an icon of its own. */
const OURS = /\/icon(?:-[a-z]+)?\.svg$/;
/** A title has little room, and larger counts say no more. */
const MOST_ERRORS = 999;

export class Tab {
  /** @param {Document} document */
  constructor(document) {
    this.document = document;
    this.icon = /** @type {HTMLLinkElement|null} */ (document.querySelector('link[rel="icon"]'));
  }

  /** @param {{name: string, state: string, errors: number}} log the one that is used; `errors`: new ones in all panes */
  draw({ name, state, errors }) {
    const parts = [name, words.say('app.title')];
    if (state in ICONS) parts.unshift(words.say(`state.${state}`));
    const count = errors ? `(${errors > MOST_ERRORS ? `${MOST_ERRORS}+` : errors}) ` : '';
    const title = count + parts.filter(Boolean).join(' · ');
    if (this.document.title !== title) this.document.title = title;
    this.#show(errors ? ERRORS : ICONS[/** @type {keyof typeof ICONS} */ (state)] ?? 'icon');
  }

  /** @param {string} shape */
  #show(shape) {
    const { icon } = this;
    const href = icon?.getAttribute('href') ?? '';
    const wanted = href.replace(OURS, `/${shape}.svg`);
    if (icon && wanted !== href) icon.setAttribute('href', wanted);
  }
}
