/** What is drawn in place of a written time. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Times } from '../../../django_logtail/static/logtail/rows/times.js';

process.env.TZ = 'Asia/Shanghai';

const NOW = Date.UTC(2026, 10, 28, 15, 0, 0);
const times = (how = {}) => new Times({ mode: 'compact', zone: 'written', logZone: 'Europe/Berlin', isBrief: false, language: 'en', now: () => NOW, ...how });
const none = () => '';

for (const [written, clock, shaped] of [
  ['2026-11-28 14:22:09,539', '14:22:09.539', '14:22:09.539'],
  ['2026-11-28T14:22:09.539123456Z', '14:22:09.539123', '14:22:09.539'],
  ['2026-11-28T14:22:09+08:00', '14:22:09', '14:22:09'],
  ['1795875729539', '14:22:09.539', '14:22:09.539'],
  ['1795875729.5', '14:22:09.5', '14:22:09.500'],
  ['28/Nov/2026:14:22:09 +0000', '14:22:09', '14:22:09'],
  ['soon', 'soon', 'soon'],
]) {
  test(`of ${written} the clock is drawn as it was written`, () => assert.equal(times().drawn(written, none), clock));
  test(`of ${written} three digits of the second are drawn among fields`, () => assert.equal(times().drawn(written, none, true), shaped));
}

for (const [written, mine, utc] of [
  ['2026-11-28T14:22:09.539Z', '22:22:09.539', '14:22:09.539'],
  ['2026-11-28T14:22:09+02:00', '20:22:09', '12:22:09'],
  // Of the log's zone: Berlin, in winter and in summer.
  ['2026-11-28 14:22:09,539', '21:22:09.539', '13:22:09.539'],
  ['2026-07-28 14:22:09', '20:22:09', '12:22:09'],
  ['Nov 28 14:22:09', '21:22:09', '13:22:09'],
  ['14:22:09.1', '21:22:09.1', '13:22:09.1'],
  // Another day there is said.
  ['2026-11-28 23:30:00', '11-29 06:30:00', '22:30:00'],
  ['2026-11-28 17:00:00', '11-29 00:00:00', '16:00:00'],
  ['2026-11-28 16:59:59', '23:59:59', '15:59:59'],
  ['2026-11-28 00:30:00', '07:30:00', '11-27 23:30:00'],
  ['1795875729', '22:22:09', '14:22:09'],
  ['soon', 'soon', 'soon'],
]) test(`${written} is ${mine} in Shanghai and ${utc} in UTC`, () => {
  assert.deepEqual([times({ zone: 'mine' }).drawn(written, none), times({ zone: 'utc' }).drawn(written, none)], [mine, utc]);
});

test('the hour in which the clocks of the log change is converted on both sides', () => {
  const utc = times({ zone: 'utc' });

  assert.deepEqual(['2026-03-29 01:59:59', '2026-03-29 03:00:00', '2026-10-25 01:59:59', '2026-10-25 03:00:00'].map((written) => utc.drawn(written, none)), ['00:59:59', '01:00:00', '10-24 23:59:59', '02:00:00']);
});

test('a whole time is drawn with its date in another zone, and is not touched in its own', () => {
  assert.equal(times({ mode: 'raw', zone: 'mine' }).drawn('2026-11-28T17:22:09.123456789Z', none), '2026-11-29 01:22:09.123456');
  assert.equal(times({ mode: 'raw', zone: 'mine' }).drawn('14:22:09', none), '21:22:09');
  assert.deepEqual([times({ mode: 'raw' }).isAsWritten, times({ mode: 'raw', zone: 'utc' }).isAsWritten, times().isAsWritten], [true, false, false]);
});

test('a phone leaves out parts of the second', () => {
  assert.equal(times({ isBrief: true }).drawn('2026-11-28 14:22:09,539', none), '14:22:09');
  assert.equal(times({ isBrief: true, zone: 'utc' }).drawn('2026-11-28 14:22:09,539', none), '13:22:09');
  assert.equal(times({ isBrief: true }).drawn('1795875729539', none), '14:22:09');
});

test('a difference is to the line before, whatever their zones', () => {
  const relative = times({ mode: 'relative', zone: 'mine' });

  assert.equal(relative.drawn('2026-11-28T14:22:02Z', () => '2026-11-28T15:22:01+01:00'), '  +1.000s');
  assert.equal(relative.drawn('2026-11-28 14:22:02', () => '2026-11-28 14:22:03,500'), '  -1.500s');
  assert.equal(relative.drawn('2026-11-28 14:22:02', none), '  +0.000s');
});

for (const [written, passed] of [
  ['2026-11-28 00:16:39,999', '+999.999s'], ['2026-11-28 00:16:40', ' +16m 40s'], ['2026-11-28 00:59:59', ' +59m 59s'],
  ['2026-11-28 01:00:00', '   +1h 0m'], ['2026-11-28 23:59:59', ' +23h 59m'], ['2026-11-29 00:00:00', '   +1d 0h'],
  ['2027-10-25 14:22:00', '+331d 14h'], ['2029-08-23 23:59:59', '+999d 23h'], ['2029-08-24 23:00:00', '   +1000d'], ['2025-12-31 10:00:00', '-331d 14h'],
]) test(`a long difference, to ${written}, keeps to its column`, () => {
  assert.equal(times({ mode: 'relative' }).drawn(written, () => '2026-11-28 00:00:00'), passed);
});

for (const [logZone, written, age] of [
  ['UTC', '14:59:30', '    30s'], ['UTC', '15:00:00', '     0s'], ['UTC', '15:01:00', '     0s'], ['UTC', '15:01:01', '    23h'], ['UTC', '16:00:00', '    23h'], ['UTC', '02:30:00', '    12h'],
  ['UTC', '[23:59:58.100]', '    15h'], ['UTC', '16:00:00Z', '    23h'],
  ['Europe/Berlin', '16:00:00', '     0s'], ['Europe/Berlin', '16:30:00', '    23h'],
  ['Pacific/Kiritimati', '04:30:00', '    30m'], ['Pacific/Kiritimati', '05:30:00', '    23h'], ['Pacific/Honolulu', '04:30:00', '    30m'], ['Pacific/Honolulu', '05:30:00', '    23h'],
]) test(`${written} of ${logZone}, without a day, is of the last day: ${age.trim()} old`, () => {
  assert.equal(times({ mode: 'age', logZone }).drawn(written, none), age);
});

for (const [written, age] of [
  ['2026-11-28T15:00:00Z', '     0s'], ['2026-11-28T14:59:01Z', '    59s'], ['2026-11-28T14:59:00Z', '     1m'], ['2026-11-28T14:00:01Z', '    59m'],
  ['2026-11-28T14:00:00Z', '     1h'], ['2026-11-27T15:00:01Z', '    23h'], ['2026-11-27T15:00:00Z', '     1d'], ['2026-11-28T15:02:00Z', '    -2m'],
  // By the log's zone.
  ['2026-11-28 15:58:00', '     2m'], ['soon', '       '],
]) test(`${written} is ${age.trim() || 'of no age'} old`, () => assert.equal(times({ mode: 'age' }).drawn(written, none), age));

test('an age takes as many columns in Chinese, whose characters are twice as wide', () => {
  assert.equal(times({ mode: 'age', language: 'zh-hans' }).drawn('2026-11-28T14:59:30Z', none), '   30秒');
  assert.equal(times({ mode: 'age', language: 'zh-hans' }).drawn('2026-11-28T14:30:00Z', none), ' 30分钟');
});

test('a container has a time of its own, which is drawn as a clock', () => {
  const stamp = '2026-11-28T14:22:09.123456789+08:00';

  assert.deepEqual(['compact', 'relative', 'raw'].map((mode) => times({ mode }).stamp(stamp)), ['14:22:09.123456', '14:22:09.123456', stamp]);
  assert.equal(times({ zone: 'utc' }).stamp(stamp), '06:22:09.123456');
});

test('a time takes the columns of what is drawn', () => {
  const widths = (how) => times(how).widthOf('2026-11-28T14:22:09.539123Z');

  assert.deepEqual(['compact', 'raw', 'relative', 'age', 'hidden'].map((mode) => widths({ mode })), [15, 27, 9, 7, 0]);
  assert.equal(times().widthOf('2026-11-28T14:22:09.539123Z', false, true), 12);
  assert.equal(times({ mode: 'relative' }).widthOf('2026-11-28T14:22:09.539Z', true), 12);
  assert.equal(times({ mode: 'raw', zone: 'mine' }).widthOf('2026-11-28T14:22:09Z'), 19);
});
