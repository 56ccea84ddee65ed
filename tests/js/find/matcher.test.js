import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { BadExpression, Matcher } from '../../../django_logtail/static/logtail/find/matcher.js';
import { RE2JS } from '../../../django_logtail/static/logtail/vendor/re2js.js';

const term = (source, flags = 'i') => ({ sources: [source].flat(), flags });

const SCRIPT = readFileSync(new URL('../../../django_logtail/static/logtail/find/match-worker.js', import.meta.url), 'utf8').replace(/^import .*$/m, '');

/** The worker's own script, run here, behind the ports of a worker. */
class Worker extends EventTarget {
  constructor({ answers = true } = {}) {
    super();
    this.answers = answers;
    this.terminated = false;
  }

  postMessage(data) {
    if (!this.answers) return;
    const port = { postMessage: (answer) => this.dispatchEvent(Object.assign(new Event('message'), { data: answer })) };
    new Function('self', 'RE2JS', SCRIPT)(port, RE2JS);
    port.onmessage({ data });
  }

  terminate() { this.terminated = true; }
}

test('the worker says for each line where it matches', async () => {
  const worker = new Worker();
  const matcher = new Matcher(term('o+'), 1_000, () => worker);

  assert.deepEqual(await matcher.match(['foo bo', 'bar', '']), [[1, 3, 5, 6], null, null]);
  matcher.end();
});

test('a line must match all of several expressions, and each is marked', async () => {
  const matcher = new Matcher(term(['o+', 'b']), 1_000, () => new Worker());

  assert.deepEqual(await matcher.match(['foo bo', 'bar', 'foo']), [[1, 3, 5, 6, 4, 5], null, null]);
  matcher.end();
});

test('of several expressions, the one that is wrong is named', async () => {
  const matcher = new Matcher(term(['o+', '(']), 1_000, () => new Worker());

  await assert.rejects(matcher.match(['foo']), { why: { code: 'missing-parenthesis', part: '(' }, at: 1 });
});

test('a match of nothing is a match without a place', async () => {
  const matcher = new Matcher(term('x*'), 1_000, () => new Worker());

  assert.deepEqual(await matcher.match(['bxx', '']), [[1, 3], []]);
  matcher.end();
});

test('an expression that never ends is ended', async () => {
  const worker = new Worker({ answers: false });
  const matcher = new Matcher(term('(a+)+$'), 5, () => worker);

  await assert.rejects(matcher.match(['aaa!']), /slow/);
  await assert.rejects(matcher.match(['a']), /ended/);
  assert.equal(worker.terminated, true);
});

test('an expression finds here what it finds in a whole file', async () => {
  const lines = ['rm -rf /tmp', 'rm -RF /x', 'Привет', 'emoji 😀 end', '12 (was 7)'];
  for (const [source, expected] of [
    ['(?i)rm -RF', [[0, 6], [0, 6], null, null, null]], ['\\p{Cyrillic}+', [null, null, [0, 6], null, null]], ['emoji . end', [null, null, null, [0, 12], null]],
    ['[[:digit:]]+ \\(was', [null, null, null, null, [0, 7]]], ['(?P<n>rm)', [[0, 2], [0, 2], null, null, null]], ['^(?:a+)+$', [null, null, null, null, null]],
  ]) {
    const matcher = new Matcher(term(source, ''), 5_000, () => new Worker());
    assert.deepEqual(await matcher.match(lines), expected, source);
    matcher.end();
  }
});

test('what RE2 does not know is refused, with the reason that a search of the whole file gives', async () => {
  for (const [source, code, part] of [
    ['a(?=b)', 'bad-operator', '(?='], ['order (48', 'missing-parenthesis', 'order (48'], ['(a)\\1', 'bad-escape', '\\1'], ['\\C', 'bad-escape', '\\C'], ['[a', 'missing-bracket', '[a'],
    ['[z-a]', 'bad-range', 'z-a'], ['a)', 'unexpected-parenthesis', 'a)'], ['a\\', 'trailing-backslash', ''], ['*a', 'nothing-to-repeat', '*'], ['a++', 'bad-repetition', '++'],
    ['a{1001}', 'bad-repetition', '{1001}'], ['(?P<x', 'bad-group', '(?P<x'], ['(((a{100}){100}){100})', 'bad-repetition', '{100}'],
  ]) {
    const matcher = new Matcher(term(source), 5_000, () => new Worker());
    await assert.rejects(matcher.match(['x']), (error) => {
      assert.deepEqual([error instanceof BadExpression, error.why], [true, { code, part }], source);
      return true;
    });
    matcher.end();
  }
});

test('an expression that would backtrack for ever does not', async () => {
  const matcher = new Matcher(term('(a+)+$'), 5_000, () => new Worker());

  assert.deepEqual(await matcher.match([`${'a'.repeat(40)}!`]), [null]);
  matcher.end();
});
