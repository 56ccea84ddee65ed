import assert from 'node:assert/strict';
import test from 'node:test';

import { contraryOf, termIn, termOf, termOfText, termsIn } from '../../../django_logtail/static/logtail/find/terms.js';

const isField = (name) => ['path', 'duration_ms', 'status', 'C', 'http', 'foo', 'request.method'].includes(name);

/** Terms in short: "text", "≠text" for one that is not wanted, [name, operator, value], with "-" before the name where it is not wanted, or ["bad", why, name]. */
const short = (terms) => terms.map((one) => {
  if (one.kind === 'text') return (one.not ? '≠' : '') + one.text;
  if (one.kind === 'bad') return ['bad', one.why, one.name];
  return [(one.not ? '-' : '') + one.name, one.op, one.value, ...(one.quoted ? ['quoted'] : [])];
});
const typed = (text, names = isField) => short(termsIn(text, names));

test('a text is read blanks and all, up to a field term', () => {
  assert.deepEqual(typed('rm -rf /tmp'), ['rm -rf /tmp']);
  assert.deepEqual(typed('end  '), ['end  ']);
  assert.deepEqual(typed(' -x'), [' -x']);
  assert.deepEqual(typed('no answer  status:500 '), ['no answer', ['status', ':', '500']]);
  assert.deepEqual(typed('a "b" c'), ['a "b" c']);
  assert.deepEqual(typed('"level": "error"'), ['"level": "error"']);
  for (const nothing of ['', ' ', '   ']) assert.deepEqual(typed(nothing), []);
});

test('"-" excludes only where a term begins', () => {
  assert.deepEqual(typed('-timeout'), ['≠timeout']);
  assert.deepEqual(typed('-timeout '), ['≠timeout']);
  assert.deepEqual(typed('-healthz -static'), ['≠healthz', '≠static']);
  assert.deepEqual(typed('status:500 -static'), [['status', ':', '500'], '≠static']);
  assert.deepEqual(typed('shop -static'), ['shop -static']);
  for (const text of ['-1', '- a', '--force', '-']) assert.deepEqual(typed(text), [text]);
});

test('an exclusion is one word, or one text in quotes', () => {
  assert.deepEqual(typed('-timeout foo'), ['≠timeout', 'foo']);
  assert.deepEqual(typed('-timeout foo -bar '), ['≠timeout', 'foo -bar ']);
  assert.deepEqual(typed('status:500 -boom hello you'), [['status', ':', '500'], '≠boom', 'hello you']);
  assert.deepEqual(typed('-timeout "a b"'), ['≠timeout', 'a b']);
  assert.deepEqual(typed('-"a b" foo'), ['≠a b', 'foo']);
  assert.deepEqual(typed('-a  rm -rf /tmp'), ['≠a', 'rm -rf /tmp']);
  assert.deepEqual(typed('-timeout status:500'), ['≠timeout', ['status', ':', '500']]);
});

test('quotes protect', () => {
  assert.deepEqual(typed('"-x y"'), ['-x y']);
  assert.deepEqual(typed('"status:500"'), ['status:500']);
  assert.deepEqual(typed('-"a b" "c"'), ['≠a b', 'c']);
  assert.deepEqual(typed('"say ""hi"""'), ['say "hi"']);
  for (const text of ['"', '""', '"a"b']) assert.deepEqual(typed(text), [text]);
});

test('several terms are read as the box names them', () => {
  assert.deepEqual(
    typed('"rm -rf /tmp" path:/checkout* -timeout duration_ms>fast'),
    ['rm -rf /tmp', ['path', ':', '/checkout*'], '≠timeout', ['bad', 'number', 'duration_ms']],
  );
});

test('fields have values, quoted ones and numbers', () => {
  assert.deepEqual(typed('status:500'), [['status', ':', '500']]);
  assert.deepEqual(typed('-request.method:GET'), [['-request.method', ':', 'GET']]);
  assert.deepEqual(typed('path:"/a b*"'), [['path', ':', '/a b*', 'quoted']]);
  assert.deepEqual(typed('duration_ms>=1e3 duration_ms<-.5'), [['duration_ms', '>=', '1e3'], ['duration_ms', '<', '-.5']]);
  assert.deepEqual(typed('path:"/a b'), [['bad', 'quote', 'path']]);
  assert.deepEqual(typed('duration_ms>0x10'), [['bad', 'number', 'duration_ms']]);
});

test('what only looks like a field is a text', () => {
  for (const text of ['http://x', '12:30:05', 'key: value', 'a > b', 'C:\\x', 'foo::bar', 'localhost:8000', 'status: 500', 'status:', 'status > 5']) assert.deepEqual(typed(text), [text], text);
  assert.deepEqual(typed('status:500', () => false), ['status:500']);
});

test('a chip means the same in every log', () => {
  assert.deepEqual(short([termIn('status:500'), termIn('-duration>1000'), termIn('"status:500"'), termIn('rm -rf /tmp'), termIn('-no answer')]), [['status', ':', '500'], ['-duration', '>', '1000'], 'status:500', 'rm -rf /tmp', '≠no answer']);
  for (const text of ['http://x', '12:30:05', 'key: value', 'C:\\x', 'foo::bar', 'user:Li Na']) assert.deepEqual(short([termIn(text)]), [text], text);
  assert.deepEqual(termIn('~"a|""b"""'), { kind: 'regex', not: false, source: 'a|"b"', term: '~"a|""b"""' });
  for (const text of ['~a', '~"a', '~""', '~"a" b', ' ~"a"']) assert.equal(termIn(text).kind, 'text', text);
  assert.deepEqual(short([termIn(termOfText('~"a"'))]), ['~"a"']);
  assert.deepEqual(short(termsIn('~"a"', () => true)), ['~"a"']);
  assert.deepEqual(short([termIn('duration>fast')]), [['bad', 'number', 'duration']]);
});

test('every term that is typed comes back from its chip, and from the field', () => {
  for (const text of ['rm -rf /tmp', '-x', '-"x -y"', '-"x y"', '-"5"', '"-x"', ' a', 'a ', '"', '""', 'say "hi"', '"say ""hi"""', 'http://x', 'localhost:8000', '"x status:500"', 'status:500', '-path:"/a b"', 'duration_ms>1']) {
    const [term, ...more] = termsIn(text, isField);
    assert.deepEqual(more, [], text);
    assert.deepEqual(termIn(term.term), term, text);
    assert.deepEqual(termsIn(term.term, isField), [term], text);
    assert.deepEqual(termIn(contraryOf(contraryOf(term.term))), term, text);
    assert.equal(termIn(contraryOf(term.term)).not, !term.not, text);
  }
});

test('the chip of a value says exactly this value', () => {
  const chips = [['status', 500], ['ok', true], ['user', null], ['path', '/a b'], ['q', 'a"b'], ['q', '5*'], ['q', ''], ['url', '//x'], ['tags', ['a']], ['my key', 'v w']];
  assert.deepEqual(chips.map(([name, value]) => termOf(name, value)), ['status:500', 'ok:true', 'user:null', 'path:"/a b"', 'q:"a""b"', 'q:"5*"', 'q:""', 'url:"//x"', 'tags:["a"]'.replace('["a"]', '"[""a""]"'), '"my key":"v w"']);
  assert.deepEqual([termOf('status', 200, { not: true }), termOf('my key', 'v', { not: true }), termOfText('-x'), termOfText('5', { not: true })], ['-status:200', '-"my key":v', '"-x"', '-"5"']);
  for (const [name, value] of chips.slice(0, -1)) assert.equal(termIn(termOf(name, value)).value, typeof value === 'object' && value ? JSON.stringify(value) : String(value));
});

test('a name that needs quotes is a field where the log has it, and a part of a line of JSON is a text', () => {
  const has = (name) => ['User Agent', '5xx', 'a"b', 'status'].includes(name);
  assert.deepEqual(typed('"User Agent":curl* -"5xx":1', has), [['User Agent', ':', 'curl*'], ['-5xx', ':', '1']]);
  assert.deepEqual(typed('"a""b":"x y"', has), [['a"b', ':', 'x y', 'quoted']]);
  for (const text of ['"status":500', '"other name":1', '"":1', '{"status":500}']) assert.deepEqual(typed(text, has), [text], text);
  for (const [name, value] of [['User Agent', 'say "hi"'], ['dir x', 'c:\\temp'], ['x y', ''], ['5xx', 'two\nlines'], ['a"b', '*'], ['a:b', '-1'], ['-x', '>5']]) {
    const term = termIn(termOf(name, value, { not: true }));
    assert.deepEqual([term.kind, term.name, term.value, term.not], ['field', name, value, true], name);
  }
  assert.deepEqual(short([termIn(termOfText('say "x":1'))]), ['say "x":1']);
  assert.equal(termOf('', 'v'), 'v');
});
