import assert from 'node:assert/strict';
import test from 'node:test';

import { briefClockOf, clockOf, dayOf, momentOf, passed } from '../../../django_logtail/static/logtail/formats/moments.js';

for (const [written, clock, day] of [
  ['2026-08-24 14:22:09,539', '14:22:09.539', '2026-08-24'],
  ['2026-08-24T14:22:09.539123+02:00', '14:22:09.539123', '2026-08-24'],
  ['2026-08-24T14:22:09.539123456Z', '14:22:09.539123', '2026-08-24'],
  ['24/Aug/2026:14:22:09 +0000', '14:22:09', '2026-08-24'],
  ['24.08.2026 14:22:09', '14:22:09', '2026-08-24'],
  ['Aug 24 14:22:09', '14:22:09', '2026-08-24'],
  ['Dec 31 14:22:09', '14:22:09', '2025-12-31'],
  ['Nov 29 14:22:09', '14:22:09', '2026-11-29'],
  ['Nov 30 14:22:09', '14:22:09', '2025-11-30'],
  ['0824 14:22:09.539123', '14:22:09.539123', '2026-08-24'],
  ['14:22:09', '14:22:09', ''],
  ['9:22:09', '09:22:09', ''],
  ['14:22', '14:22', ''],
  ['2:22:09 pm', '2:22:09 PM', ''],
  ['20260824 142209', '14:22:09', '2026-08-24'],
  ['1787581329.539', '14:22:09.539Z', '2026-08-24'],
  ['1787581329', '14:22:09Z', '2026-08-24'],
  ['1787581329539', '14:22:09.539Z', '2026-08-24'],
  ['1787581329539123456', '14:22:09.539123Z', '2026-08-24'],
  ['nothing of a time', 'nothing of a time', ''],
]) {
  test(`${written} is drawn as ${clock} and is in the day ${day || 'of nobody knows'}`, ({ mock }) => {
    mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-28T15:00:00Z') });
    assert.equal(clockOf(written), clock);
    assert.equal(dayOf(written), day);
  });
}

for (const [written, clock] of [
  ['2026-08-24 14:22:09,539', '14:22:09'], ['2:22:09.5 pm', '2:22:09 PM'], ['1787581329.539', '14:22:09Z'], ['14:22', '14:22'], ['nothing', 'nothing'],
]) test(`${written} is ${clock} where there is little room`, () => assert.equal(briefClockOf(written), clock));

for (const [from, to, milliseconds] of [
  ['10:00:00,000', '10:00:00,250', 250],
  ['10:00:00', '09:59:59', -1000],
  ['2026-08-24 23:59:59', '2026-08-25 00:00:01', 2000],
  ['2026-08-24T12:00:00Z', '2026-08-24T14:00:01+02:00', 1000],
  ['2026-08-24T14:00:00+02:00', '2026-08-24 14:00:01', 1000],
  ['1787581329', '1787581330.5', 1500],
]) {
  test(`from ${from} to ${to} ${milliseconds} ms passed`, () => {
    assert.equal(passed(momentOf(from), momentOf(to)), milliseconds);
  });
}

test('a clock without a day is in the day of the moment beside it, or in the next one', () => {
  const beside = Date.parse('2026-08-24T23:59:00Z');

  assert.equal(new Date(momentOf('23:59:30', beside).ms).toISOString(), '2026-08-24T23:59:30.000Z');
  assert.equal(new Date(momentOf('00:00:30', beside).ms).toISOString(), '2026-08-25T00:00:30.000Z');
});

test('a day without a year is in the year of the moment beside it, or in the next one', () => {
  const beside = Date.parse('2026-12-31T12:00:00Z');

  assert.equal(new Date(momentOf('Dec 30 10:00:00', beside).ms).toISOString(), '2026-12-30T10:00:00.000Z');
  assert.equal(new Date(momentOf('Jan  1 10:00:00', beside).ms).toISOString(), '2027-01-01T10:00:00.000Z');
});

for (const written of ['25:00:00', '10:60:00', '10:00:61', '2026-13-01 10:00:00', '2026-00-01 10:00:00', '2026-01-32 10:00:00', '']) {
  test(`${JSON.stringify(written)} is no moment`, () => {
    assert.equal(momentOf(written), null);
  });
}
