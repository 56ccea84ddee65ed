/** What lines of JSON, logfmt and access logs consist of: lines of real programs, and every line of the table of formats. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { detect } from '../../../django_logtail/static/logtail/formats/detection.js';
import { shapeOf } from '../../../django_logtail/static/logtail/formats/shape.js';
import { plain } from '../../../django_logtail/static/logtail/formats/text.js';

const about = (line) => {
  const shape = shapeOf(line, null);
  return shape && [shape.kind, shape.time, shape.level, shape.word, shape.logger, shape.message];
};
const rest = (line) => shapeOf(line, null).fields.filter((field) => field.part === '').map((field) => [field.name, field.text]);

test('a line of structlog in JSON', () => {
  const line = '{"number": 71, "event": "order received", "level": "info", "timestamp": "2026-11-28T19:09:46.233260Z"}';

  assert.deepEqual(about(line), ['json', '2026-11-28T19:09:46.233260Z', 'I', 'info', '', 'order received']);
  assert.deepEqual(rest(line), [['number', '71']]);
});

test('a line of pino has no word for its level, and fields in fields are dotted', () => {
  const line = '{"level":50,"time":1795892989328,"pid":11394,"hostname":"vm","err":{"type":"Error","message":"x","stack":"Error: x\\n    at file:///j.mjs:7:114"},"msg":"refused"}';

  assert.deepEqual(about(line), ['json', '1795892989328', 'E', '', '', 'refused']);
  assert.deepEqual(rest(line), [['pid', '11394'], ['hostname', 'vm'], ['err.type', 'Error'], ['err.message', 'x'], ['err.stack', 'Error: x\n    at file:///j.mjs:7:114']]);
  assert.deepEqual(shapeOf(line, null).field('err.type').path, ['err', 'type']);
});

test('a line of zap', () => {
  const line = '{"level":"error","ts":1795875729.539,"logger":"shop.pay","caller":"shop/pay.go:33","msg":"boom","ids":[1, 2],"more":{},"ok":true,"user":null}';

  assert.deepEqual(about(line), ['json', '1795875729.539', 'E', 'error', 'shop.pay', 'boom']);
  assert.deepEqual(rest(line), [['caller', 'shop/pay.go:33'], ['ids', '[1, 2]'], ['more', '{}'], ['ok', 'true'], ['user', 'null']]);
  assert.deepEqual(shapeOf(line, null).fields.map((field) => field.kind), ['string', 'number', 'string', 'string', 'string', 'list', 'object', 'word', 'word']);
});

test('a line of GELF', () => {
  assert.deepEqual(about('{"version":"1.1","host":"web1","short_message":"no route","level":3,"timestamp":1795875729.5,"_order":48213}'), ['json', '1795875729.5', 'E', '', '', 'no route']);
});

test('a level in an object of its own name', () => {
  const line = '{"@timestamp":"2026-11-28T19:09:46.399Z","log":{"level":"warning","logger":"shop.pay"},"message":"stock low"}';

  assert.deepEqual(about(line), ['json', '2026-11-28T19:09:46.399Z', 'W', 'warning', 'shop.pay', 'stock low']);
  assert.deepEqual(rest(line), []);
});

test('digits are those that were written', () => {
  const { fields } = shapeOf('{"id":9007199254740993,"rate":1.10,"big":1e400,"small":-0.0}', null);

  assert.deepEqual(fields.map((field) => field.text), ['9007199254740993', '1.10', '1e400', '-0.0']);
  assert.ok(fields.every((field) => field.isNumber));
});

test('a line in which two fields have one name is not taken apart', () => {
  assert.equal(shapeOf('{"level":"info","a":1,"a":2}', null), null);
  assert.equal(shapeOf('{"level":"info","a":1,"\\u0061":2}', null), null);
  assert.equal(shapeOf('{"level":"info","deep":{"a":1,"a":2}}', null), null);
  assert.notEqual(shapeOf('{"level":"info","a":1,"deep":{"a":2}}', null), null);
});

test('a line of logrus', () => {
  const line = 'time="2026-11-28T14:22:09Z" level=warning msg="slow \\"query\\"" duration=1.204 rows=48213 err="level=info"';

  assert.deepEqual(about(line), ['pairs', '2026-11-28T14:22:09Z', 'W', 'warning', '', 'slow "query"']);
  assert.deepEqual(rest(line), [['duration', '1.204'], ['rows', '48213'], ['err', 'level=info']]);
});

test('words between pairs, and pairs of one name, are all there', () => {
  const line = 'level=info msg=ok tag=a tag=b retrying now path=';

  assert.deepEqual(rest(line), [['tag', 'a'], ['tag', 'b'], ['', 'retrying'], ['', 'now'], ['path', '']]);
});

test('a line of nginx', () => {
  const line = '203.0.113.84 - ann [28/Nov/2026:14:22:09 +0000] "GET /api/search?q=desk+lamp HTTP/2.0" 502 1157 "https://shop.example/" "Mozilla/5.0 (X11; Linux)" 30.004';

  assert.deepEqual(about(line), ['access', '28/Nov/2026:14:22:09 +0000', 'E', '', '', '']);
  assert.deepEqual(rest(line), [
    ['address', '203.0.113.84'], ['ident', '-'], ['user', 'ann'], ['method', 'GET'], ['path', '/api/search?q=desk+lamp'], ['protocol', 'HTTP/2.0'], ['status', '502'], ['size', '1157'],
    ['referer', 'https://shop.example/'], ['agent', 'Mozilla/5.0 (X11; Linux)'], ['duration', '30.004'],
  ]);
});

for (const [name, line, wanted] of [
  ['nginx with names for its times', '10.0.0.1 - - [28/Nov/2026:14:22:09 +0000] "GET / HTTP/1.1" 200 12 "-" "curl" rt=0.003 uct="0.001" upstream=10.0.0.7:80', { status: '200', size: '12', duration: '0.003', uct: '"0.001"', upstream: '10.0.0.7:80' }],
  ['Apache with its virtual host', 'shop.example:443 10.0.0.1 - - [28/Nov/2026:14:22:09 +0100] "POST /pay HTTP/1.1" 201 - "-" "curl/8"', { host: 'shop.example:443', address: '10.0.0.1', method: 'POST', path: '/pay', size: '-' }],
  ['IPv6 with a port', '[2001:db8::1]:4123 - - [28/Nov/2026:14:22:09 +0000] "GET / HTTP/1.1" 200 12', { address: '[2001:db8::1]:4123', status: '200' }],
  ['a quotation mark in the path', '10.0.0.1 - - [28/Nov/2026:14:22:09 +0000] "GET /a\\"b HTTP/1.1" 200 12', { path: '/a\\"b', status: '200' }],
  ['a request that is none', '::1 - - [28/Nov/2026:14:22:09 +0100] "\\x16\\x03\\x01" 400 0', { request: '\\x16\\x03\\x01', status: '400', method: undefined }],
  ['daphne', '127.0.0.1:55732 - - [28/Nov/2026:19:09:39] "GET /boom" 500 453', { method: 'GET', path: '/boom', protocol: undefined, status: '500', size: '453' }],
  ['granian', '[2026-11-28 19:09:44 +0000] 127.0.0.1 - "GET /missing HTTP/1.1" 404 0.494', { address: '127.0.0.1', status: '404', size: undefined, duration: '0.494' }],
  ['django.server', '[28/Nov/2026 14:22:09] "GET /favicon.ico HTTP/1.1" 404 2295', { path: '/favicon.ico', status: '404', size: '2295' }],
  ['Traefik', '10.0.0.1 - - [28/Nov/2026:14:22:09 +0000] "GET / HTTP/1.1" 200 12 "-" "-" 71 "shop@docker" "http://10.0.0.7:80" 12ms', { duration: '12ms', agent: '-' }],
]) {
  test(`an access line: ${name}`, () => {
    const shape = shapeOf(line, null);

    for (const [field, text] of Object.entries(wanted)) assert.equal(shape.field(field)?.text, text, field);
  });
}

test('a line that Docker wrapped is what is read, and what is around it is beside it', () => {
  const line = '{"log":"{\\"level\\":\\"error\\",\\"msg\\":\\"no \\\\\\"route\\\\\\"\\",\\"order\\":48213}\\n","stream":"stderr","time":"2026-11-28T14:22:09.6Z"}';
  const shape = shapeOf(line, null);

  assert.deepEqual([shape.kind, shape.time, shape.level, shape.message], ['json', '2026-11-28T14:22:09.6Z', 'E', 'no "route"']);
  assert.deepEqual(rest(line), [['order', '48213'], ['stream', 'stderr']]);
  assert.equal(line.slice(...shape.field('order').at), '48213');
});

test('a line of text that Docker wrapped', () => {
  const line = '{"log":"2026-11-28 14:22:09,539 INFO shop: level=error\\n","stream":"stdout","time":"2026-11-28T14:22:09.600000000Z"}';
  const shape = shapeOf(line, null);

  assert.deepEqual([shape.time, shape.level, shape.word, shape.logger, shape.message], ['2026-11-28 14:22:09,539', 'I', 'INFO', 'shop', 'level=error']);
  assert.equal(line.slice(...shape.messageAt), 'level=error');
  assert.deepEqual(rest(line), [['stream', 'stdout'], ['time', '2026-11-28T14:22:09.600000000Z']]);
});

test('a line behind the name of a container keeps that name', () => {
  const line = 'web-1  | {"level":"warn","time":1795875729539,"msg":"slow"}';
  const shape = shapeOf(line, null);

  assert.deepEqual([shape.level, shape.prefix, shape.message], ['W', 'web-1  | ', 'slow']);
  assert.equal(line.slice(...shape.field('msg').at), 'slow');
});

test('lines of other kinds have no shape', () => {
  for (const line of ['', '{', '[1, 2]', '{"a": 1', '2026-11-28 14:22:09,100 INFO shop: order=1 "x"', 'a = b', '"quoted" text', 'E = mc2', '{not json}']) assert.equal(shapeOf(line, null), null, line);
});

/** Characters of a line that carry something, by where they stand. */
const saying = (text) => [...text.matchAll(/[\p{L}\p{N}]/gu)].map((found) => found.index);

const cases = readFileSync(new URL('../../formats/conformance.jsonl', import.meta.url), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const shaped = cases.filter(({ line }) => shapeOf(plain(line), null));

test('more than a hundred lines of the table of formats have a shape', () => assert.ok(shaped.length > 100, String(shaped.length)));

for (const { program, line, level, time } of shaped) {
  test(`no part of a line is missing from its fields: ${program}: ${line.slice(0, 60)}`, () => {
    const text = plain(line);
    const shape = shapeOf(text, detect([text, text]) ?? null) ?? shapeOf(text, null);

    assert.deepEqual([shape.level, shape.time], [level, time]);
    const covered = new Array(text.length).fill(false);
    const cover = (span) => { if (span) covered.fill(true, span[0], span[1]); };
    cover([0, shape.prefix.length]);
    for (const field of shape.fields) {
      cover(field.at);
      cover(field.keyAt);
    }
    // The keys of objects are in the names of what is in them.
    for (const found of text.matchAll(/"([^"]+)":\s*\{/g)) if (shape.fields.some((field) => field.path.includes(found[1]))) cover([found.index, found.index + found[1].length + 1]);
    for (const at of saying(text)) assert.ok(covered[at], `${text.slice(Math.max(0, at - 10), at)}»${text.slice(at, at + 20)}`);
  });
}
