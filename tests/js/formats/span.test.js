/** Spans of time in words, and the marks of an axis. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { marksOf, spanText } from '../../../django_logtail/static/logtail/formats/span.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 10, 27, 12);
const how = { language: 'en', zone: 'UTC', now: NOON };

for (const [from, to, more, text] of [
  [NOON, NOON + 10 * MINUTE, {}, '12:00 – 12:10'],
  [NOON, NOON + 30_000, {}, '12:00:00 – 12:00:30'],
  [NOON - DAY, NOON - DAY + HOUR, {}, '26 Nov, 12:00 – 13:00'],
  [NOON + 11 * HOUR, NOON + 12 * HOUR, {}, '23:00 – 00:00'],
  [NOON - 13 * HOUR, NOON, {}, '26 Nov, 23:00 – 27 Nov, 12:00'],
  [NOON, NOON + HOUR, { zone: 'Europe/Berlin' }, '13:00 – 14:00'],
  [NOON - DAY, NOON, { language: 'zh-Hans' }, '11月26日, 12:00 – 11月27日, 12:00'],
]) {
  test(`a span is said as ${text}`, () => {
    assert.equal(spanText({ from, to }, { ...how, ...more }), text);
  });
}

test('marks are at round times, as many as there is room for', () => {
  const marks = marksOf({ from: NOON - DAY + 10 * MINUTE, to: NOON + 10 * MINUTE }, 8, how);

  assert.deepEqual(marks.map(({ text }) => text), ['15:00', '18:00', '21:00', '00:00', '03:00', '06:00', '09:00', '12:00']);
  assert.equal(marks[0].ms, NOON - 21 * HOUR);
});

test('marks of a short span have seconds', () => {
  const texts = (/** @type {number} */ ms) => marksOf({ from: NOON + 500, to: NOON + 500 + ms }, 8, how).map(({ text }) => text);

  assert.deepEqual(texts(10_000), ['12:00:02', '12:00:04', '12:00:06', '12:00:08', '12:00:10']);
  assert.deepEqual(texts(4 * MINUTE), ['12:00:30', '12:01:00', '12:01:30', '12:02:00', '12:02:30', '12:03:00', '12:03:30', '12:04:00']);
  assert.deepEqual(texts(8 * MINUTE), ['12:01', '12:02', '12:03', '12:04', '12:05', '12:06', '12:07', '12:08']);
});

test('marks of weeks are days, in the zone', () => {
  const marks = marksOf({ from: NOON - 7 * DAY, to: NOON }, 8, { language: 'en', zone: 'Asia/Shanghai' });

  assert.deepEqual(marks.map(({ text }) => text), ['21 Nov', '22 Nov', '23 Nov', '24 Nov', '25 Nov', '26 Nov', '27 Nov']);
  assert.equal(new Date(marks[0].ms).toISOString(), '2026-11-20T16:00:00.000Z');
});

test('marks of years do not take for ever', () => {
  assert.ok(marksOf({ from: 0, to: NOON }, 8, how).length <= 9);
});
