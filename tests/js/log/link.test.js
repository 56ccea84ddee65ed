import assert from 'node:assert/strict';
import test from 'node:test';

import { fragmentOf, isProven, linkedBy } from '../../../django_logtail/static/logtail/log/link.js';

const line = (start, text, file = '803-2a-100-ab') => ({ file, start, text });

test('a link to a line leads to that line and to no other', () => {
  const linked = linkedBy(`#${fragmentOf([line(1200, 'GET /a b/ — ä')])}`);

  assert.deepEqual([linked.file, linked.start, linked.end], ['803-2a-100-ab', 1200, 1200]);
  assert.equal(isProven(linked, line(1200, 'GET /a b/ — ä')), true);
  assert.equal(isProven(linked, line(1200, 'GET /a b/ — ö')), false);
  assert.equal(isProven(linked, line(1201, 'GET /a b/ — ä')), false);
  assert.equal(isProven(linked, line(1200, 'GET /a b/ — ä', 'other')), false);
  assert.equal(isProven(linked, undefined), false);
});

test('a link to several lines holds where the first and the last one begin', () => {
  const linked = linkedBy(fragmentOf([line(10, 'a'), line(20, 'b'), line(30, 'c')]));

  assert.deepEqual([linked.start, linked.end], [10, 30]);
});

test('of lines of two files those of the first are linked', () => {
  const linked = linkedBy(fragmentOf([line(10, 'a'), line(20, 'b'), line(0, 'c', 'next')]));

  assert.deepEqual([linked.start, linked.end], [10, 20]);
});

test('an unfinished line that has grown since is still the one', () => {
  const linked = linkedBy(fragmentOf([line(10, 'half a')]));

  assert.equal(isProven(linked, line(10, 'half a line')), true);
  assert.equal(isProven(linked, line(10, 'half')), false);
});

test('a link written by hand needs no sum', () => {
  assert.equal(isProven(linkedBy('#file=a&at=5'), line(5, 'anything', 'a')), true);
});

for (const fragment of ['', '#', '#lt-main', '#file=a', '#at=5', '#file=a&at=x', '#file=a&at=-5', '#file=a&at=1e3', '#file=a&at=99999999999999999999']) {
  test(`"${fragment}" is no link to a line`, () => assert.equal(linkedBy(fragment), null));
}

for (const sum of ['1', '999999.00000000', 'x.y', '5.zzzzzzzz']) {
  test(`the sum "${sum}" proves nothing`, () => assert.equal(isProven(linkedBy(`#file=a&at=5&sum=${sum}`), line(5, 'hello world', 'a')), false));
}

test('an end before the beginning is the beginning', () => {
  assert.equal(linkedBy('#file=a&at=50-20').end, 50);
});

test('a file that no server names leads nowhere', () => {
  assert.equal(linkedBy('file=%C3%A4&at=1'), null);
  assert.equal(linkedBy(`file=${'x'.repeat(201)}&at=1`), null);
  assert.equal(linkedBy(`file=${'x'.repeat(200)}&at=1`).start, 1);
});
