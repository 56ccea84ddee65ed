import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NAMES, hiddenIn, shownAs, withNames } from '../../../django_logtail/static/logtail/log/hidden.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';

const bytesOf = (/** @type {string} */ text) => new TextEncoder().encode(text);
const texts = (/** @type {Store} */ store) => store.items.filter((item) => item.kind === 'line').map((item) => item.text);

test('a batch says where something is hidden, by its own places', () => {
  assert.deepEqual(hiddenIn({ start: 100, hidden: [[4, 3, 'ip']] }), [{ start: 104, end: 107, name: 'ip' }]);
  assert.deepEqual(hiddenIn({ start: 100 }), []);
});

test('lines show what is hidden in words, and keep their places', () => {
  const store = new Store();
  const bytes = bytesOf('用户 from ************ ok\nplain\n**** and ***\n');
  store.take({ file: 'f', start: 0, end: bytes.length, hidden: [[12, 12, 'ip'], [34, 4, 'order token'], [43, 3, 'x']] }, bytes);

  assert.deepEqual(texts(store), ['用户 from ‹ip› ok', 'plain', '‹order token› and ‹x›']);
  assert.deepEqual(store.items.filter((item) => item.kind === 'line').map((item) => [item.start, item.end]), [[0, 28], [28, 34], [34, 47]]);
});

test('a batch of which a part is here already', () => {
  const store = new Store();
  store.take({ file: 'f', start: 0, end: 4, hidden: [] }, bytesOf('one\n'));
  store.take({ file: 'f', start: 0, end: 10, hidden: [[0, 3, 'a'], [4, 3, 'b']] }, bytesOf('***\n*** y\n'));

  assert.deepEqual(texts(store), ['one', '‹b› y']);
});

test('earlier lines too, and what begins before them', () => {
  const store = new Store();
  const lines = store.linesOf('f', 100, bytesOf('**x\ny\n'), [{ start: 90, end: 102, name: 'key' }]);

  assert.deepEqual(lines.map((line) => line.text), ['‹key›x', 'y']);
});

test('a line longer than a batch goes on with what is hidden in it', () => {
  const store = new Store();
  store.take({ file: 'f', start: 0, end: 3, hidden: [[2, 1, 'ip']] }, bytesOf('ab*'));
  store.take({ file: 'f', start: 3, end: 7, hidden: [[1, 1, 'ip']] }, bytesOf('c*d\n'));

  assert.deepEqual(texts(store), ['ab‹ip›c‹ip›d']);
});

test('UTF-16 has two bytes for each letter', () => {
  const store = new Store({ encoding: 'utf-16le' });
  store.take({ file: 'f', start: 0, end: 10, hidden: [[2, 4, 'ip']] }, new Uint8Array([97, 0, 42, 0, 42, 0, 98, 0, 10, 0]));

  assert.deepEqual(texts(store), ['a‹ip›b']);
});

test('names are in the language of the page', () => {
  NAMES.set('ip', 'IP-Adresse');
  assert.equal(shownAs('ip'), '‹IP-Adresse›');
  assert.equal(withNames(0, 3, [{ start: 1, end: 2, name: 'ip' }], (from, to) => 'abc'.slice(from, to)), 'a‹IP-Adresse›c');
  NAMES.delete('ip');
});
