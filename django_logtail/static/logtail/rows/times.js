/**
 * What is drawn in place of a written time: its clock, the time since the line before, or its age, in the zone that the
 * viewer chose. Knows no DOM.
 */

import { briefClockOf, clockOf, momentOf, passed } from '../formats/moments.js';
import { ZoneClock } from '../formats/time-zone.js';
import { widthOf } from './column.js';

export const MODES = /** @type {const} */ (['compact', 'raw', 'relative', 'age', 'hidden']);
export const ZONES = /** @type {const} */ (['written', 'mine', 'utc']);

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** @type {[string, number][]} */
const UNITS = [['day', DAY], ['hour', HOUR], ['minute', MINUTE], ['second', SECOND]];
/** Columns of a difference and of an age. */
const DIFFERENCE_COLUMNS = 9;
const AGE_COLUMNS = 7;
/** Digits of a second in lines that are drawn as their fields. */
const FEW_DIGITS = 3;
const MANY_DIGITS = 6;

/** @typedef {typeof MODES[number]} Mode */
/** @typedef {typeof ZONES[number]} Zone `written`: as the log has it; `mine`: that of this device */

export class Times {
  /**
   * @param {{mode: Mode, zone: Zone, logZone: string, isBrief: boolean, language: string, now?: () => number}} how
   *   `logZone`: of times that are written without one; `isBrief`: without parts of a second
   */
  constructor({ mode, zone, logZone, isBrief, language, now = Date.now }) {
    this.mode = mode;
    this.zone = zone;
    this.logClock = new ZoneClock(logZone);
    this.isBrief = isBrief;
    this.language = language;
    this.now = now;
  }

  /** Whether written times are seen as they are. */
  get isAsWritten() { return this.mode === 'raw' && this.zone === 'written'; }

  /**
   * What is drawn in place of a time.
   *
   * @param {string} written @param {() => string} before the time of the line before
   * @param {boolean} [isShaped] in a line that is drawn as its fields
   */
  drawn(written, before, isShaped = false) {
    if (this.mode === 'relative') return difference(before(), written);
    if (this.mode === 'age') return this.#age(written);
    return this.clock(written, isShaped ? FEW_DIGITS : MANY_DIGITS);
  }

  /** A clock in the chosen zone; before it the date if times are shown whole, or the day if it differs in that zone. @param {string} written @param {number} [digits] */
  clock(written, digits = MANY_DIGITS) {
    const isRaw = this.mode === 'raw';
    if (this.zone === 'written') return isRaw ? written : shortened(this.isBrief ? briefClockOf(written) : clockOf(written), digits);
    const moment = momentOf(written, this.now());
    if (!moment) return written;
    const ms = this.#moment(moment);
    const iso = new Date(ms + this.#offsetAt(ms)).toISOString();
    const fraction = /\.(\d+)/.exec(clockOf(written))?.[1] ?? '';
    const clock = iso.slice(11, 19) + (fraction && !this.isBrief ? `.${cutTo(fraction, isRaw ? MANY_DIGITS : digits)}` : '');
    if (moment.has === 'clock') return clock;
    if (isRaw) return `${iso.slice(0, 10)} ${clock}`;
    const day = iso.slice(0, 10);
    return day === new Date(moment.clock).toISOString().slice(0, 10) ? clock : `${day.slice(5)} ${clock}`;
  }

  /** The time that a container's runtime wrote. @param {string} written */
  stamp(written) { return this.mode === 'raw' && this.zone === 'written' ? written : this.clock(written); }

  /** Columns that a time takes. @param {string} written @param {boolean} [isStamp] @param {boolean} [isShaped] */
  widthOf(written, isStamp = false, isShaped = false) {
    if (this.mode === 'hidden') return 0;
    if (isStamp) return this.stamp(written).length;
    if (this.mode === 'relative') return DIFFERENCE_COLUMNS;
    if (this.mode === 'age') return AGE_COLUMNS;
    return this.clock(written, isShaped ? FEW_DIGITS : MANY_DIGITS).length;
  }

  /** In milliseconds. @param {import('../formats/moments.js').Moment} moment */
  #moment({ ms, clock, zone }) { return zone === null ? this.logClock.momentOf(clock) : ms; }

  /** From UTC to the chosen zone. @param {number} ms */
  #offsetAt(ms) { return this.zone === 'mine' ? -new Date(ms).getTimezoneOffset() * MINUTE : 0; }

  /** How long ago, in its largest unit. @param {string} written */
  #age(written) {
    const now = this.now();
    const moment = momentOf(written, now);
    if (!moment) return ' '.repeat(AGE_COLUMNS);
    const passedSince = now - this.logClock.lastOf(moment, now);
    const age = moment.has === 'clock' ? Math.max(0, passedSince) : passedSince;
    const [unit, size] = UNITS.find(([, one]) => Math.abs(age) >= one) ?? UNITS[UNITS.length - 1];
    const text = unitFormat(this.language, unit).format(Math.trunc(age / size) || 0);
    return text.padStart(text.length + Math.max(0, AGE_COLUMNS - widthOf(text)));
  }
}

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {string} language @param {string} unit */
function unitFormat(language, unit) {
  const key = `${language} ${unit}`;
  const made = formats.get(key) ?? new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'narrow' });
  formats.set(key, made);
  return made;
}

/** A clock without its mark of UTC, and with this many digits of a second. @param {string} clock @param {number} digits */
function shortened(clock, digits) {
  const whole = clock.replace(/Z$/, '');
  return digits < MANY_DIGITS ? whole.replace(/\.(\d+)/, (_, fraction) => `.${cutTo(fraction, digits)}`) : whole;
}

/** Digits of a second: as many as were written, but exactly three of those that are shortened, so that they line up. @param {string} fraction @param {number} digits */
const cutTo = (fraction, digits) => (digits < MANY_DIGITS ? fraction.padEnd(digits, '0') : fraction).slice(0, digits);

/** The time from one written time to another. @param {string} before @param {string} now */
function difference(before, now) {
  const from = momentOf(before);
  const to = momentOf(now, from?.ms ?? null);
  const milliseconds = from && to ? Math.round(passed(from, to)) : 0;
  return `${milliseconds < 0 ? '-' : '+'}${briefly(Math.abs(milliseconds))}`.padStart(DIFFERENCE_COLUMNS);
}

/** A duration in at most eight characters. @param {number} ms */
function briefly(ms) {
  if (ms < 1000 * SECOND) return `${(ms / SECOND).toFixed(3)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ${Math.floor((ms % MINUTE) / SECOND)}s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ${Math.floor((ms % HOUR) / MINUTE)}m`;
  const days = Math.floor(ms / DAY);
  return days < 1000 ? `${days}d ${Math.floor((ms % DAY) / HOUR)}h` : `${days}d`;
}
