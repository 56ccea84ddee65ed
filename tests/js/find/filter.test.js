import assert from 'node:assert/strict';
import test from 'node:test';

import { Chosen } from '../../../django_logtail/static/logtail/find/filtered.js';
import { Query, terms } from '../../../django_logtail/static/logtail/find/filter.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';

const FLAGS = { case: false, regex: false, invert: false, only: false };
const LOG = '2026-08-24 10:00:00,000 ERROR shop.pay failed\nTraceback (most recent call last):\nGatewayTimeout: no answer\n2026-08-24 10:00:01,000 INFO shop.web GET /healthz\n2026-08-24 10:00:02,000 DEBUG shop.web cache miss\n';

/** The lines shown of LOG, by their first words. */
function shownBy({ query = '', flags = {}, off = [], fold = false } = {}) {
  const store = new Store();
  const data = new TextEncoder().encode(LOG);
  store.take({ file: 'a', start: 0, end: data.length }, data);
  const shown = [];
  const chosen = new Chosen({ push: (item) => shown.push(item), pop: () => shown.pop() });
  chosen.query = new Query(query, { ...FLAGS, ...flags });
  chosen.off = new Set(off);
  if (fold) chosen.folded.add(store.at(1));
  for (let i = 0; i < store.length; i++) chosen.take(store.at(i));
  return { lines: shown.filter((item) => item.kind === 'line').map((item) => LOG.split('\n').indexOf(item.text)), chosen };
}

test('a query is a phrase, and words that are not wanted', () => {
  assert.deepEqual(terms('no answer -healthz -"a b"'), { wanted: ['no answer'], unwanted: ['healthz', 'a b'] });
  assert.deepEqual(terms('level -1 order (48'), { wanted: ['level -1 order (48'], unwanted: [] });
  assert.deepEqual(terms('"-x y"'), { wanted: ['-x y'], unwanted: [] });
});

test('finding marks and hides nothing', () => {
  const { lines, chosen } = shownBy({ query: 'timeout' });

  assert.deepEqual(lines, [0, 1, 2, 3, 4]);
  assert.equal(chosen.matches.length, 1);
});

test('an entry is shown whole when one of its lines matches', () => {
  assert.deepEqual(shownBy({ query: 'timeout', flags: { only: true } }).lines, [0, 1, 2]);
});

test('an entry is hidden whole when one of its lines matches', () => {
  assert.deepEqual(shownBy({ query: 'timeout', flags: { invert: true } }).lines, [3, 4]);
});

test('a word that is not wanted hides its entries', () => {
  assert.deepEqual(shownBy({ query: '-healthz' }).lines, [0, 1, 2, 4]);
  assert.deepEqual(shownBy({ query: 'shop -timeout', flags: { only: true } }).lines, [3, 4]);
});

test('a level that is off hides its entries with all their lines', () => {
  assert.deepEqual(shownBy({ off: ['E'] }).lines, [3, 4]);
  assert.deepEqual(shownBy({ off: ['D', 'I'] }).lines, [0, 1, 2]);
});

test('a folded entry shows its first line', () => {
  assert.deepEqual(shownBy({ fold: true }).lines, [0, 3, 4]);
});

test('case matters when it is asked to', () => {
  assert.equal(shownBy({ query: 'TIMEOUT', flags: { case: true } }).chosen.matches.length, 0);
});

test('an expression is never matched here, and its verdicts are believed', () => {
  const query = new Query('(a+)+$', { ...FLAGS, regex: true });
  const [judged, other, unknown] = [{}, {}, {}];
  query.verdicts.set(judged, [0, 2, 3, 9]);
  query.verdicts.set(other, null);

  assert.equal(query.matches('a'.repeat(40) + '!', unknown), false);
  assert.deepEqual([query.matches('aa aa', judged), query.matches('aa aa', other)], [true, false]);
  assert.deepEqual(query.hits('aa aa', judged), [[0, 2], [3, 5]]);
  assert.deepEqual([query.awaits(judged), query.awaits(unknown)], [false, true]);
});

test('a bad expression is said and finds nothing', () => {
  const query = new Query('order (48', { ...FLAGS, regex: true });

  assert.equal(query.active, false);
  assert.equal(query.error, 'unterminated group');
});

test('hits are in order, apart, and of bounded number', () => {
  assert.deepEqual(new Query('a', FLAGS).hits('banana'), [[1, 2], [3, 4], [5, 6]]);
  assert.deepEqual(new Query('an', FLAGS, ['nan']).hits('banana'), [[1, 3], [3, 5]]);
  assert.equal(new Query('y', FLAGS).hits('y'.repeat(9_999)).length, 500);
});

test('a pinned term narrows, with words and with an expression', () => {
  const [line, other] = [{}, {}];
  const words = new Query('failed', FLAGS, ['shop']);
  const expression = new Query('f.*d', { ...FLAGS, regex: true }, ['shop']);
  expression.verdicts.set(line, [0, 1]);
  expression.verdicts.set(other, [0, 1]);

  assert.deepEqual([words.matches('shop failed'), words.matches('web failed')], [true, false]);
  assert.deepEqual([expression.matches('shop failed', line), expression.matches('web failed', other)], [true, false]);
  assert.equal(new Query('', { ...FLAGS, regex: true }, ['shop']).matches('shop'), true);
});
