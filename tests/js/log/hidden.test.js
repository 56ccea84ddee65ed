import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countedIn, NAMES, hiddenIn, shownAs, withNames } from '../../../django_logtail/static/logtail/log/hidden.js';
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
  assert.equal(withNames(0, 3, [{ start: 1, end: 2, name: 'ip' }], (from, to) => 'abc'.slice(from, to)).text, 'a‹IP-Adresse›c');
  NAMES.delete('ip');
});

test('lines know where something is hidden in their text, and how long it is in the file', () => {
  const store = new Store();
  store.take({ file: 'f', start: 0, end: 14, hidden: [[3, 4, 'ip']] }, bytesOf('\ufeff**** yy zz\n'));
  const [item] = store.items;

  assert.equal(item.text, '‹ip› yy zz');
  assert.deepEqual(item.secrets, [{ start: 0, end: 4, name: 'ip', bytes: 4 }]);
  store.take({ file: 'f', start: 14, end: 18 }, bytesOf('one\n'));
  assert.equal(store.items[1].secrets, null);
});

test('a line that goes on has the places of both parts', () => {
  const store = new Store();
  store.take({ file: 'f', start: 0, end: 3, hidden: [[2, 1, 'ip']] }, bytesOf('ab*'));
  store.take({ file: 'f', start: 3, end: 7, hidden: [[1, 1, 'x']] }, bytesOf('c*d\n'));

  assert.deepEqual(store.items[0].secrets, [{ start: 2, end: 6, name: 'ip', bytes: 1 }, { start: 7, end: 10, name: 'x', bytes: 1 }]);
});

test('the original is shown as it is written, and says what is hidden from others', () => {
  const store = new Store();
  store.showsOriginal = true;
  store.take({ file: 'f', start: 0, end: 13, hidden: [[3, 6, 'email']] }, bytesOf('to 用户 x\r\n'));

  assert.deepEqual(texts(store), ['to 用户 x']);
  assert.deepEqual(store.items[0].secrets, [{ start: 3, end: 5, name: 'email', bytes: 6 }]);
});

test('in a coloured line, they are found in the text without its colours', () => {
  const store = new Store();
  const text = '\u001b[31m**\u001b[0m and **\n';
  store.take({ file: 'f', start: 0, end: text.length, hidden: [[5, 2, 'a'], [16, 2, 'a']] }, bytesOf(text));
  const [item] = store.items;

  assert.equal(item.plain, '‹a› and ‹a›');
  assert.deepEqual((item.secretsDrawn ?? []).map(({ start, end }) => [start, end]), [[0, 3], [8, 11]]);
});

test('what is hidden is counted by rule, and a key over many lines once', () => {
  const store = new Store();
  const lines = ['a ** b **\n', 'key **\n', '**\n', '** end\n', '**\n', 'none\n'];
  const hidden = [[2, 2, 'ip'], [7, 2, 'ip'], [14, 2, 'key'], [17, 2, 'key'], [20, 2, 'key'], [27, 2, 'ip']];
  store.take({ file: 'f', start: 0, end: lines.join('').length, hidden }, bytesOf(lines.join('')));

  assert.deepEqual(countedIn(store.items), [['ip', 3], ['key', 1]]);
  assert.deepEqual(countedIn([]), []);
});
