import assert from 'node:assert/strict';
import test from 'node:test';

import { groupsOf, Several } from '../../../django_logtail/static/logtail/find/several.js';
import { Words } from '../../../django_logtail/static/logtail/ui/format.js';

const words = new Words({
  'search.running': 'Searching… {p}', 'search.of': '{a} of {b}', 'search.found': ['{n} matches', '{n} match'], 'search.shown': '{n} of {m} shown', 'search.cancelled': 'Stopped at {p}',
  'search.getting': 'Loading more…', 'search.wait': 'waiting', 'search.ok': 'all {size} searched', 'search.noreader': '{queue}: no reader', 'search.logs': '{a} of {b} logs done',
  'search.inlogs': ['in {n} logs', 'in {n} log'], 'filter.zero': 'No matches', 'filter.bad': 'Invalid expression: {msg}', 'reason.no-regex': 'no RE2 here',
}, 'en', [0, 1]);

async function settle() {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

/** A search of logs whose servers are in the hands of the test. */
function world(names = ['a', 'b', 'c'], order = 'newest') {
  const asked = {};
  const changes = [];
  const searches = {
    of: (address) => ({
      search(what, hear) {
        const one = { what, hear };
        (asked[address] ??= []).push(one);
        return { done: new Promise((resolve, reject) => Object.assign(one, { resolve, reject })), cancel: () => { one.cancelled = true; } };
      },
    }),
  };
  const logs = names.map((name) => ({ slug: name, name: `${name}.log`, queue: `q-${name}`, search: name, group: '' }));
  const several = new Several(logs, { order, sought: { pattern: 'x', regex: false, case: false } }, searches, (of, fresh) => changes.push([of.log.slug, fresh.length]));
  const of = (name) => several.all.find(({ log }) => log.slug === name);
  const finds = (name, n, from = 0) => asked[name].at(-1).hear({ type: 'found', file: 'f', name: `${name}.log`, hits: Array.from({ length: n }, (_, i) => ({ start: from + i, end: from + i + 1, parts: ['x'] })) });
  const ends = async (name, fields = {}) => {
    asked[name].at(-1).resolve({ type: 'done', at: 91_200_000, end: 91_200_000, ...fields });
    await settle();
  };
  const fails = async (name, id, message = 'a reason', why = undefined) => {
    asked[name].at(-1).reject(Object.assign(new Error(message), { id, why }));
    await settle();
  };
  return { asked, changes, ends, fails, finds, of, several, said: (name) => of(name).said(words), counted: (name) => of(name).counted(words), all: () => several.said(words) };
}

test('each log is asked for the same, a hundred hits first', () => {
  const w = world(['a', 'b'], 'oldest');

  for (const name of ['a', 'b']) assert.deepEqual(w.asked[name].map(({ what }) => what), [{ order: 'oldest', limit: 100, pattern: 'x', regex: false, case: false }]);
});

test('each log says how far it is, and all of them together', async () => {
  const w = world();
  w.asked.c[0].hear({ waits: true });
  assert.deepEqual(['a', 'c'].map(w.said), ['Searching… 0%', 'waiting']);
  assert.deepEqual(['a', 'c'].map(w.counted), ['', '']);
  assert.equal(w.all(), '0 matches · 0 of 3 logs done');

  w.finds('a', 2);
  w.asked.b[0].hear({ type: 'progress', at: 1_200_000_000, end: 4_000_000_000, count: 0, reason: 'limited' });
  assert.equal(w.said('b'), '1.2 GB of 4.0 GB · limited');
  await w.ends('a', { count: 2 });
  await w.ends('b', { count: 0 });

  assert.deepEqual([w.said('a'), w.counted('a')], ['all 91.2 MB searched', '2 matches']);
  assert.equal(w.counted('b'), 'No matches');
  assert.equal(w.all(), '2 matches · in 1 log · 2 of 3 logs done');
  assert.equal(w.several.isRunning, true);
  await w.ends('c', { count: 0 });
  assert.equal(w.several.isRunning, false);
  assert.equal(w.several.percent, 100);
});

test('a wait for the server says why, and is over when it goes on', () => {
  const w = world();
  w.asked.a[0].hear({ waits: true, reason: 'you have 4 running' });
  assert.equal(w.said('a'), 'waiting · you have 4 running');
  w.asked.a[0].hear({ waits: false });
  assert.equal(w.said('a'), 'Searching… 0%');
});

test('counts are true ones: what is shown, of all that match, in each log and in all', async () => {
  const w = world(['a', 'b']);
  w.finds('a', 100);
  w.finds('b', 3);
  await w.ends('a', { count: 48_112, more: true });
  await w.ends('b', { count: 3 });

  assert.deepEqual([w.counted('a'), w.counted('b')], ['100 of 48,112 shown', '3 matches']);
  assert.equal(w.all(), '103 of 48,115 shown · in 2 logs · 2 of 2 logs done');
});

test('"Show more" gets the next ones of one log, and no other', async () => {
  const w = world(['a', 'b']);
  w.finds('a', 100);
  await w.ends('a', { count: 3_214, more: true });
  w.several.more(w.of('a'));

  assert.equal(w.asked.b.length, 1);
  assert.deepEqual(w.asked.a[1].what, { order: 'newest', to: { file: 'f', offset: 99 }, count: false, limit: 1_000, pattern: 'x', regex: false, case: false });
  assert.equal(w.said('a'), 'Loading more…');
  w.several.more(w.of('a'));
  assert.equal(w.asked.a.length, 2);
  w.finds('a', 1_000, 100);
  await w.ends('a', { more: true });
  assert.equal(w.counted('a'), '1,100 of 3,214 shown');
});

test('the page shows ten thousand hits of all logs and no more', async () => {
  const w = world(['a', 'b']);
  w.finds('a', 100);
  w.finds('b', 100);
  await w.ends('a', { count: 20_000, more: true });
  await w.ends('b', { count: 20_000, more: true });
  for (let i = 0; i < 9; i++) {
    w.several.more(w.of('a'));
    w.finds('a', 1_000);
    await w.ends('a', { more: true });
  }
  assert.equal(w.several.room, 800);
  w.several.more(w.of('a'));
  assert.equal(w.asked.a.at(-1).what.limit, 800);
  // Those are on their way, and nothing else fits beside them.
  w.several.more(w.of('b'));
  assert.equal(w.asked.b.length, 1);
  w.finds('a', 800);
  await w.ends('a', { more: true });

  assert.deepEqual([w.several.found, w.several.room], [10_000, 0]);
  w.several.more(w.of('b'));
  assert.equal(w.asked.b.length, 1);
});

test('of more than a hundred logs each brings fewer, and two hundred are searched', () => {
  const w = world(Array.from({ length: 201 }, (_, i) => `l${i}`));

  assert.deepEqual([w.asked.l0[0].what.limit, w.several.all.length, w.several.leftOut, 'l199' in w.asked, 'l200' in w.asked], [50, 200, 1, true, false]);
  assert.deepEqual([100, 101].map((n) => world(Array.from({ length: n }, (_, i) => `l${i}`)).asked.l0[0].what.limit), [100, 99]);
});

test('one that fails says so in its own line, can be tried again, and stops no other', async () => {
  const w = world();
  await w.fails('a', 'no-reader', 'no reader answered');
  await w.fails('b', 'bad-pattern', 'x', { code: 'no-regex' });
  w.finds('c', 1);
  await w.ends('c', { count: 1 });

  assert.deepEqual(['a', 'b', 'c'].map(w.said), ['q-a: no reader', 'Invalid expression: no RE2 here', 'all 91.2 MB searched']);
  assert.deepEqual(['a', 'b', 'c'].map((name) => w.of(name).isBroken), [true, true, false]);
  assert.equal(w.all(), '1 match · in 1 log · 3 of 3 logs done');
  w.several.again(w.of('a'));
  assert.deepEqual([w.asked.a.length, w.said('a'), w.of('a').isBroken], [2, 'Searching… 0%', false]);
});

test('who may not know the queue is told the reason in words', async () => {
  const w = world();
  w.of('a').log.queue = '';
  await w.fails('a', 'no-reader', 'no reader answered');

  assert.equal(w.said('a'), 'no reader answered');
});

test('a log that one may not see any more is no line at all', async () => {
  const w = world();
  w.finds('a', 2);
  await w.fails('a', 'no-access');
  await w.fails('b', 'no-such-log');
  await w.fails('c', 'not-there');

  assert.deepEqual(['a', 'b', 'c'].map((name) => w.of(name).isLost), [true, true, false]);
  w.several.forget(w.of('a'));
  assert.equal(w.several.found, 0);
  const gone = w.several.keep(new Set(['c']));
  assert.deepEqual([gone.map(({ log }) => log.slug), w.several.all.map(({ log }) => log.slug)], [['b'], ['c']]);
});

test('a log that leaves the list while it is searched is searched no further', () => {
  const w = world();
  w.several.keep(new Set(['b', 'c', 'new']));

  assert.deepEqual([w.asked.a[0].cancelled, w.asked.b[0].cancelled], [true, undefined]);
  w.asked.a[0].hear({ type: 'found', file: 'f', name: 'a.log', hits: [] });
  assert.deepEqual(w.changes, []);
});

test('to stop ends all of them, and those without a hit can be tried again', async () => {
  const w = world();
  w.finds('a', 1);
  w.asked.a[0].hear({ type: 'progress', at: 30, end: 100, count: 1 });
  await w.ends('c', { count: 0 });
  w.several.cancel();

  assert.deepEqual(['a', 'b', 'c'].map((name) => w.asked[name][0].cancelled), [true, true, undefined]);
  assert.deepEqual([w.several.isRunning, w.said('a'), w.said('b')], [false, 'Stopped at 30%', 'Stopped at 0%']);
  assert.deepEqual(['a', 'b', 'c'].map((name) => w.of(name).isBroken), [false, true, false]);
});

test('groups of two and more that are not all logs are offered', () => {
  const logs = (groups) => [...groups].map((group) => ({ group }));

  assert.deepEqual(groupsOf(logs('aabccc')), [['a', 2], ['c', 3]]);
  assert.deepEqual(groupsOf(logs('aaa')), []);
  assert.deepEqual(groupsOf(logs('a')), []);
});
