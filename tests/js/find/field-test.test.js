/** A field term tells lines apart as their fields do, however it gets there. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { FieldNames, FieldTest } from '../../../django_logtail/static/logtail/find/field-test.js';
import { termIn, termOf } from '../../../django_logtail/static/logtail/find/terms.js';
import { Formats } from '../../../django_logtail/static/logtail/formats/detection.js';
import { shapeOf } from '../../../django_logtail/static/logtail/formats/shape.js';
import { Item } from '../../../django_logtail/static/logtail/log/item.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';

const asked = (term, line, isCase = false) => new FieldTest(termIn(term), isCase).test(line, null);
const json = (fields) => `{"level":"info",${fields}}`;

test('a value is compared as it was written, and as a number', () => {
  for (const [term, fields, is] of [
    ['status:500', '"status":500', true], ['status:500', '"status":"500"', true], ['status:500', '"status":5e2', true], ['status:500', '"status":500.0', true],
    ['status:500', '"status":5000', false], ['status:500', '"status":"5"', false], ['status:1.0', '"status":1', true], ['status:"1.0"', '"status":1', false], ['status:.5', '"status":0.5', true],
    ['id:9007199254740993', '"id":9007199254740992', false], ['id:9007199254740993', '"id":9007199254740993', true],
    ['ok:true', '"ok":true', true], ['user:null', '"user":null', true], ['user:*', '"user":null', true], ['user:*', '"other":1', false], ['q:""', '"q":""', true], ['q:""', '"q":"a"', false],
    ['path:/checkout*', '"path":"/checkout/pay"', true], ['path:/checkout*', '"path":"/x/checkout"', false], ['path:*pay', '"path":"/checkout/pay"', true], ['path:"/checkout*"', '"path":"/checkout/pay"', false],
    ['path:/CHECKOUT*', '"path":"/checkout/pay"', true], ['name:li', '"name":"Li"', true],
    ['ms>1000', '"ms":1e3', false], ['ms>=1000', '"ms":1e3', true], ['ms>1000', '"ms":"1200"', true], ['ms>1000', '"ms":"1200ms"', false], ['ms<-1', '"ms":-1.5', true], ['ms<=0', '"ms":-0.0', true], ['ms>1', '"ms":null', false],
    ['tags:*vip*', '"tags":["a","vip"]', true], ['more:{}', '"more":{}', true],
  ]) assert.equal(asked(term, json(fields)), is, `${term} in ${fields}`);
  assert.deepEqual([asked('name:li', json('"name":"Li"'), true), asked('name:Li*', json('"name":"Lili"'), true)], [false, true]);
});

test('the same text elsewhere is no field of that name', () => {
  for (const line of [
    json('"note":"status","value":500'), json('"note":"\\"status\\":500"'), json('"request":{"status":500}'), json('"list":[{"status":500}]'),
    json('"status":200,"request":{"status":500}'), json('"xstatus":500'), json('"a":"{","deep":{"status":500}'), 'time=1 level=info msg="status=500"', 'plain text with "status":500 in it',
  ]) assert.equal(asked('status:500', line), false, line);
  for (const line of [
    json('"request":{"status":200},"status":500'), json('"note":"a \\"quoted\\" word","status":500'), json('"\\u0073tatus":500'), json('"a":"}","status":500,"b":"}"'), json('"a":{"b":"{"},"status" : 500'),
    'web-1  | {"level":"info","status":500}', '{"log":"level=info status=500 msg=x\\n","stream":"stdout","time":"2026-11-28T14:22:09Z"}', '{"log":"{\\"level\\":\\"info\\",\\"status\\":500}\\n","stream":"stdout","time":"2026-11-28T14:22:09Z"}',
    'time=2026-11-28T14:22:09Z level=info status=500', '203.0.113.84 - - [28/Nov/2026:14:22:09 +0000] "GET /api HTTP/2.0" 500 1157',
  ]) assert.equal(asked('status:500', line), true, line);
});

test('nested fields have dotted names', () => {
  assert.equal(asked('request.status:500', json('"request":{"method":"GET","status":500}')), true);
  assert.equal(asked('request.status:500', json('"request":{"deep":{"status":500}}')), false);
  assert.equal(asked('request.status:500', json('"request":{"status":200},"status":500')), false);
  assert.equal(asked('request.status:500', json('"request.status":500')), true);
  assert.equal(asked('request.status:500', json('"other":{"request":{"status":500}}')), false);
  assert.equal(asked('a.b.c:1', json('"a":{"b":{"c":1}}')), true);
});

test('fields of access lines have names that are not written in them', () => {
  const line = '203.0.113.84 - ann [28/Nov/2026:14:22:09 +0000] "GET /api/search?q=desk HTTP/2.0" 502 1157 "-" "Mozilla/5.0 (X11; Linux)" 30.004';

  for (const term of ['method:GET', 'path:/api/search*', 'status>=500', 'status:5*', 'size:1157', 'duration>30', 'user:ann']) assert.equal(asked(term, line), true, term);
  for (const term of ['method:POST', 'status:1157', 'path:*desktop', 'duration>31', 'user:bob']) assert.equal(asked(term, line), false, term);
});

/** Numbers that look random and are the same each time. @param {number} seed */
function numbers(seed) {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

test('a thousand lines of any kind are judged as their fields say', () => {
  const random = numbers(7);
  const pick = (list) => list[random(list.length)];
  const value = (depth) => {
    const kind = random(depth ? 8 : 10);
    if (kind > 7) return Object.fromEntries(Array.from({ length: random(3) }, () => [pick(['a', 'b', 'status', 'request']), value(depth + 1)]));
    return pick([500, 200, '500', 'status', '"status":500', '}', '{', 'a}b{', null, [500], [{ status: 500 }], 'line\nend', 'x\\y', -1, 0.5]);
  };
  const terms = ['status:500', 'status>100', 'request.status:500', 'a:*', 'b:*500*', 'request.a:}'].map(termIn);
  for (let i = 0; i < 1_000; i++) {
    const line = JSON.stringify({ ...(random(2) ? { level: 'info' } : {}), ...Object.fromEntries(Array.from({ length: random(5) }, () => [pick(['a', 'status', 'request', 'b', 'request.status']), value(0)])) });
    const { fields } = shapeOf(line, null) ?? { fields: [] };
    for (const term of terms) {
      const one = new FieldTest(term, false);
      assert.equal(one.test(line, null), fields.some((field) => field.name === term.name && one.takes(field.text)), `${term.term} in ${line}`);
    }
  }
});

test('a line that remembers where its field is answers as one that was never asked', () => {
  const random = numbers(11);
  const pick = (list) => list[random(list.length)];
  const scalar = () => pick(['500', '"500"', '5e2', '"0500"', '500.0', '200', '"a b"', '"A B"', 'null', 'true', '"x}y{"', '"\\"500\\""', '"5\\u0030\\u0030"', '[500]', '{"status":500}', '"status"']);
  const key = () => pick(['status', 'status', 'request', 'a.b', 'request.status', 'a b', 'st\\u0061tus', 'log']);
  const keys = (most) => [...new Set(Array.from({ length: random(most) }, key))];
  const inner = () => `{${keys(3).map((one) => `"${one}":${scalar()}`).join(',')}}`;
  const terms = ['status:500', 'status:5e2', 'status>=500', 'status:5*', '-status:200', 'request.status:500', 'request.status<501', '"a b":"A B"', 'status:*"*', 'a.b:500', 'request.a.b:500', 'status:a*'].map(termIn);
  const tests = terms.flatMap((term) => [new FieldTest(term, false), new FieldTest(term, true)]);
  let seen = 0;
  for (let i = 0; i < 3_000; i++) {
    const blank = pick(['', '', ' ', '\t']);
    const line = `{"level":"info"${keys(4).map((one) => `,${blank}"${one}"${blank}:${blank}${random(3) ? scalar() : inner()}`).join('')}}`;
    const item = Object.assign(new Item('line'), { text: line });
    const { fields } = shapeOf(line, null) ?? { fields: [] };
    for (let n = 0; n < 8; n++) {
      const one = pick(tests);
      const expected = fields.some((field) => field.name === one.term.name && one.takes(field.text));
      assert.equal(one.test(line, null, item), expected, `${one.term.term} in ${line}`);
      seen += expected ? 1 : 0;
    }
  }
  assert.ok(seen > 1_000);
});

test('a line that has a key twice has no fields, however often it is asked', () => {
  for (const line of ['{"level":"info","status":500,"status":500}', '{"level":"info","a":{"b":500,"b":500}}', '{"a":{"b":500},"level":"info","a":{"b":500}}']) {
    const item = Object.assign(new Item('line'), { text: line });
    for (const term of ['status:500', 'status:500', 'a.b:500', 'a.b>1', 'status>1']) assert.equal(new FieldTest(termIn(term), false).test(line, null, item), false, `${term} in ${line}`);
  }
});

test('a line that became longer is asked anew', () => {
  const store = new Store();
  const bytes = (text) => new TextEncoder().encode(text);
  const term = new FieldTest(termIn('status:500'), false);
  const begun = '{"level":"info","status":500,"a":"b"}';
  store.take({ file: 'f', start: 0, end: begun.length }, bytes(begun));
  assert.equal(term.test(store.last.plain, null, store.last), true);
  store.take({ file: 'f', start: begun.length, end: begun.length + 3 }, bytes(' x\n'));
  assert.equal(store.last.plain, `${begun} x`);
  assert.equal(term.test(store.last.plain, null, store.last), false);
});

test('a format that reads no JSON has no fields, whatever a line remembers', () => {
  const item = Object.assign(new Item('line'), { text: '{"level":"info","status":500}' });
  const term = new FieldTest(termIn('status:500'), false);
  assert.equal(term.test(item.text, null, item), true);
  const given = Object.assign(new Formats(['syslog|']), { isGiven: true });
  assert.equal(term.test(item.text, given, item), false);
  assert.equal(term.test(item.text, Object.assign(new Formats(['json|']), { isGiven: true }), item), true);
});

test('where most lines have a value, all lines are still asked for it', () => {
  const term = new FieldTest(termIn('status:500'), false);
  for (let i = 0; i < 500; i++) assert.equal(term.test(`{"level":"info","status":500,"n":${i}}`, null), true);
  assert.equal(term.test('{"level":"info","status":200}', null), false);
  assert.equal(term.test('{"log":"level=info status=500 msg=x\\n","stream":"stdout","time":"2026-11-28T14:22:09Z"}', null), true);
});

test('lines of pairs and of access logs are judged as their fields say', () => {
  const pairs = 'time=2026-11-28T14:22:09Z level=info';
  const request = '203.0.113.84 - - [28/Nov/2026:14:22:09 +0000]';
  const lines = [
    `${pairs} status=500`, `${pairs} status="500" n=1`, `${pairs} msg="a status=500 b" n=1`, `${pairs} msg="x" status=500`, `${pairs} xstatus=500`, `${pairs} status=200 status=500`, `${pairs} status=`, `${pairs}\tstatus=500`,
    `${pairs} msg="a \\" status=500 b"`, `${pairs} status="500`, 'time=2026 is no line of pairs status=500', 'ts=2026-11-28T14:22:09Z status=500', 'a status=500 b',
    `${request} "GET /a HTTP/1.1" 500 12`, `${request} "GET /500 HTTP/1.1" 200 500`, `${request} "GET /a HTTP/1.1" 200 12 status=500`, `${request} "GET /a b HTTP/1.1" 500 12`, `${request} "GET /a HTTP/1.1" 500 12x`, `${request} "-" 500 0`,
    `host ${request} "GET /a HTTP/1.1" 500 -`, `web-1  | ${request} "GET /a HTTP/1.1" 500 12`, `[28/Nov/2026:14:22:09 +0000] "GET /a HTTP/1.1" 500 12`, `say 203.0.113.84 - - - [28/Nov/2026:14:22:09 +0000] "GET /a HTTP/1.1" 500 12`,
  ];
  const found = { 'status:500': [0, 1, 3, 5, 7, 9, 10, 11, 13, 15, 16, 17, 18, 19, 20, 21], 'size:500': [14], 'path:/a': [13, 15, 17, 19, 20, 21], 'status:*': null };
  for (const [term, expected] of Object.entries(found)) {
    const one = new FieldTest(termIn(term), false);
    const asked = lines.map((line) => one.test(line, null));
    assert.deepEqual(asked, lines.map((line) => (shapeOf(line, null)?.fields ?? []).some((field) => field.name === one.term.name && one.takes(field.text))), term);
    if (expected) assert.deepEqual(asked.flatMap((is, i) => (is ? [i] : [])), expected, term);
  }
});

test('the names of fields are those of lines that are loaded', () => {
  const store = new Store();
  const take = (text) => {
    const bytes = new TextEncoder().encode(text);
    const start = store.place?.offset ?? 0;
    store.take({ file: 'f', start, end: start + bytes.length }, bytes);
  };
  const names = new FieldNames(() => store);
  take(`{"level":"info","rare":1}\n${'{"level":"info","request":{"method":"GET"}}\n'.repeat(200)}`);

  assert.deepEqual(['level', 'request.method', 'rare', 'method', 'localhost'].map((name) => names.has(name)), [true, true, true, false, false]);
  assert.equal(names.isBetter, false);
  take('{"level":"info","localhost":1}\n');
  assert.equal(names.isBetter, true);
  assert.equal(names.has('localhost'), true);
});

test('the chip of a value finds its line, whatever the name of its field is', () => {
  const names = ['{', '}', '":', '"', '\\', 'a\nb', '陈 杰', '/', ' ', '.', 'a.', '"a"', '-x', '*', '\u001b[31mred', 'log', '{"level', ':', 'a:b', '<', '='];
  for (const name of names) {
    for (const value of ['v', '', 'a "b" \\ \n*', '}', '500', '5*']) {
      const line = (text) => JSON.stringify({ level: 'info', [name]: text, other: 1 });
      const term = termIn(termOf(name, value));
      assert.deepEqual([term.kind, term.name, term.value], ['field', name, value]);
      assert.deepEqual([line(value), line('w'), JSON.stringify({ level: 'info', x: value })].map((text) => new FieldTest(term, false).test(text, null)), [true, false, false], `${name} ${value}`);
    }
  }
});

test('a value without a name is searched for as it is written', () => {
  const [, field] = shapeOf('{"level":"info","":"a \\"b\\"\\n"}', null).fields;
  assert.deepEqual([field.name, field.text, field.written], ['', 'a "b"\n', 'a \\"b\\"\\n']);
});
