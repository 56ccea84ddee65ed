/** Times that a container's runtime writes before a line. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stampEnd } from '../../../django_logtail/static/logtail/formats/stamps.js';

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
