/** The moments of lines. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { LineTimes } from '../../../django_logtail/static/logtail/log/line-times.js';

const NOW = Date.UTC(2026, 10, 28, 15, 0, 0);
const read = (text) => new LineTimes({ store: { entries: { formats: null } }, stream: { hello: { zone: 'UTC' } } }, () => NOW).ofText(text);

test('a line without a day is of the last 24 hours', () => {
  assert.equal(read('16:00:00 ERROR refused'), Date.UTC(2026, 10, 27, 16, 0, 0));
  assert.equal(read('14:59:00 ERROR refused'), Date.UTC(2026, 10, 28, 14, 59, 0));
  assert.equal(read('refused'), null);
});
