/**
 * Times as people type them, as moments: "14:32", "27 Nov 06:00", "yesterday 9:00", "-2h", "10 分钟前". Knows no DOM.
 *
 * A clock time without a day means its last occurrence; so does a day without a year.
 */

import { clockIn, momentIn } from '../formats/time-zone.js';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {[RegExp, number][]} */
const UNITS = [
  [/^(?:s|sec|secs|seconds?|秒钟?)$/, SECOND], [/^(?:m|min|mins|minutes?|分钟?)$/, MINUTE],
  [/^(?:h|hr|hrs|hours?|个?小时)$/, HOUR], [/^(?:d|days?|天)$/, DAY], [/^(?:w|weeks?|周|个星期)$/, 7 * DAY],
];
/** @type {[RegExp, number][]} */
const DAYS = [[/^(?:today|今天)/, 0], [/^(?:yesterday|昨天)/, 1], [/^前天/, 2]];

const ISO = /^(\d{4})-(\d\d?)-(\d\d?)[t ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? *(z|utc|gmt|[+-]\d\d(?::?\d\d)?)$/;
const CLOCK = /^(\d\d?)[:：](\d\d)(?:[:：](\d\d)(?:[.,](\d{1,9}))?)?$/;
const CHINESE_CLOCK = /^(\d\d?)[点时](?:(\d\d?)分?)?(?:(\d\d?)秒)?$/;

/**
 * The moment that a text means, in milliseconds; null if it can't be read.
 *
 * @param {string} typed @param {number} now @param {string} zone a known one
 * @returns {number|null}
 */
export function typedTime(typed, now, zone) {
  const text = typed.trim().toLowerCase().replace(/\s+/g, ' ');
  const ago = agoOf(text);
  if (ago !== null) return now - ago;
  if (text === 'now' || text === '现在') return now;
  if (/^\d{10}$|^\d{13}$/.test(text)) return Number(text) * (text.length === 10 ? SECOND : 1);
  const iso = ISO.exec(text);
  if (iso) return isoOf(iso);
  const here = clockIn(now, zone);
  const midnight = Math.floor(here / DAY) * DAY;
  const clock = clockOf(text);
  if (clock !== null) {
    const today = momentIn(midnight + clock, zone);
    return today > now ? momentIn(midnight - DAY + clock, zone) : today;
  }
  const day = dayOf(text, midnight, here);
  if (!day) return null;
  const rest = day.rest.replace(/^[ ,t]+/, '');
  const time = rest ? clockOf(rest) : 0;
  return time === null ? null : momentIn(day.begins + time, zone);
}

/** Milliseconds of "10 min ago", "-2h", "10 分钟前". @param {string} text */
function agoOf(text) {
  const found = /^(-|−)? ?(\d{1,6}(?:\.\d{1,3})?) ?([a-z]+|[\u4e00-\u9fff]+?) ?(ago|以?前)?$/.exec(text);
  if (!found || Boolean(found[1]) === Boolean(found[4])) return null;
  const unit = UNITS.find(([names]) => names.test(found[3]));
  return unit ? Number(found[2]) * unit[1] : null;
}

/** @param {string} text @returns {number|null} milliseconds since midnight */
function clockOf(text) {
  const found = CLOCK.exec(text) ?? CHINESE_CLOCK.exec(text);
  if (!found) return null;
  return inDay(Number(found[1]), Number(found[2] ?? 0), Number(found[3] ?? 0), found[4]);
}

/** @param {number} hours @param {number} minutes @param {number} seconds @param {string} [fraction] */
function inDay(hours, minutes, seconds, fraction = '') {
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  return hours * HOUR + minutes * MINUTE + seconds * SECOND + Number(fraction.padEnd(3, '0').slice(0, 3));
}

/** @param {RegExpExecArray} found */
function isoOf(found) {
  const day = dateOf(Number(found[1]), Number(found[2]), Number(found[3]));
  const time = inDay(Number(found[4]), Number(found[5]), Number(found[6] ?? 0), found[7]);
  if (day === null || time === null) return null;
  const zone = /^([+-])(\d\d):?(\d\d)?$/.exec(found[8]);
  const east = zone ? (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * HOUR + Number(zone[3] ?? 0) * MINUTE) : 0;
  return day + time - east;
}

/** @param {number} year @param {number} month from 1 @param {number} day @returns {number|null} null if there is no such day */
function dateOf(year, month, day) {
  const at = new Date(Date.UTC(year, month - 1, day));
  return at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day ? at.getTime() : null;
}

/**
 * When the day that a text begins with began, by the clock, and the rest of the text.
 *
 * @param {string} text @param {number} midnight @param {number} here what the clock shows now
 * @returns {{begins: number, rest: string}|null}
 */
function dayOf(text, midnight, here) {
  for (const [name, back] of DAYS) {
    const found = name.exec(text);
    if (found) return { begins: midnight - back * DAY, rest: text.slice(found[0].length) };
  }
  const [length, year, month, day] = dateIn(text);
  if (!length) return null;
  const rest = text.slice(length);
  if (/^\d/.test(rest) && !text.startsWith(`${year}`) && !/[日号]$/.test(text.slice(0, length))) return null;
  if (year) {
    const begins = dateOf(year, month, day);
    return begins === null ? null : { begins, rest };
  }
  const now = new Date(here).getUTCFullYear();
  // 29 February may be years ago.
  for (let one = now; one > now - 8; one--) {
    const begins = dateOf(one, month, day);
    if (begins !== null && begins <= here) return { begins, rest };
  }
  return null;
}

/** Length, year (0 if missing), month and day of the date that a text begins with. @param {string} text @returns {[number, number, number, number]} */
function dateIn(text) {
  let found = /^(\d{4})[-/](\d\d?)[-/](\d\d?)(?!\d)/.exec(text) ?? /^(\d{4}) ?年 ?(\d\d?) ?月 ?(\d\d?) ?[日号]/.exec(text);
  if (found) return [found[0].length, Number(found[1]), Number(found[2]), Number(found[3])];
  found = /^(\d\d?) ?月 ?(\d\d?) ?[日号]/.exec(text);
  if (found) return [found[0].length, 0, Number(found[1]), Number(found[2])];
  found = /^(\d\d?)\.? ([a-z]{3,9})\.?(?: (\d{4}))?(?![\d:a-z])/.exec(text);
  if (found && monthOf(found[2])) return [found[0].length, Number(found[3] ?? 0), monthOf(found[2]), Number(found[1])];
  found = /^([a-z]{3,9})\.? (\d\d?)(?:,? (\d{4}))?(?![\d:])/.exec(text);
  if (found && monthOf(found[1])) return [found[0].length, Number(found[3] ?? 0), monthOf(found[1]), Number(found[2])];
  return [0, 0, 0, 0];
}

const NAMES = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

/** @param {string} name @returns {number} from 1; 0 if it is not a month's name */
function monthOf(name) {
  const at = MONTHS.indexOf(name.slice(0, 3));
  return at >= 0 && (NAMES[at].startsWith(name) || name === 'sept') ? at + 1 : 0;
}
