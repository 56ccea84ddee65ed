import assert from 'node:assert/strict';
import test from 'node:test';

import { Rate } from '../../../django_logtail/static/logtail/pane/rate.js';

test('what came before the log was live is backlog and no rate', () => {
  const rate = new Rate();

  assert.deepEqual([rate.beat(500, false), rate.beat(600, true), rate.beat(625, true)], [0, 0, 25]);
  assert.equal(rate.last, 25);
});

test('what came while it was not live is no rate either', () => {
  const rate = new Rate();
  rate.beat(0, true);
  rate.beat(10, true);

  assert.deepEqual([rate.beat(4_000, false), rate.beat(5_000, true), rate.beat(5_007, true)], [0, 0, 7]);
});

test('the last lines of the backlog count in the seconds that they were written in, once', () => {
  const NOW = Date.UTC(2026, 7, 24, 10, 0, 30, 500);
  const line = (plain, inner = false) => ({ kind: 'line', plain, inner });
  const items = [
    line('2026-08-24 10:00:01,000Z INFO too old'), line('2026-08-24 10:00:07,000Z INFO a'), { kind: 'day' },
    line('2026-08-24 10:00:28,400Z ERROR b'), line('  File "x.py"', true), line('2026-08-24 10:00:30,000 INFO c'), line('2026-08-24 10:00:31,000Z INFO ahead'),
  ];
  const store = { items, first: 0, entries: { formats: null } };
  const rate = new Rate();
  rate.beat(500, true);

  rate.fill(store, NOW);
  const filled = [...rate.samples];
  rate.fill(store, NOW);

  assert.deepEqual(filled, [1, ...new Array(20).fill(0), 2, 0, 2]);
  assert.deepEqual([[...rate.samples], rate.last, rate.beat(503, true), rate.last], [filled, 2, 3, 3]);
});

test('a log whose last lines are old, or have no times, begins at nothing', () => {
  for (const plain of ['2026-08-24 10:00:06,000Z INFO a', '2026-08-24 10:01:00,000Z INFO a', 'no time']) {
    const rate = new Rate();
    rate.fill({ items: [{ kind: 'line', plain, inner: false }], first: 0, entries: { formats: null } }, Date.UTC(2026, 7, 24, 10, 0, 30, 500));
    assert.deepEqual(rate.samples, new Array(24).fill(0), plain);
  }
});

test('another log begins at nothing', () => {
  const rate = new Rate();
  rate.beat(0, true);
  rate.beat(10, true);

  rate.begin();

  assert.deepEqual([rate.last, rate.beat(10, true)], [0, 0]);
});

test('the highest column fills the bar, and one without lines is still seen', () => {
  const rate = new Rate();
  rate.beat(0, true);
  rate.beat(1_000, true);

  const columns = rate.path.split('M').slice(1);

  assert.equal(columns.length, 24);
  assert.deepEqual(columns.slice(-2), ['66 13h2v1h-2z', '69 1h2v13h-2z']);
});

test('a line now and then is no peak', () => {
  const rate = new Rate();
  rate.beat(0, true);
  rate.beat(1, true);

  assert.equal(rate.path.split('M').at(-1), '69 12h2v2h-2z');
});
