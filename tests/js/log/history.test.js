import assert from 'node:assert/strict';
import test from 'node:test';

import { History, thumbOf, windowsOf } from '../../../django_logtail/static/logtail/log/history.js';

/** @param {Partial<import('../../../django_logtail/static/logtail/connection/requests.js').LogFile>[]} files */
function historyOf(...files) {
  const history = new History();
  history.take(files.map((one) => ({ name: `${one.file}.log`, stored: one.size ?? 0, compression: '', ...one })));
  return history;
}
const three = () => historyOf({ file: 'a', size: 100 }, { file: 'b', size: 300 }, { file: 'c', size: 600 });

for (const [file, offset, part] of [['a', 0, 0], ['a', 100, 0.1], ['b', 0, 0.1], ['b', 150, 0.25], ['c', 600, 1], ['c', 700, 1], ['b', 999, 0.4], ['d', 0, null]]) {
  test(`byte ${offset} of ${file} is at ${part}`, () => {
    assert.equal(three().partOf(file, offset), part);
  });
}

for (const [part, file, offset] of [[-1, 'a', 0], [0, 'a', 0], [0.0999, 'a', 99], [0.1, 'b', 0], [0.25, 'b', 150], [0.4, 'c', 0], [1, 'c', 600], [2, 'c', 600]]) {
  test(`at ${part} is byte ${offset} of ${file}`, () => {
    assert.deepEqual(three().placeAt(part), { file, offset });
  });
}

test('nothing is anywhere while the files are unknown or empty', () => {
  for (const history of [historyOf(), historyOf({ file: 'a', size: 0 })]) {
    assert.deepEqual([history.placeAt(0.5), history.partOf('a', 0), history.first], [null, null, null]);
  }
  assert.deepEqual([historyOf().isKnown, three().isKnown], [false, true]);
});

test('an archive that was never unpacked has the ratio of those that were, else ten times its size', () => {
  const packed = { size: null, stored: 50, compression: 'gz' };
  const known = historyOf({ file: 'a', ...packed }, { file: 'b', size: 300, stored: 100, compression: 'gz' }, { file: 'c', size: 0 });
  const unknown = historyOf({ file: 'a', ...packed }, { file: 'c', size: 10 });

  assert.deepEqual([known, unknown].map(({ files, isEstimated }) => [files[0].size, files[0].isEstimated, files[1].isEstimated, isEstimated]), [[150, true, false, true], [500, true, false, true]]);
  assert.equal(three().isEstimated, false);
});

test('the current file grows and never shrinks, and an estimate gives way to what is known', () => {
  const history = historyOf({ file: 'a', size: null, stored: 50, compression: 'gz' }, { file: 'c', size: 100 });
  history.grow('c', 300);
  history.grow('c', 200);
  const grown = history.total;
  history.grow('a', 100, true);
  history.grow('x', 100);

  assert.deepEqual([grown, history.total, history.isEstimated, history.partOf('c', 0)], [800, 400, false, 0.25]);
});

test('a file that cannot be read is passed over', () => {
  const history = historyOf({ file: null, size: 100 }, { file: 'b', size: 100 }, { file: null, size: 100 }, { file: 'c', size: 100 });

  assert.deepEqual([history.first, history.placeAt(0), history.placeAt(0.6), history.between('b', 'c')], ['b', { file: 'b', offset: 0 }, { file: 'c', offset: 0 }, []]);
  assert.equal(historyOf({ file: 'a', size: 10 }, { file: null, size: 10 }).placeAt(0.9), null);
});

test('the files between two are known only in their order', () => {
  const history = three();

  assert.deepEqual([history.between('a', 'c'), history.between('a', 'b'), history.between('c', 'a'), history.between('a', 'a'), history.between('x', 'c'), history.between('a', 'x')], [['b'], [], null, null, null, null]);
});

test('loaded lines that follow one another are one window, whatever marks stand between', () => {
  const line = (file, start, end) => ({ kind: 'line', file, start, end });
  const items = [null, line('a', 0, 50), { kind: 'day' }, line('a', 50, 100), { kind: 'next', file: 'b' }, line('b', 0, 60), { kind: 'gap', file: 'b', start: 60, end: 300 }, line('x', 0, 5), line('c', 60, 600)];

  const windows = windowsOf(three(), { items, first: 1 });

  assert.deepEqual(windows.map(({ from, to, first, last }) => [from, to, items.indexOf(first), items.indexOf(last)]), [[0, 0.1, 1, 3], [0.1, 0.16, 5, 5], [0.46, 1, 8, 8]]);
  assert.deepEqual(windowsOf(three(), { items: [], first: 0 }), []);
});

for (const [from, to, top, height] of [[0, 0.1, 0, 100], [0.9, 1, 900, 100], [0.45, 0.55, 450, 100], [0, 0.001, 0, 24], [0.999, 1, 976, 24], [0, 1, 0, 1_000], [0.4995, 0.5005, 488, 24]]) {
  test(`from ${from} to ${to} the thumb stands at ${top} px and is ${height} px high`, () => {
    const thumb = thumbOf(from, to, 1_000, 24);

    assert.deepEqual([Math.round(thumb.top), Math.round(thumb.height)], [top, height]);
  });
}
