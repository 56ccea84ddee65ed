/** Texts, numbers, sizes and times as the page shows them, in its language. Knows no DOM. */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

export class Words {
  /**
   * @param {Record<string, string|string[]>} texts a plural has one form for each of `samples`
   * @param {string} language
   * @param {number[]} samples a number for each plural form of the language
   */
  constructor(texts, language, samples = [0]) {
    this.texts = texts;
    this.language = language;
    this.rules = new Intl.PluralRules(language);
    this.forms = samples.map((n) => this.rules.select(n));
    this.numbers = new Intl.NumberFormat(language);
    this.percents = new Intl.NumberFormat(language, { style: 'percent' });
    this.times = new Intl.RelativeTimeFormat(language);
    this.days = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  }

  /** A text with its values: numbers in the language's form; `n` selects the plural. @param {string} key @param {Record<string, string|number>} [values] */
  say = (key, values) => {
    const found = this.texts[key] ?? key;
    const text = Array.isArray(found) ? found[this.#form(Number(values?.n), found.length)] : found;
    if (!values) return text;
    const shown = (/** @type {string|number} */ value) => (typeof value === 'number' ? this.number(value) : value);
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));
  };

  /**
   * A reason in words. The server's sentence is in English, and is shown only if this page doesn't know the code.
   *
   * @param {Record<string, any>|undefined|null} why the code and its details @param {string} [sentence]
   */
  reason = (why, sentence = '') => {
    for (const key of [`reason.${why?.code}.full`, `reason.${why?.code}`]) {
      const text = this.texts[key];
      const names = typeof text === 'string' ? text.match(/\{\w+\}/g) ?? [] : null;
      if (names?.every((name) => name.slice(1, -1) in (why ?? {}))) return this.say(key, { ...why, ...(why?.since ? { since: clock(why.since * 1000) } : {}) });
    }
    return sentence.replace(/[.。]$/, '');
  };

  /** Why a request failed. @param {{message: string, why?: Record<string, any>}} error as `Requests` rejects with */
  failure = (error) => this.reason(error.why, error.message);

  /** The name of a format; that of a program is the same in every language. @param {string} name */
  format = (name) => /** @type {string} */ (this.texts[`format.${name}`] ?? name);

  /** The index of the plural form; the last one if no sample has the number's form. @param {number} n @param {number} count */
  #form(n, count) {
    const form = this.forms.indexOf(this.rules.select(n));
    return form < 0 ? count - 1 : form;
  }

  /** @param {number} n */
  number = (n) => this.numbers.format(n);

  /** @param {number} n from 0 to 100 */
  percent = (n) => this.percents.format(n / 100);

  /** A size in units of a thousand, with one decimal below a hundred. @param {number} bytes */
  size = (bytes) => {
    let unit = 0;
    while (bytes >= 1000 && unit < UNITS.length - 1) {
      bytes /= 1000;
      unit++;
    }
    const digits = unit && bytes < 100 ? 1 : 0;
    const parts = new Intl.NumberFormat(this.language, { style: 'unit', unit: UNITS[unit], unitDisplay: 'narrow', minimumFractionDigits: digits, maximumFractionDigits: digits }).formatToParts(bytes);
    const symbol = parts.find((part) => part.type === 'unit')?.value ?? '';
    return `${parts.filter((part) => part.type !== 'unit' && part.type !== 'literal').map((part) => part.value).join('')} ${symbol}`;
  };

  /** @param {string} day 2026-08-24 */
  day = (day) => {
    const at = Date.parse(`${day}T00:00:00Z`);
    return Number.isNaN(at) ? day : this.days.format(at);
  };

  /** How long ago, in words. @param {number} seconds */
  ago = (seconds) => {
    if (seconds < 60) return this.times.format(-Math.max(1, Math.round(seconds)), 'second');
    if (seconds < 3600) return this.times.format(-Math.round(seconds / 60), 'minute');
    if (seconds < 86400) return this.times.format(-Math.round(seconds / 3600), 'hour');
    return this.times.format(-Math.round(seconds / 86400), 'day');
  };
}

/** A moment as clock time. @param {number} milliseconds */
export function clock(milliseconds) {
  const at = new Date(milliseconds);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
