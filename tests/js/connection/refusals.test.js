import assert from 'node:assert/strict';
import test from 'node:test';

import { rememberedRefusals } from '../../../django_logtail/static/logtail/connection/refusals.js';

/** What a tab keeps from page to page. */
function tab() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
}

test('a refusal is known to the next page of the tab, and not to its own', () => {
  const storage = tab();
  const page = rememberedRefusals(() => storage);
  const first = page.before;

  page.note();

  assert.deepEqual([first, page.before, rememberedRefusals(() => storage).before, rememberedRefusals(tab).before], [false, false, true, false]);
});

test('it is forgotten when the server lets a page in, also by that page', () => {
  const storage = tab();
  rememberedRefusals(() => storage).note();
  const page = rememberedRefusals(() => storage);

  page.forget();

  assert.deepEqual([page.before, rememberedRefusals(() => storage).before], [false, false]);
});

test('a browser that keeps nothing is no error', () => {
  const page = rememberedRefusals(() => { throw new Error('SecurityError'); });

  page.note();
  page.forget();

  assert.equal(page.before, false);
});
