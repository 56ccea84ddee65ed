/**
 * What the head of a line says: time, level, logger. Knows no DOM.
 *
 * A level is taken only from where a format puts it, never from a word in the message. A line without a head of its
 * own belongs to the entry above it.
 */

/** @typedef {'E'|'W'|'I'|'D'|'O'} Level error (and worse), warning, info, debug, other */
/** @typedef {{level: Level, time: [number, number]|null, word: [number, number]|null, source: [number, number]|null, day: string}} Head */

/** @type {Record<string, Level>} */
const WORDS = {
  TRACE: 'D', DEBUG: 'D', DBG: 'D', FINE: 'D', FINER: 'D', FINEST: 'D', VERBOSE: 'D', CONFIG: 'D',
  INFO: 'I', INF: 'I', NOTICE: 'I', LOG: 'I', STATEMENT: 'I', DETAIL: 'I', HINT: 'I', SUCCESS: 'I', INFORMATION: 'I',
  WARN: 'W', WARNING: 'W', WRN: 'W',
  ERROR: 'E', ERR: 'E', SEVERE: 'E', CRITICAL: 'E', CRIT: 'E', FATAL: 'E', PANIC: 'E', EMERG: 'E', ALERT: 'E', EXCEPTION: 'E',
};
const LEVEL = Object.keys(WORDS).sort((a, b) => b.length - a.length).join('|');

const ZONE = '(?: ?(?:Z|[+-]\\d\\d:?\\d\\d|UTC|GMT|CEST|CET|EST|EDT|PST|PDT|JST|MSK|IST)\\b)?';
const CLOCK = '\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?';
const TIME = new RegExp(
  `^(\\[?)((?:\\d{4}[-/.]\\d\\d[-/.]\\d\\d[T ]|\\d\\d?/[A-Z][a-z]{2}/\\d{4}[: ]|(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \\d]\\d (?:\\d{4} )?|\\d\\d? [A-Z][a-z]{2} \\d{4} )?${CLOCK}${ZONE})(?=[\\]\\s:,|]|$)`,
);
// What may stand between the time and the level: thread, process, logger. A run of separators is taken whole or not
// at all, so that a line of a thousand spaces has one way to be read and not a million.
const BETWEEN = '(?:[\\]\\s:|,;-]+(?![\\]\\s:|,;-])|\\[[^\\]\\[]{1,48}\\]|\\([^()]{1,48}\\)|\\d+(?:#\\d+)?:?(?=[\\s\\]]))';
const AFTER_TIME = new RegExp(`^((?:${BETWEEN}){0,8}?(?:[A-Za-z_][\\w.$/-]*\\s+-\\s+|[A-Za-z_]\\w*(?:\\.[\\w$]+)+[\\s:|-]+)?(?:${BETWEEN}){0,2}?\\[?)(${LEVEL})(?=[\\]\\s:/|,)]|$)`);
const AFTER_TIME_BRACKETS = new RegExp(`^((?:${BETWEEN}){0,6}?\\s*[\\[(<])(${LEVEL})[\\])>]`, 'i');
const BARE = new RegExp(`^(\\[?|<?)(${LEVEL})(?=[\\]>]|:|\\s{1,8}[\\d\\[(]|\\s{2,}\\S|\\s+[A-Za-z_]\\w*(?:\\.\\w+)+|\\s+-\\s)`);
const BARE_TIME = new RegExp(`^\\W{1,4}(\\d{4}[-/]\\d\\d[-/]\\d\\d[T ]${CLOCK})`);
const SOURCE = /^([\s\]:|\-[\d/\w]*?[\s\]:|-]\s*|[\s\]:|-]+)((?:[A-Za-z_$][\w$-]*\.)+[\w$-]+|[A-Za-z_][\w-]*(?=:\s))(?=[\s:\]]|$)/;
const ACCESS = /^(\S{1,64} \S{1,64} \S{1,64} \[|\[)(\d\d?\/[A-Z][a-z]{2}\/\d{4}[: ]\d\d:\d\d:\d\d(?: [+-]\d{4})?)\] "[^"]{0,4096}" (\d{3})\b/;
const JSON_LEVEL = /"(?:level|levelname|severity|lvl|log\.level|loglevel|level_name)"\s*:\s*"?([A-Za-z]+|\d{2})"?/i;
const JSON_TIME = /"(?:@?timestamp|time|ts|asctime|date|datetime|created_at)"\s*:\s*"([^"]{8,40})"/i;
const LOGFMT_LEVEL = /(?:^|\s)(?:level|lvl|severity)="?([A-Za-z]+)"?(?=\s|$)/i;
const LOGFMT = /^[A-Za-z_][\w.]*=(?:"|\S)/;
const LOGFMT_TIME = /^(?:time|ts|t|timestamp)="?([^"\s]{8,40})"?/;
const SYSLOG = /^<(\d{1,3})>/;
const GLOG = /^([IWEF])(\d{4} \d\d:\d\d:\d\d(?:\.\d+)?)\s+\d+ (\S+?)\]/;
const REDIS = /^(\d+:[A-Z] )(\d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d+) ([*#.-]) /;
const TRACE = /^(?:Traceback \(most recent call last\)|During handling of the above|The above exception was|Caused by: |\.\.\. \d+ (?:more|common)|\s|[A-Za-z_$][\w$]*(?:\.[\w$]+)*(?:Error|Exception|Timeout|Warning|Interrupt|Exit|Fault)(?::|$)|[)\]}])/;
const LAST = /^[A-Za-z_$][\w$]*(?:\.[\w$]+)*(?:Error|Exception|Timeout|Interrupt|Exit|Fault)\b/;

/** Bunyan and pino write levels as numbers. @type {Record<string, Level>} */
const NUMBERS = { 10: 'D', 20: 'D', 30: 'I', 40: 'W', 50: 'E', 60: 'E' };
/** @param {string} word @returns {Level} */
const levelOf = (word) => WORDS[word.toUpperCase()] || NUMBERS[word] || 'O';
/** @param {string} status of HTTP @returns {Level} */
const levelOfStatus = (status) => (status >= '500' ? 'E' : status >= '400' ? 'W' : 'I');

const MONTHS = { Jan: '01', Feb: '02', Mar: '03', Apr: '04', May: '05', Jun: '06', Jul: '07', Aug: '08', Sep: '09', Oct: '10', Nov: '11', Dec: '12' };

/** The day a written time names, as 2026-08-24, or "" when it names none. @param {string} written */
export function dayOf(written) {
  const iso = /^(\d{4})[-/.](\d\d)[-/.](\d\d)/.exec(written);
  if (iso) return `${iso[1]}-${iso[2]}-${iso[3]}`;
  const clf = /^(\d\d?)[/ ]([A-Z][a-z]{2})[/ ](\d{4})/.exec(written);
  return clf && MONTHS[clf[2]] ? `${clf[3]}-${MONTHS[clf[2]]}-${clf[1].padStart(2, '0')}` : '';
}

/** The clock a written time shows, without date and zone: "14:22:09.539". @param {string} written */
export function clockOf(written) {
  const found = /\d\d:\d\d:\d\d(?:[.,]\d{1,6})?/.exec(written);
  return found ? found[0].replace(',', '.') : written;
}

/** Milliseconds for comparing two written times of one log, or NaN. @param {string} written */
export function millisecondsOf(written) {
  const clock = /(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,3}))?/.exec(written);
  if (!clock) return NaN;
  const day = dayOf(written);
  const base = day ? Date.parse(day + 'T00:00:00Z') : 0;
  return base + ((+clock[1] * 60 + +clock[2]) * 60 + +clock[3]) * 1000 + +(clock[4] || '0').padEnd(3, '0');
}

/**
 * The head of a line, or null when it has none of its own.
 *
 * @param {string} text without escape sequences
 * @returns {Head|null}
 */
export function headOf(text) {
  if (text.length > 4000) text = text.slice(0, 4000);
  const first = text.charCodeAt(0);
  if (first === 32 || first === 9 || !text) return null;
  if (first === 123) return jsonHead(text);
  let at = 0;
  let level = /** @type {Level|null} */ (null);
  if (first === 60) {
    const priority = SYSLOG.exec(text);
    if (priority) {
      const severity = +priority[1] & 7;
      level = severity < 4 ? 'E' : severity === 4 ? 'W' : severity === 7 ? 'D' : 'I';
      at = priority[0].length;
      if (text.startsWith('1 ', at)) at += 2;
    }
  }
  const rest = at ? text.slice(at) : text;
  const time = TIME.exec(rest);
  if (time) {
    const start = at + time[1].length;
    const end = start + time[2].length;
    const head = /** @type {Head} */ ({ level: level || 'O', time: [start, end], word: null, source: null, day: dayOf(time[2]) });
    const tail = text.slice(end, end + 200);
    if (time[1]) {
      const served = ACCESS.exec(text);
      if (served) return { ...head, level: levelOfStatus(served[3]) };
    }
    const found = AFTER_TIME.exec(tail) || AFTER_TIME_BRACKETS.exec(tail);
    if (found) withWord(head, text, end + found[1].length, found[2]);
    else {
      const pair = LOGFMT_LEVEL.exec(tail);
      if (pair && / \w+=/.test(tail)) head.level = levelOf(pair[1]);
    }
    return head;
  }
  if (level) return { level, time: null, word: null, source: null, day: '' };
  return bareHead(text);
}

/** @param {Head} head @param {string} text @param {number} at @param {string} word */
function withWord(head, text, at, word) {
  head.level = levelOf(word);
  head.word = [at, at + word.length];
  const source = SOURCE.exec(text.slice(at + word.length, at + word.length + 120));
  if (source && source[2].length <= 64) {
    const start = at + word.length + source[1].length;
    head.source = [start, start + source[2].length];
  }
}

/** @param {string} text @returns {Head|null} */
function bareHead(text) {
  const word = BARE.exec(text);
  if (word) {
    const head = /** @type {Head} */ ({ level: 'O', time: null, word: null, source: null, day: '' });
    withWord(head, text, word[1].length, word[2]);
    const time = BARE_TIME.exec(text.slice(word[0].length, word[0].length + 40));
    if (time) {
      const start = word[0].length + time[0].length - time[1].length;
      head.time = [start, start + time[1].length];
      head.day = dayOf(time[1]);
    }
    return head;
  }
  const served = ACCESS.exec(text);
  if (served) return { level: levelOfStatus(served[3]), time: [served[1].length, served[1].length + served[2].length], word: null, source: null, day: dayOf(served[2]) };
  const redis = REDIS.exec(text);
  if (redis) return { level: redis[3] === '#' ? 'W' : redis[3] === '.' ? 'D' : 'I', time: [redis[1].length, redis[1].length + redis[2].length], word: null, source: null, day: dayOf(redis[2]) };
  const glog = GLOG.exec(text);
  if (glog) return { level: glog[1] === 'I' ? 'I' : glog[1] === 'W' ? 'W' : 'E', time: [6, 1 + glog[2].length], word: [0, 1], source: null, day: '' };
  if (LOGFMT.test(text)) {
    const pair = LOGFMT_LEVEL.exec(text.slice(0, 400));
    if (pair) {
      const time = LOGFMT_TIME.exec(text);
      const start = time ? time[0].indexOf(time[1]) : 0;
      return { level: levelOf(pair[1]), time: time ? [start, start + time[1].length] : null, word: null, source: null, day: time ? dayOf(time[1]) : '' };
    }
  }
  return null;
}

/** @param {string} text @returns {Head|null} */
function jsonHead(text) {
  const level = JSON_LEVEL.exec(text);
  const time = JSON_TIME.exec(text);
  if (!level && !time) return null;
  const start = time ? time.index + time[0].lastIndexOf(time[1]) : 0;
  return { level: level ? levelOf(level[1]) : 'O', time: null, word: null, source: null, day: time ? dayOf(text.slice(start, start + 10)) : '' };
}

/**
 * Whether a line without a head belongs to the entry above.
 *
 * @param {string} text
 * @param {boolean} timed whether that entry began with a time: then its format has one on every entry
 */
export function continues(text, timed) {
  return timed || text === '' || TRACE.test(text.length > 400 ? text.slice(0, 400) : text);
}

/** Whether a line of a traceback is the one that names the error. @param {string} text */
export function namesError(text) {
  return LAST.test(text.length > 400 ? text.slice(0, 400) : text);
}
