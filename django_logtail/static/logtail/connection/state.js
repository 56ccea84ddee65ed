/**
 * The page's state in words: the chip, the end of the log, the notice above it, the available actions. Knows no DOM.
 *
 * "Live" is shown only while a reader confirms it, because an open socket proves nothing.
 */

import { clock } from '../ui/format.js';

/**
 * @typedef {{
 *   phase: import('./session.js').Phase, details: Record<string, any>, server: Record<string, any>|null,
 *   name: string, queue: string, place: {file: string, offset: number}|null, resumes: boolean, lines: number, backlog: number,
 *   paused: boolean, pausedAt: number, waiting: number, holding: boolean, idleMinutes: number, idle: ''|'hidden'|'unused',
 *   original?: {until: number, reason: string}|null, lost?: {kind: ''|'lost'|'notloaded'|'unreached', failure?: import('./requests.js').Failure}, went?: import('../log/linked-lines.js').Went|null, lastByteAt: number|null, now: number, resumed: boolean, binary: boolean, isCut: boolean,
 * }} Facts
 * @typedef {{shown: string, before: string, notice: [string, string], why: string, end: [string, string], actions: string[], tone:
 * 'danger'|'ok'|'', continues: boolean}} LogState What is shown for a log in this state (`before`: for a page that has seen no file yet; `why`: the notice if the
 * server gives a reason). The second name of each pair is for people who may not see the queue; "" for none.
 * @typedef {{log: Record<string, LogState>, page: Record<string, {tone: string, dot: string, plain: boolean}>,
 * remedies?: Record<string, {text: string, paste: string}>}} States `remedies`, by the id of the cause, only for people who may see the host
 * @typedef {{key: string, values?: Record<string, string|number>, actions: string[], tone?: 'danger'|'ok'|'', remedy?:
 * Remedy}} Said
 * @typedef {{id: string, text: string, paste: string}} Remedy what mends the cause with this id, and lines for it to paste
 * @typedef {{chip: string, tail: Said|null, notice: Said|null, blank: ''|'denied'|'file'|'binary'|'gone'|'notyet', button: 'pause'|'resume'|'again'|'', stoppable: boolean, moving: boolean}} Shown
 */

/** From this many bytes on, the page says that it is behind; 256 KiB may be unacknowledged at any time. */
const BEHIND_BYTES = 1024 * 1024;
/** The close code for too many viewers; with a `limit`, too many of one user. */
const SERVER_FULL = 4409;
/** Seconds without a line before the page says when the last one came. */
const QUIET_SECONDS = 60;

/** Results of going to a time after which the place is the right one. */
const RIGHT = new Set(['found', 'begins', 'ends']);

/** @param {Facts} facts @param {import('../ui/format.js').Words} words @param {States} states the table of all states @returns {Shown} */
export function described(facts, words, states) {
  const shown = /** @type {Shown} */ ({ chip: 'connecting', tail: null, notice: null, blank: '', button: '', stoppable: false, moving: false });
  const offset = facts.place ? words.number(facts.place.offset) : '';
  const isMissing = Boolean(facts.place) && !facts.resumes;
  const reason = endedBecause(facts, words);
  switch (facts.phase) {
    case 'idle':
    case 'connecting':
      shown.tail = said(facts.lines ? 'tail.connecting' : 'tail.backlog', [], { n: facts.backlog });
      shown.chip = facts.place ? 'reconnecting' : 'connecting';
      if (facts.place) shown.tail = said('tail.connecting', []);
      shown.stoppable = true;
      break;
    case 'waiting': {
      const seconds = Math.max(1, Math.ceil((facts.details.retryAt - facts.now) / 1000));
      shown.chip = 'reconnecting';
      shown.tail = said(isMissing ? 'tail.reconnecting.new' : facts.place ? 'tail.reconnecting' : 'tail.again', ['do.retry'], { n: seconds, offset });
      const why = states.log[facts.details.why];
      if (facts.details.limit) shown.notice = overLimit(facts, words, []);
      if (facts.details.id === 'not-recorded') shown.notice = said('notice.notrecorded', [], {}, 'danger');
      if (why) {
        shown.chip = why.shown;
        shown.notice = said(named(why.notice, facts), [], { queue: facts.queue });
        mend(shown.notice, facts.details.why, undefined, facts, states);
      }
      shown.stoppable = true;
      break;
    }
    case 'offline':
      shown.chip = 'offline';
      shown.tail = said(isMissing ? 'tail.offline.new' : facts.place ? 'tail.offline' : 'tail.offline.start', [], { offset });
      shown.stoppable = true;
      break;
    case 'stopped':
      shown.chip = 'stopped';
      shown.tail = facts.idle ? said(facts.idle === 'unused' ? 'tail.unused' : 'tail.idle', ['do.again'], { n: facts.idleMinutes }) : said('tail.stopped', ['do.again']);
      shown.button = 'again';
      break;
    case 'ended':
      shown.chip = 'ended';
      shown.tail = said(facts.details.note ? 'tail.ended.reason' : 'tail.ended', ['do.again'], facts.details.note ? { reason: facts.details.note } : {});
      shown.button = 'again';
      break;
    case 'denied':
      shown.chip = 'denied';
      shown.blank = 'denied';
      break;
    case 'gone':
      shown.chip = 'failed';
      shown.notice = said('notice.gone', ['do.choose'], {}, 'danger');
      break;
    case 'signedout':
      shown.chip = 'signedout';
      shown.notice = said('notice.signedout', ['do.signin']);
      break;
    case 'limit':
      shown.chip = 'failed';
      if (facts.details.limit) shown.notice = overLimit(facts, words, ['do.retry']);
      else shown.notice = facts.details.code === SERVER_FULL ? said('notice.full', ['do.retry'], {}, 'danger')
        : said('notice.failed', ['do.retry'], { reason: reason || words.say('reason.server') }, 'danger');
      break;
    case 'nosocket':
      if (facts.details.fetching && !facts.details.served) {
        shown.tail = said('tail.backlog', [], { n: facts.backlog });
        break;
      }
      if (facts.details.served) {
        blocked(facts, words, states, shown);
        break;
      }
      shown.chip = 'failed';
      shown.notice = caused('notice.cause', ['do.retry'], facts, words, 'danger');
      break;
    case 'outdated':
      shown.chip = 'outdated';
      shown.notice = said('notice.outdated', ['do.reload']);
      break;
    case 'failed':
      shown.chip = 'failed';
      shown.notice = said('notice.failed', ['do.retry'], {
        reason: reason || (facts.details.status ? words.say('reason.status', { status: String(facts.details.status) }) : words.say('reason.server')),
      }, 'danger');
      break;
    default:
      connected(facts, words, states, shown);
  }
  // Anything about the log itself comes first.
  if (facts.isCut && (!shown.notice || shown.notice.key === 'notice.resumed') && !shown.blank) shown.notice = said('notice.cut', []);
  return shown;
}

/** WebSockets are blocked: the last lines are here, and no more follow automatically. @param {Facts} facts @param {import('../ui/format.js').Words} words @param {States} states @param {Shown} shown */
function blocked(facts, words, states, shown) {
  const state = states.log[facts.server?.state];
  shown.chip = 'history';
  if (state?.before && !facts.place && !facts.lines) shown.blank = 'notyet';
  else if (state?.notice[0]) trouble(state, facts, reasonOf(facts, words), shown, states);
  // Not a notice that promises to continue automatically: without a socket, nothing does.
  if (shown.notice && !state.continues) {
    shown.notice.actions.push('do.refresh');
    const { id = '', cause = '', fix = '', paste = '' } = facts.details;
    if (fix) shown.notice.remedy = { id, text: `${cause} ${fix}`, paste };
  } else shown.notice = caused('notice.nosocket', ['do.refresh'], facts, words);
  shown.tail = null;
  if (facts.binary) shown.blank = 'binary';
}

/** Why there is no socket, and what mends that. @param {string} key @param {string[]} actions @param {Facts} facts @param {import('../ui/format.js').Words} words @param {'danger'|''} [tone] @returns {Said} */
function caused(key, actions, { details: { id = '', cause, fix = '', paste = '', status } }, words, tone = '') {
  const notice = said(key, actions, { cause: cause || words.say('notice.refused') }, tone);
  if (fix) notice.remedy = { id, text: fix, paste };
  // Not the server's own answer, which has words.
  else if (status === 403) notice.remedy = { id: 'logtail.E024', text: words.say('notice.refused.more'), paste: '' };
  return notice;
}

/** @param {Facts} facts @param {import('../ui/format.js').Words} words */
function reasonOf(facts, words) {
  return words.reason(facts.server?.why, facts.server?.reason) || words.say('reason.none');
}

/** Which limit for one user is reached, how many it allows, and until when. @param {Facts} facts @param {import('../ui/format.js').Words} words @param {string[]} actions @returns {Said} */
function overLimit({ now, details }, words, actions) {
  // An answer over HTTP names its reason `error`, and has no moment of its own.
  const { limit, id = details.error, until = now + 1000 * (details.retry_after ?? 0) } = details;
  if (id === 'too-many-bytes') return said('notice.bytes', actions, { size: words.size(limit), time: clock(until) }, 'danger');
  return said(id === 'too-many-connects' ? 'notice.connects' : 'notice.limit', actions, { n: limit }, 'danger');
}

/** Why the server ended it, by its id or in its own words; "" if unknown. @param {Facts} facts @param {import('../ui/format.js').Words} words */
function endedBecause({ details }, words) {
  return words.reason({ ...details, code: details.id ?? details.error }, details.reason || details.text);
}

/** @param {Facts} facts @param {import('../ui/format.js').Words} words @param {States} states @param {Shown} shown */
function connected(facts, words, states, shown) {
  const state = facts.server?.state ?? 'waiting';
  // The result of a link, unless something matters more.
  if (facts.lost?.kind) shown.notice = said(`notice.${facts.lost.kind}`, ['do.close'], { reason: facts.lost.failure ? words.failure(facts.lost.failure) : '' });
  else if (facts.went) shown.notice = said(`go.${facts.went.result}`, facts.went.result === 'none' && !facts.holding ? ['do.close'] : ['do.live', 'do.close'], { time: facts.went.time }, RIGHT.has(facts.went.result) ? 'ok' : '');
  const reason = reasonOf(facts, words);
  shown.stoppable = true;
  // If nothing can arrive, there is nothing to pause.
  if (state === 'live') shown.button = 'pause';
  if (states.log[state]?.before && !facts.place && !facts.lines) {
    shown.chip = states.log[state].before;
    shown.blank = 'notyet';
    shown.notice = null;
  } else if (states.log[state]?.notice[0]) trouble(states.log[state], facts, reason, shown, states);
  else if (state === 'live') {
    shown.chip = 'live';
    shown.moving = true;
    const quiet = facts.lastByteAt ? facts.now / 1000 - facts.lastByteAt : 0;
    shown.tail = quiet > QUIET_SECONDS ? said('tail.quiet', [], { ago: words.ago(quiet) }) : said('tail.live', []);
    const behind = facts.server?.behind ?? 0;
    if (facts.holding) {
      // The viewer looks elsewhere and the page is full: the server was asked to hold, so the lines end before the file
      // does.
      shown.chip = 'history';
      shown.button = '';
      shown.moving = false;
      shown.tail = said('tail.history', ['do.live']);
    } else if (behind > BEHIND_BYTES && !facts.paused) {
      shown.chip = 'behind';
      shown.notice = said('notice.behind', ['do.skip'], { size: words.size(behind) });
    } else if (facts.resumed && !shown.notice) shown.notice = said('notice.resumed', [], {}, 'ok');
    if (!facts.lines && facts.server?.size === 0) shown.blank = 'file';
  } else {
    shown.chip = 'connecting';
    shown.tail = said('tail.backlog', [], { n: facts.backlog });
  }
  if (facts.original && (!shown.notice || shown.notice.key === 'notice.resumed')) shown.notice = said('red.shown', ['red.hide'], { time: clock(facts.original.until).slice(0, 5), reason: facts.original.reason });
  if (facts.binary && !shown.blank) shown.blank = 'binary';
  if (facts.paused) {
    shown.chip = 'paused';
    shown.button = 'resume';
    shown.moving = false;
    shown.blank = '';
    const time = clock(facts.pausedAt);
    shown.tail = facts.holding ? said('tail.held.size', ['do.resume'], { time, size: words.size(facts.server?.behind ?? 0) })
      : said('tail.paused', ['do.resume'], { time, n: facts.waiting });
  }
}

/** The text that fits what the viewer may know: not everyone sees the name of a queue. @param {[string, string]} text @param {Facts} facts */
function named(text, facts) {
  return facts.queue ? text[0] : text[1];
}

/** A log that can't be read now. @param {LogState} state @param {Facts} facts @param {string} reason @param {Shown} shown @param {States} states */
function trouble(state, facts, reason, shown, states) {
  const values = { name: facts.name, queue: facts.queue, reason, what: reason };
  shown.chip = state.shown;
  shown.notice = said(state.why && facts.server?.reason ? state.why : named(state.notice, facts), [...state.actions], values, state.tone);
  mend(shown.notice, facts.server?.state, facts.server?.why, facts, states);
  if (state.end[0]) shown.tail = said(named(state.end, facts), [], values);
}

/** Add what staff can do: about the answer of Redis, the reason, or a state without one. @param {Said} notice @param {string} state @param {Record<string, any>|undefined} why @param {Facts} facts @param {States} states */
function mend(notice, state, why, facts, states) {
  const table = states.remedies ?? {};
  const id = [`redis-${why?.trouble}`, why?.code ?? state].find((name) => Object.hasOwn(table, name));
  if (!id) return;
  const filled = (/** @type {string} */ text) => text.replaceAll('{queue}', facts.queue);
  notice.remedy = { id, text: filled(table[id].text), paste: filled(table[id].paste) };
}

/** @param {string} key @param {string[]} actions @param {Record<string, any>} [values] @param {'danger'|'ok'|''} [tone] @returns {Said} */
function said(key, actions, values = {}, tone = '') {
  return { key, actions, values, tone };
}
