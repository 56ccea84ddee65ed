import assert from 'node:assert/strict';
import test from 'node:test';

import { Item } from '../../../django_logtail/static/logtail/log/item.js';
import { Heights } from '../../../django_logtail/static/logtail/rows/heights.js';

/** @param {number} count */
function filled(count, height = (i) => 20 + (i % 3)) {
  const shown = new Heights((item) => height(item.seq));
  for (let i = 0; i < count; i++) {
    const item = new Item('line');
    item.seq = i;
    shown.push(item);
  }
  return shown;
}

test('places and indices agree, wherever one looks', () => {
  const shown = filled(5_000);

  for (const index of [0, 1, 511, 512, 513, 2_047, 4_999]) {
    const top = shown.topOf(index);
    assert.equal(shown.indexAt(top), index);
    assert.equal(shown.indexAt(top + shown.at(index).height - 1), index);
  }
  assert.equal(shown.topOf(5_000), shown.total);
});

test('what is dropped in front takes its height along', () => {
  const shown = filled(100_000);
  const before = shown.topOf(70_001);
  const seen = shown.at(70_001);

  const gone = shown.dropBefore(70_000);

  assert.equal(shown.at(1), seen);
  assert.equal(shown.topOf(1), before - gone);
  assert.equal(shown.length, 30_000);
  assert.equal(shown.topOf(shown.length), shown.total);
});

test('a height that turned out different moves what is below', () => {
  const shown = filled(2_000, () => 20);

  const grown = shown.resize(600, 60);

  assert.equal(grown, 40);
  assert.equal(shown.topOf(600), 12_000);
  assert.equal(shown.topOf(601), 12_060);
  assert.equal(shown.total, 40_040);
});

test('beyond the ends is the nearest item', () => {
  const shown = filled(10);

  assert.equal(shown.indexAt(-50), 0);
  assert.equal(shown.indexAt(1e9), 9);
  assert.equal(filled(0).indexAt(5), 0);
});

test('an item is found by its number', () => {
  const shown = filled(1_000);
  shown.dropBefore(300);

  assert.equal(shown.indexOfSeq(300), 0);
  assert.equal(shown.indexOfSeq(999), 699);
  assert.equal(shown.indexOfSeq(2_000), 700);
});
