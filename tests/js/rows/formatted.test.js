/** A line with fields as the parts that are drawn, in their order. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { columnsIn, fitting, widthOf } from '../../../django_logtail/static/logtail/rows/column.js';
import { clockDrawn, hitsIn, Pieces } from '../../../django_logtail/static/logtail/rows/formatted.js';
import { shapeOf } from '../../../django_logtail/static/logtail/formats/shape.js';

const PAID = '{"timestamp": "2026-11-27T14:22:11.597213Z", "level": "error", "logger": "shop.payments", "event": "capture failed", "request_id": "5d80", "request": {"status": 500}, "to": "Li Na"}';
const ACCESS = '203.0.113.84 - ann [28/Nov/2026:14:22:09 +0000] "GET /api/search?q=desk HTTP/2.0" 502 11570 "https://shop.example/" "Mozilla/5.0 (X11; Linux)" 30.004';

const drawn = (line, how = {}) => new Pieces(shapeOf(line, null), { columns: [], whole: false, size: (bytes) => `${bytes} bytes`, isFound: () => false, ...how });
const texts = (pieces) => pieces.all.map(({ name, key, text, isCut }) => `${name}|${key}${text}${isCut ? '…' : ''}`);

test('time, level, logger and message come first, then the other fields by their dotted names', () => {
  assert.deepEqual(texts(drawn(PAID)), [
    'lt-ts|2026-11-27T14:22:11.597213Z', 'lt-lv lt-pad|ERROR', 'lt-src|shop.payments', 'lt-msg|capture failed', 'lt-kv|request_id=5d80', 'lt-kv|request.status=500', 'lt-kv|to=Li Na',
  ]);
});

test('columns stand behind the level and are no fields any more; a missing one is said', () => {
  const columns = [{ name: 'request.status', width: 8 }, { name: 'duration', width: 8, isNumber: true }];
  const pieces = drawn(PAID, { columns });

  assert.deepEqual(texts(pieces), [
    'lt-ts|2026-11-27T14:22:11.597213Z', 'lt-lv lt-pad|ERROR', 'lt-col|500', 'lt-col|–', 'lt-src|shop.payments', 'lt-msg|capture failed', 'lt-kv|request_id=5d80', 'lt-kv|to=Li Na',
  ]);
  assert.deepEqual(pieces.all.filter(({ name }) => name === 'lt-col').map(({ isNumber, isMissing }) => [isNumber, isMissing]), [[true, false], [true, true]]);
});

test('a level that is a number has its name, and one of a line without any has none', () => {
  assert.ok(texts(drawn('{"level":40,"time":1795892989336,"msg":"w"}')).includes('lt-lv lt-pad|WARNING'));
  assert.ok(texts(drawn('{"level":"notice","msg":"w"}')).includes('lt-lv lt-pad|NOTICE'));
  assert.ok(!texts(drawn('{"time":1795892989336,"msg":"w"}')).some((text) => text.startsWith('lt-lv')));
});

test('a request: method, path, status, size, duration, and the rest', () => {
  assert.deepEqual(texts(drawn(ACCESS)), [
    'lt-ts|28/Nov/2026:14:22:09 +0000', 'lt-verb|GET', 'lt-path|/api/search?q=desk', 'lt-code|502', 'lt-n|11570 bytes', 'lt-n|30.004',
    'lt-kv lt-rest|203.0.113.84', 'lt-kv lt-rest|ann', 'lt-kv lt-rest|https://shop.example/', 'lt-kv lt-rest|Mozilla/5.0 (X11; Linux)',
  ]);
});

test('digits are drawn as they were written', () => {
  assert.ok(texts(drawn('{"level":"info","msg":"x","id":9007199254740993}')).includes('lt-kv|id=9007199254740993'));
});

test('a long value is cut, unless what is sought is in it or the line is asked for whole', () => {
  const line = `{"level":"info","msg":"x","stack":"${'y'.repeat(1000)}","z":1}`;
  const stack = (pieces) => pieces.all.find(({ key }) => key === 'stack=');

  assert.deepEqual([stack(drawn(line)).text.length, stack(drawn(line)).isCut, stack(drawn(line)).tip.length], [400, true, 1000]);
  assert.equal(drawn(line).isCut, false);
  assert.equal(stack(drawn(line, { isFound: (at) => at[1] - at[0] === 1000 })).text.length, 1000);
  assert.equal(stack(drawn(line, { whole: true })).text.length, 1000);
});

test('a line of many fields is drawn up to four thousand characters and says that it is cut', () => {
  const line = `{"level":"info",${Array.from({ length: 2000 }, (_, i) => `"field${i}":${i}`).join(',')}}`;

  assert.ok(drawn(line).isCut);
  assert.ok(drawn(line).all.length < 600);
  assert.equal(drawn(line, { whole: true }).all.length, 2001);
  assert.ok(!drawn(line, { whole: true }).isCut);
});

const hit = (line, word) => [line.indexOf(word), line.indexOf(word) + word.length];

test('a match is seen where what it is in is drawn', () => {
  assert.ok(drawn(PAID).shows(hit(PAID, 'capture')));
  assert.ok(drawn(PAID).shows(hit(PAID, 'request_id')));
  assert.ok(drawn(PAID).shows(hit(PAID, '27T14')));
  assert.ok(drawn(ACCESS).shows(hit(ACCESS, '11570')));
});

test('a match is not seen where only the raw line has it', () => {
  assert.ok(!drawn(PAID).shows(hit(PAID, 'event')));
  assert.ok(!drawn(PAID).shows(hit(PAID, '"logger": "')));
  assert.ok(!drawn(ACCESS).shows(hit(ACCESS, 'HTTP/2.0')));
});

test('a match in a text with escapes is marked at its place, and one in a size as a whole', () => {
  const line = '{"level":"info","msg":"no \\"route\\" to host"}';
  const message = drawn(line).all.find(({ name }) => name === 'lt-msg');
  const size = drawn(ACCESS).all.find(({ name }) => name === 'lt-n');

  assert.deepEqual(hitsIn(message, line, [hit(line, 'route')]), [[4, 9]]);
  assert.deepEqual(hitsIn(message, line, [hit(line, 'level')]), []);
  assert.deepEqual(hitsIn(size, ACCESS, [hit(ACCESS, '157')]), [[0, 11]]);
});

test('a count of seconds is drawn as the clock of Greenwich, and says so', () => {
  assert.equal(clockDrawn('1795875729539'), '14:22:09.539Z');
  assert.equal(clockDrawn('1795875729.5'), '14:22:09.500Z');
  assert.equal(clockDrawn('2026-11-27T14:22:11.597213+01:00'), '14:22:11.597213');
  assert.equal(clockDrawn('soon'), 'soon');
});

test('the widest value decides how wide a column is at first, within limits', () => {
  assert.equal(fitting('user', ['7140', '39']), 8);
  assert.equal(fitting('request_id', ['5d80e6f1-3c2a']), 16);
  assert.equal(fitting('request_id', ['5']), 14);
  assert.equal(fitting('path', ['x'.repeat(200)]), 40);
  assert.equal(fitting('path', ['x'.repeat(50)], 200), 53);
  assert.equal(widthOf('李娜 Li'), 7);
});

test('what a storage kept of columns is read with care', () => {
  assert.deepEqual(columnsIn([{ name: 'a', width: 12.4 }, { name: 'a', width: 9 }, { name: '', width: 9 }, { name: 'b' }, null, { name: 'c', width: 1e9 }]), [{ name: 'a', width: 12 }, { name: 'c', width: 200 }]);
  assert.deepEqual(columnsIn('a'), []);
});
