import assert from 'node:assert/strict';
import test from 'node:test';

import { Filtered } from '../../../django_logtail/static/logtail/find/filtered.js';
import { Query } from '../../../django_logtail/static/logtail/find/filter.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';

const FLAGS = { case: false, regex: false, invert: false, only: false };
const LOG = '2026-08-24 10:00:00,000 ERROR shop.pay failed\nTraceback (most recent call last):\nGatewayTimeout: no answer\n2026-08-24 10:00:01,000 INFO shop.web GET /healthz\n2026-08-24 10:00:02,000 DEBUG shop.web cache miss\n';

/** The lines shown of LOG, by their first words. */
function shownBy({ query = '', flags = {}, pinned = [], off = [], fold = false } = {}) {
  const store = new Store();
  const data = new TextEncoder().encode(LOG);
  store.take({ file: 'a', start: 0, end: data.length }, data);
  const shown = [];
  const chosen = new Filtered({ push: (item) => shown.push(item), pop: () => shown.pop() });
  chosen.query = new Query(query, { ...FLAGS, ...flags }, pinned);
  chosen.off = new Set(off);
  if (fold) chosen.folded.add(store.at(1));
  for (let i = 0; i < store.length; i++) chosen.take(store.at(i));
  return { lines: shown.filter((item) => item.kind === 'line').map((item) => LOG.split('\n').indexOf(item.text)), chosen };
}

test('blanks at the end count, and letters beyond ASCII have two forms', () => {
  assert.deepEqual([new Query('end ', FLAGS).matches('the end'), new Query('end ', FLAGS).matches('end of')], [false, true]);
  assert.equal(new Query('STRASSE Ä', FLAGS).matches('strasse ä'), true);
  assert.equal(new Query('1.5', FLAGS).matches('1x5'), false);
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
  assert.deepEqual(shownBy({ query: 'shop', pinned: ['-timeout'], flags: { only: true } }).lines, [3, 4]);
  assert.deepEqual(shownBy({ pinned: ['-timeout'] }).lines, [3, 4]);
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

test('a line is marked only if it meets all terms', () => {
  const query = new Query('failed', FLAGS, ['shop', '-web']);
  const marks = (plain, drawn = plain) => query.marks(drawn, { plain });

  assert.deepEqual(marks('shop failed'), [[0, 4], [5, 11]]);
  assert.deepEqual(marks('shop failed', 'shop'), [[0, 4]]);
  assert.deepEqual([marks('shop works'), marks('web shop failed'), new Query('', FLAGS).marks('shop', { plain: 'shop' })], [[], [], []]);
});

test('an expression and a pinned term are both marked', () => {
  const line = {};
  const query = new Query('f.*d', { ...FLAGS, regex: true }, ['shop']);
  query.verdicts.set(line, [5, 11]);

  assert.deepEqual(query.hits('shop failed', line), [[0, 4], [5, 11]]);
  assert.deepEqual(query.expressions, { sources: ['f.*d'], flags: 'i' });
  assert.deepEqual(new Query('f', { ...FLAGS, regex: true, case: true }, ['~"g"', 'h']).expressions, { sources: ['f', 'g'], flags: '' });
  assert.equal(new Query('f', FLAGS, ['h']).expressions, null);
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

const NAMES = { isField: (name) => ['status', 'request.status', 'path', 'n'].includes(name), formats: () => null };

test('a field term is asked of the field, and not of text that looks like it', () => {
  const query = new Query('status:500', FLAGS, [], NAMES);
  const line = (rest) => `{"level":"info","msg":"x",${rest}}`;

  assert.equal(query.seeks, true);
  assert.deepEqual(
    ['"status":500', '"status": "500"', '"status":5e2', '"status":5000', '"request":{"status":500}', '"text":"\\"status\\":500"', '"note":"status:500"', '"status":200,"more":{"status":500}', '"more":{"status":200},"status":500'].map((rest) => query.matches(line(rest))),
    [true, true, true, false, false, false, false, false, true],
  );
  assert.equal(new Query('status:500', FLAGS).matches(line('"status":500')), false);
});

test('a field term marks the value, and one that is not wanted hides its lines', () => {
  const text = 'time=2026-11-28T14:22:09Z level=info status=500 path=/checkout/a';

  assert.deepEqual(new Query('status:500 path:/check*', FLAGS, [], NAMES).hits(text), [[44, 47], [53, 64]]);
  assert.equal(new Query('', FLAGS, ['-status:500']).excludes(text), true);
  assert.equal(new Query('', FLAGS, ['-status:404']).excludes(text), false);
  assert.deepEqual([new Query('', FLAGS, ['-status:500']).hides, new Query('', FLAGS, ['-status:500']).seeks], [true, false]);
});

test('what cannot be read does not count, and the rest does', () => {
  const query = new Query('status:500 n>fast', FLAGS, [], NAMES);

  assert.equal(query.matches('{"level":"info","status":500}'), true);
  assert.deepEqual(query.terms.map((term) => term.kind), ['field', 'bad']);
});
