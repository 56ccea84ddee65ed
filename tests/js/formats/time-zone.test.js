/** What the clocks of a time zone show. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { clockIn, knownZone, momentIn } from '../../../django_logtail/static/logtail/formats/time-zone.js';

const iso = (ms) => new Date(ms).toISOString();
const at = (text) => Date.parse(text);

test('a zone that the browser does not know is UTC', () => {
  assert.deepEqual([knownZone('Mars/Phobos'), knownZone(undefined), knownZone('Asia/Shanghai')], ['UTC', 'UTC', 'Asia/Shanghai']);
});

test('the clock of a zone and the moment of a clock are each other\'s reverse', () => {
  assert.equal(iso(clockIn(at('2026-07-28T12:00:00.250Z'), 'Europe/Berlin')), '2026-07-28T14:00:00.250Z');
  assert.equal(iso(momentIn(at('2026-07-28T14:00:00.250Z'), 'Europe/Berlin')), '2026-07-28T12:00:00.250Z');
  assert.equal(iso(momentIn(at('2026-01-28T14:00:00Z'), 'America/St_Johns')), '2026-01-28T17:30:00.000Z');
});

test('of an hour that the clocks show twice the first is meant, and one that they skip is as before', () => {
  assert.equal(iso(momentIn(at('2026-10-25T02:30:00Z'), 'Europe/Berlin')), '2026-10-25T00:30:00.000Z');
  assert.equal(iso(momentIn(at('2026-03-29T02:30:00Z'), 'Europe/Berlin')), '2026-03-29T01:30:00.000Z');
});
