/** What the clocks of a time zone show. Knows no DOM. */

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** @param {number} ms @param {string} zone @returns {number} what the clock shows there, read as UTC */
export function clockIn(ms, zone) {
  const parts = Object.fromEntries(formatIn(zone).formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) + ((ms % SECOND) + SECOND) % SECOND;
}

/** The moment at which the clock shows this, the first one if it does so twice. @param {number} clock as UTC @param {string} zone */
export function momentIn(clock, zone) {
  const offsets = [clock - DAY, clock + DAY].map((near) => clockIn(near, zone) - near);
  const found = offsets.map((offset) => clock - offset).filter((ms) => clockIn(ms, zone) === clock);
  return found.length ? Math.min(...found) : clock - offsets[0];
}

/** Clocks are at most this long in one offset, so that one conversion serves many lines. */
const QUARTER = 15 * 60 * SECOND;

/** How far the clock of a log may be ahead of this device's, so that a line without a day is not yesterday's. */
const AHEAD = 60 * SECOND;

/** What many times that are near each other mean in a zone. */
export class ZoneClock {
  /** @param {string} zone */
  constructor(zone) {
    this.zone = zone;
    /** The offset of the zone in one quarter of an hour. */
    this.offset = { quarter: NaN, ms: 0 };
  }

  /** The moment at which the clock shows this. @param {number} clock as UTC */
  momentOf(clock) {
    const quarter = Math.floor(clock / QUARTER);
    if (quarter !== this.offset.quarter) this.offset = { quarter, ms: quarter * QUARTER - momentIn(quarter * QUARTER, this.zone) };
    return clock - this.offset.ms;
  }

  /**
   * The moment of a written time: by this zone if it has none, and in the last 24 hours if it has no day.
   *
   * @param {import('./moments.js').Moment} written @param {number} now
   */
  lastOf({ ms, clock, zone, has }, now) {
    const moment = zone === null ? this.momentOf(clock) : ms;
    if (has !== 'clock') return moment;
    const later = Math.ceil((moment - now - AHEAD) / DAY) * DAY;
    return zone === null ? this.momentOf(clock - later) : ms - later;
  }
}

/** A zone that this browser knows: the one given, or UTC. @param {string|undefined} zone */
export function knownZone(zone) {
  try {
    formatIn(zone || 'UTC');
    return zone || 'UTC';
  } catch { return 'UTC'; }
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} zone */
function formatIn(zone) {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  formats.set(zone, made);
  return made;
}
