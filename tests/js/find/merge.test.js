import assert from 'node:assert/strict';
import test from 'node:test';

import { Merge } from '../../../django_logtail/static/logtail/find/merge.js';

/** Hits as "log:moment", or "log:" for one without a time, in the order in which they come. */
function merged(order, hits) {
  const merge = new Merge(order);
  const shown = [];
  hits.forEach((hit, i) => {
    const [of, ms] = hit.split(':');
    const row = `${hit}#${i}`;
    const next = merge.add(of, { ms: ms ? Number(ms) : undefined }, row);
    shown.splice(next === undefined ? shown.length : shown.indexOf(next), 0, row);
  });
  assert.deepEqual(merge.all.map(({ row }) => row), shown);
  return { merge, said: shown.map((row) => row.split('#')[0]) };
}

test('hits of several logs are put in the order of their times, whatever comes first', () => {
  assert.deepEqual(merged('newest', ['a:9', 'a:5', 'b:7', 'b:6', 'a:1', 'c:8']).said, ['a:9', 'c:8', 'b:7', 'b:6', 'a:5', 'a:1']);
  assert.deepEqual(merged('oldest', ['a:1', 'a:5', 'b:2', 'b:6']).said, ['a:1', 'b:2', 'a:5', 'b:6']);
});

test('hits of the same moment come in the order in which they came', () => {
  assert.deepEqual(merged('newest', ['a:5', 'a:5', 'b:5']).merge.all.map(({ row }) => row), ['a:5#0', 'a:5#1', 'b:5#2']);
  assert.deepEqual(merged('oldest', ['b:5', 'a:5']).said, ['b:5', 'a:5']);
});

test('a hit without a time stays behind the one before it in its log, and before all others if there is none', () => {
  assert.deepEqual(merged('newest', ['a:9', 'a:', 'a:2', 'b:8', 'b:', 'b:']).said, ['a:9', 'a:', 'b:8', 'b:', 'b:', 'a:2']);
  assert.deepEqual(merged('oldest', ['b:3', 'a:', 'a:', 'a:4']).said, ['a:', 'a:', 'b:3', 'a:4']);
});

test('hits are missing from behind the last one of a log that has more', () => {
  const { merge } = merged('newest', ['a:9', 'a:5', 'b:7', 'b:6', 'c:8', 'c:1']);

  assert.equal(merge.partlyFrom([]), undefined);
  assert.equal(merge.partlyFrom(['b']), 'a:5#1');
  assert.equal(merge.partlyFrom(['a']), 'c:1#5');
  assert.equal(merge.partlyFrom(['a', 'b']), 'a:5#1');
  assert.equal(merge.partlyFrom(['c']), undefined);
  assert.equal(merge.partlyFrom(['nothing found yet']), 'a:9#0');
});

test('a log that is forgotten takes its hits along', () => {
  const { merge } = merged('newest', ['a:9', 'b:7', 'a:5']);

  assert.deepEqual(merge.forget('a'), ['a:9#0', 'a:5#2']);
  assert.deepEqual(merge.all.map(({ row }) => row), ['b:7#1']);
  assert.equal(merge.add('a', { ms: undefined }, 'again'), 'b:7#1');
});
