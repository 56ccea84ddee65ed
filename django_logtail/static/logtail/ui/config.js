/** The page's configuration: texts, addresses, headers. Read once, from the page's own data. */

import { Words } from './format.js';
import { Settings } from './settings.js';

/** @returns {any} */
function read() {
  const element = document.getElementById('logtail-config');
  try { return JSON.parse(element?.textContent ?? '{}'); } catch { return {}; }
}

function storage() {
  try { return globalThis.localStorage; } catch { return null; }
}

const given = read();

export const config = {
  version: '0.1.0', language: 'en', texts: {}, plurals: [0], states: { log: {}, page: {} }, lines: 500, idle: 0, login: '', user: '', logs: [], patterns: [], groups: null, chosen: null, urls: {}, csrf: null, links: true, recorded: false, source: null, ids: [], ...given,
  /** @returns {Record<string, string>} */
  headers() {
    return given.csrf ? { [given.csrf.header]: given.csrf.token } : {};
  },
};
export const words = new Words(config.texts, config.language, config.plurals);
export const settings = new Settings(storage());
