/**
 * Converts written times to moments. Knows no DOM. The host has the same in `formats/moments.py`.
 *
 * Missing parts are not invented: a time without a zone is compared by its clock, and one without a year or a day is
 * placed near a neighbouring moment.
 */

import { ZONES } from './rows.js';

/**
 * @typedef {{ms: number, clock: number, zone: number|null, has: 'moment'|'day'|'clock'}} Moment
 * `ms`: milliseconds since the epoch, by the written clock if the zone is unknown; `clock`: the written clock, read as
 * UTC; `zone`: minutes east, null if unknown; `has`: "day" without a year, "clock" without a day
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_MS = 86_400_000;

const EPOCH = /^([12]\d{9})(\d{9}|\d{6}|\d{3})?(?:\.(\d{1,9}))?$/;
const CLOCK = /(\d\d?):(\d\d)(?::(\d\d)(?:[.,:](\d{1,9}))?)?(?:[ \u202f]?([AaPp])[Mm](?![A-Za-z]))?/;
const DOTTED_CLOCK = /(?:^|[ T])(\d\d?)\.(\d\d)\.(\d\d)(?:[.,](\d{1,9}))?/;
const COMPACT = /^(\d{4})(\d\d)(\d\d)(?:[T :_-]?)(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?/;
const KLOG = /^(?:(20\d\d))?(\d\d)(\d\d)[ /](\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?$/;
const OFFSET = /([+-])(\d\d):?(\d\d)?$/;
/** A zone that Java adds to an offset. */
const JAVA_ZONE = /\[[\w/+-]{1,60}\]$/;
const NAMED_OFFSET = /(?:GMT|UTC)([+-])(\d\d?):?(\d\d)?$/;

/** @param {string} digits of a fraction of a second */
const milliseconds = (digits) => Number(digits.padEnd(9, '0').slice(0, 9)) / 1e6;

/** @param {number} year @param {number} month from 1 @param {number} day */
function dayNumber(year, month, day) {
  if (month < 1 || month > 12 || day < 1 || day > 31) return NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

/** @param {string} name */
const monthOf = (name) => MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
/** @param {string} year of two digits or four */
const yearOf = (year) => (year.length === 2 ? 2000 + Number(year) : Number(year));

/** Year, month and day of a written date; the year is 0 if missing; null without a date. @param {string} written @param {number|null} beside @returns {[number, number, number]|null} */
function dateOf(written, beside) {
  let found = /(?:^|[ ,])(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)/.exec(written) ?? /^(\d{4})\u5e74(\d\d?)\u6708(\d\d?)\u65e5/.exec(written);
  if (found) return [Number(found[1]), Number(found[2]), Number(found[3])];
  found = /(?:^|[ ,])(\d\d?)[-/ ]([A-Za-z]{3,9})[-/ ](\d{4})/.exec(written);
  if (found && monthOf(found[2])) return [Number(found[3]), monthOf(found[2]), Number(found[1])];
  found = /^(\d{4}) ([A-Z][a-z]{2,8}) {1,2}(\d\d?) /.exec(written);
  if (found && monthOf(found[2])) return [Number(found[1]), monthOf(found[2]), Number(found[3])];
  found = /(?:^|[ ,])([A-Z][a-z]{2,8}) {1,2}(\d\d?)(?![\d:])(?:,? (\d{4})(?=[ ,]))?/.exec(written.replace(/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? /, ''));
  if (found && monthOf(found[1])) {
    const year = found[3] ?? / (\d{4})(?: |$)/.exec(written)?.[1];
    return [year ? Number(year) : 0, monthOf(found[1]), Number(found[2])];
  }
  found = /^(\d\d?) ([A-Z][a-z]{2,8}) \d/.exec(written);
  if (found && monthOf(found[2])) return [0, monthOf(found[2]), Number(found[1])];
  found = /^(\d\d?)([/.-])(\d\d?)[/.-](\d{4}|\d\d)(?!\d)/.exec(written);
  if (found) {
    const [, first, sign, second, third] = found;
    if (third.length === 2 && Number(first) > 12) return likelier([yearOf(third), Number(second), Number(first)], [yearOf(first), Number(second), Number(third)], beside);
    // 28.11.2026, 28/11/2026 and 5/11/2026 -- 14:22:09 (Suricata), but 11/28/2026.
    if (sign !== '/' || Number(first) > 12 || written.includes(' -- ')) return [yearOf(third), Number(second), Number(first)];
    return [yearOf(third), Number(first), Number(second)];
  }
  found = /^(\d{4})(\d\d)(\d\d)[ -]/.exec(written);
  if (found) return [Number(found[1]), Number(found[2]), Number(found[3])];
  found = /^(\d\d)(\d\d)(\d\d) /.exec(written);
  if (found) return [yearOf(found[1]), Number(found[2]), Number(found[3])];
  found = /^(\d\d)-(\d\d)[ |]/.exec(written) ?? /^(\d\d)\/(\d\d) /.exec(written);
  return found ? [0, Number(found[1]), Number(found[2])] : null;
}

/**
 * Of 28/11/26 as day, month, year and as year, month, day: the date nearest to a moment; without one, the later date that
 * is not in the future.
 *
 * @param {[number, number, number]} one @param {[number, number, number]} other @param {number|null} beside
 */
function likelier(one, other, beside) {
  const [first, second] = [dayNumber(...one), dayNumber(...other)];
  if (Number.isNaN(first) || Number.isNaN(second)) return Number.isNaN(first) ? other : one;
  if (beside !== null) return Math.abs(second - beside) < Math.abs(first - beside) ? other : one;
  const tomorrow = Date.now() + DAY_MS;
  if ((first > tomorrow) !== (second > tomorrow)) return first > tomorrow ? other : one;
  return (second > first) === (first <= tomorrow) ? other : one;
}

/** @param {string} withName a written time @returns {number|null} minutes east of Greenwich */
function zoneOf(withName) {
  const written = withName.replace(JAVA_ZONE, '');
  const offset = OFFSET.exec(written) ?? NAMED_OFFSET.exec(written);
  const at = written.indexOf(':');
  if (offset && (at >= 0 ? offset.index > at : /T\d{6}/.test(written))) return (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0));
  const name = /(?:\d|[ ,])(Z|[A-Z]{3,4})(?= \d{4}$|$)/.exec(written);
  return name && Object.hasOwn(ZONES, name[1]) ? ZONES[name[1]] : null;
}

/**
 * The moment that a written time means, or null if it can't be read.
 *
 * @param {string} written
 * @param {number|null} [beside] a moment near it, in milliseconds, for times without a year or a day
 * @returns {Moment|null}
 */
export function momentOf(written, beside = null) {
  const epoch = EPOCH.exec(written);
  if (epoch && !(/^20\d{12}$/.test(written))) {
    const rest = (epoch[2] ?? '') + (epoch[3] ?? '');
    const ms = Number(epoch[1]) * 1000 + milliseconds(rest);
    return { ms, clock: ms, zone: 0, has: 'moment' };
  }
  const compact = COMPACT.exec(written);
  const klog = compact ? null : KLOG.exec(written);
  let date;
  let time;
  if (compact) {
    date = [Number(compact[1]), Number(compact[2]), Number(compact[3])];
    time = [Number(compact[4]), Number(compact[5]), Number(compact[6]), milliseconds(compact[7] ?? '')];
  } else if (klog) {
    date = [Number(klog[1] ?? 0), Number(klog[2]), Number(klog[3])];
    time = [Number(klog[4]), Number(klog[5]), Number(klog[6]), milliseconds(klog[7] ?? '')];
  } else {
    date = dateOf(written, beside);
    const clock = clockFound(written);
    if (!clock) return null;
    let hours = Number(clock[1]);
    const half = clock[5]?.toLowerCase();
    if (half) hours = (hours % 12) + (half === 'p' ? 12 : 0);
    time = [hours, Number(clock[2]), Number(clock[3] ?? 0), milliseconds(clock[4] ?? '')];
  }
  const [hours, minutes, seconds, rest] = time;
  if (hours > 24 || minutes > 59 || seconds > 60) return null;
  const inDay = ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest;
  const zone = zoneOf(written);
  const back = (zone ?? 0) * 60_000;
  if (date && date[0]) return placed(dayNumber(date[0], date[1], date[2]) + inDay, back, zone, 'moment');
  if (date) {
    const now = Date.now();
    const near = beside ?? now;
    const thisYear = new Date(near).getUTCFullYear();
    const candidates = [thisYear - 1, thisYear, thisYear + 1].map((year) => dayNumber(year, date[1], date[2]) + inDay);
    // In November, 31 Dec is last year's: lines come from the past, by clocks that may be a day ahead.
    const past = candidates.filter((one) => one - back <= Math.max(now, near) + DAY_MS);
    return placed(nearest(past.length ? past : candidates, near + back), back, zone, 'day');
  }
  if (beside === null) return placed(inDay, back, zone, 'clock');
  const day = Math.floor((beside + back) / DAY_MS) * DAY_MS;
  return placed(nearest([day - DAY_MS, day, day + DAY_MS].map((one) => one + inDay), beside + back), back, zone, 'clock');
}

/** @param {number} clock @param {number} back @param {number|null} zone @param {Moment['has']} has @returns {Moment|null} */
const placed = (clock, back, zone, has) => (Number.isNaN(clock) ? null : { ms: clock - back, clock, zone, has });

/** @param {number[]} candidates @param {number} to */
const nearest = (candidates, to) => candidates.reduce((best, one) => (Math.abs(one - to) < Math.abs(best - to) ? one : best));

/** Where the clock is in a written time: after its date. @param {string} written */
function clockFound(written) {
  // In 28/Nov/2026:14:22:09 the year is followed by a colon, and in 2026-11-28T14:22 by a letter.
  const clf = /^\d\d?\/[A-Za-z]{3,9}\/\d{4}[: ]|^\d\d?-[A-Za-z]{3,9}-\d{4}::/.exec(written);
  const from = clf ? clf[0].length : 0;
  return CLOCK.exec(written.slice(from)) ?? DOTTED_CLOCK.exec(written.slice(from));
}

/** Milliseconds from one moment to another; by the written clocks if only one of them has a zone. @param {Moment} from @param {Moment} to */
export function passed(from, to) {
  return (from.zone === null) === (to.zone === null) ? to.ms - from.ms : to.clock - from.clock;
}

/** The day of a written time, as 2026-08-24, or "" if it has none. Without a year, the last one that isn't in the future. @param {string} written */
export function dayOf(written) {
  if (/^\d{4}-\d\d-\d\d/.test(written)) return written.slice(0, 10);
  let moment = momentOf(written, 0);
  if (moment?.has === 'day') moment = momentOf(written);
  return moment && moment.has !== 'clock' ? new Date(moment.clock).toISOString().slice(0, 10) : '';
}

/**
 * The clock in a written time, without date and zone: "14:22:09.539". Seconds since 1970 have no clock of their own and
 * show that of UTC, marked with "Z". Without a clock, the time as written.
 *
 * @param {string} written
 */
export function clockOf(written) {
  const epoch = EPOCH.exec(written);
  if (epoch) {
    const fraction = ((epoch[2] ?? '') + (epoch[3] ?? '')).slice(0, 6);
    return `${new Date(Number(epoch[1]) * 1000).toISOString().slice(11, 19)}${fraction ? `.${fraction}` : ''}Z`;
  }
  const compact = COMPACT.exec(written) ?? KLOG.exec(written);
  if (compact) return `${compact[4]}:${compact[5]}:${compact[6]}${compact[7] ? `.${compact[7].slice(0, 6)}` : ''}`;
  const found = clockFound(written);
  if (!found) return written;
  const [, hours, minutes, seconds, fraction, half] = found;
  return `${half ? hours : hours.padStart(2, '0')}:${minutes}${seconds === undefined ? '' : `:${seconds}`}${fraction ? `.${fraction.slice(0, 6)}` : ''}${half ? ` ${half.toUpperCase()}M` : ''}`;
}

/** The same without parts of a second. @param {string} written */
export const briefClockOf = (written) => clockOf(written).replace(/\.\d+(?= ?[AP]M$|Z$|$)/, '');
