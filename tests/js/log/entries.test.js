import assert from 'node:assert/strict';
import test from 'node:test';

import { Item } from '../../../django_logtail/static/logtail/log/item.js';
import { Entries } from '../../../django_logtail/static/logtail/log/entries.js';

const ERROR = '2026-08-24 10:00:00,000 ERROR shop broke';
const INFO = '2026-08-24 10:00:01,000 INFO shop mended';
const NEXT_DAY = '2026-08-25 00:00:00,000 INFO shop opened';
const INNER = '  File "x.py"';

const linesOf = (...texts) => texts.map((text) => Object.assign(new Item('line'), { text }));
/** Level and whether it belongs to the entry above; of a mark its details. */
const read = (items) => items.map((item) => (item.kind === 'line' ? item.level + (item.inner ? '+' : '') : item.details));

test('what belongs to an entry has its level', () => {
  assert.deepEqual(read(new Entries().read(linesOf(ERROR, INNER, INNER, INFO))), ['2026-08-24', 'E', 'E+', 'E+', 'I']);
});

test('an entry goes on in what is read next', () => {
  const entries = new Entries();
  entries.read(linesOf(ERROR));

  assert.deepEqual(read(entries.read(linesOf(INNER))), ['E+']);
});

test('an entry that was ended does not go on', () => {
  const entries = new Entries();
  entries.read(linesOf(ERROR));

  entries.endEntry();

  assert.deepEqual(read(entries.read(linesOf(INNER))), ['O']);
});

test('a mark among the lines ends an entry', () => {
  const [first, inner] = linesOf(ERROR, INNER);

  assert.deepEqual(read(new Entries().read([first, Object.assign(new Item('gap'), { details: 'gap' }), inner])), ['2026-08-24', 'E', 'gap', 'O']);
});

test('a day is named where it begins, and once', () => {
  const entries = new Entries();

  assert.deepEqual(read(entries.read(linesOf(ERROR, INFO, NEXT_DAY))), ['2026-08-24', 'E', 'I', '2026-08-25', 'I']);
  assert.deepEqual(read(entries.read(linesOf(NEXT_DAY))), ['I']);
});

test('an entry of thousands of lines was none', () => {
  const lines = linesOf(ERROR, ...new Array(2_000).fill(INNER));

  const items = new Entries().read(lines);

  assert.deepEqual(read(items.slice(-2)), ['E+', 'O']);
});

test('lines that stand elsewhere leave no trace in what is read next', () => {
  const entries = new Entries();
  entries.read(linesOf(ERROR));

  const apart = entries.readApart(linesOf(INNER, NEXT_DAY), { begins: true, day: '2026-08-25' });

  assert.deepEqual(read(apart), ['O', 'I']);
  assert.deepEqual(read(entries.read(linesOf(INNER, INFO))), ['E+', 'I']);
});

test('a return writes over a line without a head, and over none that has one', () => {
  const items = linesOf('2026-08-24 10:00:00,100 INFO shop: cr\rmid', 'Fetching  1%\rFetching 99%', '\u001b[31m2026-08-24 10:00:01,100\r\u001b[0mhidden');
  new Entries().read(items);

  assert.deepEqual(items.filter((item) => item.kind === 'line').map((item) => item.plain), ['2026-08-24 10:00:00,100 INFO shop: cr\rmid', 'Fetching 99%', '2026-08-24 10:00:01,100\rhidden']);
});

test('colours go on over the end of a line, up to a mark', () => {
  const entries = new Entries();
  const runs = (items) => items.map((item) => (item.kind === 'line' ? item.coloured.runs.map((run) => run.classes).join() : item.kind));

  assert.deepEqual(runs(entries.read(linesOf('\u001b[31mone', 'two', 'three\u001b[0m', 'four', '\u001b[32mfive'))), ['lt-f1', 'lt-f1', 'lt-f1', '', 'lt-f2']);
  assert.deepEqual(runs(entries.read(linesOf('six'))), ['lt-f2']);
  entries.endEntry();
  assert.deepEqual(runs(entries.read(linesOf('seven'))), ['']);
});

test('lines that are loaded apart neither take nor leave colours', () => {
  const entries = new Entries();
  entries.read(linesOf('\u001b[31mone'));
  const apart = linesOf('\u001b[32mtwo', 'three');
  entries.readApart(apart, { begins: true, day: '' });
  const after = linesOf('four');
  entries.read(after);

  assert.deepEqual([...apart, ...after].map((item) => item.coloured.runs[0]?.classes ?? ''), ['lt-f2', 'lt-f2', 'lt-f1']);
});
