import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rowsOf, storeOf } from '../../../django_logtail/static/logtail/admin/format-preview.js';

/** @param {string[]} lines */
function wordsOf(lines) {
  const store = storeOf(lines);
  store.readAs(null);
  return rowsOf(store).map(({ word }) => word);
}

test('the level of a line of JSON is shown as it is written, a word or a number', () => {
  assert.deepEqual(wordsOf([
    '{"time": "2026-11-30T09:00:00Z", "level": "warning", "message": "one"}',
    '{"time": "2026-11-30T09:00:01Z", "level": "Error", "message": "two"}',
    '{"time": "2026-11-30T09:00:02Z", "message": "three"}',
  ]), ['warning', 'Error', '']);
  assert.deepEqual(wordsOf(['{"level":30,"time":1764493200000,"msg":"one"}', '{"level":50,"time":1764493201000,"msg":"two"}']), ['30', '50']);
});

test('the level of a line of text is its own, and a line without one shows none', () => {
  assert.deepEqual(wordsOf(['2026-11-30 09:00:00,000 ERROR shop one', '2026-11-30 09:00:01,000 INFO shop "level": "x"']), ['ERROR', 'INFO']);
});
