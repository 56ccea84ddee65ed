import assert from 'node:assert/strict';
import test from 'node:test';

import { typedTime } from '../../../django_logtail/static/logtail/find/typed-time.js';

/** A Friday in Berlin, one hour east. */
const NOW = Date.parse('2026-11-27T14:22:13Z');

/** @param {string} text @param {string} [zone] @param {number} [now] */
function read(text, zone = 'Europe/Berlin', now = NOW) {
  const found = typedTime(text, now, zone);
  return found === null ? null : new Date(found).toISOString().replace('.000Z', 'Z');
}

for (const [typed, moment] of [
  ['14:32', '2026-11-27T13:32:00Z'],
  [' 14:32:05 ', '2026-11-27T13:32:05Z'],
  ['14:32:05.250', '2026-11-27T13:32:05.250Z'],
  ['2026-11-27 14:32', '2026-11-27T13:32:00Z'],
  ['2026-11-27T14:32', '2026-11-27T13:32:00Z'],
  ['2026/7/1 9:00', '2026-07-01T07:00:00Z'],
  ['2026-11-26', '2026-11-25T23:00:00Z'],
  ['27 Nov 06:00', '2026-11-27T05:00:00Z'],
  ['27 November 2025, 06:00', '2025-11-27T05:00:00Z'],
  ['Nov 27 06:00', '2026-11-27T05:00:00Z'],
  ['28 Nov 06:00', '2025-11-28T05:00:00Z'],
  ['29 Feb', '2024-02-28T23:00:00Z'],
  ['yesterday 9:00', '2026-11-26T08:00:00Z'],
  ['Yesterday', '2026-11-25T23:00:00Z'],
  ['today 0:00', '2026-11-26T23:00:00Z'],
  ['10 min ago', '2026-11-27T14:12:13Z'],
  ['-2h', '2026-11-27T12:22:13Z'],
  ['1.5 hours ago', '2026-11-27T12:52:13Z'],
  ['2026-11-27T14:32:00Z', '2026-11-27T14:32:00Z'],
  ['2026-11-27 14:32:00.5 +08:00', '2026-11-27T06:32:00.500Z'],
  ['1795789333', '2026-11-27T14:22:13Z'],
  ['昨天 9:00', '2026-11-26T08:00:00Z'],
  ['昨天9点30分', '2026-11-26T08:30:00Z'],
  ['10 分钟前', '2026-11-27T14:12:13Z'],
  ['2小时前', '2026-11-27T12:22:13Z'],
  ['11月27日 06:00', '2026-11-27T05:00:00Z'],
  ['2025年11月27日06:00', '2025-11-27T05:00:00Z'],
]) {
  test(`"${typed}" is read`, () => assert.equal(read(typed), moment));
}

for (const typed of ['', '9', '25:00', '14:60', 'soon', '31 Feb 10:00', '2026-02-30', '10 min', '-10 min ago', '10 parsecs ago', '27 Nov 06', '27 Novice 06:00', 'yesterday at noon']) {
  test(`"${typed}" can't be read`, () => assert.equal(read(typed), null));
}

test('a clock in the future is yesterday\'s, in the zone of the log', () => {
  assert.equal(read('16:00'), '2026-11-26T15:00:00Z');
  assert.equal(read('23:30', 'Asia/Shanghai'), '2026-11-26T15:30:00Z');
  assert.equal(read('22:00', 'Asia/Shanghai'), '2026-11-27T14:00:00Z');
});

test('a clock is that of its own day where the zone changes', () => {
  const now = Date.parse('2026-10-26T12:00:00Z');
  assert.equal(read('25 Oct 01:30', 'Europe/Berlin', now), '2026-10-24T23:30:00Z');
  assert.equal(read('25 Oct 02:30', 'Europe/Berlin', now), '2026-10-25T00:30:00Z');
  assert.equal(read('25 Oct 03:30', 'Europe/Berlin', now), '2026-10-25T02:30:00Z');
  assert.equal(read('2026-03-29 02:30', 'Europe/Berlin', now), '2026-03-29T01:30:00Z');
});
