import assert from 'node:assert/strict';
import test from 'node:test';

import { Cursor } from '../../../django_logtail/static/logtail/rows/cursor.js';
import { tailOf } from '../tail.js';

/** @param {...string} lines */
function cursorOver(...lines) {
  const tail = tailOf();
  tail.take(lines.map((line) => `${line}\n`).join(''));
  tail.tools = { show: (item) => { tail.tooled = item.text; } };
  tail.cursor = new Cursor(tail);
  return tail;
}

test('the first step up is to the newest line while the page follows', () => {
  const tail = cursorOver('1', '2', '3');

  tail.cursor.move(-1);

  assert.deepEqual([tail.cursor.item.text, tail.tooled, tail.rows.revealed], ['3', '3', [['3', 'nearest']]]);
});

test('a step after the line of the cursor has gone begins at what is looked at', () => {
  const tail = cursorOver(...Array.from({ length: 100 }, (_, i) => `${i}`));
  tail.rows.follow = false;
  tail.rows.at = 0;
  tail.cursor.move(1);
  const gone = tail.cursor.item;
  tail.rows.at = 40 * 20;
  tail.cursor.item = { ...gone, seq: gone.seq - 1 };

  tail.cursor.move(1);

  assert.equal(tail.cursor.item.text, '40');
});

test('the first step down is to the first line that is looked at', () => {
  const tail = cursorOver(...Array.from({ length: 100 }, (_, i) => `${i}`));
  tail.rows.follow = false;
  tail.rows.at = 40 * 20;

  tail.cursor.move(1);

  assert.equal(tail.cursor.item.text, '40');
});

test('a step passes marks', () => {
  const tail = cursorOver('1');
  tail.store.mark('stopped', {});
  tail.take('2\n');

  tail.cursor.move(-1);
  tail.cursor.move(-1);

  assert.equal(tail.cursor.item.text, '1');
});

test('beyond the ends it stays where it is', () => {
  const tail = cursorOver('1', '2');

  for (let i = 0; i < 5; i++) tail.cursor.move(-1);

  assert.equal(tail.cursor.item.text, '1');
});

test('the next line of a kind is beyond the others, and beyond a mark unless that ends it', () => {
  const tail = cursorOver('1', 'a', '2');
  tail.store.gap('f', tail.store.place.offset, tail.store.place.offset + 10, 'missed');
  tail.take('a\n3\n');
  const fits = (item) => item.text < '3' && item.text !== 'a';
  const found = [tail.cursor.find(-1, fits), tail.cursor.find(-1, fits, (mark) => mark.kind === 'gap'), tail.cursor.find(1, fits)];

  assert.deepEqual(found.map((item) => item && (item.text || item.kind)), ['2', 'gap', null]);
  assert.deepEqual([tail.cursor.item, tail.rows.revealed], [null, []]);

  tail.cursor.show(found[0], 'center');
  assert.deepEqual([tail.cursor.item.text, tail.rows.revealed], ['2', [['2', 'center']]]);
});

test('a line that a filter hides is no place to step from', () => {
  const tail = cursorOver('a1', 'a2', 'b3');
  tail.cursor.move(-1);
  tail.rows.follow = false;
  tail.field.value = 'a';
  tail.finding.toggleFlag('only');

  tail.cursor.move(1);

  assert.equal(tail.cursor.item.text, 'a1');
});
