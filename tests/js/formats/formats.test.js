/** The page's reader of formats answers what the host's answers: `tests/formats` has the lines, and the same tests in Python. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Context, read } from '../../../django_logtail/static/logtail/formats/context.js';
import { detect } from '../../../django_logtail/static/logtail/formats/detection.js';
import { fieldsOfJson, peek } from '../../../django_logtail/static/logtail/formats/fields.js';
import { headOf } from '../../../django_logtail/static/logtail/formats/heads.js';
import { clockOf, dayOf, momentOf, passed } from '../../../django_logtail/static/logtail/formats/moments.js';
import { shapeOf } from '../../../django_logtail/static/logtail/formats/shape.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';
import { plain } from '../../../django_logtail/static/logtail/formats/text.js';

/** Noon of the day that the lines were written on. */
const BESIDE = 1_795_867_200_000;
const LOG = (n, text) => `2026-11-28 14:22:0${n},100 INFO shop: ${text}`;

const cases = (name) => readFileSync(new URL(`../../formats/${name}`, import.meta.url), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

for (const [i, { program, line, level, time, at, logger, message }] of cases('conformance.jsonl').entries()) {
  test(`line ${i + 1}, ${program}, says what its program meant`, () => {
    const text = plain(line);

    const { level: found, written } = read(text, new Context());
    const head = headOf(text);

    assert.deepEqual([found, written], [level, time]);
    if (head?.time) assert.equal(text.slice(...head.time), time);
    if (at !== undefined) assert.equal(Math.floor(momentOf(time, BESIDE).ms), Date.parse(at));
    if (logger !== undefined) assert.equal(head?.logger ?? '', logger);
    if (message !== undefined) assert.equal(head.said ?? text.slice(head.message), message);
  });
}

for (const { name, lines, entries } of cases('entries.jsonl')) {
  test(`lines make the entries that were written: ${name}`, () => {
    const store = new Store();
    const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
    store.take({ file: 'f', start: 0, end: bytes.length }, bytes);
    const texts = store.items.filter((item) => item.kind === 'line').map((item) => item.plain);
    const context = new Context(detect(texts.slice(0, 300), texts.slice(300).slice(-300)));
    const found = [];

    texts.forEach((text, i) => {
      const { kind, level } = read(text, context, texts[i + 1] ?? null);
      if (kind === 'entry') found.push([level, 1]);
      else found[found.length - 1][1]++;
    });

    assert.deepEqual(found, entries);
  });
}

for (const { written, beside, now, at } of cases('moments.jsonl')) {
  test(`${written} means its moment${beside ? ` beside ${beside}` : ''}`, ({ mock }) => {
    if (now) mock.timers.enable({ apis: ['Date'], now: Date.parse(now) });

    const moment = momentOf(written, beside ? Date.parse(beside) : null);

    assert.equal(moment && Math.floor(moment.ms), at && Date.parse(at));
  });
}

for (const { line, fields } of cases('fields.jsonl')) {
  test(`a line has the fields that were written: ${line.slice(0, 60)}`, () => {
    const shape = shapeOf(line, null);

    assert.deepEqual(shape && shape.fields.filter((field) => field.name).map((field) => [field.name, field.text]), fields);
  });
}

for (const count of [5_000, 5_001]) {
  test(`a line of ${count} fields is ${count > 5_000 ? 'not ' : ''}taken apart`, () => {
    const names = Array.from({ length: count }, (_, i) => `k${i}`);
    const pairs = shapeOf(`${names.slice(1).map((name) => `${name}=1`).join(' ')} level=info`, null);
    const json = shapeOf(JSON.stringify(Object.fromEntries(names.map((name) => [name, 1]))), null);

    assert.deepEqual([pairs?.fields.length, json?.fields.length], count > 5_000 ? [undefined, undefined] : [5_000, 5_000]);
  });
}

const PARTS = [' ', 'a.', '[a]', ': ', '1 ', '- -', 'a - ', '(', 'INFO/', '{"a":', 'x=1 ', '[', 'a=', '0', 'a', 'ERROR ', '"', '\\"', '1-', '1:', 'a::b', '<1>', '{}', '2026-11-28 14:22:09 ', 'ab12-', '\t', '|', 'x="', 'Error', 'a/'];
const BEFORE = ['', '2026-08-24 14:22:09 ', 'INFO: ', '{"level":', '<34>', '[2026-08-24 14:22:09] ', 'web | ', '[pid: ', '10.0.0.1 - - [28/Nov/2026:14:22:09 +0000] "', 'Nov 28 14:22:09 web app: ', '1795875729.5 ', 'Caused by: ', 'a=1 ', '2026-08-24 14:22:09 UTC [12] '];

test('no line takes long, whatever it is made of', () => {
  const started = process.cpuUsage().user;
  for (const before of BEFORE) {
    for (const part of PARTS) {
      const line = (before + part.repeat(Math.ceil(1_048_576 / part.length))).slice(0, 1_048_576);
      headOf(line);
      read(line, new Context(), line);
      momentOf(line.slice(0, 200));
    }
  }

  // An expression that goes back and forth would take hours; this is no measurement.
  assert.ok(process.cpuUsage().user - started < 120_000_000);
});

for (const [before, after, milliseconds] of [
  ['23:59:58.100', '00:00:01.100', 3000],
  ['Dec 31 23:59:59', 'Jan  1 00:00:01', 2000],
  ['2026-11-28T14:22:02.100+01:00', '2026-11-28T13:22:03.100Z', 1000],
  ['2026-11-28 14:22:01', '2026-11-28T14:22:02+01:00', 1000],
  ['28/Nov/2026:14:22:09 +0000', '28/Nov/2026:14:22:10 +0000', 1000],
  ['1795875729', '1795875729539', 539],
  ['11/28/2026 11:59:59 PM', '11/29/2026 12:00:01 AM', 2000],
]) {
  test(`from ${before} to ${after} it is ${milliseconds} ms`, () => {
    const first = momentOf(before);

    assert.equal(Math.round(passed(first, momentOf(after, first.ms))), milliseconds);
  });
}

for (const [written, clock, day] of [
  ['2026-08-24 14:22:09,539', '14:22:09.539', '2026-08-24'],
  ['28/Nov/2026:15:52:47 +0000', '15:52:47', '2026-11-28'],
  ['28-Nov-2026::14:22:09', '14:22:09', '2026-11-28'],
  ['20261128T142209Z', '14:22:09', '2026-11-28'],
  ['1128 14:22:09.539123', '14:22:09.539123', '2026-11-28'],
  ['Nov 28 14:22:09', '14:22:09', '2026-11-28'],
  ['11/28/2026 2:22:09 PM', '2:22:09 PM', '2026-11-28'],
  ['2026-11-28 14.22.09', '14:22:09', '2026-11-28'],
  ['2026-11-28 14:22', '14:22', '2026-11-28'],
  ['28-Nov-2026 14:22:09 America/New_York', '14:22:09', '2026-11-28'],
  ['1795875734.539', '14:22:14.539Z', '2026-11-28'],
]) {
  test(`${written} shows the clock that was written, and its day`, ({ mock }) => {
    mock.timers.enable({ apis: ['Date'], now: BESIDE });
    assert.deepEqual([clockOf(written), dayOf(written)], [clock, day]);
  });
}

test('a log of a server and its app has two formats', () => {
  const server = '10.0.0.1 - - [28/Nov/2026:14:22:09 +0000] "GET / HTTP/1.1" 200 12';

  assert.deepEqual(detect([LOG(1, 'ok'), server, server, LOG(2, 'ok'), LOG(3, 'ok')])?.names, ['Time and level', 'Access log']);
});

test('of lines that have nothing in common no format is known', () => {
  assert.equal(detect(['ERROR boom', '2026-11-28 14:22:09 hello', '{"level":"info"}', 'panic: x']), null);
});

test('a line of JSON that is only looked into says what it says when it is parsed', () => {
  let looked = 0;
  for (const { line } of cases('conformance.jsonl').filter((one) => one.line.startsWith('{'))) {
    const whole = fieldsOfJson(line);
    if (!whole) {
      assert.equal(peek(line, 'level', 'time'), null);
      continue;
    }
    for (const [level, time] of [[whole.levelKey, whole.timeKey], ['level', 'time'], ['severity', 'timestamp']]) {
      const found = peek(line, level, time);
      if (!found) continue;
      looked++;
      assert.deepEqual(found, { level: whole.level, time: whole.time }, line);
    }
  }

  assert.ok(looked > 20);
});

for (const line of ['{"level":"info","time":"1","level":"error"}', '{"level":"info","time":"1","severity":"error"}', '{"level":"info","time":"1"} x', '{"level":"info","time":"1","log":"x"}', '{"level":"\\u0065rror","time":"1"}', '{"level":"info","time":"1"', '{"a":{"level":"info"},"time":"1"}']) {
  test(`${line} is parsed, and not only looked into`, () => {
    assert.equal(peek(line, 'level', 'time'), null);
  });
}

/** Lines of one program, read with the format that is found in them. */
function readSixty() {
  const lines = Array.from({ length: 60 }, (_, second) => `2026-11-28 14:22:${String(second).padStart(2, '0')},000 INFO shop.x said`);
  const context = new Context(detect(lines));
  for (const line of lines) read(line, context);
  return context;
}

for (const [seconds, kind, level] of [['59', 'entry', 'W'], ['54', 'entry', 'W'], ['53', 'continuation', 'I']]) {
  test(`another program's line begins an entry unless it is over 5 s older: second ${seconds}`, () => {
    const found = read(`2026/11/28 14:22:${seconds} [warn] 12#0: slow`, readSixty());

    assert.deepEqual([found.kind, found.level], [kind, level]);
  });
}

test("below a traceback no other program's line is looked for", () => {
  const context = readSixty();
  for (const line of ['2026-11-28 14:22:59,500 ERROR shop.x no', 'Traceback (most recent call last):']) read(line, context);

  const found = read('2026/11/28 14:22:59 [warn] 12#0: slow', context);

  assert.deepEqual([found.kind, found.level], ['continuation', 'E']);
});

for (const [name, lines, wanted] of [
  ['java.util.logging', ['Nov 28, 2026 2:22:09 PM com.example.Shop pay', 'SEVERE: boom', 'java.lang.Error: x', 'Nov 28, 2026 2:22:10 PM com.example.Shop pay', 'INFO: ok'], [1, 4]],
  ['the .NET console', ['fail: Shop.Pay[0]', '      boom', '      at Shop.Pay()', 'info: Shop.Pay[0]', '      ok'], [1, 4]],
  ['Erlang', ['=ERROR REPORT==== 28-Nov-2026::14:22:01 ===', 'closing', 'the connection'], [1]],
  ['a log whose heads have messages', ['2026-11-28 14:22:09 ERROR boom', 'more', 'and more'], []],
]) {
  test(`the message of ${name} is the line below its head, if it has none there`, () => {
    const context = new Context(name === 'Erlang' ? null : detect(lines));

    const found = lines.map((line, i) => (read(line, context, lines[i + 1] ?? null).isMessage ? i : -1)).filter((i) => i >= 0);

    assert.deepEqual(found, wanted);
  });
}
