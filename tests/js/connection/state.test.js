import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Words } from '../../../django_logtail/static/logtail/ui/format.js';
import { described } from '../../../django_logtail/static/logtail/connection/state.js';

/** As the page is given it; a test in Python sees to that. */
const STATES = JSON.parse(readFileSync(new URL('../states.json', import.meta.url), 'utf8'));
const words = new Words({ 'reason.status': 'HTTP {status}' }, 'en');
const NOW = 1_756_000_000_000;

/** What is said in a situation; only what differs from an ordinary live one is named. */
function said(facts) {
  return described({
    phase: 'open', details: {}, server: { state: 'live', size: 100, behind: 0 }, name: 'a.log', queue: 'web-2', place: { file: 'f', offset: 1234567 }, resumes: true,
    lines: 10, backlog: 500, paused: false, pausedAt: NOW, waiting: 0, holding: false, idle: '', idleMinutes: 30, lastByteAt: NOW / 1000, now: NOW, resumed: false, binary: false, ...facts,
  }, words, STATES);
}

test('an open socket is not live until a reader says so', () => {
  assert.equal(said({ server: null }).chip, 'connecting');
  assert.equal(said({ server: { state: 'waiting' } }).chip, 'connecting');
  assert.equal(said({}).chip, 'live');
});

test('an address that leaves out something is said, unless the log has more to say', () => {
  assert.deepEqual(said({ isCut: true }).notice, { key: 'notice.cut', values: {}, actions: [], tone: '' });
  assert.equal(said({ isCut: false }).notice, null);
  assert.equal(said({ isCut: true, resumed: true }).notice.key, 'notice.cut');
  assert.equal(said({ isCut: true, server: { state: 'live', size: 1, behind: 2_000_000 } }).notice.key, 'notice.behind');
  assert.equal(said({ isCut: true, phase: 'signedout' }).notice.key, 'notice.signedout');
});

test('who may not see earlier lines is not told that the page continues where it was', () => {
  const waiting = { phase: 'waiting', details: { retryAt: NOW + 3_000 } };
  const keys = [{ resumes: true }, { resumes: false }, { resumes: false, place: null }].map((facts) => [said({ ...waiting, ...facts }).tail.key, said({ phase: 'offline', ...facts }).tail.key]);
  assert.deepEqual(keys, [['tail.reconnecting', 'tail.offline'], ['tail.reconnecting.new', 'tail.offline.new'], ['tail.again', 'tail.offline.start']]);
});

test('the limit of one log has its own words', () => {
  for (const limit of [1, 4]) {
    const { key, values } = said({ phase: 'limit', details: { code: 4409, limit } }).notice;
    assert.deepEqual([key, values.n], ['notice.limit', limit]);
  }
});

test('who is ended by staff reads why, and may begin again', () => {
  const why = said({ phase: 'ended', details: { code: 4410, note: 'maintenance' } });
  const without = said({ phase: 'ended', details: { code: 4410 } });

  assert.deepEqual([why.chip, why.tail.key, why.tail.values, why.tail.actions, why.button], ['ended', 'tail.ended.reason', { reason: 'maintenance' }, ['do.again'], 'again']);
  assert.deepEqual([without.tail.key, without.tail.actions], ['tail.ended', ['do.again']]);
});

test('a limit of connects or bytes says how many, and until when', () => {
  const until = new Date(2026, 10, 30, 0, 0, 5).getTime();
  const bytes = said({ phase: 'limit', details: { code: 4409, id: 'too-many-bytes', limit: 5_000_000_000, until } }).notice;
  const connects = said({ phase: 'waiting', details: { code: 4409, id: 'too-many-connects', limit: 240, until, retryAt: until }, now: until - 9_000 });
  const overHttp = said({ phase: 'limit', details: { error: 'too-many-bytes', limit: 5_000_000_000, retry_after: 9 }, now: until - 9_000 }).notice;
  const late = said({ phase: 'waiting', details: { code: 4409, id: 'too-many-viewers', limit: 16, until, retryAt: until }, now: until - 3_000 });

  assert.deepEqual([bytes.key, bytes.values, bytes.actions], ['notice.bytes', { size: '5.0 GB', time: '00:00:05' }, ['do.retry']]);
  assert.deepEqual([overHttp.key, overHttp.values], [bytes.key, bytes.values]);
  assert.deepEqual([connects.notice.key, connects.notice.values, connects.tail.values.n], ['notice.connects', { n: 240 }, 9]);
  assert.deepEqual([late.notice.key, late.notice.values, late.tail.values.n], ['notice.limit', { n: 16 }, 3]);
});

test('a full server is said in the words of the page, another refusal in those of who refused', () => {
  assert.equal(said({ phase: 'limit', details: { code: 4409, reason: 'This server is full.' } }).notice.key, 'notice.full');
  assert.deepEqual([said({ phase: 'limit', details: { reason: 'Slow down.' } }).notice].map(({ key, values }) => [key, values.reason]), [['notice.failed', 'Slow down']]);
});

test('a server that must record access and cannot says so, and the page tries again', () => {
  const shown = said({ phase: 'waiting', details: { id: 'not-recorded', why: 'closed', retryAt: 5_000 }, now: 0 });
  assert.deepEqual([shown.chip, shown.notice.key, shown.tail.key], ['reconnecting', 'notice.notrecorded', 'tail.reconnecting']);
  assert.equal(said({ phase: 'waiting', details: { id: 'unavailable', why: 'closed', retryAt: 5_000 }, now: 0 }).notice, null);
});

for (const [server, chip, notice] of [
  [{ state: 'missing' }, 'missing', 'notice.log.missing'],
  [{ state: 'unreadable', reason: 'Permission denied' }, 'unreadable', 'notice.log.unreadable'],
  [{ state: 'not-a-file', reason: 'a directory' }, 'unreadable', 'notice.log.not-a-file'],
  [{ state: 'refused', reason: 'outside' }, 'unreadable', 'notice.log.refused'],
  [{ state: 'stalled' }, 'stalled', 'notice.log.stalled'],
  [{ state: 'no-reader' }, 'noreader', 'notice.log.no-reader'],
  [{ state: 'no-redis' }, 'noreader', 'notice.log.no-redis'],
  [{ state: 'stopped', reason: 'maintenance' }, 'ended', 'notice.log.stopped'],
]) {
  test(`"${server.state}" from the server is said and is not live`, () => {
    const shown = said({ server });

    assert.equal(shown.chip, chip);
    assert.equal(shown.notice?.key, notice);
    assert.equal(shown.moving, false);
  });
}

test('who is not told the queue reads that no reader answers', () => {
  const shown = said({ server: { state: 'no-reader' }, queue: '' });

  assert.deepEqual([shown.notice?.key, shown.tail?.key], ['notice.log.no-reader.any', 'tail.log.no-reader.any']);
  assert.equal(said({ phase: 'waiting', details: { retryAt: NOW, why: 'no-reader' }, queue: '' }).notice?.key, 'notice.log.no-reader.any');
});

for (const [server, words] of [
  [{ state: 'no-reader', reason: 'the reader on web-2 is newer than this web process' }, 'the reader on web-2 is newer than this web process'],
  [{ state: 'no-redis', reason: 'Redis refused a command from the server: WRONGPASS.' }, 'Redis refused a command from the server: WRONGPASS'],
]) {
  test(`"${server.state}" is told with its reason, and starting a reader is not advised`, () => {
    for (const queue of ['web-2', '']) {
      const { notice } = said({ server, queue });

      assert.deepEqual([notice?.key, notice?.values?.reason.replace(/[.]$/, '')], [`notice.log.${server.state}.why`, words]);
    }
  });
}

test('the queue that no reader answers on is named', () => {
  assert.equal(said({ server: { state: 'no-reader' } }).notice?.values?.queue, 'web-2');
});

test('a reconnect says when and from which byte', () => {
  const shown = said({ phase: 'waiting', details: { retryAt: NOW + 2_400, why: 'closed' } });

  assert.equal(shown.chip, 'reconnecting');
  assert.deepEqual(shown.tail, { key: 'tail.reconnecting', values: { n: 3, offset: '1,234,567' }, actions: ['do.retry'], tone: '' });
});

test('a first connection that fails promises no place', () => {
  assert.equal(said({ phase: 'waiting', place: null, details: { retryAt: NOW + 500 } }).tail?.key, 'tail.again');
});

test('pause and stop are different', () => {
  const paused = said({ paused: true, waiting: 3 });
  const stopped = said({ phase: 'stopped' });

  assert.deepEqual([paused.chip, paused.button, paused.stoppable, paused.tail?.key], ['paused', 'resume', true, 'tail.paused']);
  assert.deepEqual([stopped.chip, stopped.button, stopped.stoppable, stopped.tail?.key], ['stopped', 'again', false, 'tail.stopped']);
});

test('a paused page that is full says how much waits in the file', () => {
  assert.equal(said({ paused: true, holding: true, server: { state: 'live', behind: 5_000_000 } }).tail?.values?.size, '5.0 MB');
});

test('a page that asked for no more is not live, and leads back', () => {
  const shown = said({ holding: true, server: { state: 'live', behind: 5_000_000 } });

  assert.deepEqual([shown.chip, shown.tail?.key, shown.tail?.actions, shown.notice], ['history', 'tail.history', ['do.live'], null]);
  assert.deepEqual([shown.moving, shown.button, shown.stoppable], [false, '', true]);
  assert.equal(said({ holding: true, server: { state: 'missing' } }).chip, 'missing');
});

test('being behind is said from a megabyte on', () => {
  assert.equal(said({ server: { state: 'live', behind: 200_000 } }).chip, 'live');
  assert.equal(said({ server: { state: 'live', behind: 12_400_000 } }).chip, 'behind');
});

test('a quiet log says when its last line came', () => {
  assert.equal(said({ lastByteAt: NOW / 1000 - 30 }).tail?.key, 'tail.live');
  assert.equal(said({ lastByteAt: NOW / 1000 - 180 }).tail?.key, 'tail.quiet');
});

test('losing access clears the page', () => {
  const shown = said({ phase: 'denied' });

  assert.deepEqual([shown.chip, shown.blank], ['denied', 'denied']);
});

test('signing in again is offered', () => {
  assert.deepEqual(said({ phase: 'signedout' }).notice?.actions, ['do.signin']);
});

test('an empty file is said to be empty, and only while it is', () => {
  assert.equal(said({ lines: 0, server: { state: 'live', size: 0 } }).blank, 'file');
  assert.equal(said({ lines: 0, server: { state: 'live', size: 5 } }).blank, '');
  assert.equal(said({ lines: 0, server: { state: 'missing', size: 0 } }).blank, '');
});

test('where no file was seen yet there is none that could be missing, and nothing to pause', () => {
  const never = said({ place: null, lines: 0, server: { state: 'missing' } });
  const gone = said({ lines: 0, server: { state: 'missing' } });

  assert.deepEqual([never.chip, never.blank, never.button, never.notice, never.tail], ['notyet', 'notyet', '', null, null]);
  assert.deepEqual([gone.chip, gone.blank, gone.button, gone.notice?.key], ['missing', '', '', 'notice.log.missing']);
  assert.equal(said({ place: null, lines: 3, server: { state: 'missing' } }).chip, 'missing');
});

for (const state of ['waiting', 'missing', 'unreadable', 'not-a-file', 'refused', 'stalled', 'no-reader', 'no-redis', 'stopped']) {
  test(`nothing can come of a log that is ${state}, and a page that was paused goes on`, () => {
    assert.equal(said({ server: { state } }).button, '');
    assert.equal(said({ server: { state }, paused: true }).button, 'resume');
  });
}

test('that nothing was missed is said after a reconnect', () => {
  assert.deepEqual(said({ resumed: true }).notice, { key: 'notice.resumed', values: {}, actions: [], tone: 'ok' });
});

test('a blocked socket gives its cause and its cure', () => {
  const shown = said({ phase: 'nosocket', details: { cause: 'WSGI.', fix: 'Use ASGI.' } });

  assert.deepEqual([shown.notice?.values, shown.notice?.remedy], [{ cause: 'WSGI.' }, { id: '', text: 'Use ASGI.', paste: '' }]);
});

test('lines that are served without a socket are said not to be live', () => {
  const shown = said({ phase: 'nosocket', details: { served: true, fetching: false, id: 'logtail.E021', cause: 'Why.', fix: 'How.', paste: 'Lines' } });

  assert.equal(shown.chip, 'history');
  assert.deepEqual(shown.notice, { key: 'notice.nosocket', values: { cause: 'Why.' }, actions: ['do.refresh'], tone: '', remedy: { id: 'logtail.E021', text: 'How.', paste: 'Lines' } });
  assert.deepEqual([shown.tail, shown.moving, shown.button, shown.stoppable], [null, false, '', false]);
});

test('before the first of them are here, they are being loaded', () => {
  const shown = said({ phase: 'nosocket', lines: 0, details: { served: false, fetching: true } });

  assert.deepEqual([shown.chip, shown.tail?.key, shown.notice], ['connecting', 'tail.backlog', null]);
});

for (const [state, chip, notice] of [['missing', 'missing', 'notice.nosocket'], ['no-reader', 'noreader', 'notice.nosocket'], ['unreadable', 'unreadable', 'notice.log.unreadable'], ['stopped', 'ended', 'notice.log.stopped']]) {
  test(`without a socket, "${state}" is said, a refresh is offered, and nothing is promised to happen by itself`, () => {
    const shown = said({ phase: 'nosocket', details: { served: true }, server: { state } });

    assert.deepEqual([shown.chip, shown.notice?.key, shown.notice?.actions.at(-1), shown.tail], [chip, notice, 'do.refresh', null]);
  });
}

test('a state that is shown twice offers each action once', () => {
  const facts = { phase: 'nosocket', details: { served: true }, server: { state: 'unreadable', reason: 'x' } };
  said(facts);

  assert.deepEqual(said(facts).notice.actions, ['do.choose', 'do.refresh']);
});

test('a connection that ended for want of a reader says that, and tries again', () => {
  const shown = said({ phase: 'waiting', details: { retryAt: NOW + 2_000, why: 'no-reader' } });

  assert.deepEqual([shown.chip, shown.notice.key, shown.tail.key], ['noreader', 'notice.log.no-reader', 'tail.reconnecting']);
});

test('what only somebody else can mend is said in red', () => {
  const tones = ['refused', 'stopped', 'missing', 'stalled'].map((state) => said({ server: { state, reason: 'x' } }).notice.tone);

  assert.deepEqual(tones, ['danger', 'danger', '', '']);
});

/** All that is shown in a situation; only what differs from a page that shows nothing is named. */
function shown(facts) {
  return { chip: 'connecting', tail: null, notice: null, blank: '', button: '', stoppable: false, moving: false, ...facts };
}
const line = (key, actions = [], values = {}, tone = '') => ({ key, actions, values, tone });

for (const [situation, facts, expected] of [
  ['a first connection', { phase: 'connecting', place: null, lines: 0 }, { tail: line('tail.backlog', [], { n: 500 }), stoppable: true }],
  ['a first connection of a page that has lines', { phase: 'idle', place: null }, { tail: line('tail.connecting', [], { n: 500 }), stoppable: true }],
  ['a connection after another', { phase: 'connecting' }, { chip: 'reconnecting', tail: line('tail.connecting'), stoppable: true }],
  ['the pause before another connection', { phase: 'waiting', details: { retryAt: NOW + 1_001 } },
    { chip: 'reconnecting', tail: line('tail.reconnecting', ['do.retry'], { n: 2, offset: '1,234,567' }), stoppable: true }],
  ['the end of that pause', { phase: 'waiting', place: null, details: { retryAt: NOW - 5 } },
    { chip: 'reconnecting', tail: line('tail.again', ['do.retry'], { n: 1, offset: '' }), stoppable: true }],
  ['a computer without a network', { phase: 'offline' }, { chip: 'offline', tail: line('tail.offline', [], { offset: '1,234,567' }), stoppable: true }],
  ['a computer that never had one', { phase: 'offline', place: null }, { chip: 'offline', tail: line('tail.offline.start', [], { offset: '' }), stoppable: true }],
  ['a log that was stopped', { phase: 'stopped' }, { chip: 'stopped', tail: line('tail.stopped', ['do.again']), button: 'again' }],
  ['a log that stopped in the background', { phase: 'stopped', idle: 'hidden' }, { chip: 'stopped', tail: line('tail.idle', ['do.again'], { n: 30 }), button: 'again' }],
  ['a log that nobody used', { phase: 'stopped', idle: 'unused', idleMinutes: 10 }, { chip: 'stopped', tail: line('tail.unused', ['do.again'], { n: 10 }), button: 'again' }],
  ['no access', { phase: 'denied' }, { chip: 'denied', blank: 'denied' }],
  ['a log that was deleted', { phase: 'gone' }, { chip: 'failed', notice: line('notice.gone', ['do.choose'], {}, 'danger') }],
  ['a session that ended', { phase: 'signedout' }, { chip: 'signedout', notice: line('notice.signedout', ['do.signin']) }],
  ['the limit of a user', { phase: 'limit', details: { limit: 4 } }, { chip: 'failed', notice: line('notice.limit', ['do.retry'], { n: 4 }, 'danger') }],
  ['a full server', { phase: 'limit', details: { code: 4409 } }, { chip: 'failed', notice: line('notice.full', ['do.retry'], {}, 'danger') }],
  ['another limit', { phase: 'limit', details: { code: 4408 } }, { chip: 'failed', notice: line('notice.failed', ['do.retry'], { reason: 'reason.server' }, 'danger') }],
  ['a blocked socket', { phase: 'nosocket', details: { cause: 'WSGI.', fix: 'Use ASGI.' } },
    { chip: 'failed', notice: { ...line('notice.cause', ['do.retry'], { cause: 'WSGI.' }, 'danger'), remedy: { id: '', text: 'Use ASGI.', paste: '' } } }],
  ['a blocked socket without a known cause', { phase: 'nosocket' }, { chip: 'failed', notice: line('notice.cause', ['do.retry'], { cause: 'notice.refused' }, 'danger') }],
  ['something that refuses without a word', { phase: 'nosocket', details: { status: 403, served: false, fetching: false } },
    { chip: 'failed', notice: { ...line('notice.cause', ['do.retry'], { cause: 'notice.refused' }, 'danger'), remedy: { id: 'logtail.E024', text: 'notice.refused.more', paste: '' } } }],
  ['the first lines without a socket', { phase: 'nosocket', details: { fetching: true } }, { tail: line('tail.backlog', [], { n: 500 }) }],
  ['another release of the server', { phase: 'outdated' }, { chip: 'outdated', notice: line('notice.outdated', ['do.reload']) }],
  ['an answer with an error', { phase: 'failed', details: { status: 503 } }, { chip: 'failed', notice: line('notice.failed', ['do.retry'], { reason: 'HTTP 503' }, 'danger') }],
  ['an error without a status', { phase: 'failed' }, { chip: 'failed', notice: line('notice.failed', ['do.retry'], { reason: 'reason.server' }, 'danger') }],
  ['an error with a reason', { phase: 'failed', details: { status: 503, reason: 'Full.' } }, { chip: 'failed', notice: line('notice.failed', ['do.retry'], { reason: 'Full' }, 'danger') }],
  ['an error with a text', { phase: 'failed', details: { text: 'No.' } }, { chip: 'failed', notice: line('notice.failed', ['do.retry'], { reason: 'No' }, 'danger') }],
  ['a live log', {}, { chip: 'live', tail: line('tail.live'), button: 'pause', stoppable: true, moving: true }],
  ['a server that has not said how the log is', { server: null }, { tail: line('tail.backlog', [], { n: 500 }), stoppable: true }],
  ['a log that is paused', { paused: true, waiting: 3, pausedAt: new Date(2026, 7, 24, 9, 5, 7).getTime() },
    { chip: 'paused', tail: line('tail.paused', ['do.resume'], { time: '09:05:07', n: 3 }), button: 'resume', stoppable: true }],
  ['a paused page that is full', { paused: true, holding: true, pausedAt: new Date(2026, 7, 24, 9, 5, 7).getTime() },
    { chip: 'paused', tail: line('tail.held.size', ['do.resume'], { time: '09:05:07', size: '0 B' }), button: 'resume', stoppable: true }],
  ['a page that asked for no more', { holding: true }, { chip: 'history', tail: line('tail.history', ['do.live']), stoppable: true }],
  ['a file that is missing', { server: { state: 'missing' } },
    {
      chip: 'missing', stoppable: true,
      tail: line('tail.log.missing', [], { name: 'a.log', queue: 'web-2', reason: 'reason.none', what: 'reason.none' }),
      notice: line('notice.log.missing', ['do.choose'], { name: 'a.log', queue: 'web-2', reason: 'reason.none', what: 'reason.none' }),
    }],
  ['a log that nothing is said of at its end', { server: { state: 'refused', reason: 'outside' } },
    {
      chip: 'unreadable', stoppable: true,
      notice: line('notice.log.refused', ['do.choose'], { name: 'a.log', queue: 'web-2', reason: 'outside', what: 'outside' }, 'danger'),
    }],
]) {
  test(`all that is shown of ${situation}`, () => {
    assert.deepEqual(said(facts), shown(expected));
  });
}

for (const [behind, chip] of [[1_048_576, 'live'], [1_048_577, 'behind']]) {
  test(`${behind} bytes behind are ${chip}`, () => {
    assert.equal(said({ server: { state: 'live', behind } }).chip, chip);
  });
}

test('being behind offers to skip, and a page that is paused or holds says neither', () => {
  const server = { state: 'live', behind: 12_400_000 };

  assert.deepEqual(said({ server }).notice, line('notice.behind', ['do.skip'], { size: '12.4 MB' }));
  assert.deepEqual([said({ server, paused: true }).notice, said({ server, holding: true }).notice], [null, null]);
});

for (const [seconds, key, values] of [[60, 'tail.live', {}], [61, 'tail.quiet', { ago: '1 minute ago' }]]) {
  test(`a log that is quiet for ${seconds} s`, () => {
    assert.deepEqual(said({ lastByteAt: NOW / 1000 - seconds }).tail, line(key, [], values));
  });
}

test('a log that had no line yet is not called quiet', () => {
  assert.equal(said({ lastByteAt: null }).tail.key, 'tail.live');
});

test('where a link led to is said before that nothing was missed, and a file that cannot be read before both', () => {
  const lost = { kind: 'lost' };

  assert.deepEqual(said({ lost, resumed: true }).notice, line('notice.lost', ['do.close'], { reason: '' }));
  assert.equal(said({ lost, server: { state: 'missing' } }).notice.key, 'notice.log.missing');
  assert.equal(said({ lost: { kind: '' }, resumed: true }).notice.key, 'notice.resumed');
});

test('lines of a link that were not loaded say why', () => {
  const lost = { kind: 'notloaded', failure: { message: 'The file is gone.', why: {} } };

  assert.deepEqual(said({ lost }).notice, line('notice.notloaded', ['do.close'], { reason: 'The file is gone' }));
});

test('binary content is said unless there is something else, and not on a page that is paused', () => {
  assert.equal(said({ binary: true }).blank, 'binary');
  assert.equal(said({ binary: true, lines: 0, server: { state: 'live', size: 0 } }).blank, 'file');
  assert.equal(said({ binary: true, paused: true }).blank, '');
  assert.equal(said({ binary: true, phase: 'nosocket', details: { served: true } }).blank, 'binary');
  assert.equal(said({ phase: 'nosocket', details: { served: true } }).blank, '');
});

test('without a socket, a cause without a cure stands alone', () => {
  const { notice } = said({ phase: 'nosocket', details: { served: true, cause: 'Why.' } });

  assert.deepEqual([notice.values, notice.remedy], [{ cause: 'Why.' }, undefined]);
});

test('below what is wrong with the log itself, the cure says what it is for', () => {
  const details = { served: true, id: 'logtail.E021', cause: 'Why.', fix: 'How.', paste: 'Lines' };

  const { notice } = said({ phase: 'nosocket', details, server: { state: 'unreadable', reason: 'x' } });

  assert.equal(notice.key, 'notice.log.unreadable');
  assert.deepEqual(notice.remedy, { id: 'logtail.E021', text: 'Why. How.', paste: 'Lines' });
});

test('going to a time in a log without any offers no way back to where the viewer still is', () => {
  assert.deepEqual(said({ went: { result: 'none', time: '9:00' } }).notice.actions, ['do.close']);
  assert.deepEqual(said({ went: { result: 'found', time: '9:00' } }).notice.actions, ['do.live', 'do.close']);
});

for (const [result, tone] of [['found', 'ok'], ['begins', 'ok'], ['ends', 'ok'], ['nearest', ''], ['none', '']]) {
  test(`going to a time that ended with "${result}" is said in a strip`, () => {
    const { notice } = said({ holding: true, went: { result, time: '9:00' } });

    assert.deepEqual(notice, { key: `go.${result}`, actions: ['do.live', 'do.close'], values: { time: '9:00' }, tone });
  });
}

/** The remedy that is shown to somebody who may see the host. */
function remedy(facts, remedies = { 'no-reader': { text: 'Run it for {queue}.', paste: 'run {queue}' }, 'redis-full': { text: 'Free.', paste: '' }, redis: { text: 'Ask.', paste: 'doctor' } }) {
  return described({ phase: 'open', details: {}, server: { state: 'live' }, name: 'a.log', queue: 'web-2', place: null, lines: 0, backlog: 5, ...facts }, words, { ...STATES, remedies }).notice?.remedy;
}

test('a log without a reader has the command to run, with its queue', () => {
  assert.deepEqual(remedy({ server: { state: 'no-reader' } }), { id: 'no-reader', text: 'Run it for web-2.', paste: 'run web-2' });
  assert.equal(remedy({ phase: 'waiting', details: { why: 'no-reader', retryAt: 0 }, now: 0 }).paste, 'run web-2');
});

test('a reason has its own remedy or none, never that of the state', () => {
  assert.equal(remedy({ server: { state: 'no-reader', reason: 'x', why: { code: 'reader-older' } } }), undefined);
  assert.equal(remedy({ server: { state: 'no-redis', reason: 'x', why: { code: 'redis' } } }).id, 'redis');
});

test('what Redis answered matters more than that it did', () => {
  assert.deepEqual(remedy({ server: { state: 'no-redis', reason: 'x', why: { code: 'redis', trouble: 'full' } } }), { id: 'redis-full', text: 'Free.', paste: '' });
  assert.equal(remedy({ server: { state: 'no-redis', reason: 'x', why: { code: 'redis', trouble: 'other' } } }).id, 'redis');
});

test('people who may not see the host have no remedies, and a state without one has none', () => {
  assert.equal(remedy({ server: { state: 'no-reader' } }, {}), undefined);
  assert.equal(remedy({ server: { state: 'missing' }, place: { file: 'f', offset: 1 } }), undefined);
  assert.equal(remedy({ server: { state: 'no-reader', reason: 'x', why: { code: 'constructor' } } }), undefined);
});

test('without a socket, too, a file that was never there is not called gone', () => {
  const details = { served: true, fetching: false, cause: 'Why.' };
  const never = said({ phase: 'nosocket', details, place: null, lines: 0, server: { state: 'missing' } });
  const gone = said({ phase: 'nosocket', details, server: { state: 'missing' } });

  assert.deepEqual([never.chip, never.blank, never.notice.key], ['history', 'notyet', 'notice.nosocket']);
  assert.deepEqual([gone.chip, gone.blank, gone.notice.key], ['missing', '', 'notice.nosocket']);
});

test('whoever sees the original reads until when and why, unless the log has more to say', () => {
  const original = { until: new Date(2026, 10, 30, 14, 37, 9).getTime(), reason: 'order 7' };
  assert.deepEqual(said({ original }).notice, { key: 'red.shown', values: { time: '14:37', reason: 'order 7' }, actions: ['red.hide'], tone: '' });
  assert.equal(said({ original: null }).notice, null);
  assert.equal(said({ original, server: { state: 'live', size: 1, behind: 2_000_000 } }).notice.key, 'notice.behind');
  assert.equal(said({ original, phase: 'signedout' }).notice.key, 'notice.signedout');
});
