import assert from 'node:assert/strict';
import test from 'node:test';

import { Words, size } from '../../../django_logtail/static/logtail/ui/format.js';
import { Settings } from '../../../django_logtail/static/logtail/ui/settings.js';

test('sizes are short and in steps of a thousand', () => {
  assert.deepEqual([0, 999, 1000, 48_200_000, 1_300_000_000, 221_400].map(size), ['0 B', '999 B', '1.0 kB', '48.2 MB', '1.3 GB', '221 kB']);
});

test('values are put in once, and a value that looks like a name stays', () => {
  const words = new Words({ k: '{a} and {b} and {c}' }, 'en');

  assert.equal(words.say('k', { a: '{b}', b: 2 }), '{b} and 2 and {c}');
});

test('one has a form of its own where there is one', () => {
  const words = new Words({ n: '{n} lines', 'n.one': '1 line', m: '{n} all' }, 'en');

  assert.deepEqual([words.many('n', 1), words.many('n', 1200), words.many('m', 1)], ['1 line', '1,200 lines', '1 all']);
});

test('days are written out', () => {
  assert.match(new Words({}, 'en').day('2026-08-24'), /^Monday,? 24 August 2026$/);
  assert.equal(new Words({}, 'en').day('someday'), 'someday');
});

test('what is remembered per log and per reader is kept apart', () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const settings = new Settings(storage);

  settings.saveLog('a', { wrap: true });
  settings.saveReader({ size: 'l' });
  const again = new Settings(storage);

  assert.deepEqual([again.log('a').wrap, again.log('b').wrap, again.reader.size], [true, null, 'l']);
});

test('a storage that fails or holds nonsense is no storage', () => {
  const broken = new Settings({ getItem: () => { throw new Error('denied'); }, setItem: () => { throw new Error('full'); } });
  const nonsense = new Settings({ getItem: () => '[1', setItem: () => {} });

  broken.saveReader({ size: 's' });

  assert.equal(broken.reader.size, 's');
  assert.equal(nonsense.reader.size, 'm');
});
