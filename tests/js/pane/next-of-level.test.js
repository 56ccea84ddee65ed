import assert from 'node:assert/strict';
import test from 'node:test';

import { tailOf } from '../tail.js';

globalThis.document = /** @type {any} */ ({ getElementById: () => null });
const { Journey } = await import('../../../django_logtail/static/logtail/log/journey.js');
const { NextOfLevel } = await import('../../../django_logtail/static/logtail/pane/next-of-level.js');
const { Cursor } = await import('../../../django_logtail/static/logtail/rows/cursor.js');

const encode = (text) => new TextEncoder().encode(text);
const INFO = '2026-11-27 06:00:00,000 INFO shop: paid\n';
const ERROR = '2026-11-27 06:00:01,000 ERROR shop: lost\nTraceback (most recent call last):\nKeyError: 3\n';
const WARNING = '2026-11-27 06:00:02,000 WARNING shop: slow\n';
const WHOLE = INFO + ERROR + WARNING + INFO.repeat(20);

/** A log of which the last twenty lines are here, in a file f; `hits`: what the host finds, in turn. */
function atEnd(...hits) {
  const tail = tailOf();
  const start = WHOLE.length - INFO.length * 20;
  tail.store.move({ file: 'f', offset: start });
  tail.take(WHOLE.slice(start));
  tail.asked = [];
  tail.told = [];
  tail.session = {
    holding: false,
    search: (what, hear) => {
      const asked = { what, hear, cancelled: false };
      asked.done = new Promise((resolve, reject) => Object.assign(asked, { resolve, reject }));
      tail.asked.push(asked);
      return { done: asked.done, cancel: () => { asked.cancelled = true; } };
    },
  };
  tail.answer = () => {
    const { hear, resolve } = tail.asked.at(-1);
    const hit = hits.shift();
    if (hit) hear({ type: 'found', file: 'f', name: 'f.log', hits: [{ start: hit[0], end: hit[1], parts: [''] }] });
    resolve({ type: 'done', found: hit ? 1 : 0, unread: hit ? undefined : tail.unread });
  };
  tail.stream = { can: (what) => tail.can.includes(what), get hello() { return { can: tail.can }; } };
  tail.can = ['range', 'search', 'terms', 'order', 'heads'];
  tail.tools = { show() {} };
  tail.cursor = new Cursor(tail);
  tail.journey = new Journey(() => {}, { setTimeout: () => 1, clearTimeout() {} });
  tail.went = [];
  tail.travel = {
    goTo: async ({ file, offset }) => {
      tail.went.push(offset);
      if (!tail.store.lineAt(file, offset)) tail.store.splice(0, 0, tail.store.linesOf(file, 0, encode(WHOLE.slice(0, start))));
    },
  };
  tail.next = new NextOfLevel(tail, { say: (text) => tail.told.push(text) });
  return tail;
}
const settle = () => new Promise((resolve) => { setImmediate(resolve); });

test('where the loaded lines end, the host looks on, and the line is shown once it is found', async () => {
  const tail = atEnd([INFO.length, INFO.length + 41]);
  const going = tail.next.to('E', -1);
  const { what } = tail.asked[0];
  await settle();
  const meanwhile = [tail.went.length, tail.rows.revealed.length, tail.journey.shown.key];
  tail.answer();
  await going;

  assert.deepEqual(what, { levels: 'E', heads: true, order: 'newest', to: { file: 'f', offset: WHOLE.length - INFO.length * 20 }, count: false, limit: 1 });
  assert.deepEqual(meanwhile, [0, 0, 'seek.error.earlier']);
  assert.deepEqual([tail.went, tail.rows.revealed, tail.journey.shown], [[INFO.length], [['2026-11-27 06:00:01,000 ERROR shop: lost', 'center']], null]);
});

test('a line that is here needs no search, and ends one', async () => {
  const tail = atEnd();
  void tail.next.to('W', -1);
  tail.take(ERROR);
  await tail.next.to('E', -1);

  assert.deepEqual([tail.asked.length, tail.asked[0].cancelled, tail.cursor.item.text], [1, true, '2026-11-27 06:00:01,000 ERROR shop: lost']);
});

test('at the begin of the log that is said, and which files could not be read', async () => {
  const tail = atEnd();
  tail.unread = [{ name: 'f.log.1.Z' }];
  const going = tail.next.to('W', -1);
  tail.answer();
  await going;

  assert.deepEqual([tail.went, tail.journey.shown.key, tail.journey.shown.values], [[], 'seek.none.warning.earlier', { unread: 1 }]);
});

test('at the live end nothing is asked for, and from held lines the search goes on', async () => {
  const tail = atEnd();
  await tail.next.to('E', 1);
  const atOnce = [tail.asked.length, tail.journey.shown.key];
  tail.session.holding = true;
  void tail.next.to('E', 1);

  assert.deepEqual(atOnce, [0, 'seek.none.error.later']);
  assert.deepEqual([tail.asked[0].what.order, tail.asked[0].what.from, tail.asked[0].what.to], ['oldest', { file: 'f', offset: WHOLE.length }, undefined]);
});

test('a gap is where the loaded lines end, although lines of the level are beyond it', async () => {
  const tail = atEnd();
  tail.take(ERROR);
  const { offset } = tail.store.place;
  tail.store.gap('f', offset, offset + 1_000, 'elsewhere');
  tail.take(INFO);
  void tail.next.to('E', -1);
  assert.deepEqual(tail.asked[0].what.to, { file: 'f', offset: offset + 1_000 });

  tail.rows.follow = false;
  tail.cursor.item = tail.store.items.find((item) => item?.text === 'KeyError: 3');
  void tail.next.to('E', 1);
  assert.deepEqual(tail.asked[1].what.from, { file: 'f', offset });
});

test('between two files the search begins at the end of the upper one, or at the first byte of the lower one', async () => {
  const tail = atEnd();
  const end = tail.store.place.offset;
  tail.store.mark('between', {}, { file: 'g', offset: 0 });
  tail.store.take({ file: 'g', start: 0, end: INFO.length }, encode(INFO));
  void tail.next.to('E', -1);
  tail.rows.follow = false;
  tail.cursor.item = tail.store.at(0);
  void tail.next.to('E', 1);

  assert.deepEqual([tail.asked[0].what.to, tail.asked[1].what.from], [{ file: 'g', offset: 0 }, { file: 'f', offset: end }]);
});

test('the same key again lets the search go on, and Esc ends it where one was', async () => {
  const tail = atEnd([INFO.length, INFO.length + 41]);
  const going = tail.next.to('E', -1);
  await tail.next.to('E', -1);
  assert.equal(tail.asked.length, 1);
  tail.journey.stop();
  await going;
  tail.answer();
  await settle();

  assert.deepEqual([tail.asked[0].cancelled, tail.went, tail.rows.revealed], [true, [], []]);
});

test('what the filter asks for, the host asks for too, and it goes on past lines that are hidden all the same', async () => {
  const first = INFO.length;
  const tail = atEnd([first + 41, first + 76], [first, first + 41]);
  tail.finding.pinned = ['Traceback', '-KeyError'];
  tail.finding.toggleFlag('only');
  const going = tail.next.to('E', -1);
  tail.answer();
  await settle();
  tail.finding.pinned = [];
  tail.finding.search();
  tail.answer();
  await going;

  const { heads, levels, pattern, terms } = tail.asked[0].what;
  assert.deepEqual([pattern, terms, levels, heads], ['Traceback', [{ text: 'KeyError', not: true }], 'E', undefined]);
  assert.deepEqual([tail.asked.length, tail.asked[1].what.to.offset, tail.cursor.item.start], [2, first + 41, first]);
});

test('after 20 hidden ones it says so, and goes on from there when the key is pressed again', async () => {
  const first = INFO.length;
  const tail = atEnd(...new Array(40).fill([first, first + 41]));
  tail.finding.pinned = ['-KeyError'];
  tail.finding.toggleFlag('only');
  const press = async (answers) => {
    tail.asked.length = 0;
    const going = tail.next.to('E', -1);
    for (let i = 0; i < answers; i++) {
      tail.answer();
      await settle();
    }
    await going;
    return [tail.asked.length, tail.asked[0].what.to.offset, tail.journey.shown?.key, tail.journey.shown?.values.hidden];
  };
  const hidden = { ...tail.store.items[0], seq: 1e9 };
  tail.store.lineAt = () => hidden;
  const edge = WHOLE.length - INFO.length * 20;

  assert.deepEqual(await press(20), [20, edge, 'seek.none.hidden', 20]);
  assert.deepEqual(await press(20), [20, first, 'seek.none.hidden', 20]);
  tail.finding.pinned = ['-KeyError', '-zebra'];
  tail.finding.search();
  assert.deepEqual((await press(1)).slice(0, 3), [1, edge, 'seek.none.error.earlier']);
});

test('errors that are hidden are not looked for, nor by a host that does not know how', async () => {
  const tail = atEnd();
  tail.filtered.off.add('E');
  await tail.next.to('E', -1);
  tail.filtered.off.clear();
  tail.can = ['range', 'search', 'order'];
  await tail.next.to('E', -1);

  assert.deepEqual([tail.asked, tail.journey.shown], [[], null]);
});

test('a failure is said', async () => {
  const tail = atEnd();
  const going = tail.next.to('E', -1);
  tail.asked[0].reject(new Error('no reader'));
  await going;

  assert.deepEqual([tail.journey.shown.key, tail.journey.shown.values], ['seek.none.failed', { reason: 'no reader' }]);
});
