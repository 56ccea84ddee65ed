/** Entries over time: what is asked for, and how lines are added to the picture. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Volume } from '../../../django_logtail/static/logtail/log/volume.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 1_795_789_200_000; // 27 November 2026, 14:20
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A page whose server answers when the test says so. */
function page({ can = ['volume'] } = {}) {
  const asked = [];
  const world = { now: NOW, asked, changes: 0 };
  const session = {
    volume(what, hear) {
      const request = { what, hear, isCancelled: false };
      request.done = new Promise((resolve, reject) => Object.assign(request, { resolve, reject }));
      asked.push(request);
      return { done: request.done, cancel: () => { request.isCancelled = true; } };
    },
  };
  const log = { session, store: {}, stream: { can: (what) => can.includes(what) } };
  world.volume = new Volume({ log, times: { of: (item) => item.ms } }, () => { world.changes++; }, () => world.now);
  /** The server's answer: nothing in any column. */
  world.answer = async ({ columns = null, file = 'f', offset = 100, from, to, isDone = true } = {}) => {
    const { hear, resolve, what } = asked.at(-1);
    const counts = columns ?? Array.from({ length: what.columns }, () => [0, 0, 0]);
    hear({ type: 'volume', from: from ?? what.from, to: to ?? what.to, columns: counts, estimated: false, at: 5, end: 20, file, offset });
    if (isDone) resolve({});
    await tick();
  };
  return world;
}

const line = (ms, { level = 'I', file = 'f', start = 200, ...more } = {}) => ({ kind: 'line', inner: false, late: false, level, file, start, ms, ...more });

test('the last day is asked for in columns of ten minutes that begin at round times', () => {
  const { asked, volume } = page();

  volume.ask();

  assert.deepEqual(asked[0].what, { from: NOW - 24 * HOUR + 10 * MINUTE, to: NOW + 10 * MINUTE, columns: 144 });
});

test('another time ends the question before', () => {
  const { asked, volume } = page();
  volume.ask();

  volume.choose('all');

  assert.equal(asked[0].isCancelled, true);
  assert.deepEqual(asked[1].what, { from: null, to: null, columns: 150 });
  asked[0].hear({ columns: [[1, 1, 1]], from: 1, to: 2 });
  assert.deepEqual(volume.columns, []);
});

test('a server without it is not asked', () => {
  const { asked, volume } = page({ can: ['time'] });

  volume.ask();

  assert.deepEqual([asked.length, volume.state], [0, 'idle']);
});

test('a line that comes counts once, in its column and by its level', async () => {
  const { answer, volume } = page();
  volume.ask();
  await answer();

  volume.heard([line(NOW, { level: 'E' }), line(NOW - HOUR, { level: 'W' }), line(NOW - HOUR, { level: 'D' }), line(NOW, { inner: true }), line(null), line(NOW - 48 * HOUR)]);

  assert.deepEqual(volume.columns.at(-1), [1, 0, 0]);
  assert.deepEqual(volume.columns.at(-7), [0, 1, 1]);
  assert.equal(volume.total, 3);
});

test('an unfinished line that is replaced counts no more', async () => {
  const { answer, volume } = page();
  volume.ask();
  await answer();
  const partial = line(NOW);
  volume.heard([partial]);

  volume.heard([partial], -1);

  assert.equal(volume.total, 0);
});

test('lines that came meanwhile count unless the picture has them', async () => {
  const { answer, volume } = page();
  volume.ask();
  volume.heard([line(NOW, { start: 90 }), line(NOW, { start: 100 }), line(NOW, { start: 0, file: 'next' })]);

  await answer({ isDone: false });
  assert.equal(volume.total, 2);
  await answer({ offset: 101 });

  assert.equal(volume.total, 1);
});

test('an unfinished line that was replaced meanwhile does not count either', async () => {
  const { answer, volume } = page();
  volume.ask();
  const partial = line(NOW);
  volume.heard([partial]);
  volume.heard([partial], -1);

  await answer();

  assert.equal(volume.total, 0);
});

test('the picture goes on with the time, and with a line that is later', async () => {
  const world = page();
  const { answer, volume } = world;
  volume.choose('hour');
  await answer();
  volume.heard([line(NOW)]);
  const { from, to } = volume;

  volume.heard([line(to + 31_000)]);

  assert.deepEqual([volume.from - from, volume.to - to, volume.columns.length], [60_000, 60_000, 120]);
  assert.deepEqual([volume.columns.at(-1), volume.columns.at(-3)], [[0, 0, 1], [0, 0, 1]]);
  world.now = volume.to + 5 * HOUR;
  volume.tick();
  assert.deepEqual([volume.total, volume.columns.length, volume.to > world.now], [0, 120, true]);
});

test('all of the log grows by columns, and then halves them, without losing a line', async () => {
  const { answer, volume } = page();
  volume.choose('all');
  await answer({ columns: Array.from({ length: 150 }, () => [0, 0, 1]), from: 0, to: 150_000 });

  volume.heard([line(200_500), line(290_000), line(10_000_000)]);

  assert.ok(volume.columns.length <= 300);
  assert.equal(volume.total, 153);
  assert.ok(volume.to > 10_000_000);
  assert.deepEqual(volume.columns[volume.indexOf(10_000_000)], [0, 0, 1]);
});

test('a failure is kept to be said, and a log without times too', async () => {
  const { answer, asked, volume } = page();
  volume.ask();
  asked[0].reject(Object.assign(new Error('gone'), { id: 'not-there' }));
  await tick();
  assert.deepEqual([volume.state, volume.error.id], ['failed', 'not-there']);

  volume.ask();
  await answer({ columns: [] });

  assert.deepEqual([volume.state, volume.hasNone, volume.error], ['done', true, null]);
  volume.heard([line(NOW)]);
  assert.equal(volume.total, 0);
});

test('the picture waits for its last column to be over, and for its answer', async () => {
  const world = page();
  const { volume } = world;
  volume.ask();
  world.now = NOW + 30 * MINUTE;
  const before = world.changes;
  volume.tick();
  const early = world.changes - before;
  world.now = NOW;
  await world.answer();
  const { to } = volume;
  const seen = [];
  for (const now of [to - 1, to]) {
    world.now = now;
    const count = world.changes;
    volume.tick();
    seen.push([volume.to - to, world.changes - count]);
  }

  assert.equal(early, 0);
  assert.deepEqual(seen, [[0, 0], [10 * MINUTE, 1]]);
});
