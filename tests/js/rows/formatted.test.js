/** A line with fields as the parts that are drawn, in their order. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { columnsIn, fitting, widthOf } from '../../../django_logtail/static/logtail/rows/column.js';
import { finderOf, hangOfShape, hitsIn, Pieces } from '../../../django_logtail/static/logtail/rows/formatted.js';
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
  for (const [number, name] of [[10, 'TRACE'], [20, 'DEBUG'], [30, 'INFO'], [50, 'ERROR'], [60, 'FATAL']]) {
    assert.ok(texts(drawn(`{"level":${number},"time":1795892989336,"msg":"w"}`)).includes(`lt-lv lt-pad|${name}`));
  }
  assert.ok(texts(drawn('{"levelno":10,"msg":"w"}')).includes('lt-lv lt-pad|DEBUG'));
  assert.ok(texts(drawn('{"level":"notice","msg":"w"}')).includes('lt-lv lt-pad|NOTICE'));
  assert.ok(!texts(drawn('{"time":1795892989336,"msg":"w"}')).some((text) => text.startsWith('lt-lv')));
});

test('a blank follows a time and a logger, which would touch what comes next', () => {
  const apart = (line) => drawn(line).all.filter(({ isApart }) => isApart).map(({ name }) => name);

  assert.deepEqual(apart(PAID), ['lt-ts', 'lt-src']);
  assert.deepEqual(apart(ACCESS), ['lt-ts']);
});

test('a match at the end of a part that is written with escapes is marked to its last character', () => {
  const line = '{"level":"info","msg":"a\\tb route"}';
  const message = drawn(line).all.find(({ name }) => name === 'lt-msg');
  const hit = (text) => [line.indexOf(text), line.indexOf(text) + text.length];

  assert.deepEqual(hitsIn(message, line, [hit('route')]), [[4, 9]]);
  assert.deepEqual(hitsIn(message, line, [hit('a')]), [[0, 1]]);
});

test('a request: method, path, status, size, duration, and the rest', () => {
  assert.deepEqual(texts(drawn(ACCESS)), [
    'lt-ts|28/Nov/2026:14:22:09 +0000', 'lt-verb|GET', 'lt-path|/api/search?q=desk', 'lt-code|502', 'lt-n|11570 bytes', 'lt-n|30.004',
    'lt-kv lt-rest|203.0.113.84', 'lt-kv lt-rest|ann', 'lt-kv lt-rest|https://shop.example/', 'lt-kv lt-rest|Mozilla/5.0 (X11; Linux)',
  ]);
});

for (const [line, wanted] of [
  ['INFO:     127.0.0.1:52144 - "GET /x HTTP/1.1" 500 Internal Server Error', ['lt-lv lt-pad|INFO', 'lt-verb|GET', 'lt-path|/x', 'lt-code|500', 'lt-kv lt-rest|127.0.0.1:52144', 'lt-kv lt-rest|Internal', 'lt-kv lt-rest|Server', 'lt-kv lt-rest|Error']],
  ['[2026-11-28 14:22:09 +0000] [4123] [INFO] 127.0.0.1:52144 GET /x 1.1 404 12 345', ['lt-ts|2026-11-28 14:22:09 +0000', 'lt-lv lt-pad|INFO', 'lt-verb|GET', 'lt-path|/x', 'lt-code|404', 'lt-n|12 bytes', 'lt-kv lt-rest|[4123]', 'lt-kv lt-rest|127.0.0.1:52144', 'lt-kv lt-rest|345']],
  ['[I 261128 14:22:09 web:2271] 200 GET /x (127.0.0.1) 1.23ms', ['lt-ts|261128 14:22:09', 'lt-lv lt-pad|INFO', 'lt-verb|GET', 'lt-path|/x', 'lt-code|200', 'lt-n|1.23ms', 'lt-kv lt-rest|web:2271', 'lt-kv lt-rest|127.0.0.1']],
  ['{"time_local":"28/Nov/2026:14:22:09 +0000","remote_addr":"10.0.0.1","request":"GET /a?b HTTP/1.1","status":"502","body_bytes_sent":"12","request_time":"0.012"}', ['lt-ts|28/Nov/2026:14:22:09 +0000', 'lt-verb|GET', 'lt-path|/a?b', 'lt-code|502', 'lt-n|12 bytes', 'lt-n|0.012', 'lt-kv lt-rest|remote_addr=10.0.0.1']],
  ['{"level":"info","ts":1795875729.5,"method":"GET","uri":"/x","status":200,"size":1200}', ['lt-ts|1795875729.5', 'lt-lv lt-pad|INFO', 'lt-verb|GET', 'lt-path|/x', 'lt-code|200', 'lt-n|1200 bytes']],
  ['Nov 28 14:22:09 lb haproxy[12]: 10.0.0.1:44 [28/Nov/2026:14:22:08.539] fe be/s1 0/0/0/1/1 503 12 - - ---- 1/1/0/0/0 0/0 "GET /x HTTP/1.1"', ['lt-ts|Nov 28 14:22:09', 'lt-sep lt-said|lb haproxy[12]:', 'lt-verb|GET', 'lt-path|/x', 'lt-code|503', 'lt-n|12 bytes', 'lt-kv lt-rest|10.0.0.1:44', 'lt-kv lt-rest|fe be/s1 0/0/0/1/1', 'lt-kv lt-rest|1/1/0/0/0 0/0']],
  ['Nov 28 14:22:09 web1 app[12]: level=error msg=x', ['lt-ts|Nov 28 14:22:09', 'lt-lv lt-pad|ERROR', 'lt-sep lt-said|web1 app[12]:', 'lt-msg|x']],
  ['Nov 28 14:22:09 web1 app[12]: ts=2026-11-28T14:22:08Z level=error msg=x', ['lt-ts|2026-11-28T14:22:08Z', 'lt-lv lt-pad|ERROR', 'lt-sep lt-said|Nov 28 14:22:09 web1 app[12]:', 'lt-msg|x']],
  ['{"level":"info","msg":"handled","method":"GET","uri":"/x","status":500}', ['lt-lv lt-pad|INFO', 'lt-msg|handled', 'lt-kv|method=GET', 'lt-kv|uri=/x', 'lt-kv|status=500']],
  ['["a\\tb",{"level":"error"},3]', ['lt-msg|a\tb', 'lt-kv|1.level=error', 'lt-kv|2=3']],
]) test(`a request of any program is drawn as one: ${line.slice(0, 50)}`, () => assert.deepEqual(texts(drawn(line)), wanted));

test('a request in one field is found in its parts', () => {
  const line = '{"request":"GET /a?b HTTP/1.1","status":502}';
  const at = (text) => [line.indexOf(text), line.indexOf(text) + text.length];

  assert.deepEqual(drawn(line).all.filter(({ name }) => ['lt-verb', 'lt-path'].includes(name)).map((one) => one.at), [at('GET'), at('/a?b')]);
  assert.deepEqual(['a?b', 'HTTP'].map((text) => drawn(line, { isFound: finderOf([at(text)]) }).showsMatch), [true, false]);
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
  assert.ok(drawn(PAID, { isFound: finderOf([hit(PAID, 'capture')]) }).showsMatch);
  assert.ok(drawn(PAID, { isFound: finderOf([hit(PAID, 'request_id')]) }).showsMatch);
  assert.ok(drawn(PAID, { isFound: finderOf([hit(PAID, '27T14')]) }).showsMatch);
  assert.ok(drawn(ACCESS, { isFound: finderOf([hit(ACCESS, '11570')]) }).showsMatch);
});

test('a value whose key is not drawn stands for a match in it, and no other value does', () => {
  const line = '{"time":"2026-11-28T14:22:09Z","level":"info","event":"mail sent","to":"ann"}';
  const sought = (word) => drawn(line, { isFound: finderOf([hit(line, word)]) }).all.filter(({ isSought }) => isSought).map(({ text }) => text);

  assert.deepEqual(['time', 'level', 'event', 'to', 'ann'].map(sought), [['2026-11-28T14:22:09Z'], ['INFO'], ['mail sent'], [], []]);
});

test('a match is not seen where only the raw line has it', () => {
  assert.ok(!drawn(PAID, { isFound: finderOf([[0, 1]]) }).showsMatch);
  assert.ok(!drawn(ACCESS, { isFound: finderOf([hit(ACCESS, 'HTTP/2.0')]) }).showsMatch);
});

test('a match in a text with escapes is marked at its place, and one in a size as a whole', () => {
  const line = '{"level":"info","msg":"no \\"route\\" to host"}';
  const message = drawn(line).all.find(({ name }) => name === 'lt-msg');
  const size = drawn(ACCESS).all.find(({ name }) => name === 'lt-n');

  assert.deepEqual(hitsIn(message, line, [hit(line, 'route')]), [[4, 9]]);
  assert.deepEqual(hitsIn(message, line, [hit(line, 'level')]), []);
  assert.deepEqual(hitsIn(size, ACCESS, [hit(ACCESS, '157')]), [[0, 11]]);
});

test('the text of a line begins after its time and its level', () => {
  const of = (line, columns) => hangOfShape(shapeOf(line, null), { widthOf: (written, isStamp, isShaped) => (isShaped ? columns : 0) });

  assert.deepEqual(of(PAID, 12), { hang: 22, time: 13 });
  assert.deepEqual(of(PAID, 0), { hang: 9, time: 0 });
  assert.deepEqual(of(ACCESS, 8), { hang: 9, time: 9 });
  assert.deepEqual(of('{"time":1795892989336,"msg":"w"}', 12), { hang: 13, time: 13 });
  assert.deepEqual(of('{"level":"info","msg":"w"}', 12), { hang: 9, time: 0 });
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

test('of thousands of hits in a line, one that meets a span is found, and no other', () => {
  const hits = Array.from({ length: 100_000 }, (_, i) => [i * 10 + 3, i * 10 + 5]);
  const isFound = finderOf(hits);
  let found = 0;

  // Compared each with each, these take a minute.
  for (let i = 0; i < 100_000; i++) found += Number(isFound([i * 10, i * 10 + 3])) + Number(isFound([i * 10 + 5, i * 10 + 13])) + Number(isFound([i * 10 + 4, i * 10 + 5]));

  assert.equal(found, 100_000);
  assert.deepEqual([isFound([2, 4]), isFound([0, 3]), isFound([0, 2_000_000]), isFound([1_000_000, 1_000_001]), finderOf([])([0, 10])], [true, false, true, false, false]);
});

test('a match in a key that is not drawn is one in its value, and a key that is drawn has its own', () => {
  const found = (key) => drawn(PAID, { isFound: ([start, end]) => PAID.slice(start, end).replaceAll('"', '') === key }).all.filter(({ isSought }) => isSought).map(({ name }) => name);

  assert.deepEqual(found('event'), ['lt-msg']);
  assert.deepEqual(found('logger'), ['lt-src']);
  assert.deepEqual(found('request_id'), []);
  assert.deepEqual(found('nothing'), []);
});

test('a value that is too long is cut at what has room, unless it is opened or has a match', () => {
  const line = `{"level":"info","msg":"m","token":"${'x'.repeat(401)}"}`;
  const cut = (how) => { const { text, isCut, tip } = drawn(line, how).all.find(({ key }) => key.startsWith('token')); return [text.length, isCut, tip.length]; };

  assert.deepEqual(cut({}), [400, true, 401]);
  assert.deepEqual(cut({ whole: true }), [401, false, 0]);
  assert.deepEqual(cut({ isFound: ([start, end]) => end - start >= 400 }), [401, false, 0]);
});
