import assert from 'node:assert/strict';
import test from 'node:test';

import { Choice, chosenOf } from '../../../django_logtail/static/logtail/find/choice.js';

const logs = (...names) => names.map((name) => ({ slug: name, name: `${name}.log`, group: name.startsWith('web') ? 'Shop' : '', search: name === 'deaf' ? '' : `/${name}` }));
const many = (n) => logs(...Array.from({ length: n }, (_, i) => `log-${i}`));

test('what was picked comes in the order of the list, without logs that are not there or cannot be searched', () => {
  const choice = new Choice(logs('web-1', 'db', 'deaf'), ['db', 'gone', 'deaf']);
  assert.deepEqual(choice.slugs, ['db']);

  assert.equal(choice.toggle('web-1'), true);
  assert.deepEqual(choice.slugs, ['web-1', 'db']);
  assert.equal(choice.toggle('db'), false);
  assert.deepEqual(choice.slugs, ['web-1']);
});

test('fifty can be picked, and then one must be left out first', () => {
  const choice = new Choice(many(60), many(49).map(({ slug }) => slug));
  assert.deepEqual([choice.isFull, choice.toggle('log-49'), choice.isFull], [false, true, true]);
  assert.equal(choice.toggle('log-50'), false);
  assert.equal(choice.slugs.length, 50);

  choice.toggle('log-0');
  assert.equal(choice.toggle('log-50'), true);
  assert.equal(chosenOf(many(60), many(60).map(({ slug }) => slug)).length, 50);
});

test('logs are found by their name and by their group', () => {
  const choice = new Choice(logs('web-1', 'web-2', 'db'), []);

  assert.deepEqual([...choice.named(' SHOP ')], ['web-1', 'web-2']);
  assert.deepEqual([...choice.named('db.l')], ['db']);
  assert.deepEqual(choice.named('').size, 3);
});
