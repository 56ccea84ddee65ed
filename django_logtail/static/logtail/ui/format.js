/** Words, numbers, sizes and times as the page writes them. Knows no DOM. */

export class Words {
  /** @param {Record<string, string>} texts @param {string} language */
  constructor(texts, language) {
    this.texts = texts;
    this.numbers = new Intl.NumberFormat(language);
    this.days = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  }

  /** @param {string} key @param {Record<string, string|number>} [values] */
  say = (key, values) => {
    const text = this.texts[key] ?? key;
    return values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : text;
  };

  /** With a form of its own for one. @param {string} key @param {number} n @param {Record<string, string|number>} [values] */
  many = (key, n, values) => this.say(n === 1 && `${key}.one` in this.texts ? `${key}.one` : key, { n: this.number(n), ...values });

  /** @param {number} n */
  number = (n) => this.numbers.format(n);

  /** @param {string} day 2026-08-24 */
  day = (day) => {
    const at = Date.parse(`${day}T00:00:00Z`);
    return Number.isNaN(at) ? day : this.days.format(at);
  };

  /** How long ago. @param {number} seconds */
  ago = (seconds) => {
    if (seconds < 60) return this.say('unit.ago.s', { n: Math.max(1, Math.round(seconds)) });
    if (seconds < 3600) return this.say('unit.ago.min', { n: Math.round(seconds / 60) });
    if (seconds < 86400) return this.say('unit.ago.h', { n: Math.round(seconds / 3600) });
    return this.say('unit.ago.d', { n: Math.round(seconds / 86400) });
  };
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

/** A moment as the clock on the wall of the reader of the page. @param {number} milliseconds */
export function clock(milliseconds) {
  const at = new Date(milliseconds);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
