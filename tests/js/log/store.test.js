import assert from 'node:assert/strict';
import test from 'node:test';

import { Store } from '../../../django_logtail/static/logtail/log/store.js';

const bytes = (text) => new TextEncoder().encode(text);
/** A store and what a server would send into it: each batch begins where the last one ended. */
function feeding(options = {}) {
  const changes = [];
  const store = new Store({ ...options, onChange: (change) => changes.push(change.kind) });
  let at = 0;
  return {
    store, changes,
    send(text, more = {}) {
      const data = bytes(text);
      store.take({ file: 'a', start: at, end: at + data.length, ...more }, data);
      if (!more.partial) at += data.length;
    },
  };
}
const texts = (store) => Array.from({ length: store.length }, (_, i) => store.at(i)).map((item) => (item.kind === 'line' ? item.text : `<${item.kind}>`));

test('lines keep their exact places in the file', () => {
  const { store, send } = feeding();

  send('one\nzwei ä\r\n');
  send('three\n');

  assert.deepEqual(texts(store), ['one', 'zwei ä', 'three']);
  assert.deepEqual([store.at(1).start, store.at(1).end, store.at(2).start], [4, 13, 13]);
  assert.deepEqual(store.place, { file: 'a', offset: 19 });
});

test('an unfinished line is replaced by the batch with the same start', () => {
  const { store, send } = feeding();
  send('one\n');

  send('par', { partial: true });
  const early = texts(store);
  send('partial\ntwo\n');

  assert.deepEqual(early, ['one', 'par']);
  assert.deepEqual(texts(store), ['one', 'partial', 'two']);
  assert.equal(store.lines, 3);
});

test('an unfinished line is not taken', () => {
  const { store, send } = feeding();
  send('one\n');

  send('par', { partial: true });

  assert.deepEqual(store.place, { file: 'a', offset: 4 });
});

test('a line longer than a batch is one line', () => {
  const { store, send } = feeding();

  send('long ');
  send('longer ');
  send('end\nnext\n');

  assert.deepEqual(texts(store), ['long longer end', 'next']);
  assert.equal(store.at(0).end, 16);
});

test('bytes that are already there are not shown twice', () => {
  const { store, send } = feeding();
  send('one\ntwo\n');

  store.take({ file: 'a', start: 4, end: 14 }, bytes('two\nthree\n'));

  assert.deepEqual(texts(store), ['one', 'two', 'three']);
});

test('bytes that are missing become a gap of their exact size', () => {
  const { store, send } = feeding();
  send('one\n');

  store.take({ file: 'a', start: 104, end: 108 }, bytes('two\n'));

  assert.deepEqual(texts(store), ['one', '<gap>', 'two']);
  assert.deepEqual([store.at(1).start, store.at(1).end], [4, 104]);
});

test('a gap that the server names moves the place', () => {
  const { store, send } = feeding();
  send('one\n');

  store.gap('a', 4, 50, 'slow');

  assert.deepEqual(store.place, { file: 'a', offset: 50 });
});

test('lines that were loaded take the place of their gap', () => {
  const { store, send } = feeding();
  send('one\n');
  store.gap('a', 4, 8, 'slow');
  store.take({ file: 'a', start: 8, end: 14 }, bytes('three\n'));

  store.splice(1, 1, store.linesOf('a', 4, bytes('two\n')));

  assert.deepEqual(texts(store), ['one', 'two', 'three']);
  assert.equal(store.lines, 3);
});

test('an earlier part comes before, and what is there keeps its numbers', () => {
  const { store, send } = feeding();
  send('one\ntwo\n');
  const kept = store.at(0).seq;

  store.splice(0, 0, store.linesOf('a', 0, bytes('zero\n')));

  assert.deepEqual(texts(store), ['zero', 'one', 'two']);
  assert.equal(store.at(1).seq, kept);
});

test('the oldest lines go when the ring is full', () => {
  const { store, send, changes } = feeding({ mostLines: 3 });

  send('1\n2\n3\n4\n5\n');

  assert.deepEqual(texts(store), ['3', '4', '5']);
  assert.ok(changes.includes('dropped'));
});

test('the ring is also bounded by bytes', () => {
  const { store, send } = feeding({ mostBytes: 10 });

  send('12345678\nabc\n');

  assert.deepEqual(texts(store), ['abc']);
});

test('nothing goes while the reader looks at it', () => {
  const { store, send } = feeding({ mostLines: 3 });
  store.keep(true);

  send('1\n2\n3\n4\n5\n');
  const kept = store.lines;
  store.keep(false);

  assert.equal(kept, 5);
  assert.deepEqual(texts(store), ['3', '4', '5']);
});

test('a traceback belongs to its first line and is counted once', () => {
  const { store, send } = feeding();

  send('2026-08-24 10:00:00,000 ERROR shop.x bad\nTraceback (most recent call last):\n  File "x"\nValueError: no\n2026-08-24 10:00:01,000 INFO shop.x good\n');

  assert.deepEqual(texts(store).slice(0, 1), ['<day>']);
  assert.deepEqual(Array.from({ length: 5 }, (_, i) => [store.at(i + 1).level, store.at(i + 1).inner]), [['E', false], ['E', true], ['E', true], ['E', true], ['I', false]]);
  assert.equal(store.counts.E, 1);
});

test('each new day is marked once', () => {
  const { store, send } = feeding();

  send('2026-08-24 23:59:59 a\n2026-08-25 00:00:00 b\n2026-08-25 00:00:01 c\n');

  assert.deepEqual(texts(store), ['<day>', '2026-08-24 23:59:59 a', '<day>', '2026-08-25 00:00:00 b', '2026-08-25 00:00:01 c']);
});

test('late lines join their own generation', () => {
  const { store, send } = feeding();
  send('old\n');
  store.mark('rotated', {}, { file: 'b', offset: 0 });
  store.take({ file: 'b', start: 0, end: 4 }, bytes('new\n'));

  store.take({ file: 'a', start: 4, end: 9, late: true }, bytes('late\n'));

  assert.deepEqual(texts(store), ['old', 'late', '<rotated>', 'new']);
  assert.deepEqual(store.place, { file: 'b', offset: 4 });
});

test('a byte order mark is hidden at the start of a file only', () => {
  const { store, send } = feeding();

  send('\ufeffone\n\ufefftwo\n');

  assert.deepEqual(texts(store), ['one', '\ufefftwo']);
});

test('text to copy has no escape sequences and no marks', () => {
  const { store, send } = feeding();
  send('\u001b[31mred\u001b[0m\n');
  store.mark('rotated', {});

  assert.equal(Store.textOf(Array.from({ length: store.length }, (_, i) => store.at(i))), 'red\n');
});

test('a generation that got another id goes on as the same file', () => {
  const { store, send } = feeding();
  send('one\n');

  store.rename('a', 'b');
  store.take({ file: 'b', start: 4, end: 8 }, bytes('two\n'));

  assert.deepEqual(texts(store), ['one', 'two']);
  assert.equal(store.at(0).file, 'b');
});

/** Where each item is: lines by their text, gaps by their bounds, other marks by their kind. */
const places = (store) => Array.from({ length: store.length }, (_, i) => store.at(i)).map((item) => (item.kind === 'line' ? item.text : item.kind === 'gap' ? [item.file, item.start, item.end] : `<${item.kind}>`));

/** A store that joined at byte 100 of the file "a". */
function joined() {
  const store = new Store({});
  store.take({ file: 'a', start: 100, end: 108 }, bytes('new\nest\n'));
  return store;
}

test('a line is found by its file and where it begins', () => {
  const store = joined();

  assert.equal(store.find('a', 104).text, 'est');
  assert.equal(store.find('a', 105), null);
  assert.equal(store.find('b', 104), null);
});

test('lines loaded from further up stand above a gap of its exact size', () => {
  const store = joined();

  store.put('a', store.linesOf('a', 40, bytes('old\nest\n')), 108);

  assert.deepEqual(places(store), ['old', 'est', ['a', 48, 100], 'new', 'est']);
});

test('lines loaded within a gap leave a gap on either side', () => {
  const store = joined();
  store.put('a', store.linesOf('a', 40, bytes('old\nest\n')), 108);

  store.put('a', store.linesOf('a', 60, bytes('one\ntwo\n')), 108);

  assert.deepEqual(places(store), ['old', 'est', ['a', 48, 60], 'one', 'two', ['a', 68, 100], 'new', 'est']);
});

test('lines that are here already are not put in twice', () => {
  const store = joined();
  store.put('a', store.linesOf('a', 40, bytes('old\nest\n')), 108);

  store.put('a', store.linesOf('a', 44, bytes('est\none\n')), 108);
  store.put('a', store.linesOf('a', 96, bytes('end\nnew\n')), 108);

  assert.deepEqual(places(store), ['old', 'est', 'one', ['a', 52, 96], 'end', 'new', 'est']);
});

test('lines of another file stand first, and what is not here between is said', () => {
  const store = joined();

  store.put('b', store.linesOf('b', 20, bytes('one\ntwo\n')), 50);

  assert.deepEqual(places(store), ['one', 'two', ['b', 28, 50], '<between>', ['a', 0, 100], 'new', 'est']);
  assert.equal(store.lines, 4);
});

test('a gap belongs to no entry', () => {
  const store = joined();

  store.put('a', store.linesOf('a', 40, bytes('2026-08-24 10:00:00,000 ERROR x.y oh\n')), 108);

  assert.equal(store.find('a', 40).level, 'E');
  assert.equal(store.items.find((item) => item.kind === 'gap').inner, false);
});

test('lines that came before their format was known are read again', () => {
  const { store, send, changes } = feeding();
  send('2026-08-24 10:00:00,000 INFO shop.x asked\n{"level":"error","msg":"theirs"}\n');
  const early = { ...store.counts };

  for (let n = 1; n < 6; n++) send(`2026-08-24 10:00:0${n},000 INFO shop.x good\n`);

  assert.deepEqual([early.E, early.I], [1, 1]);
  assert.deepEqual([store.counts.E, store.counts.I], [0, 6]);
  assert.ok(changes.includes('reread'));
  assert.equal(store.at(2).inner, true);
});

for (const [options, text, full] of [
  [{ mostLines: 3 }, '1\n2\n', false],
  [{ mostLines: 3 }, '1\n2\n3\n', true],
  [{ mostBytes: 6 }, '1\n2\n\n', false],
  [{ mostBytes: 6 }, '1\n2\n3\n', true],
]) {
  test(`with ${JSON.stringify(options)}, ${text.length} bytes of lines ${full ? 'are all there is room for' : 'leave room'}`, () => {
    const { store, send } = feeding(options);

    send(text);

    assert.deepEqual([store.full, store.length], [full, text.split('\n').length - 1]);
  });
}

test('what a store holds at most', () => {
  const store = new Store();

  assert.deepEqual([store.mostLines, store.mostBytes], [200_000, 67_108_864]);
});

test('a line that is larger than the whole ring is kept', () => {
  const { store, send } = feeding({ mostBytes: 4 });

  send('123456789\n');

  assert.deepEqual([texts(store), store.bytes], [['123456789'], 10]);
});

test('lines that went are counted no longer, and the others keep their numbers', () => {
  const { store, send } = feeding({ mostLines: 2 });
  send('2026-08-24 10:00:00,000 ERROR a.b one\n2026-08-24 10:00:01,000 INFO a.b two\n2026-08-24 10:00:02,000 INFO a.b three\n');

  send('2026-08-24 10:00:03,000 INFO a.b four\n');

  assert.deepEqual([store.lines, store.bytes, store.taken], [2, 77, 4]);
  assert.deepEqual(store.counts, { E: 0, W: 0, I: 2, D: 0, O: 0 });
  assert.deepEqual([store.firstSeq, store.at(0).seq, store.last.seq, store.nextSeq], [3, 3, 4, 5]);
  assert.deepEqual([store.indexOfSeq(2), store.indexOfSeq(3), store.indexOfSeq(4), store.indexOfSeq(5)], [0, 0, 1, 2]);
});

for (const [encoding, newline, other] of [['utf-16le', [10, 0], [10, 1]], ['utf-16be', [0, 10], [1, 10]]]) {
  test(`a batch in ${encoding} ends a line with a newline of two bytes only`, () => {
    const store = new Store({ encoding });

    assert.deepEqual([newline, other, [...newline, ...other], [...other, ...newline]].map((ends) => store.endsLine(Uint8Array.from(ends))), [true, false, false, true]);
  });
}

test('a line that goes on changes, and another one after it is added', () => {
  const { store, send, changes } = feeding();
  send('long ');
  changes.length = 0;

  send('\u001b[31mred\nnext\n');

  assert.deepEqual(changes, ['changed', 'added']);
  assert.deepEqual([store.at(0).coded, store.at(0).measured, store.bytes, store.lines, store.taken], [true, 0, 19, 2, 2]);
});

test('an unfinished line is no part of what the lines are counted by, and is not shown within a line that goes on', () => {
  const { store, send, changes } = feeding();
  send('2026-08-24 10:00:00,000 ERROR a.b one\n');
  send('2026-08-24 10:00:01,000 ERROR a.b', { partial: true });
  const early = [store.counts.E, store.lines, store.taken];

  send('2026-08-24 10:00:01,000 ERROR a.b two');
  changes.length = 0;
  send(' and mo', { partial: true });

  assert.deepEqual(early, [2, 2, 1]);
  assert.deepEqual([store.counts.E, store.lines, store.taken, store.unfinished], [2, 2, 2, []]);
  assert.deepEqual(changes, []);
});

test('what was shown of an unfinished line goes before a mark and before another place', () => {
  for (const after of [(store) => store.mark('rotated', {}), (store) => store.gap('a', 4, 9, 'slow'), (store) => store.move({ file: 'b', offset: 0 })]) {
    const { store, send } = feeding();
    send('one\n');
    send('par', { partial: true });

    after(store);

    assert.equal(texts(store).includes('par'), false);
    assert.deepEqual(store.unfinished, []);
  }
});

for (const [name, breaks, joined] of [
  ['a mark', (store) => store.mark('rotated', {}), false],
  ['a gap', (store) => store.gap('a', 4, 4, 'slow'), false],
  ['another offset', (store) => store.move({ file: 'a', offset: 9 }), false],
  ['another file', (store) => store.move({ file: 'b', offset: 4 }), false],
  ['the same place', (store) => store.move({ file: 'a', offset: 4 }), true],
]) {
  test(`after ${name}, a line that had no end ${joined ? 'goes on' : 'is left as it is'}`, () => {
    const { store, send } = feeding();
    send('long');

    breaks(store);
    const { file, offset } = store.place;
    store.take({ file, start: offset, end: offset + 5 }, bytes('more\n'));

    assert.deepEqual(texts(store).filter((text) => !text.startsWith('<')), joined ? ['longmore'] : ['long', 'more']);
  });
}

test('a batch of another file does not go on with the line of the one before', () => {
  const { store, send } = feeding();
  send('long');

  store.take({ file: 'b', start: 0, end: 4 }, bytes('new\n'));

  assert.deepEqual([texts(store), store.place], [['long', 'new'], { file: 'b', offset: 4 }]);
});

test('bytes that are all known already change nothing', () => {
  const { store, send, changes } = feeding();
  send('one\ntwo\n');
  changes.length = 0;

  const added = store.take({ file: 'a', start: 4, end: 8 }, bytes('two\n'));

  assert.deepEqual([added, changes, store.taken, store.place], [[], [], 2, { file: 'a', offset: 8 }]);
});

test('a mark stands at the place that comes with it, or where the stream stands', () => {
  const { store, send } = feeding();
  const first = store.mark('note', { text: 'hi' });
  send('one\n');

  const here = store.mark('note', {});
  const there = store.mark('rotated', {}, { file: 'b', offset: 7 });

  assert.deepEqual([first, here, there].map(({ kind, file, start, end }) => [kind, file, start, end]), [['note', '', 0, 0], ['note', 'a', 4, 4], ['rotated', 'b', 7, 7]]);
  assert.deepEqual([first.details, store.place], [{ text: 'hi' }, { file: 'b', offset: 7 }]);
});

test('a gap names its bytes and why', () => {
  const { store, send } = feeding();
  send('one\n');

  const { kind, file, start, end, details } = store.gap('a', 4, 50, 'slow');

  assert.deepEqual([kind, file, start, end, details], ['gap', 'a', 4, 50, { reason: 'slow' }]);
  store.take({ file: 'a', start: 60, end: 64 }, bytes('two\n'));
  assert.deepEqual(store.at(2).details, { reason: 'missed' });
});

test('late lines of a file that is not here come last, and are marked late as the others are', () => {
  const { store, send } = feeding();
  send('one\n');

  store.take({ file: 'z', start: 4, end: 9, late: true }, bytes('late\n'));

  assert.deepEqual([texts(store), store.last.late, store.at(0).late, store.taken, store.place], [['one', 'late'], true, false, 2, { file: 'a', offset: 4 }]);
});

test('a line between two others belongs to no entry, and leaves what comes to the entry before', () => {
  const { store, send } = feeding();
  send('2026-08-24 10:00:00,000 ERROR a.b one\n');
  store.mark('rotated', {});
  send('Traceback\n');

  assert.deepEqual([store.last.inner, store.counts.O], [false, 1]);
});

test('an id that another file has stays', () => {
  const { store, send } = feeding();
  send('one\n');
  store.take({ file: 'b', start: 0, end: 4 }, bytes('two\n'));

  store.rename('a', 'c');

  assert.deepEqual([store.at(0).file, store.at(1).file, store.place], ['c', 'b', { file: 'b', offset: 4 }]);
});

/** @param {number} hour @param {number} day */
const dated = (day, hour) => `2026-08-${day} 1${hour}:00:00 x\n`;

test('earlier lines name their own day, and the day below them is not named twice', () => {
  const { store } = feeding();
  store.take({ file: 'a', start: 100, end: 122 }, bytes(dated(24, 5)));

  store.splice(0, 0, store.linesOf('a', 56, bytes(dated(23, 1) + dated(24, 2))));

  assert.deepEqual(texts(store), ['<day>', '2026-08-23 11:00:00 x', '<day>', '2026-08-24 12:00:00 x', '2026-08-24 15:00:00 x']);
  assert.deepEqual([store.at(0).details, store.at(2).details], ['2026-08-23', '2026-08-24']);
});

test('the day that follows earlier lines is named where it is another', () => {
  const { store } = feeding();
  store.take({ file: 'a', start: 100, end: 122 }, bytes(dated(24, 5)));

  store.splice(0, 0, store.linesOf('a', 78, bytes(dated(23, 1))));

  assert.deepEqual(texts(store), ['<day>', '2026-08-23 11:00:00 x', '<day>', '2026-08-24 15:00:00 x']);
});

test('lines in the place of a gap do not name the day that is named above', () => {
  const { store } = feeding();
  store.take({ file: 'a', start: 0, end: 22 }, bytes(dated(24, 1)));
  store.take({ file: 'a', start: 44, end: 66 }, bytes(dated(24, 3)));

  store.splice(2, 1, store.linesOf('a', 22, bytes(dated(24, 2))));

  assert.deepEqual(texts(store), ['<day>', '2026-08-24 11:00:00 x', '2026-08-24 12:00:00 x', '2026-08-24 13:00:00 x']);
});

test('lines in the place of a gap leave what follows its numbers, and are counted in place of what went', () => {
  const { store, send } = feeding();
  send('one\n');
  store.gap('a', 4, 8, 'slow');
  store.take({ file: 'a', start: 8, end: 14 }, bytes('three\n'));

  store.splice(1, 1, store.linesOf('a', 4, bytes('a\nb\n')));

  assert.deepEqual([store.items.map((item) => item.seq), store.firstSeq, store.nextSeq, store.bytes, store.taken], [[-1, 0, 1, 2], -1, 3, 14, 2]);
});

test('an earlier part is numbered downwards', () => {
  const { store } = feeding();
  store.take({ file: 'a', start: 100, end: 104 }, bytes('new\n'));

  store.splice(0, 0, store.linesOf('a', 96, bytes('a\nb\n')));
  const first = [store.items.map((item) => item.seq), store.firstSeq, store.nextSeq];
  store.splice(0, 0, store.linesOf('a', 94, bytes('c\n')));

  assert.deepEqual(first, [[-2, -1, 0], -2, 1]);
  assert.deepEqual([store.items.map((item) => item.seq), store.firstSeq], [[-3, -2, -1, 0], -3]);
  assert.equal(store.indexOfSeq(-1), 2);
});

test('a store without lines has nothing to read once more', () => {
  const { store, changes } = feeding();

  store.readAs(null);

  assert.equal(changes.includes('reread'), false);
});

test('lines that are cleared leave nothing behind', () => {
  const { store, send, changes } = feeding();
  send('2026-08-24 10:00:00,000 ERROR a.b one\ntail');

  store.clear();

  assert.deepEqual([store.length, store.lines, store.bytes, store.counts, store.place, store.open, store.nextSeq], [0, 0, 0, { E: 0, W: 0, I: 0, D: 0, O: 0 }, null, false, 0]);
  assert.equal(changes.at(-1), 'cleared');
});

test('a batch of bytes that are no text keeps the places of its lines', () => {
  const store = new Store();
  store.take({ file: 'a', start: 0, end: 7 }, Uint8Array.from([0xff, 10, 0xc3, 13, 13, 10, 97]));

  assert.deepEqual(store.items.map(({ text, start, end }) => [text, start, end]), [['\ufffd', 0, 2], ['\ufffd', 2, 6], ['a', 6, 7]]);
});

test('a newline that an encoding takes for something else ends a line all the same', () => {
  const store = new Store({ encoding: 'iso-2022-jp' });

  store.take({ file: 'a', start: 10, end: 18 }, Uint8Array.from([0x1b, 0x24, 0x42, 10, 65, 10, 66, 10]));

  assert.deepEqual(store.items.map(({ start, end }) => [start, end]), [[10, 14], [14, 16], [16, 18]]);
  assert.deepEqual([store.at(1).text, store.at(2).text], ['A', 'B']);
});

const bytesOf = (store) => Array.from({ length: store.length }, (_, i) => store.at(i)).filter((item) => item.kind === 'line' || item.kind === 'gap').map((item) => item.end - item.start);

/** A store with room for 3,000 lines, in which are 10,000 of 10 bytes, from byte 0 on: the person looks at the middle. */
function crowded() {
  const { store, changes } = feeding();
  store.mostLines = 3_000;
  store.keep(true);
  for (let at = 0; at < 10_000; at += 1_000) store.take({ file: 'a', start: at * 10, end: (at + 1_000) * 10 }, bytes(Array.from({ length: 1_000 }, (_, i) => `${at + i}`.padStart(9, '0') + '\n').join('')));
  return { store, changes };
}

test('what is far below what is looked at becomes a gap of exactly its bytes, and the newest lines stay', () => {
  const { store } = crowded();
  const { seq } = store.find('a', 10);

  const gave = store.giveBack(seq, seq);

  const gap = store.items.find((item) => item?.kind === 'gap');
  assert.deepEqual([gave, store.at(0).text, gap.start, gap.end, store.last.text], [true, '000000000', 20_010, 90_000, '000009999']);
  assert.equal(bytesOf(store).reduce((sum, size) => sum + size), 100_000);
  assert.equal(store.lines, 3_001); // 2,001 from the first one on, and the newest 1,000
  assert.equal(store.last.seq, 9_999);
});

test('what is far above what is looked at is dropped like the oldest lines of a ring', () => {
  const { store, changes } = crowded();
  const { seq } = store.find('a', 99_980);

  const gave = store.giveBack(seq, seq);

  assert.deepEqual([gave, store.at(0).start, store.lines, changes.at(-1)], [false, 76_000, 2_400, 'dropped']);
});

test('what was given back and is loaded again is what was there', () => {
  const { store } = crowded();
  const before = Store.textOf(store.items);
  store.giveBack(0, 0);
  const gap = store.items.find((item) => item?.kind === 'gap');

  store.splice(store.items.indexOf(gap) - store.first, 1, store.linesOf('a', gap.start, bytes(before.slice(gap.start, gap.end))));

  assert.equal(Store.textOf(store.items), before);
});

test('marks among what is given back stay where they are', () => {
  const { store } = feeding();
  const many = '12345678\n'.repeat(2_000);
  store.mostLines = 3_000;
  store.keep(true);
  store.take({ file: 'a', start: 0, end: 36_000 }, bytes(many + many));
  store.mark('rotated', {}, { file: 'b', offset: 0 });
  store.take({ file: 'b', start: 0, end: 36_000 }, bytes(many + many));

  store.giveBack(0, 0);

  const rest = Array.from({ length: store.length }, (_, i) => store.at(i)).filter((item) => item.kind !== 'line');
  assert.deepEqual(rest.map((item) => [item.kind, item.file, item.start, item.end]), [['gap', 'a', 18_000, 36_000], ['rotated', 'b', 0, 0], ['gap', 'b', 0, 27_000]]);
});

test('nothing is given back while there is room', () => {
  const { store } = crowded();
  store.mostLines = 10_000;

  assert.equal(store.giveBack(0, 0), false);
  assert.equal(store.lines, 10_000);
});

test('an entry that was loaded in two parts is one entry', () => {
  const { store } = feeding();
  const head = '2026-08-24 10:00:00,000 ERROR shop.x failed\n';
  const first = `${head}Traceback (most recent call last):\n`;
  const rest = '  File "/srv/a.py", line 1, in pay\n    pay()\nValueError: no\n';
  const next = '2026-08-24 10:00:01,000 INFO shop.x good\n';
  const at = first.length;
  store.take({ file: 'a', start: at + rest.length, end: at + rest.length + next.length }, bytes(next));
  store.splice(1, 0, store.linesOf('a', at, bytes(rest)));

  store.splice(1, 0, store.linesOf('a', 0, bytes(first)));

  assert.deepEqual([store.counts.E, store.counts.I, store.counts.O], [1, 1, 0]);
  assert.deepEqual(store.items.filter((item) => item?.kind === 'line').map((item) => item.inner), [false, true, true, true, true, false]);
});

test('an older file stands where its order says', () => {
  const store = joined();
  store.put('c', store.linesOf('c', 0, bytes('old\n')), 4);

  store.put('b', store.linesOf('b', 20, bytes('one\ntwo\n')), 50, { at: 1, next: 'a' });

  assert.deepEqual(places(store), ['old', '<between>', ['b', 0, 20], 'one', 'two', ['b', 28, 50], '<next>', ['a', 0, 100], 'new', 'est']);
});

test('lines over two gaps are put into both', () => {
  const store = joined();
  store.put('a', store.linesOf('a', 40, bytes('old\nest\n')), 108);
  store.put('a', store.linesOf('a', 60, bytes('one\ntwo\n')), 108);

  store.put('a', store.linesOf('a', 56, bytes('bef\none\ntwo\naft\n')), 108);

  assert.deepEqual(places(store), ['old', 'est', ['a', 48, 56], 'bef', 'one', 'two', 'aft', ['a', 72, 100], 'new', 'est']);
});

test('the end of the file before is not shown twice where a part of that file stands above', () => {
  const store = joined();
  store.put('b', store.linesOf('b', 0, bytes('one\n')), 12);
  const at = store.items.findIndex((item) => item.kind === 'between');

  store.put('b', store.linesOf('b', 4, bytes('two\nend\n')), 12, { at, next: 'a' });

  assert.deepEqual(places(store), ['one', 'two', 'end', '<next>', ['a', 0, 100], 'new', 'est']);
});

/** Numbers that are the same each time. @param {number} seed */
const numbers = (seed) => (most) => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * most);
};

for (const seed of [1, 2, 3]) {
  test(`wherever one looks, what is here and what is not are the file, byte for byte (${seed})`, () => {
    const under = numbers(seed);
    const whole = Array.from({ length: 30_000 }, (_, i) => `${i} ${'x'.repeat(under(30))}\n`).join('');
    const { store } = feeding();
    store.mostLines = 7_000;
    store.keep(true);
    let end = 0;
    const arrive = (size) => {
      const stop = whole.indexOf('\n', Math.min(end + size, whole.length - 1)) + 1;
      if (stop > end) store.take({ file: 'a', start: end, end: stop }, bytes(whole.slice(end, stop)));
      end = Math.max(end, stop);
    };
    arrive(100_000);
    for (let turn = 0; turn < 150; turn++) {
      arrive(under(5_000));
      const at = whole.lastIndexOf('\n', under(end - 1)) + 1;
      const stop = whole.indexOf('\n', Math.min(end - 1, at + under(60_000))) + 1;
      store.put('a', store.linesOf('a', at, bytes(whole.slice(at, stop))), end);
      const seen = store.find('a', at);
      store.giveBack(seen.seq, seen.seq);
      assert.equal(store.find('a', at), seen);
      let offset = store.items.find((item) => item?.kind === 'line' || item?.kind === 'gap').start;
      for (let i = 0; i < store.length; i++) {
        const item = store.at(i);
        if (item.kind === 'day') continue;
        assert.equal(item.start, offset);
        if (item.kind === 'line') assert.equal(`${item.text}\n`, whole.slice(item.start, item.end));
        offset = item.end;
      }
      assert.equal(offset, end);
      assert.ok(store.lines <= 7_000, `${store.lines} lines`);
    }
  });
}

test('the line that contains a byte is found, and none in a gap or another file', () => {
  const { store, send } = feeding();
  send('one\ntwo\n');
  store.gap('a', 8, 20, 'slow');

  assert.deepEqual([0, 3, 4, 7, 8, 19].map((offset) => store.lineAt('a', offset)?.text ?? null), ['one', 'one', 'two', 'two', null, null]);
  assert.equal(store.lineAt('b', 0), null);
});

test('the head is the first line, or the gap before it', () => {
  const { store } = feeding();
  const empty = store.head;
  store.mark('note', {});
  store.gap('a', 0, 8, 'slow');
  const gap = store.head?.kind;
  const other = feeding();
  other.store.mark('note', {});
  other.send('one\n');

  assert.deepEqual([empty, gap, other.store.head?.text], [null, 'gap', 'one']);
});
