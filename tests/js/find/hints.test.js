/** What the box under the filter says about each term. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Query } from '../../../django_logtail/static/logtail/find/filter.js';
import { hintOf, hintsOf, sentenceOf } from '../../../django_logtail/static/logtail/find/hints.js';
import { termIn } from '../../../django_logtail/static/logtail/find/terms.js';

/** Words that name their key and values. */
const words = {
  say: (key, values = {}) => [key, ...Object.entries(values).map(([name, value]) => `${name}=${value}`)].join(' '),
  failure: ({ why }) => `because ${why}`,
};
const hint = (term, isField = () => true) => hintOf(termIn(term), words, isField);

test('each kind of term has its icon and words', () => {
  for (const [term, icon, text] of [
    ['rm -rf', 'search', 'hint.text text=rm -rf field='],
    ['-noise', 'not', 'hint.not text=noise field='],
    ['status:500', 'funnel', 'hint.is field=status value=500'],
    ['-status:500', 'not', 'hint.not.is field=status value=500'],
    ['path:/a*', 'funnel', 'hint.begins field=path value=/a'],
    ['-path:/a*', 'not', 'hint.not.begins field=path value=/a'],
    ['path:*a*', 'funnel', 'hint.like field=path value=*a*'],
    ['path:*a', 'funnel', 'hint.like field=path value=*a'],
    ['path:a*b*', 'funnel', 'hint.like field=path value=a*b*'],
    ['path:"a*"', 'funnel', 'hint.is field=path value=a*'],
    ['path:*', 'funnel', 'hint.any field=path value='],
    ['-path:**', 'not', 'hint.not.any field=path value='],
    ['ms>1', 'funnel', 'hint.over field=ms value=1'],
    ['ms>=1', 'funnel', 'hint.least field=ms value=1'],
    ['ms<1', 'funnel', 'hint.under field=ms value=1'],
    ['-ms<=1', 'not', 'hint.never what=hint.most field=ms value=1'],
  ]) assert.deepEqual(hint(term), { icon, text, code: term, isBad: false });
});

test('what can’t be read is marked', () => {
  assert.deepEqual(hint('ms>fast'), { icon: 'warn', text: 'hint.bad.number field=ms', code: 'ms>fast', isBad: true });
});

test('a text that looks like a term of a field that no line has says so', () => {
  const text = { kind: 'text', not: false, text: 'localhost:8000', term: '"localhost:8000"' };
  assert.equal(hintOf(text, words, () => false).text, 'hint.text.nofield text=localhost:8000 field=localhost');
  assert.equal(hintOf(text, words, () => true).text, 'hint.text text=localhost:8000 field=localhost');
  assert.equal(hintOf({ ...text, not: true }, words, () => false).text, 'hint.not text=localhost:8000 field=localhost');
});

test('an expression is named as such, or with what is wrong with it', () => {
  const query = (regex) => new Query('a b', { case: false, regex, invert: false, only: false }, [], { isField: () => false, formats: () => null });
  const none = { bad: null, isSlow: false };

  assert.deepEqual(hintsOf(query(true), none, words), [{ icon: 'search', text: 'hint.regex', code: 'a b', isBad: false }]);
  assert.deepEqual(hintsOf(query(true), { bad: { why: 'brackets' }, isSlow: false }, words), [{ icon: 'warn', text: 'filter.bad msg=because brackets', code: 'a b', isBad: true }]);
  assert.deepEqual(hintsOf(query(true), { bad: null, isSlow: true }, words), [{ icon: 'warn', text: 'filter.slow', code: 'a b', isBad: true }]);
  assert.deepEqual(hintsOf(query(false), none, words).map(({ text }) => text), ['hint.text text=a b field=']);
});

test('an expression of a chip is named by itself', () => {
  assert.deepEqual(hintOf(termIn('~"a|b"'), words, () => true), { icon: 'search', text: 'hint.matches re=a|b', code: '~"a|b"', isBad: false });
});

test('several terms make one sentence', () => {
  assert.equal(sentenceOf(['a', '-b', 'c:1'].map(termIn), words), 'hint.text text=a field=list.andhint.not text=b field=list.andhint.is field=c value=1');
});
