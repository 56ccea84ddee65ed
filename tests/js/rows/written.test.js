/** The parts of a line that is drawn as it was written, and where its text begins. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { detect } from '../../../django_logtail/static/logtail/formats/detection.js';
import { headIn } from '../../../django_logtail/static/logtail/formats/heads.js';
import { clockOf } from '../../../django_logtail/static/logtail/formats/moments.js';
import { briefly, hangOf, messageParts, partsOf, repeatedParts } from '../../../django_logtail/static/logtail/rows/written.js';

const shown = (parts, text) => parts.map(({ name, from, to }) => `${name.replaceAll('lt-', '')}<${text.slice(from, to)}>`).join(' ');
const parts = (text) => partsOf(text, headIn(text, null));
const hang = (text) => hangOf(text, (written) => clockOf(written).length, null);
const seen = (text, showsLevel) => briefly(parts(text), text, showsLevel).filter(({ name }) => !name.endsWith('lt-out'))
  .map(({ name, from, to }) => (name.endsWith('lt-apart') ? '_' : '') + text.slice(from, to)).join('');

const LINES = {
  django: 'INFO Watching for file changes',
  uvicorn: 'ERROR:    Exception in ASGI application',
  verbose: 'INFO 2026-11-28 14:22:01,100 views 4123 140123 order 71',
  usual: '2026-11-28 14:22:01,100 ERROR shop.views: refused',
  python: '2026-11-28 14:22:01,100 - shop - INFO - paid',
  monolog: '[2026-11-28 14:22:01] production.ERROR: laravel error',
  apache: '[Sat Nov 28 14:22:03.100000 2026] [php:error] [pid 12:tid 13] [client 10.0.0.1:44] apache error',
  mysql: '2026-11-28T14:22:10.100000Z 0 [Note] [MY-010119] [Server] mysql note',
  postgres: '2026-11-28 14:22:02.200 UTC [4123] shop@shopdb LOG:  ready',
  structlog: '2026-11-28 14:22:02 [info     ] order received      [shop] number=71',
  dotnet: 'fail: Example.Server[13]',
  syslog: 'Dec 31 23:59:59 web1 shop[1]: old year',
};

for (const [name, wanted] of Object.entries({
  django: 'lv pad<INFO> msg<Watching for file changes>',
  uvicorn: 'lv<ERROR> sep<:    > msg<Exception in ASGI application>',
  verbose: 'lv pad<INFO> ts<2026-11-28 14:22:01,100> sep< > src<views> sep said< 4123 140123 > msg<order 71>',
  usual: 'ts<2026-11-28 14:22:01,100> sep< > lv pad<ERROR> src<shop.views> sep<: > msg<refused>',
  python: 'ts<2026-11-28 14:22:01,100> sep< - > src<shop> sep< - > lv pad<INFO> sep<- > msg<paid>',
  monolog: 'sep said<[> ts<2026-11-28 14:22:01> sep said<] > src held<production> sep<.> lv held<ERROR> sep<: > msg<laravel error>',
  apache: 'sep said<[> ts<Sat Nov 28 14:22:03.100000 2026> sep said<] [> src held<php> sep<:> lv held<error> sep said<] [pid 12:tid 13] [client 10.0.0.1:44] > msg<apache error>',
  mysql: 'ts<2026-11-28T14:22:10.100000Z> sep said< 0 [> lv held<Note> sep said<] [MY-010119] [> src held<Server> sep said<] > msg<mysql note>',
  dotnet: 'lv<fail> sep<: > src held<Example.Server> sep said<[13]> msg<>',
})) test(`only the message of a line of ${name} is not dimmed`, () => assert.equal(shown(parts(LINES[name]), LINES[name]), wanted));

test('the parts together are the line', () => {
  for (const text of Object.values(LINES)) {
    const all = parts(text);
    assert.equal(all.map(({ from, end }) => text.slice(from, end)).join(''), text);
  }
});

for (const [name, columns] of Object.entries({
  django: 9, uvicorn: 10, verbose: 22, usual: 22, python: 33, monolog: 29, apache: 30, mysql: 25, postgres: 38, structlog: 21, dotnet: 6, syslog: 9,
})) test(`lines of an entry of ${name} go on in column ${columns}`, () => assert.equal(hang(LINES[name]), columns));

test('a long level pushes the lines of its entry', () => {
  assert.equal(hang('CRITICAL disk is full'), 9);
  assert.equal(hang('EMERGENCY disk is full'), 10);
});

test('a line without a time and a level has no column for its text', () => assert.equal(hang('Traceback (most recent call last):'), null));

test('a container says its own time before that of the program', () => {
  const text = '2026-11-28T14:22:09.100000000Z stderr F 2026-11-28 14:22:09,100 ERROR shop: cri error';

  assert.equal(shown(parts(text), text), 'ts stamp<2026-11-28T14:22:09.100000000Z> sep said< stderr F > ts<2026-11-28 14:22:09,100> sep< > lv pad<ERROR> src<shop> sep<: > msg<cri error>');
  assert.equal(hangOf(text, (_, isStamp) => (isStamp ? 5 : 12), null), 5 + 10 + 12 + 1 + 9);
});

for (const [name, quiet, loud] of [
  ['django', 'Watching for file changes', 'INFO_Watching for file changes'],
  ['uvicorn', 'Exception in ASGI application', 'ERROR:    Exception in ASGI application'],
  ['verbose', '2026-11-28 14:22:01,100 4123 140123 order 71', 'INFO_2026-11-28 14:22:01,100 4123 140123 order 71'],
  ['usual', '2026-11-28 14:22:01,100_refused', '2026-11-28 14:22:01,100 ERROR_refused'],
  ['python', '2026-11-28 14:22:01,100_paid', '2026-11-28 14:22:01,100_INFO_- paid'],
  ['monolog', '[2026-11-28 14:22:01] production.ERROR: laravel error', '[2026-11-28 14:22:01] production.ERROR: laravel error'],
  ['postgres', '2026-11-28 14:22:02.200 UTC [4123] shop@shopdb ready', '2026-11-28 14:22:02.200 UTC [4123] shop@shopdb LOG:  ready'],
  ['structlog', '2026-11-28 14:22:02 [info     ] order received      [shop] number=71', '2026-11-28 14:22:02 [info     ] order received      [shop] number=71'],
]) test(`where there is little room, nothing is left behind of what a line of ${name} leaves out`, () => {
  assert.deepEqual([seen(LINES[name], false), seen(LINES[name], true)], [quiet, loud]);
});

test('a name stays if the message is only something in brackets', () => {
  const text = '15:54:58 FAIL covers.test_26 (61 ms)';
  const at = (part) => [text.indexOf(part), text.indexOf(part) + part.length];
  const made = partsOf(text, { time: at('15:54:58'), word: at('FAIL'), source: at('covers.test_26'), message: text.indexOf('(') });

  assert.equal(shown(briefly(made, text, true), text), 'ts<15:54:58> sep< > lv pad<FAIL> src apart<covers.test_26> sep< > msg<(61 ms)>');
  const longer = `${text} and more`;
  assert.match(shown(briefly(partsOf(longer, { time: at('15:54:58'), word: at('FAIL'), source: at('covers.test_26'), message: text.indexOf('(') }), longer, true), longer), /src out/);
});

test('a line of PostgreSQL that repeats the head of its entry begins with its own word', () => {
  const head = '2026-11-28 14:22:02.200 UTC [4123] shop@shopdb ERROR:  division by zero';
  const more = '2026-11-28 14:22:02.200 UTC [4123] shop@shopdb STATEMENT:  SELECT';
  const formats = detect(Array.from({ length: 10 }, () => head));
  const found = repeatedParts(more, formats);

  assert.equal(shown(found, more), 'again<2026-11-28 14:22:02.200 UTC [4123] shop@shopdb > msg<STATEMENT:  SELECT>');
  assert.equal(repeatedParts(head, formats), null);
  assert.equal(repeatedParts('\t  1 / 0', formats), null);
  assert.equal(repeatedParts(more, null), null);
});

for (const [name, line, wanted] of [
  ['Ruby', 'I, [2026-11-28T14:22:09.539123 #4123]  INFO -- : ok', 'lv<INFO>'],
  ['Ruby', 'E, [2026-11-28T14:22:09.539123 #4123] ERROR -- : boom', 'lv<ERROR>'],
  ['Nest', '[Nest] 4123  - 11/28/2026, 2:22:09 PM     LOG [NestFactory] Starting', 'lv<LOG>'],
  ['Nest', '[Nest] 4123  - 11/28/2026, 2:22:09 PM VERBOSE [NestFactory] Starting', 'lv<VERBOSE>'],
  ['log4j', '2026-11-28 14:22:09.539 [main]  INFO shop.Pay - ok', 'lv<INFO>'],
]) test(`a level that ${name} aligns with blanks before it gets none behind it: ${wanted}`, () => assert.equal(/lv[^<]*<\w+>/.exec(shown(parts(line), line))[0], wanted));

test('whether a program aligns its levels is seen in all of its lines', () => {
  const line = (blanks, level) => `2026-11-28 14:22:09.539 [main]${blanks}${level} shop.Pay - ok`;
  const name = (lines, text) => /lv[^<]*/.exec(shown(partsOf(text, headIn(text, detect(lines))), text))[0];

  const aligned = [line('  ', 'INFO'), line(' ', 'ERROR'), line('  ', 'WARN')];
  assert.deepEqual(aligned.map((text) => name(aligned, text)), ['lv', 'lv', 'lv']);
  const apart = [line('  ', 'INFO'), line('  ', 'ERROR'), line('  ', 'WARN')];
  assert.deepEqual(apart.map((text) => name(apart, text)), ['lv pad', 'lv pad', 'lv pad']);
  const alike = [line('  ', 'INFO'), line('  ', 'INFO')];
  assert.deepEqual(alike.map((text) => name(alike, text)), ['lv', 'lv']);
  assert.equal(name([line(' ', 'INFO'), line(' ', 'INFO')], line(' ', 'INFO')), 'lv pad');
});

test('the message below its head is no more than that', () => {
  for (const [text, wanted] of [
    ['SEVERE: boom: x', 'lv held<SEVERE> sep<: > text<boom: x>'],
    ['      An unhandled exception', 'text<      An unhandled exception>'],
    ['SEVERE:', 'text<SEVERE:>'],
    ['', 'text<>'],
  ]) assert.equal(shown(messageParts(text), text), wanted);
});

test('a head of more than 400 characters has its parts, and its lines their column', () => {
  const before = `2026-11-28 14:22:02.200 UTC ${`user=${'x'.repeat(95)} `.repeat(4)}`;
  const head = `${before}ERROR:  no`;
  const more = `${before}STATEMENT:  SELECT`;

  assert.equal(before.length, 432);
  assert.match(shown(parts(head), head), / lv<ERROR> sep<: {2}> msg<no>$/);
  assert.equal(hang(head), '14:22:02.200'.length + before.length - '2026-11-28 14:22:02.200 UTC'.length + 'ERROR:  '.length);
  assert.match(shown(repeatedParts(more, detect([head, head, head])), more), /msg<STATEMENT: {2}SELECT>$/);
});

for (const often of ['PASS', 'FAIL']) test(`in a log where levels are rare, the name after one is in the column of its neighbours, also when ${often} is in the first lines`, () => {
  const formats = detect([...Array(30).fill('21:52:02 PASS orders.test_07 (12 ms)'), ...Array(3).fill(`21:52:03 ${often} orders.test_08 (1163 ms)`)]);
  const text = '21:52:04 FAIL orders.test_09 (1163 ms)';

  assert.equal(shown(partsOf(text, headIn(text, formats)), text), 'ts<21:52:04> sep< > lv<FAIL> sep< > msg<orders.test_09 (1163 ms)>');
});
