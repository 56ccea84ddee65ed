/** Times that a container's runtime writes before a line. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockOfStamp, stampEnd } from '../../../django_logtail/static/logtail/formats/stamps.js';

for (const [text, stamp] of [
  ['2026-11-28T15:52:41.123456789Z stdout F 2026-11-28 15:52:41,123 INFO shop hello', '2026-11-28T15:52:41.123456789Z'],
  ['2026-11-28T15:52:41.123456789+01:00 stderr P plain words', '2026-11-28T15:52:41.123456789+01:00'],
  ['2026-11-28T15:52:41Z stdout F ', '2026-11-28T15:52:41Z'],
  ['2026-11-28 15:52:41,123 INFO shop hello', ''],
  ['2026-11-28T15:52:41Z {"level":"info"}', '2026-11-28T15:52:41Z'],
  ['2026-11-28T15:52:41Z INFO shop hello', ''],
  ['plain words', ''],
  ['12 plain words', ''],
  ['', ''],
]) test(`${JSON.stringify(text.slice(0, 50))} begins with ${stamp || 'no stamp'}`, () => assert.equal(text.slice(0, stampEnd(text)), stamp));

for (const [stamp, clock, brief] of [
  ['2026-11-28T15:52:41.123456789Z', '15:52:41.123456Z', '15:52:41Z'],
  ['2026-11-28T15:52:41.5+01:00', '15:52:41.5+01:00', '15:52:41+01:00'],
  ['2026-11-28T15:52:41Z', '15:52:41Z', '15:52:41Z'],
]) test(`${stamp} is drawn as ${clock}`, () => assert.deepEqual([clockOfStamp(stamp), clockOfStamp(stamp, true)], [clock, brief]));
