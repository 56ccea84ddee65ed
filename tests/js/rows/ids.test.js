import assert from 'node:assert/strict';
import test from 'node:test';

import { compiled, idsIn, isId } from '../../../django_logtail/static/logtail/rows/ids.js';
import { withIds } from '../../../django_logtail/static/logtail/rows/links.js';

const UUID = '5d80e6f1-3c2a-4b1e-9d0f-2277c1ab9e05';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const found = (text, patterns = []) => idsIn(text, patterns).map(({ start, end, id }) => {
  assert.equal(text.slice(start, end), id);
  return id;
});

for (const [text, ids] of [
  [`Task shop.tasks.pay[${UUID}] succeeded in 0.03s`, [UUID]],
  [`Received message '${UUID.toUpperCase()}'.`, [UUID.toUpperCase()]],
  [`traceparent: 00-${TRACE}-${SPAN}-01`, [TRACE, SPAN]],
  [`span ${SPAN}, trace ${TRACE}`, [SPAN, TRACE]],
  ['request_id=ab-12 user=3', ['ab-12']],
  ['"request_id": "ab.12/x", "n": 1', ['ab.12/x']],
  ["{'task_id': 'ab12'}", ['ab12']],
  ['X-Request-ID: Root=1-67891233-abcdef012345678912345678', []],
  ['X-Request-Id: 1-67891233-abcdef012345678912345678', ['1-67891233-abcdef012345678912345678']],
  ['correlation-id = 77aa', ['77aa']],
  ['dd.trace_id=1234567890123 requestId=r1b2', ['1234567890123', 'r1b2']],
  [`request_id=${UUID}`, [UUID]],
  // What is no id.
  ['request_id=null trace_id=none', []],
  ['job id mismatch 12', []],
  ['user_id=4821 order=4821', []],
  ['1700000000000000 deadbeefdeadbeef', []],
  [`${SPAN}a and x${SPAN} and ${TRACE}00`, []],
  [`${UUID}-1 a${UUID}`, []],
  ['sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', []],
  ['bid=abcd1234', []],
]) test(`in ${text.slice(0, 60)}`, () => assert.deepEqual(found(text), ids));

test('only what is drawn is read, and an id that is cut there is none', () => {
  const text = `a ${UUID} b ${UUID}`;

  assert.deepEqual(idsIn(text, [], [[0, 38], [41, text.length]]).map(({ start }) => start), [2, 41]);
  assert.deepEqual(idsIn(text, [], [[0, 30]]), []);
  assert.deepEqual(idsIn(`request_id=abc123def`, [], [[0, 15]]), []);
});

test('of a line twenty ids are found, in its first 4,000 characters', () => {
  assert.equal(found(`${UUID} `.repeat(30)).length, 20);
  assert.deepEqual(found(`${'x '.repeat(1_982)}${UUID}`), [UUID]);
  assert.deepEqual(found(`${'x '.repeat(1_983)}${UUID}`), []);
});

test('the project’s own patterns are found too; the group is the id, and the longer one counts', async () => {
  const patterns = await compiled(['\\bORD-[0-9]{6}\\b', 'invoice=([A-Z0-9]+)', 'R:\\S+', '(?=x)', '(']);

  assert.equal(patterns.length, 3);
  assert.deepEqual(found('ORD-123456 invoice=AB12 ORD-1234567', patterns), ['ORD-123456', 'AB12']);
  assert.deepEqual(found(`R:${UUID}:x`, patterns), [`R:${UUID}:x`]);
  assert.deepEqual(found(`${'x'.repeat(989)} ORD-123456`, patterns), ['ORD-123456']);
  assert.deepEqual(found(`${'x'.repeat(990)} ORD-123456`, patterns), []);
});

test('fields are known by their name, by their form and by a pattern', async () => {
  const patterns = await compiled(['\\bORD-[0-9]{6}\\b', 'invoice=([A-Z0-9]+)']);

  assert.deepEqual([['request_id', 'r-12'], ['http.requestId', 'r-12'], ['x', UUID], ['', SPAN], ['order', 'ORD-123456'], ['invoice', 'AB12']].map(([name, text]) => isId(name, text, patterns)), [true, true, true, true, true, true]);
  assert.deepEqual([['user_id', '12345'], ['request_id', 'none'], ['request_id', 'r1'], ['order', 'XORD-123456'], ['status', '500'], ['request_id', '1'.repeat(201)], ['grid', 'abcd1']].map(([name, text]) => isId(name, text, patterns)), [false, false, false, false, false, false, false]);
});

test('an id in a link is part of the link, and one with hidden characters is no id', () => {
  const ids = idsIn(`http://x/${UUID} ${UUID}`);
  const link = { start: 0, end: 45, href: 'http://x/', isFrame: false };

  assert.deepEqual(withIds([link], ids, []).map(({ start, id }) => [start, id]), [[0, undefined], [46, UUID]]);
  assert.deepEqual(withIds([], ids, [{ start: 10, end: 11 }]).map(({ start }) => start), [46]);
  assert.deepEqual(withIds([link], [], []), [link]);
});
