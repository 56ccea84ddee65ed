import assert from 'node:assert/strict';
import test from 'node:test';

import { Earlier } from '../../../django_logtail/static/logtail/log/earlier.js';
import { tailOf } from '../tail.js';

const encode = (text) => new TextEncoder().encode(text);

/** A tail at the end of a file, whose server answers what it is told to. @param {(what: any) => any} answer */
function atEnd(answer) {
  const tail = tailOf();
  tail.stream = { phase: 'open' };
  tail.asked = [];
  tail.session = { range: async (what) => {
    tail.asked.push(what);
    return answer(what);
  } };
  const bytes = encode('last\n');
  tail.store.take({ file: 'f', start: 100, end: 105 }, bytes);
  tail.earlier = new Earlier(tail, { changed: () => tail.heard.push('changed'), loaded: () => tail.heard.push('keep'), failed: (error) => tail.heard.push(error.message) });
  return tail;
}

test('the lines before the first one here are put above it', async () => {
  const tail = atEnd(() => ({ file: 'f', start: 90, end: 100, bytes: encode('a1234\nb12\n') }));

  await tail.earlier.load();

  assert.deepEqual(tail.seen, ['a1234', 'b12', 'last']);
  assert.deepEqual(tail.asked, [{ file: 'f', before: 100, lines: 1_000 }]);
  assert.equal(tail.rows.follow, false);
  assert.deepEqual(tail.heard, ['changed', 'keep', 'changed']);
});

test('they are asked for once at a time, and not above the first byte', async () => {
  const tail = atEnd(() => ({ file: 'f', start: 0, end: 100, bytes: encode(`${'a'.repeat(99)}\n`) }));

  await Promise.all([tail.earlier.load(), tail.earlier.load()]);
  await tail.earlier.load();

  assert.equal(tail.asked.length, 1);
});

test('without a connection nothing is asked for', async () => {
  const tail = atEnd(() => assert.fail('asked'));
  tail.stream.phase = 'waiting';

  await tail.earlier.load();

  assert.deepEqual(tail.seen, ['last']);
});

test('why they did not come is said', async () => {
  const tail = atEnd(() => { throw new Error('No reader answers.'); });

  await tail.earlier.load();

  assert.equal(tail.earlier.failed.message, 'No reader answers.');
  assert.deepEqual(tail.heard, ['changed', 'No reader answers.', 'changed']);
  assert.equal(tail.earlier.loading, false);
});

for (const [how, end] of [['came', (asked) => asked.resolve({ file: 'f', start: 90, end: 100, bytes: encode('123456789\n') })], ['failed', (asked) => asked.reject(new Error('connection lost'))]]) {
  test(`what ${how} when the log was left is not put into the next one`, async () => {
    const asked = {};
    const tail = atEnd(() => new Promise((resolve, reject) => Object.assign(asked, { resolve, reject })));
    const loading = tail.earlier.load();
    tail.open();
    tail.earlier.begin();
    tail.heard.length = 0;

    end(asked);
    await loading;

    assert.deepEqual([tail.seen, tail.heard, tail.earlier.failed], [[], [], null]);
  });
}

test('a gap is loaded in parts of a megabyte', async () => {
  const tail = atEnd(({ start, end }) => ({ file: 'f', start, end, bytes: encode(`${'x'.repeat(end - start - 1)}\n`) }));
  const mark = tail.store.gap('f', 105, 105 + 1024 * 1024 + 10, 'missed');

  await tail.earlier.loadGap(mark);

  assert.deepEqual(tail.asked.map(({ start, end }) => end - start), [1024 * 1024, 10]);
  assert.deepEqual(tail.store.items.map((item) => item.kind), ['line', 'line', 'line']);
});

test('what is left of a gap of very many lines stays a gap', async () => {
  const tail = atEnd(({ start }) => ({ file: 'f', start, end: start + 60_000, bytes: encode('\n'.repeat(60_000)) }));
  const mark = tail.store.gap('f', 105, 900_000, 'missed');

  await tail.earlier.loadGap(mark);

  const rest = tail.store.last;
  assert.deepEqual([rest.kind, rest.start, rest.end, rest.details.reason], ['gap', 60_105, 900_000, 'missed']);
  assert.equal(tail.asked.length, 1);
});

test('a line that crosses the end of such a part is one line', async () => {
  const tail = atEnd(({ start, end }) => ({ file: 'f', start, end, bytes: encode(`${'a'.repeat(1024 * 1024 - 5)}\nlong line\n`.slice(start - 105, end - 105)) }));
  const mark = tail.store.gap('f', 105, 105 + 1024 * 1024 + 6, 'missed');

  await tail.earlier.loadGap(mark);

  assert.deepEqual(tail.store.items.slice(2).map(({ text, start, end }) => [text, start, end]), [['long line', 1_048_677, 1_048_687]]);
  assert.deepEqual(tail.asked.map(({ start, end }) => [start, end]), [[105, 1_048_681], [1_048_677, 1_048_687]]);
});

/** A file of lines of ten bytes, a gap of `bytes` in it, and what the gap's parts bring. */
function gapOf(bytes) {
  const line = (n) => `${String(n).padStart(9, '0')}\n`;
  const tail = atEnd(({ start, end, before, lines }) => {
    const from = start ?? Math.max(0, before - lines * 10);
    const to = end ?? before;
    let text = '';
    for (let n = Math.floor(from / 10); n * 10 < to; n++) text += line(n);
    return { file: 'f', start: from, end: to, bytes: encode(text.slice(from % 10, from % 10 + to - from)) };
  });
  tail.store.take({ file: 'f', start: 105, end: 110 }, encode('fill\n'));
  return [tail, tail.store.gap('f', 110, 110 + bytes, 'missed')];
}
const places = (tail) => tail.store.items.slice(2).map(({ kind, start, end }) => [kind, start, end]);

test('from above, a movement loads 256 KiB of a gap in whole lines', async () => {
  const [tail, mark] = gapOf(500_000);

  assert.equal(await tail.earlier.loadPart(mark, 'above'), true);

  assert.deepEqual(tail.asked, [{ file: 'f', start: 110, end: 262_254 }]);
  assert.deepEqual([places(tail).length, places(tail)[0], places(tail).at(-2), places(tail).at(-1)], [26_215, ['line', 110, 120], ['line', 262_240, 262_250], ['gap', 262_250, 500_110]]);
  assert.equal(tail.store.last.details.reason, 'missed');
});

test('from below, it loads 1,000 lines', async () => {
  const [tail, mark] = gapOf(500_000);

  assert.equal(await tail.earlier.loadPart(mark, 'below'), true);

  assert.deepEqual(tail.asked, [{ file: 'f', before: 500_110, lines: 1_000 }]);
  assert.deepEqual([places(tail).length, places(tail)[0], places(tail)[1], places(tail).at(-1)], [1_001, ['gap', 110, 490_110], ['line', 490_110, 490_120], ['line', 500_100, 500_110]]);
});

for (const side of ['above', 'below']) {
  test(`a small gap is gone after it was loaded from ${side}, and lines beside it do not come twice`, async () => {
    const [tail, mark] = gapOf(30);

    await tail.earlier.loadPart(mark, side);

    assert.deepEqual(places(tail), [['line', 110, 120], ['line', 120, 130], ['line', 130, 140]]);
  });
}

test('a line longer than 256 KiB comes whole', async () => {
  const length = 300_000;
  const tail = atEnd(({ start, end }) => ({ file: 'f', start, end, bytes: encode(`${'x'.repeat(length - 1)}\n${'y'.repeat(length)}`.slice(start - 105, end - 105)) }));
  const mark = tail.store.gap('f', 105, 105 + 2 * length, 'missed');

  await tail.earlier.loadPart(mark, 'above');

  assert.deepEqual(tail.store.items.slice(1).map(({ kind, start, end }) => [kind, start, end]), [['line', 105, 300_105], ['line', 300_105, 600_105]]);
});

test('a part that failed is tried again, and what came then stands in its place', async () => {
  let isDown = true;
  const tail = atEnd(({ start, end }) => {
    if (isDown) throw new Error('connection lost');
    return { file: 'f', start, end, bytes: encode('abcd\n') };
  });
  const mark = tail.store.gap('f', 105, 110, 'missed');

  const first = await tail.earlier.loadPart(mark, 'above');
  const said = mark.details.failed.message;
  isDown = false;
  const trying = tail.earlier.loadPart(mark, 'above');
  const meanwhile = mark.details.failed;
  const second = await trying;

  assert.deepEqual([first, said, meanwhile, second, tail.seen], [false, 'connection lost', undefined, true, ['last', 'abcd']]);
});

test('what came for a log that was left is not put into the next one', async () => {
  let answer;
  const tail = atEnd(() => new Promise((resolve) => { answer = resolve; }));
  const mark = tail.store.gap('f', 105, 110, 'missed');
  const loading = tail.earlier.loadPart(mark, 'above');
  tail.open();

  answer({ file: 'f', start: 105, end: 110, bytes: encode('abcd\n') });

  assert.equal(await loading, false);
  assert.deepEqual(tail.seen, []);
});

test('a gap whose bytes are gone says why', async () => {
  const tail = atEnd(() => { throw new Error('The file was removed.'); });
  const mark = tail.store.gap('f', 105, 200, 'missed');

  await tail.earlier.loadGap(mark);

  assert.deepEqual([mark.details.failed.message, mark.details.loading], ['The file was removed.', false]);
  assert.equal(tail.rows.refreshed.at(-1), 'gap');
});

test('what came before it failed is shown, and the rest stays a gap', async () => {
  let parts = 0;
  const tail = atEnd(({ start, end }) => {
    if (parts++) throw new Error('connection lost');
    return { file: 'f', start, end, bytes: encode(`${'x'.repeat(end - start - 1)}\n`) };
  });
  const mark = tail.store.gap('f', 105, 105 + 2 * 1024 * 1024, 'missed');

  await tail.earlier.loadGap(mark);

  assert.deepEqual(tail.store.items.map((item) => item.kind), ['line', 'line', 'gap']);
  assert.equal(mark.details.failed, undefined);
});
