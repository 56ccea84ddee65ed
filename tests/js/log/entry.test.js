import assert from 'node:assert/strict';
import test from 'node:test';

import { firstLineOf, innerLinesOf, writtenBefore } from '../../../django_logtail/static/logtail/log/entry.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';

const HEAD = '2026-08-24 10:00:00,000 ERROR shop.cart broke';
const NEXT = '2026-08-24 10:00:01,000 INFO shop.cart mended';

function storeOf(...lines) {
  const store = new Store();
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  store.take({ file: 'f', start: 0, end: bytes.length }, bytes);
  return store;
}

const byText = (store, text) => store.items.find((item) => item.text === text);

test('every line of an entry leads to its first one', () => {
  const store = storeOf(HEAD, 'Traceback (most recent call last):', '  File "x.py"', NEXT);

  for (const text of [HEAD, 'Traceback (most recent call last):', '  File "x.py"']) assert.equal(firstLineOf(store, byText(store, text)).text, HEAD);
  assert.equal(firstLineOf(store, byText(store, NEXT)).text, NEXT);
});

test('a line whose entry begins above what is here is its own first one', () => {
  const store = storeOf(HEAD, '  File "x.py"');
  store.splice(0, 2, []);

  const [alone] = store.items;

  assert.equal(alone.inner, true);
  assert.equal(firstLineOf(store, alone), alone);
});

test('an entry ends where another one, or a mark, begins', () => {
  const store = storeOf(HEAD, '  File "x.py"', NEXT);
  store.mark('rotated', {});

  assert.deepEqual(innerLinesOf(store, byText(store, HEAD)).map((item) => item.text), ['  File "x.py"']);
  assert.deepEqual(innerLinesOf(store, byText(store, NEXT)), []);
});

test('the time before a line is that of the entry before, without escape sequences', () => {
  const store = storeOf(`\u001b[31m${HEAD}\u001b[0m`, '  File "x.py"', NEXT);

  assert.equal(writtenBefore(store, byText(store, NEXT)), '2026-08-24 10:00:00,000');
  assert.equal(writtenBefore(store, store.items.find((item) => item.kind === 'line')), '');
});

test('a line of a log that was left is its own first one', () => {
  const [, inner] = storeOf('2026-08-24 10:00:00,000 ERROR shop broke\nTraceback (most recent call last):\n').items.filter((item) => item.kind === 'line');

  assert.equal(firstLineOf(new Store(), inner), inner);
});
