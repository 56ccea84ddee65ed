/** How the time to read a line grows with its length: never faster than the line. Lines repeat a part to their end. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Context, read } from '../../../django_logtail/static/logtail/formats/context.js';
import { frameOf, Frames, libraryOf } from '../../../django_logtail/static/logtail/formats/frames.js';
import { headOf } from '../../../django_logtail/static/logtail/formats/heads.js';
import { shapeOf } from '../../../django_logtail/static/logtail/formats/shape.js';
import { idsIn } from '../../../django_logtail/static/logtail/rows/ids.js';

const SIGNS = [...'/.-$<([)]"\'=:,@ 0a\t'];
const PAIRED = [...'/.-$( 0a'];
const PARTS = [
  ...SIGNS, ...PAIRED.flatMap((one) => PAIRED.filter((other) => other !== one).map((other) => one + other)),
  '-1', '@v1', '@v1/', '.php', '.go:1', "', ", ') in ', ' (.', ':line 1', 'panicked at ', ' at /', 'a-1', '/src/', '/go/src/', '/pkg/mod/', '/vendor/a/b/', '/gems/', '/cargo/registry/src/a/',
  '[1] ', 'a=b ', 'a="b" ', '{"a":', '\\"', '10:00:00 ', '2026-11-28 10:00:00 ',
];
const ENDS = ['', '!'];

/** The time of one call, as short as it gets. @param {() => void} call */
function cost(call) {
  let least = Infinity;
  for (let i = 0; i < 7; i++) {
    const began = performance.now();
    call();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}

/** Whether four times the length takes far more than four times as long; a busy machine is given two more tries. @param {(text: string) => void} reads @param {string} short @param {string} long */
function growsFaster(reads, short, long) {
  for (let i = 0; i < 3; i++) if (cost(() => reads(long)) < 8 * cost(() => reads(short)) + 0.05) return false;
  return true;
}

/** @param {string} start @param {string} part @param {string} end @param {number} length */
const made = (start, part, end, length) => (start + part.repeat(Math.ceil(length / part.length))).slice(0, length - end.length) + end;

/** The lines that `reads` takes too long for. @param {(text: string) => void} reads @param {string[]} starts @param {number} length */
function slowLines(reads, starts, length) {
  const slow = [];
  for (const start of starts) {
    for (const part of PARTS) {
      for (const end of ENDS) {
        const long = made(start, part, end, length);
        const began = performance.now();
        reads(long);
        // Too short a time to matter, or to be compared.
        if (performance.now() - began < length / 10_000) continue;
        if (!growsFaster(reads, made(start, part, end, length / 4), long)) continue;
        slow.push(JSON.stringify([start, part, end]));
        if (slow.length > 4) return slow;
      }
    }
  }
  return slow;
}

const FRAMES = [
  '  at ', '  at a(', '  at a.b(C.java:1) [', '  at a.b(C.java:1) ~[', '  at a(b) in ', '  at a (', '  File "', '  File "/vendor/a/b/', '  File "/gems/a', '  File "/go/src/', '  File "/pkg/mod/', '  1: ', '#0 ',
  '\t/a', '  from ', 'a (1', ' in /a', "thread 'a' panicked at ", 'created by ',
];

test('a line of a traceback is searched for a frame in a time that grows with it', () => {
  assert.deepEqual(slowLines((text) => frameOf(text), FRAMES, 2_000), []);
});

test('a line is read as one of a traceback in a time that grows with it', () => {
  const frames = new Frames();
  for (const kind of ['go', 'java', 'python', 'rust', 'dotnet']) {
    const reads = (/** @type {string} */ text) => {
      frames.kind = kind;
      frames.read(text, null);
      frames.read('a', text);
    };
    assert.deepEqual(slowLines(reads, ['', '  ', '  1: ', '\t', 'a'], 2_000), []);
  }
});

test('the library of a path is found in a time that grows with it', () => {
  const starts = ['', '/', '/pkg/mod/', '/go/src/', '/gems/a', '/vendor/', '/cargo/registry/src/a/b', '/lib/python3', 'C:/Python3', '/glibc', '/node_modules/@', '/site-packages/'];
  assert.deepEqual(slowLines((path) => libraryOf(path), starts, 2_000), []);
});

const HEADS = [
  '', '[', '{"a":"', '2026-11-28 10:00:00 ', '2026-11-28 10:00:00,123 ERROR ', '[2026-11-28 10:00:00 +0000] [1] ', 'ERROR ', 'Nov 28 10:00:00 host app[1]: ', '1.2.3.4 - - [28/Nov/2026:15:52:47 +0000] "GET / HTTP/1.1" 200 1 ',
  'level=error time=2026-11-28T10:00:00Z msg=', '<34>1 2026-11-28T10:00:00Z h a - - ', 'web-1  | ', '{"level":"error","time":"2026-11-28T10:00:00Z","msg":"',
];

test('the head of a line is read in a time that grows with it', () => {
  assert.deepEqual(slowLines((text) => headOf(text), HEADS, 8_000), []);
  assert.deepEqual(slowLines((text) => read(text, new Context(), '  at a'), HEADS, 8_000), []);
});

test('the fields of a line are read in a time that grows with it', () => {
  assert.deepEqual(slowLines((text) => shapeOf(text, null), HEADS, 8_000), []);
});

test('the ids of a line are found in a time that grows with it', () => {
  assert.deepEqual(slowLines((text) => idsIn(text), ['', 'request_id=', '"trace_id": "', 'a-', 'requestrequest', '5d80e6f1-3c2a-'], 4_000), []);
});
