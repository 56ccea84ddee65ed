import assert from 'node:assert/strict';
import test from 'node:test';

import { Store } from '../../../django_logtail/static/logtail/log/store.js';
import { Stream } from '../../../django_logtail/static/logtail/connection/stream.js';

/** A stream with a clock that is set by hand. */
function begun() {
  const clock = { now: 1_000_000, timers: [] };
  const heard = [];
  const stream = new Stream({
    became: (phase) => heard.push(phase), heardStatus: () => heard.push('status'), changed: () => heard.push('changed'), follows: (...files) => heard.push(files), named: (name) => heard.push(`named ${name}`),
  }, { now: () => clock.now, later: (run, ms) => clock.timers.push([run, ms]) });
  stream.begin(new Store());
  stream.become('open', { can: ['range'] });
  return { clock, heard, stream };
}

/** @param {Stream} stream @param {string} text */
function take(stream, text, { file = 'f', partial = false } = {}) {
  const bytes = new TextEncoder().encode(text);
  const start = stream.store.place?.file === file ? stream.store.place.offset : 0;
  return stream.take({ file, start, end: start + bytes.length, partial }, bytes);
}

const started = (file, offset, more = {}) => ({ type: 'event', kind: 'started', file, offset, ...more });
const held = ({ store }) => store.items.map((item) => item.text || item.kind);

test('where the store stands is the answer to a batch', () => {
  const { stream } = begun();

  assert.deepEqual(take(stream, 'one\n'), { file: 'f', offset: 4 });
});

test('what the server can is true only while the socket is open', () => {
  const { stream } = begun();

  assert.deepEqual([stream.can('range'), stream.can('search')], [true, false]);
  stream.become('waiting', { why: 'closed' });
  assert.equal(stream.can('range'), false);
});

test('a new connection knows nothing yet of the reader', () => {
  const { stream } = begun();
  stream.hear({ type: 'status', state: 'live' });

  stream.become('open', { can: [] });

  assert.equal(stream.server, null);
});

test('a status adds to what is known', () => {
  const { stream } = begun();
  stream.hear({ type: 'status', state: 'live', size: 10 });

  stream.hear({ type: 'status', behind: 3, last_byte_at: 17 });

  assert.deepEqual([stream.server.state, stream.server.size, stream.server.behind, stream.lastByteAt], ['live', 10, 3, 17]);
});

test('going on further down than it stopped leaves a gap of what lies between', () => {
  const { stream } = begun();
  take(stream, 'one\n');

  stream.hear(started('f', 40));

  const gap = stream.store.last;
  assert.deepEqual([gap.kind, gap.start, gap.end, gap.details.reason], ['gap', 4, 40, 'missed']);
  assert.deepEqual(stream.store.place, { file: 'f', offset: 40 });
});

test('going on in another file is marked', () => {
  const { stream } = begun();
  take(stream, 'one\n');

  stream.hear(started('g', 0));

  assert.deepEqual(held(stream), ['one', 'elsewhere']);
  assert.deepEqual(stream.store.place, { file: 'g', offset: 0 });
});

test('a file that got another id by growing is still the same', () => {
  const { stream } = begun();
  take(stream, 'one\n');

  stream.hear(started('f2', 4, { resumed: true }));

  assert.deepEqual(held(stream), ['one']);
  assert.equal(stream.store.last.file, 'f2');
});

test('that it went on is said for some seconds from when it is live again', () => {
  const { clock, heard, stream } = begun();
  take(stream, 'one\n');
  stream.become('waiting', { why: 'closed' });
  stream.become('open', {});
  stream.hear(started('f', 4, { resumed: true }));
  assert.equal(stream.resumed, false);

  stream.hear({ type: 'status', state: 'live' });

  assert.equal(stream.resumed, true);
  const [[drawAgain, ms]] = clock.timers;
  clock.now += ms;
  assert.equal(stream.resumed, false);
  heard.length = 0;
  drawAgain();
  assert.deepEqual(heard, ['changed']);
});

test('that it went on is said once and not whenever it is live again', () => {
  const { clock, stream } = begun();
  take(stream, 'one\n');
  stream.become('waiting', { why: 'closed' });
  stream.become('open', { can: [] });
  stream.hear(started('f', 4, { resumed: true }));
  stream.hear({ type: 'status', state: 'live' });
  const at = [stream.resumed];
  clock.now += 60_000;
  for (const state of ['live', 'missing', 'live']) {
    stream.hear({ type: 'status', state });
    at.push(stream.resumed);
  }

  assert.deepEqual(at, [true, false, false, false]);
});

test('a first connection went on from nothing', () => {
  const { stream } = begun();
  stream.become('offline', {});
  stream.become('open', {});

  stream.hear(started('f', 0));
  stream.hear({ type: 'status', state: 'live' });

  assert.equal(stream.resumed, false);
});

for (const kind of ['degraded', 'restored']) {
  test(`"${kind}" is no mark`, () => {
    const { stream } = begun();

    stream.hear({ type: 'event', kind });

    assert.deepEqual(held(stream), []);
  });
}

test('a rotation is marked, and says which file stood there before', () => {
  const { heard, stream } = begun();
  take(stream, 'one\n');

  stream.hear({ type: 'event', kind: 'rotated', file: 'g', offset: 0, before: { file: 'f' } });

  assert.deepEqual(held(stream), ['one', 'rotated']);
  assert.deepEqual(heard.filter(Array.isArray), [['g', 'f']]);
});

test('the file that the stream has come to is named where a log is the newest of several', () => {
  const { heard, stream } = begun();
  heard.length = 0;
  stream.hear(started('f', 0, { current: 'app-2026-11-28.log' }));
  stream.hear({ type: 'event', kind: 'rotated', file: 'g', offset: 0, before: { file: 'f' }, name: 'app-2026-11-28.log', current: 'app-2026-11-29.log' });
  stream.hear({ type: 'event', kind: 'rotated', file: 'h', offset: 0, before: { file: 'g' }, name: 'app.log.1' });

  assert.deepEqual(heard.filter((each) => String(each).startsWith('named')), ['named app-2026-11-28.log', 'named app-2026-11-29.log']);
});

test('a note in the middle of a line waits for its end', () => {
  const { clock, stream } = begun();
  take(stream, 'half');
  stream.hear({ type: 'event', kind: 'note', text: 'deploy', at: 7 });
  assert.deepEqual(held(stream), ['half']);
  take(stream, ' a line\n');

  clock.timers.pop()[0]();

  assert.deepEqual(held(stream), ['half a line', 'note']);
  assert.equal(stream.store.last.details.at, 7_000);
});

test('a line that never ends keeps a note waiting for ten seconds', () => {
  const { clock, stream } = begun();
  take(stream, 'half');
  stream.hear({ type: 'event', kind: 'note', text: 'deploy' });
  let waited = 0;

  while (clock.timers.length) {
    const [again, ms] = clock.timers.pop();
    waited += ms;
    again();
  }

  assert.deepEqual([held(stream), waited], [['half', 'note'], 10_000]);
});

test('a note of a log that was left is not put into the next one', () => {
  const { clock, stream } = begun();
  take(stream, 'half');
  stream.hear({ type: 'event', kind: 'note', text: 'deploy' });
  stream.begin(new Store());

  clock.timers.pop()[0]();

  assert.deepEqual(held(stream), []);
});

test('a log is no text when its first bytes are none', () => {
  const first = begun().stream;
  take(first, '\u0000\u0001\u0000\u0002\n');
  const later = begun().stream;
  take(later, 'text\n');
  take(later, '\u0000\u0001\u0000\u0002\n');

  assert.deepEqual([first.binary, later.binary], [true, false]);
});

test('lines are read with the encoding that the server names', () => {
  const { stream } = begun();
  stream.become('open', { encoding: 'latin1' });

  stream.take({ file: 'f', start: 0, end: 2 }, new Uint8Array([0xe9, 10]));

  assert.deepEqual(held(stream), ['é']);
});

for (const phase of ['denied', 'gone', 'signedout']) {
  test(`what was shown goes when access has ended: ${phase}`, () => {
    const { heard, stream } = begun();
    take(stream, 'one\ntwo without an end');

    stream.become(phase, {});

    assert.deepEqual([held(stream), stream.store.unfinished, heard.at(-1)], [[], [], phase]);
  });
}

for (const phase of ['waiting', 'offline', 'stopped', 'limit', 'outdated', 'failed', 'nosocket']) {
  test(`what was shown stays while access may be as it was: ${phase}`, () => {
    const { stream } = begun();
    take(stream, 'one\n');

    stream.become(phase, {});

    assert.deepEqual(held(stream), ['one']);
  });
}

test('where a reader starts it says how large the file is, and what was known of it stays', () => {
  const { stream } = begun();
  stream.hear({ type: 'status', state: 'live', size: 10 });

  stream.hear(started('f', 4, { size: 40 }));
  const known = { ...stream.server };
  stream.hear(started('f', 4));

  assert.deepEqual([known.state, known.size, stream.server.size], ['live', 40, 40]);
});

const event = (kind, more = {}) => ({ type: 'event', kind, ...more });

test('a file that was never there does not disappear, and appears', () => {
  const { stream } = begun();
  stream.hear({ type: 'event', kind: 'started' });

  stream.hear(event('gone'));
  assert.deepEqual(held(stream), []);
  stream.hear(event('back', { file: 'f', offset: 0 }));
  take(stream, 'one\n');
  stream.hear(event('gone'));
  stream.hear(event('back', { file: 'g', offset: 0 }));

  assert.deepEqual(held(stream), ['appeared', 'one', 'gone', 'back']);
});

test('a file that was there disappears, and reappears', () => {
  const { stream } = begun();
  stream.hear(started('f', 0));

  stream.hear(event('gone'));
  stream.hear(event('back', { file: 'f', offset: 0 }));

  assert.deepEqual(held(stream), ['gone', 'back']);
});

test('another log is not awaited because the last one was', () => {
  const { stream } = begun();
  stream.hear(event('gone'));

  stream.begin(new Store());
  stream.hear(event('back', { file: 'f', offset: 0 }));

  assert.deepEqual(held(stream), ['back']);
});

test('the original ends with its connection, whatever comes next', () => {
  for (const phase of ['waiting', 'offline', 'stopped', 'denied', 'connecting', 'nosocket', 'idle', 'open']) {
    const ends = [];
    const stream = new Stream({ became: (...told) => ends.push(told), heardStatus() {}, changed() {}, follows() {}, named() {} }, { now: () => 1_000 });
    stream.begin(new Store());
    stream.become('connecting', {});
    stream.become('open', { can: [], redacted: true, original: { seconds: 300, reason: 'order 7' } });
    assert.deepEqual([stream.original, stream.store.showsOriginal], [{ until: 301_000, reason: 'order 7' }, true]);

    stream.become(phase, { can: [] });

    assert.deepEqual([stream.original, stream.store.showsOriginal], [null, false]);
    assert.deepEqual(ends.map(([name, , isOver]) => [name, isOver]), [['connecting', false], ['open', false], [phase, true]]);
  }
});
