/** What the page remembers, for each log and for the viewer. Knows no DOM; works without storage if that fails. */

const PREFIX = 'logtail:';

/** @typedef {{size: 's'|'m'|'l', theme: 'auto'|'light'|'dark', keys: boolean, colours: boolean, announce: boolean, side: boolean, links: boolean, mine: boolean}} GeneralSettings `mine`: frames of libraries are folded */
/** @typedef {{wrap: boolean|null, time: 'compact'|'raw'|'relative'|'age'|'hidden', zone: 'written'|'mine'|'utc', off: string[], format: string, raw: boolean, volume: boolean, span: string, columns: {name: string, width: number}[], recent: string[]}} LogSettings `format`: chosen by the viewer; empty: the one that is given or detected; `raw`: lines as they were written, and not as their fields; `zone`: that times are drawn in; `volume`: whether the strip of entries over time is shown; `span`: of what time; empty: of one with the loaded lines; `recent`: what was sought last, as `find/recent.js` writes it */

/** @type {GeneralSettings} */
const GENERAL = { size: 'm', theme: 'auto', keys: true, colours: true, announce: false, side: true, links: true, mine: true };
/** @type {LogSettings} */
const LOG = { wrap: null, time: 'compact', zone: 'written', off: [], format: '', raw: false, volume: false, span: '', columns: [], recent: [] };

export class Settings {
  /** @param {Pick<Storage, 'getItem'|'setItem'>|null} storage */
  constructor(storage) {
    this.storage = storage;
    /** @type {GeneralSettings} */
    this.general = { ...GENERAL, ...this.#read('reader') };
  }

  /** @param {string} slug @returns {LogSettings} */
  log(slug) { return { ...LOG, ...this.#read(`log:${slug}`) }; }

  /** @param {string} slug @param {Partial<LogSettings>} change */
  saveLog(slug, change) { this.#write(`log:${slug}`, { ...this.log(slug), ...change }); }

  /** @param {Partial<GeneralSettings>} change */
  saveGeneral(change) {
    Object.assign(this.general, change);
    this.#write('reader', this.general);
  }

  /** @param {string} key @returns {object} */
  #read(key) {
    try {
      const value = JSON.parse(this.storage?.getItem(PREFIX + key) ?? '{}');
      return value && typeof value === 'object' ? value : {};
    } catch {
      return {};
    }
  }

  /** @param {string} key @param {object} value */
  #write(key, value) {
    try { this.storage?.setItem(PREFIX + key, JSON.stringify(value)); } catch { /* full, or forbidden: nothing is remembered */ }
  }
}
