import assert from 'node:assert/strict';
import test from 'node:test';

import { Settings } from '../../../django_logtail/static/logtail/ui/settings.js';

/** What a browser keeps. */
function storage(kept = {}) {
  return { kept, getItem: (key) => kept[key] ?? null, setItem: (key, value) => { kept[key] = value; } };
}

test('nothing was chosen yet', () => {
  const settings = new Settings(storage());

  assert.deepEqual(settings.general, { size: 'm', theme: 'auto', keys: true, colours: true, announce: false, side: true, links: true, mine: true });
  const { wrap, time, off } = settings.log('app');
  assert.deepEqual([wrap, time, off], [null, 'compact', []]);
});

test('what a person chose is there in the next page, and the rest is as before', () => {
  const kept = storage();

  new Settings(kept).saveGeneral({ size: 'l' });
  new Settings(kept).saveGeneral({ keys: false });

  assert.deepEqual(new Settings(kept).general, { size: 'l', theme: 'auto', keys: false, colours: true, announce: false, side: true, links: true, mine: true });
});

test('what was chosen for one log is not chosen for another', () => {
  const kept = storage();

  new Settings(kept).saveLog('app', { time: 'raw' });
  new Settings(kept).saveLog('app', { off: ['D'] });
  new Settings(kept).saveLog('shop', { wrap: true });

  const { log } = { log: (slug) => new Settings(kept).log(slug) };
  assert.deepEqual([log('app').time, log('app').off, log('app').wrap], ['raw', ['D'], null]);
  assert.deepEqual([log('shop').time, log('shop').off, log('shop').wrap], ['compact', [], true]);
  assert.deepEqual(Object.keys(kept.kept).sort(), ['logtail:log:app', 'logtail:log:shop']);
});

for (const text of ['', 'no JSON', 'null', '7', '"text"']) {
  test(`what is kept as ${JSON.stringify(text)} is as if nothing were`, () => {
    const settings = new Settings(storage({ 'logtail:reader': text, 'logtail:log:app': text }));

    assert.equal(settings.general.size, 'm');
    assert.equal(settings.log('app').time, 'compact');
  });
}

test('a storage that fails, or none, is no trouble', () => {
  const fails = { getItem() { throw new Error('forbidden'); }, setItem() { throw new Error('full'); } };

  for (const kept of [fails, null]) {
    const settings = new Settings(kept);
    settings.saveGeneral({ size: 's' });
    settings.saveLog('app', { time: 'raw' });
    assert.equal(settings.general.size, 's');
    assert.equal(settings.log('app').time, 'compact');
  }
});
