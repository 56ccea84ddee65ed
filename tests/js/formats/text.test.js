import assert from 'node:assert/strict';
import test from 'node:test';

import { coloured, lineEnds, looksBinary, named, plain, reading, steering } from '../../../django_logtail/static/logtail/formats/text.js';

const bytes = (text) => new TextEncoder().encode(text);

test('colours become roles and leave the text', () => {
  const { text, runs } = coloured('a \u001b[31mred\u001b[0m \u001b[1;38;5;10mbright\u001b[m end');

  assert.equal(text, 'a red bright end');
  assert.deepEqual(runs, [{ start: 2, end: 5, classes: 'lt-f1' }, { start: 6, end: 12, classes: 'lt-f10 lt-bo' }]);
});

test('a true colour is drawn in the nearest role', () => {
  assert.equal(coloured('\u001b[38;2;220;40;30mx').runs[0].classes, 'lt-f1');
  assert.equal(coloured('\u001b[38;5;240mx').runs[0].classes, 'lt-f8');
});

test('sequences that steer a terminal vanish', () => {
  assert.equal(plain('\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007 \u001b[2J\u001b[1;1Hx\u001b(B\u001bP1$q\u001b\\y\u001b]0;title\u001b\\z'), 'link (javascript:alert(1)) xyz');
});

test('an unfinished sequence hides nothing that follows', () => {
  assert.equal(plain('\u001b]0;no end and more text'), '\u001b]0;no end and more text');
  assert.deepEqual(steering('\u001b]0;no'), [{ start: 0, end: 1 }]);
});

test('a million unfinished sequences take no longer than their length', () => {
  const text = '\u001b]x'.repeat(400_000);

  assert.equal(plain(text).length, text.length);
});

test('characters that hide or reorder text are named', () => {
  const text = 'a\u202eb\u0000c\ufeffd\u{e0041}e\tf';

  assert.deepEqual(steering(text).map(({ start, end }) => named(text.slice(start, end))), ['U+202E', 'U+0000', 'U+FEFF', 'U+E0041']);
});

test('lines end at newlines only', () => {
  assert.deepEqual(lineEnds(bytes('a\u2028b\u000bc\u0085d\ne\r\nrest'), reading('utf-8')), [11, 14, 18]);
});

test('lines of UTF-16 end at its own newline and not inside U+0A0A', () => {
  const little = new Uint8Array([0x0a, 0x0a, 0x41, 0, 0x0a, 0, 0x42, 0]);
  const big = new Uint8Array([0x0a, 0x0a, 0, 0x41, 0, 0x0a, 0, 0x42]);

  assert.deepEqual(lineEnds(little, reading('utf-16le')), [6, 8]);
  assert.deepEqual(lineEnds(big, reading('utf-16be')), [6, 8]);
});

test('a label that browsers do not know is read as UTF-8', () => {
  assert.equal(reading('no-such').name, 'UTF-8');
  assert.equal(reading('gbk').decode(new Uint8Array([0xb6, 0xa9, 0xb5, 0xa5])), '订单');
});

test('bytes that are no text are noticed', () => {
  assert.equal(looksBinary(new Uint8Array([31, 139, 8, 0, 0, 0, 0, 1, 2, 3]), reading('utf-8')), true);
  assert.equal(looksBinary(bytes('\u001b[31mred\u001b[0m\n'), reading('utf-8')), false);
  assert.equal(looksBinary(new Uint8Array(), reading('utf-8')), false);
});

const drawn = (text, pen) => {
  const { text: shown, runs } = coloured(text, pen);
  return runs.map(({ start, end, classes }) => [shown.slice(start, end), classes]);
};

test('sub-parameters with colons are the same colours', () => {
  for (const code of ['38;2;255;0;255', '38:2:255:0:255', '38:2::255:0:255']) assert.deepEqual(drawn(`\u001b[${code}mx\u001b[0m`), [['x', 'lt-f5']], code);
  for (const code of ['38;5;208', '38:5:208']) assert.deepEqual(drawn(`\u001b[${code}mx\u001b[0m y`), [['x', drawn('\u001b[38;5;208mx')[0][1]]], code);
});

test('a curly underline is one, and none is none', () => {
  assert.deepEqual(drawn('\u001b[31;4:3mx'), [['x', 'lt-f1 lt-un']]);
  assert.deepEqual(drawn('\u001b[31;4mx\u001b[4:0my'), [['x', 'lt-f1 lt-un'], ['y', 'lt-f1']]);
});

test('the colour of an underline is neither bold nor dim nor italic', () => {
  assert.deepEqual(drawn('\u001b[31;58;5;1mx'), [['x', 'lt-f1']]);
  assert.deepEqual(drawn('\u001b[31;58;2;1;2;3mx'), [['x', 'lt-f1']]);
  assert.deepEqual(drawn('\u001b[31;58:2::1:2:3mx'), [['x', 'lt-f1']]);
});

test('a sequence may begin with one character of C1', () => {
  assert.deepEqual([plain('\u009b31mred\u009b0m plain'), drawn('\u009b31mred\u009b0m plain')], ['red plain', [['red', 'lt-f1']]]);
});

test('colours go on where the line before ended with them', () => {
  const { pen } = coloured('\u001b[1;31mone');

  assert.deepEqual(drawn('two', pen), [['two', 'lt-f1 lt-bo']]);
  assert.deepEqual(drawn('three\u001b[0m four', pen), [['three', 'lt-f1 lt-bo']]);
  assert.equal(coloured('three\u001b[0m four', pen).pen, '');
  assert.deepEqual(drawn('five', coloured('\u001b[94;103mx').pen), [['five', 'lt-f12 lt-b11']]);
});

test('where a link leads is said beside its text, once', () => {
  assert.equal(plain('\u001b]8;;https://shop.example/\u001b\\link text\u001b]8;;\u001b\\ after'), 'link text (https://shop.example/) after');
  assert.equal(plain('\u001b]8;;https://a/\u0007https://a/\u001b]8;;\u0007!'), 'https://a/!');
});

test('after a return the line shows what a terminal would', () => {
  assert.equal(plain('  1% |#   |\r 50% |##  |\r100% |####|'), '100% |####|');
  assert.equal(plain('a long state\rshort'), 'shortg state');
  assert.equal(plain('a long state\r\u001b[Kshort'), 'short');
  assert.equal(plain('a long state\rshort\u001b[K'), 'short');
  assert.equal(plain('one\rtwo\r'), 'two');
  assert.deepEqual(drawn('\u001b[31m 10%\r\u001b[32m100%\u001b[0m'), [['100%', 'lt-f2']]);
  assert.deepEqual(drawn('\u001b[31mlonger\r\u001b[32mab'), [['ab', 'lt-f2'], ['nger', 'lt-f1']]);
});

test('a million returns take no longer than their length', () => {
  assert.equal(plain(`${'x\r'.repeat(400_000)}end`), 'end');
  assert.equal(plain(`${'\r'.repeat(1_000_000)}end`), 'end');
});

test('joiners between letters and emoji are text, elsewhere they are named', () => {
  for (const text of ['👩\u200d💻', 'می\u200cخواهم', 'क्\u200dष', 'e\u0301']) assert.deepEqual(steering(text), [], text);
  assert.deepEqual(steering('ad\u200dmin'), [{ start: 2, end: 3 }]);
  assert.deepEqual(steering('\u200dx'), [{ start: 0, end: 1 }]);
  assert.equal(steering('👩\u200d\u200d💻').length, 2);
});

for (const [what, head, looks] of [
  ['nothing', [], false],
  ['text with the control characters that text has', [8, 9, 10, 12, 13, 27, 32, 97], false],
  ['a zero', [0, 97], true],
  ['bytes below a blank', [31, 97], true],
  ['one byte in twenty', [1, ...Array(19).fill(97)], false],
  ['more than one byte in twenty', [1, ...Array(18).fill(97)], true],
  ['4,096 letters before zeros', [...Array(4096).fill(97), ...Array(4096).fill(0)], false],
]) {
  test(`${what} ${looks ? 'looks like something else than text' : 'looks like text'}`, () => {
    assert.equal(looksBinary(Uint8Array.from(head), { unit: 1 }), looks);
    assert.equal(looksBinary(Uint8Array.from(head), { unit: 2 }), false);
  });
}

test('a black background is a background', () => {
  assert.deepEqual(coloured('\u001b[40mx\u001b[0m').runs, [{ start: 0, end: 1, classes: 'lt-b0' }]);
});
