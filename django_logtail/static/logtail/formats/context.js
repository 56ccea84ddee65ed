/**
 * Groups lines into entries, in order. Knows no DOM. The host has the same in `formats/context.py`.
 *
 * A line begins an entry only if it begins like this log's entries; any other line belongs to the entry before it. A
 * crash is always an entry of its own.
 */

import { announces, isBelow } from './detection.js';
import { peek } from './fields.js';
import { CRASH, levelOf, shapeOf } from './rows.js';
import { headOf } from './heads.js';
import { momentOf } from './moments.js';

/** @typedef {import('./rows.js').Level} Level */
/** @typedef {import('./heads.js').Head} Head */
/** @typedef {import('./detection.js').Formats} Formats */
/** @typedef {{kind: 'entry'|'continuation', level: Level, written: string, isMessage?: boolean}} Read `written`: its time; `isMessage`: whether a line is the message of the entry whose head is above */

/** An entry with more lines than this isn't one: the log's format was misjudged. */
const MOST_ENTRY_LINES = 2_000;
/** Characters to search for a crash. */
const CRASH_CHARACTERS = 400;
/** Of formats whose entries have two heads: that of the second. @type {Record<string, string>} */
const SECOND = { jul: 'colon', terraform: 'terraform' };
/** Milliseconds by which another program's head may be older than the entry before it. */
const MAY_BE_OLDER = 5_000;

/** What is known from the lines before, as far as the next line depends on it. */
export class Context {
  /** @param {Formats|null} [formats] the log's formats; null while too little is known */
  constructor(formats = null) {
    this.formats = formats;
    this.end();
    /** Whether the entries seen so far begin with a time. */
    this.timed = false;
    /** The keys for level and time in the last line of JSON, in a JSON log. @type {{level: string, time: string}|null} */
    this.jsonKeys = null;
  }

  /** Ends the current entry: following lines don't belong to it. */
  end() {
    /** Lines of the current entry so far; 0 if there is none. */
    this.lines = 0;
    /** @type {Level} */
    this.level = 'O';
    /** Inside a traceback: in its frames up to the line that names the error, or after that line. @type {''|'frames'|'named'} */
    this.trace = '';
    this.wrapper = '';
    /** The program that wrote the current entry, if there are several. */
    this.label = '';
    this.format = '';
    /** The time of the current entry, as written. */
    this.written = '';
    /** Whether the last line was an entry's head, and didn't announce more to follow. */
    this.isAfterHead = true;
    this.isCrash = false;
    /** Whether the message of the current entry is in its second line. */
    this.below = false;
  }

  /** @returns {object} for `restore` */
  keep() { return { ...this }; }
  /** @param {object} kept */
  restore(kept) { Object.assign(this, kept); }
}

/**
 * Reads the next line.
 *
 * @param {string} text without escape sequences
 * @param {Context} context
 * @param {string|null} [following] the line after it, if known
 * @returns {Read}
 */
export function read(text, context, following = null) {
  if (context.jsonKeys && text.charCodeAt(0) === 123) {
    const found = peek(text, context.jsonKeys.level, context.jsonKeys.time);
    if (found) return started(context, 'json', found.level, found.time, text, false);
  }
  const quick = context.formats?.brief;
  if (quick && context.trace !== 'frames') {
    const found = briefly(text, quick, context);
    if (found) return found;
  }
  const code = text.charCodeAt(0);
  if (text && code !== 9) {
    const head = code === 32 ? headBehindBlanks(text, context) : headHere(text, context, following);
    if (head) return head;
  }
  return plainLine(text, text, context, following, '');
}

/** A fast way for most lines of a log whose formats are known. @param {string} text @param {import('./rows.js').Brief[]} rows @param {Context} context @returns {Read|null} */
function briefly(text, rows, context) {
  for (const { expression, time, level, row } of rows) {
    expression.lastIndex = 0;
    const found = expression.exec(text);
    if (!found) continue;
    const grade = level ? (row.map ? row.map[found[level]] ?? 'O' : levelOf(found[level])) : row.level ?? 'O';
    const written = time ? found[time] : '';
    return started(context, row.id, grade, written, text, row.below);
  }
  return null;
}

/** @param {Context} context @param {string} format @param {Level} level @param {string} written @param {string} text @param {boolean} below @returns {Read} */
function started(context, format, level, written, text, below) {
  context.lines = 1;
  context.level = level;
  context.trace = '';
  context.wrapper = '';
  context.format = format;
  context.written = written;
  context.timed = written !== '';
  context.isAfterHead = !announces(text);
  context.isCrash = false;
  context.below = below;
  return { kind: 'entry', level, written };
}

/** A head with blanks before it, or in place of a repeated time, as rich writes it. @param {string} text @param {Context} context @returns {Read|null} */
function headBehindBlanks(text, context) {
  const { formats } = context;
  const takesBlanks = !formats || formats.isIndented || formats.expression !== null;
  if (context.trace === 'frames' || !(takesBlanks || text.charCodeAt(8) === 32)) return null;
  const head = headOf(text, formats);
  if (!head || (!head.blank && !formats && context.lines && isBelow(head, context))) return null;
  return begun(head, text, context);
}

/** @param {string} text @param {Context} context @param {string|null} following @returns {Read|null} */
function headHere(text, context, following) {
  const { formats } = context;
  let head = headOf(text, formats);
  if (!head && formats && !formats.isGiven) head = otherTimedHead(text, context, formats);
  if (!head) return null;
  if (head.isBare) return inWrapper(head, text, context, following);
  if (context.trace === 'frames' && !head.written && !head.isFields && head.wrapper === '') return null;
  if (head.part) {
    if (context.lines && context.format === head.format) return continued(context);
    head.level = 'I';
  }
  if (!formats && isWeak(head, context)) return null;
  if (head.follows && following) {
    const next = headOf(following);
    if (next && next.word && !next.written) head.level = next.level;
  }
  if (context.lines === 1 && head.format === SECOND[context.format] && !head.written && !head.follows) return continued(context);
  return begun(head, text, context);
}

/** A word behind a time, in brackets or between bars: a level, whatever it is called. */
const MARKED = /^[\])>]? {0,4}(?:[[(<][A-Z][A-Z_]{2,15} {0,8}[\])>]|\| [A-Z][A-Z_]{2,15} {1,8}\|)/;
/** A line with a time near its beginning. */
const MAY_BE_TIMED = /^[[(<]?(?:[A-Z]{4,8}:? {1,4})?[[(<]?[\dA-Z][^"]{0,24}\d:\d\d/;

/**
 * Another program's head, but only if the line can't be part of the entry above; or one with this log's own time and a
 * level that its format doesn't know.
 *
 * @param {string} text @param {Context} context @param {Formats} formats @returns {Head|null}
 */
function otherTimedHead(text, context, formats) {
  if (!MAY_BE_TIMED.test(text)) return null;
  const isOpen = context.isAfterHead && !context.isCrash && !context.trace;
  if (!isOpen && !formats.timeShapes.size) return null;
  const head = headOf(text);
  if (!head?.written || head.wrapper || head.part) return null;
  const isOwn = head.time !== null && head.time[0] <= 1 && formats.timeShapes.has(shapeOf(head.written));
  if (!head.word && !(isOwn && head.time && MARKED.test(text.slice(head.time[1], head.time[1] + 40)))) return null;
  return (isOpen || isOwn) && isNotOlder(head, context) ? head : null;
}

/** Whether a traceback's line names the error. @param {string} text */
export const namesError = (text) => CRASH.names.test(text.length > CRASH_CHARACTERS ? text.slice(0, CRASH_CHARACTERS) : text);

/** @param {Head} head @param {Context} context */
function isNotOlder(head, context) {
  if (!context.written) return true;
  const before = momentOf(context.written);
  const now = momentOf(head.written, before?.ms ?? null);
  return !before || !now || now.clock >= before.clock - MAY_BE_OLDER || now.ms >= before.ms - MAY_BE_OLDER;
}

/** Whether it may just as well be part of the entry above, while the log's formats are unknown. @param {Head} head @param {Context} context */
function isWeak(head, context) {
  // Below lines that began no entry, ERROR: is one of their words.
  if (context.lines > 0 && context.written && !context.isAfterHead && !context.isCrash && !head.written && !head.wrapper && head.format !== context.format) return true;
  if (head.format === 'json' && !head.wrapper && !head.isKeyed) return !(context.lines === 0 || context.format === 'json' || context.wrapper === 'docker');
  return false;
}

/** @param {Head} head @param {string} text @param {Context} context @returns {Read} */
function begun(head, text, context) {
  context.lines = 1;
  context.level = head.level;
  context.trace = '';
  context.wrapper = head.wrapper;
  context.label = head.label;
  context.format = head.format;
  // In a JSON log, the next line most likely has the same keys.
  const { fields } = head;
  if (fields && context.formats?.takesAnyJson && fields.levelKey && fields.timeKey && !fields.timeKey.includes('.')) context.jsonKeys = { level: fields.levelKey, time: fields.timeKey };
  if (!head.blank) context.written = head.written;
  context.timed = head.written !== '' || head.blank;
  context.isAfterHead = !announces(text);
  context.isCrash = false;
  context.below = head.below;
  return { kind: 'entry', level: head.level, written: head.written };
}

/** @param {Context} context @returns {Read} */
function continued(context) {
  context.lines++;
  context.isAfterHead = false;
  return { kind: 'continuation', level: context.level, written: '', isMessage: context.below && context.lines === 2 };
}

/** A line without a head of its own, in a wrapper. @param {Head} head @param {string} text @param {Context} context @param {string|null} following @returns {Read|null} */
function inWrapper(head, text, context, following) {
  const inner = head.inner ?? '';
  const isSame = context.lines > 0 && context.wrapper.split('>')[0] === head.wrapper && context.label === head.label;
  if (!isSame && head.of === 'lines' && !head.written) return null;
  const crash = crashAt(inner, context, null);
  if (crash) return crashed(inner, context, head, following);
  let goesOn = context.trace === 'frames' || CRASH.more.test(inner.slice(0, CRASH_CHARACTERS));
  if (head.of === 'lines') goesOn ||= context.timed || !inner;
  if (isSame && goesOn) return plainLine(inner, text, context, following, head.wrapper, head.label);
  begun(head, text, context);
  context.timed = false;
  return { kind: 'entry', level: head.level, written: head.written };
}

/** @param {string} inner @param {Context} context @param {string|null} following */
function crashAt(inner, context, following) {
  if (!inner) return false;
  const part = inner.length > CRASH_CHARACTERS ? inner.slice(0, CRASH_CHARACTERS) : inner;
  if (context.trace !== 'frames' && CRASH.hard.test(part)) return true;
  if (context.lines && (context.isCrash || context.level === 'E' || context.level === 'W')) return false;
  return CRASH.soft.test(part) || isThrown(part, following);
}

/** Whether a line names an error, and the next one begins its frames. @param {string} part @param {string|null} following */
const isThrown = (part, following) => following !== null && CRASH.at.test(following) && CRASH.thrown.test(part);

/** @param {string} inner @param {Context} context @param {Head|null} head @param {string|null} following @returns {Read} */
function crashed(inner, context, head, following) {
  const { timed } = context;
  context.lines = 1;
  context.level = 'E';
  context.trace = CRASH.frames.test(inner) ? 'frames' : '';
  context.wrapper = head?.wrapper ?? '';
  context.label = head?.label ?? '';
  context.format = 'crash';
  context.timed = timed;
  context.isAfterHead = false;
  context.isCrash = true;
  context.below = false;
  return { kind: 'entry', level: 'E', written: head?.written ?? '' };
}

/** Sentences in small letters have no head, and are many. */
const MAY_HAVE_HEAD = /^(?:[^a-z]|[^:[]{1,80}[:[])/;

/** Another program's head, where the line begins an entry in any case: there is no time above it. @param {string} text @param {Context} context @returns {Head|null} */
function otherHead(text, { formats }) {
  if (!formats || formats.isGiven || !MAY_HAVE_HEAD.test(text)) return null;
  const head = headOf(text);
  return head && head.level !== 'O' && !head.written && !head.wrapper && (formats.isUntimed || head.word) ? head : null;
}

/** @param {string} inner @param {string} text @param {Context} context @param {string|null} following @param {string} wrapper @param {string} [label] @returns {Read} */
function plainLine(inner, text, context, following, wrapper, label = '') {
  const code = inner.charCodeAt(0);
  if (!wrapper && crashAt(inner, context, following)) return crashed(inner, context, null, following);
  if (context.lines && context.lines < MOST_ENTRY_LINES) {
    const isIndented = code === 32 || code === 9 || !inner;
    if (context.trace === 'frames' && !isIndented) {
      context.trace = 'named';
      return continued(context);
    }
    if (CRASH.frames.test(inner)) {
      context.trace = 'frames';
      return continued(context);
    }
    const part = inner.length > CRASH_CHARACTERS ? inner.slice(0, CRASH_CHARACTERS) : inner;
    if (context.timed || isIndented || CRASH.more.test(part) || isThrown(part, following)) return continued(context);
  }
  const other = wrapper ? null : otherHead(inner, context);
  if (other) return begun(other, text, context);
  const { timed } = context;
  const isLong = context.lines >= MOST_ENTRY_LINES;
  context.end();
  context.lines = timed || isLong ? 0 : 1;
  context.wrapper = wrapper;
  context.label = label;
  return { kind: 'entry', level: 'O', written: '' };
}
