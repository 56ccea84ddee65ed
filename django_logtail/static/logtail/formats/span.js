/** Spans of time in words, in a zone: "14:32 – 14:40", "26 Nov, 23:50 – 27 Nov, 00:20". Knows no DOM. */

import { clockIn } from './time-zone.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** One takes longer to make than to use. @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} language @param {string} zone @param {Intl.DateTimeFormatOptions} options */
export function formatOf(language, zone, options) {
  const key = JSON.stringify([language, zone, options]);
  const made = formats.get(key) ?? new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { timeZone: zone, hourCycle: 'h23', ...options });
  formats.set(key, made);
  return made;
}

/** @param {number} ms @param {string} zone */
const dayOf = (ms, zone) => Math.floor(clockIn(ms, zone) / DAY);

/**
 * @param {{from: number, to: number}} span in milliseconds
 * @param {{language: string, zone: string, now: number}} how
 */
export function spanText({ from, to }, { language, zone, now }) {
  const isWhole = from % MINUTE === 0 && to % MINUTE === 0;
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = { hour: '2-digit', minute: '2-digit', ...(isWhole ? {} : { second: '2-digit' }) };
  const clockOf = formatOf(language, zone, clock);
  const day = formatOf(language, zone, { day: 'numeric', month: 'short' });
  const withDay = (/** @type {number} */ ms) => `${day.format(ms)}, ${clockOf.format(ms)}`;
  const days = [from, to - 1, now].map((ms) => dayOf(ms, zone));
  if (days[0] === days[1]) return `${days[0] === days[2] ? clockOf.format(from) : withDay(from)} – ${clockOf.format(to)}`;
  return `${withDay(from)} – ${withDay(to)}`;
}

/** Milliseconds between two marks of an axis, from which one is chosen. */
const STEPS = [...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND), ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200].map((minutes) => minutes * MINUTE)];

/**
 * The marks of an axis at round times, and their texts.
 *
 * @param {{from: number, to: number}} span @param {number} most marks
 * @param {{language: string, zone: string}} how
 * @returns {{ms: number, text: string}[]}
 */
export function marksOf({ from, to }, most, { language, zone }) {
  const step = STEPS.find((one) => (to - from) / one <= most) ?? Math.ceil((to - from) / most / DAY) * DAY;
  const format = formatOf(language, zone, step < DAY ? { hour: '2-digit', minute: '2-digit', ...(step < MINUTE ? { second: '2-digit' } : {}) } : { day: 'numeric', month: 'short' });
  const shift = clockIn(from, zone) - from;
  const found = [];
  for (let clock = Math.ceil((from + shift) / step) * step; clock - shift < to; clock += step) found.push({ ms: clock - shift, text: format.format(clock - shift) });
  return found;
}
