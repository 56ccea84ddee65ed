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
