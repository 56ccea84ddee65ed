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
