import assert from 'node:assert/strict';
import test from 'node:test';

import { LinkedLines } from '../../../django_logtail/static/logtail/log/linked-lines.js';
import { Travel } from '../../../django_logtail/static/logtail/log/travel.js';
import { tailOf } from '../tail.js';

const encode = (text) => new TextEncoder().encode(text);
/** Lines of ten bytes, "a00000000" on. */
const linesOf = (file, count) => Array.from({ length: count }, (_, n) => `${file}${String(n).padStart(8, '0')}\n`).join('');
const COUNTS = { a: 400, b: 40_000, c: 600, d: 1_000 };

/** A log of the files a, b, c and d, of which the last five lines of d are here. */
function atEnd({ unknown = [] } = {}) {
  const tail = tailOf();
  const texts = Object.fromEntries(Object.entries(COUNTS).map(([file, count]) => [file, linesOf(file, count)]));
  tail.asked = [];
  tail.list = () => Object.keys(COUNTS).map((file) => ({ file, name: file, size: unknown.includes(file) ? null : texts[file].length, stored: 1_000, compression: unknown.includes(file) ? 'gz' : '' }));
  tail.answer = ({ file, start, end, before, lines }) => {
    const whole = texts[file];
    const to = Math.min(whole.length, end ?? before);
    const from = start ?? Math.max(0, Math.ceil(to / 10 - lines) * 10);
    return { file, start: from, end: Math.max(from, to), bytes: encode(whole.slice(from, to)) };
  };
  tail.session = {
    range: async (what) => {
      tail.asked.push(what);
      return tail.answer(what);
    },
    files: async () => {
      tail.asked.push('files');
      return { files: tail.list() };
    },
  };
  tail.stream = { phase: 'open', can: () => true, server: { state: 'live' } };
  tail.store.take({ file: 'd', start: 9_950, end: 10_000 }, encode(texts.d.slice(9_950)));
  const says = (name) => () => { tail.heard.push(name); };
  tail.rows.toTop = () => { tail.rows.at = -40; };
  tail.rows.reveal = (index) => { tail.rows.at = tail.rows.shown.topOf(index); };
  tail.linkedLines = new LinkedLines(tail, {
    whereOf: (file) => tail.travel.whereOf(file), wanted() {}, unconnected() {}, hold: says('hold'), loaded() {}, left() {}, changed() {}, failed: says('failed'),
    arrived: (item) => tail.rows.reveal(tail.rows.shown.indexOfSeq(item.seq), 'start'),
  });
  tail.now = 0;
  tail.travel = new Travel(tail, { changed: says('known'), listed: says('listed'), wanted() {}, hold: says('hold'), loaded: says('loaded') }, { now: () => tail.now });
  return tail;
}

/** What is here: each run of lines by its first and last one, and marks. */
function runs(tail) {
  const found = [];
  for (const item of tail.store.items.slice(tail.store.first)) {
    const last = found.at(-1);
    if (item.kind !== 'line') found.push(item.kind === 'gap' ? `gap ${item.file} ${item.start}-${item.end}` : `${item.kind} ${item.file}`);
    else if (last?.end === item.start && last.file === item.file) Object.assign(last, { end: item.end, to: item.text });
    else found.push({ file: item.file, from: item.text, to: item.text, end: item.end });
  }
  return found.map((one) => (typeof one === 'string' ? one : `${one.from}-${one.to}`));
}
const inView = (tail) => tail.rows.shown.at(tail.rows.shown.indexAt(Math.max(0, tail.rows.at)))?.text;

test('Home leads to the first byte of the file on screen, and from there to the first of all', async () => {
  const tail = atEnd();

  await tail.travel.home();
  const first = [inView(tail), runs(tail), [...tail.asked]];
  await tail.travel.home();
  const second = [inView(tail), runs(tail)];
  await tail.travel.home();

  assert.deepEqual(first, ['d00000000', ['d00000000-d00000999'], [{ file: 'd', start: 0, end: 262_144 }]]);
  assert.deepEqual(second, ['a00000000', ['a00000000-a00000399', 'between d', 'd00000000-d00000999']]);
  assert.deepEqual([inView(tail), tail.asked.length, tail.rows.at], ['a00000000', 3, -40]);
});

/** For somebody who may see what is recent: `d` from byte 4,000 on. */
function recent(tail) {
  const { answer } = tail;
  const refused = () => { throw Object.assign(new Error('too old'), { id: 'not-allowed' }); };
  tail.answer = ({ file, start, end, before, lines }) => {
    if (file !== 'd' || (end ?? before) <= 4_000) refused();
    const { start: from, end: to, bytes } = answer({ file, start, end, before, lines });
    const cut = Math.max(0, 4_000 - from);
    return { file, start: from + cut, end: to, bytes: bytes.slice(cut) };
  };
  return tail;
}

test('Home leads to the first line that is not too old, and puts it where it is in the file', async () => {
  const tail = recent(atEnd());
  tail.rows.at = 1_000;

  await tail.travel.home();

  assert.deepEqual([inView(tail), runs(tail)], ['d00000400', ['d00000400-d00000999']]);
  assert.equal(tail.store.items[tail.store.first].start, 4_000);
});

test('where lines begin to be recent can be gone to, although nothing before it may be seen', async () => {
  const tail = recent(atEnd());

  await tail.travel.goTo({ file: 'd', offset: 4_000 });
  assert.equal(inView(tail), 'd00000400');
  const linked = recent(atEnd());
  linked.linkedLines.show({ file: 'd', start: 4_000, end: 4_000, sum: '' });
  await new Promise((resolve) => { setTimeout(resolve, 5); });
  assert.deepEqual([inView(linked), linked.linkedLines.trouble, linked.heard.includes('failed')], ['d00000400', { kind: '' }, false]);
});

test('whether an earlier file may be opened is asked once where it may not be seen', async () => {
  const tail = recent(atEnd());
  for (let n = 0; n < 3; n++) {
    assert.equal(tail.linkedLines.hasPrevious('d'), false);
    await new Promise((resolve) => { setTimeout(resolve, 1); });
  }

  assert.equal(tail.asked.length, 1);
});

test('Home leads to the file that is on screen, and not to the newest', async () => {
  const tail = atEnd();
  await tail.travel.know();
  await tail.travel.goTo({ file: 'b', offset: 200_000 });

  await tail.travel.home();

  assert.equal(inView(tail), 'b00000000');
});

test('where the first lines are hidden, Home pressed twice leads to the first of all, and moving in between does not', async () => {
  const tail = atEnd();
  await tail.travel.home();
  tail.rows.reset(tail.rows.shown.items.slice(5));
  tail.rows.at = tail.travel.beginning.at;
  tail.rows.at += 20;
  await tail.travel.home();
  const moved = [tail.asked.includes('files'), inView(tail)];
  await tail.travel.home();

  assert.deepEqual([moved, tail.asked.includes('files')], [[false, 'd00000005'], true]);
});

test('without a connection Home leads to the first line here', async () => {
  const tail = atEnd();
  tail.stream.can = () => false;

  await tail.travel.home();

  assert.deepEqual([tail.rows.at, tail.asked], [-40, []]);
});

test('a place is reached with two requests, and the line that contains the byte is shown', async () => {
  const tail = atEnd();
  await tail.travel.know();
  tail.asked.length = 0;

  await tail.travel.goTo({ file: 'b', offset: 200_005 });

  assert.equal(inView(tail), 'b00020000');
  assert.deepEqual(tail.asked, [{ file: 'b', before: 200_005, lines: 200 }, { file: 'b', start: 200_005, end: 462_149 }]);
  assert.deepEqual(runs(tail), ['b00019801-b00039999', 'between d', 'gap d 0-9950', 'd00000995-d00000999']);
  assert.deepEqual(tail.heard.filter((one) => one === 'hold'), ['hold']);
});

test('what was loaded is in view before a full page gives lines back, and given back if nobody looks there', async () => {
  const tail = atEnd();
  await tail.travel.know();
  await tail.travel.goTo({ file: 'b', offset: 200_000 });
  const shown = tail.heard.includes('loaded');
  const going = tail.travel.goTo({ file: 'c', offset: 0 });
  tail.travel.cancel();
  await going;

  assert.deepEqual([shown, tail.heard.includes('loaded')], [false, true]);
});

test('a place that is here is shown without a request', async () => {
  const tail = atEnd();

  await tail.travel.goTo({ file: 'd', offset: 9_971 });

  assert.deepEqual([inView(tail), tail.asked], ['d00000997', []]);
});

test('of many wishes the first and the last are loaded', async () => {
  const tail = atEnd();
  await tail.travel.know();
  tail.asked.length = 0;

  await Promise.all([50_000, 100_000, 150_000, 390_000].map((offset) => tail.travel.goTo({ file: 'b', offset })));

  assert.deepEqual([inView(tail), tail.asked.map((one) => one.before ?? one.start)], ['b00039000', [50_000, 50_000, 390_000, 390_000]]);
});

test('who goes back to live meanwhile is not fetched away', async () => {
  const tail = atEnd();
  await tail.travel.know();
  const before = tail.rows.at;
  const going = tail.travel.goTo({ file: 'b', offset: 100_000 });
  tail.travel.cancel();
  await going;

  assert.deepEqual([tail.rows.at, tail.travel.isSeeking], [before, false]);
});

test('what fails is said, and the next wish is tried', async () => {
  const tail = atEnd();
  await tail.travel.know();
  const { answer } = tail;
  tail.answer = () => { throw new Error('no reader'); };
  await tail.travel.goTo({ file: 'b', offset: 100_000 });
  const said = [tail.linkedLines.trouble.kind, tail.linkedLines.trouble.failure.message];
  tail.answer = answer;
  await tail.travel.goTo({ file: 'b', offset: 100_000 });

  assert.deepEqual([said, inView(tail), tail.linkedLines.trouble.kind], [['unreached', 'no reader'], 'b00010000', '']);
});

test('behind the end of an archive whose size was guessed stands its last line', async () => {
  const tail = atEnd({ unknown: ['a'] });
  await tail.travel.know();
  const guessed = tail.travel.history.files[0].size;

  await tail.travel.goTo({ file: 'a', offset: 9_000 });

  assert.deepEqual([guessed, inView(tail), tail.travel.history.files[0]], [10_000, 'a00000399', { file: 'a', name: 'a', size: 4_000, isEstimated: false }]);
});

test('windows of files stand in the order of the files, whichever came first', async () => {
  for (const order of [['a', 'b', 'c'], ['c', 'a', 'b'], ['b', 'c', 'a']]) {
    const tail = atEnd();
    await tail.travel.know();
    for (const file of order) await tail.travel.goTo({ file, offset: 0 });

    assert.deepEqual(runs(tail), ['a00000000-a00000399', 'next b', 'b00000000-b00026213', 'gap b 262140-400000', 'next c', 'c00000000-c00000599', 'next d', 'gap d 0-9950', 'd00000995-d00000999']);
  }
});

for (const [side, expected] of [
  ['above', ['a00000000-a00000399', 'next b', 'b00000000-b00026213', 'gap b 262140-400000', 'between d', 'gap d 0-9950', 'd00000995-d00000999']],
  ['below', ['a00000000-a00000399', 'between c', 'c00000000-c00000599', 'next d', 'gap d 0-9950', 'd00000995-d00000999']],
]) {
  test(`what lies between two files opens from ${side}`, async () => {
    const tail = atEnd();
    await tail.travel.know();
    await tail.travel.goTo({ file: 'a', offset: 0 });
    const mark = tail.store.items.find((item) => item?.kind === 'between');

    assert.equal(await tail.travel.open(mark, side), true);

    assert.deepEqual(runs(tail), expected);
  });
}

test('a mark between two files says how many files it leaves out, and how large they are', async () => {
  const tail = atEnd();
  tail.linkedLines.listener.whereOf = () => ({});
  await tail.travel.goTo({ file: 'a', offset: 0 });
  const mark = tail.store.items.find((item) => item?.kind === 'between');
  const unknown = tail.travel.leftOutBy(mark);
  await tail.travel.know();

  assert.deepEqual([unknown, tail.travel.leftOutBy(mark)], [null, { files: 2, size: 406_000 }]);
  assert.equal(tail.heard.includes('listed'), true);
  await tail.travel.open(mark, 'above');
  await tail.travel.goTo({ file: 'c', offset: 0 });
  assert.equal(tail.travel.leftOutBy({ kind: 'next', seq: mark.seq, file: 'b' }), null);
});

test('two files between which nothing lies are next to each other', async () => {
  const tail = atEnd();
  tail.linkedLines.listener.whereOf = () => ({});
  await tail.linkedLines.seek();
  tail.store.put('c', tail.store.linesOf('c', 0, encode(linesOf('c', 600))), 6_000);
  const mark = tail.store.items.find((item) => item?.kind === 'between');

  assert.equal(await tail.travel.open(mark, 'above'), true);

  assert.deepEqual(runs(tail)[1], 'next d');
});

test('between files that are not known nothing is loaded, and a failure is said there', async () => {
  const tail = atEnd();
  tail.store.put('x', tail.store.linesOf('x', 0, encode('lost\n')), 5);
  const mark = tail.store.items.find((item) => item?.kind === 'between');
  const unknown = await tail.travel.open(mark, 'above');
  tail.travel.begin();
  await tail.travel.goTo({ file: 'd', offset: 9_950 });
  tail.store.rename('x', 'a');
  tail.answer = () => { throw new Error('no reader'); };
  const failed = await tail.travel.open(mark, 'above');

  assert.deepEqual([unknown, failed, mark.details.failed.message], [false, false, 'no reader']);
});

test('files are asked for once a minute at most, and two seconds after a rotation', async () => {
  const tail = atEnd();
  const asks = async (now) => {
    tail.now = now;
    tail.asked.length = 0;
    await Promise.all([tail.travel.know(), tail.travel.know()]);
    return tail.asked.length;
  };

  const seen = [await asks(0), await asks(59_999), await asks(60_000), await asks(60_001)];
  tail.travel.heard([{ kind: 'line' }, { kind: 'day' }]);
  seen.push(await asks(70_000));
  tail.travel.heard([{ kind: 'rotated' }]);
  seen.push(await asks(70_001), await asks(70_002));
  tail.travel.heard([{ kind: 'rotated' }]);
  seen.push(await asks(72_000), await asks(72_001));

  assert.deepEqual(seen, [1, 0, 1, 0, 0, 1, 0, 0, 1]);
});

test('the current file grows with what arrives', async () => {
  const tail = atEnd();
  await tail.travel.know();
  tail.stream.server.size = 15_000;

  tail.travel.grew();

  assert.equal(tail.travel.history.files.at(-1).size, 15_000);
});

test('whether there is an earlier file is asked once, and again only if there was no answer', async () => {
  const tail = atEnd();
  const answers = { b: { file: 'a', start: 0, end: 3, bytes: encode('abc') }, a: { file: 'a', start: 0, end: 1, bytes: encode('x') }, c: { file: 'b', start: 0, end: 0, bytes: encode('') } };
  tail.answer = ({ file }) => answers[file] ?? Promise.reject(Object.assign(new Error('no'), { id: file === 'gone' ? 'not-there' : 'no-reader' }));
  const asks = async (file) => {
    const before = [tail.linkedLines.hasPrevious(file)];
    await new Promise((done) => { setImmediate(done); });
    return [...before, tail.linkedLines.hasPrevious(file)];
  };

  const found = { b: await asks('b'), a: await asks('a'), c: await asks('c'), gone: await asks('gone'), lost: await asks('lost') };

  assert.deepEqual(found, { b: [false, true], a: [false, false], c: [false, false], gone: [false, false], lost: [false, false] });
  const asked = tail.asked.map(({ file, before, lines }) => `${file} ${before} ${lines}`);
  assert.deepEqual(asked, ['b 0 1', 'a 0 1', 'c 0 1', 'gone 0 1', 'lost 0 1', 'lost 0 1']);
});
