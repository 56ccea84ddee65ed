/** The logs that a person picks to be searched together. Knows no DOM. */

import { MOST_CHOSEN } from '../log/view.js';

/** @typedef {import('./where.js').LogHere} LogHere */

/** Which of the logs that are here are picked; others don't count. @param {LogHere[]} logs @param {string[]} slugs */
export const chosenOf = (logs, slugs) => logs.filter((log) => log.search && slugs.includes(log.slug)).slice(0, MOST_CHOSEN);

export class Choice {
  /** @param {LogHere[]} logs those that may be picked @param {string[]} slugs those that are */
  constructor(logs, slugs) {
    this.logs = logs.filter((log) => log.search);
    this.on = new Set(chosenOf(logs, slugs).map(({ slug }) => slug));
  }

  get isFull() { return this.on.size >= MOST_CHOSEN; }

  /** In the order of the list. */
  get slugs() { return this.logs.map(({ slug }) => slug).filter((slug) => this.on.has(slug)); }

  /** @param {string} slug @returns {boolean} whether it is picked now */
  toggle(slug) {
    if (!this.on.delete(slug) && !this.isFull) this.on.add(slug);
    return this.on.has(slug);
  }

  /** The logs whose name or group has this text. @param {string} text @returns {Set<string>} their slugs */
  named(text) {
    const sought = text.trim().toLowerCase();
    return new Set(this.logs.filter(({ name, group }) => `${name} ${group}`.toLowerCase().includes(sought)).map(({ slug }) => slug));
  }
}
