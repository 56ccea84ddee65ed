/** Lines that were made to keep the page busy. None takes long in any of the ways in which lines are read. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const at = (/** @type {string} */ name) => JSON.stringify(new URL(`../../../django_logtail/static/logtail/${name.includes('/') ? '' : 'formats/'}${name}`, import.meta.url).href);

/** What a script prints, which is ended after 20 seconds: without the mend each would take minutes. @param {string} name @param {string} script */
function said(name, script) {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', `const m = await import(${at(name)}); ${script}`], { timeout: 20_000, encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) });
  return stdout.trim();
}

test('slashes after "at" are no frame', () => {
  assert.equal(said('frames.js', "console.log(m.frameOf('   at ' + '/'.repeat(1_900)))"), 'null');
});

test('dots after a frame of Go are no function', () => {
  assert.equal(said('frames.js', "const f = new m.Frames(); f.kind = 'go'; console.log(f.read('..a'.repeat(600) + '!', null).isFrame)"), 'false');
});

test('titles of windows that do not end are text', () => {
  assert.equal(said('text.js', "console.log(m.plain('\\u009d'.repeat(1_000_000)).length)"), '1000000');
});

test('a hundred thousand links are text', () => {
  assert.equal(said('text.js', "console.log(m.plain('\\u001b]8;;a\\u0007a\\u001b]8;;\\u0007'.repeat(100_000)).length)"), '100000');
});

test('brackets of a request that do not close are words', () => {
  assert.equal(said('shape.js', "console.log(m.shapeOf('1.2.3.4 - - [28/Nov/2026:15:52:47 +0000] \"GET / HTTP/1.1\" 200 1 ' + '[ '.repeat(300_000), null).field('status').text)"), '200');
});

test('objects in objects beside closing brackets in a string are not taken apart', () => {
  assert.equal(said('shape.js', "const n = 20_000; console.log(m.shapeOf('{\"x\":\"' + '}'.repeat(n) + '\",\"a\":' + '{\"a\":'.repeat(n) + '1' + '}'.repeat(n) + '}', null))"), 'null');
});

test('a level of PostgreSQL that objects have a property of is none', () => {
  assert.equal(said('fields.js', "console.log(m.fieldsOfJson('{\"error_severity\":\"constructor\"}').level)"), 'null');
});

test('a thousand brackets behind each of a thousand addresses are looked at once', () => {
  const line = "('http://a/' + ')'.repeat(1_900) + ' ').repeat(1_000)";
  assert.equal(said('rows/links.js', `console.log(m.linksIn(${line}, [], { urls: true, source: null }).length)`), '1000');
});

test('brackets in strings do not make JSON deep', () => {
  assert.equal(said('fields.js', "console.log(m.fieldsOfJson(JSON.stringify({ level: 'error', x: '{['.repeat(2_000) + '\\\\\"' })).level)"), 'E');
});
