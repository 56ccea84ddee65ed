import assert from 'node:assert/strict';
import test from 'node:test';

import { BadExpression } from '../../../django_logtail/static/logtail/find/matcher.js';
import { tailOf } from '../tail.js';

const HEAD = '2026-08-24 10:00:00,000 ERROR shop broke\n';

/** A tail with lines, and something in the field. @param {string} sought @param {...string} lines */
function found(sought, ...lines) {
  const tail = tailOf();
  tail.take(lines.map((line) => `${line}\n`).join(''));
  tail.field.value = sought;
  tail.finding.search();
  return tail;
}

test('what was typed is found, and that is said', () => {
  const tail = found('a', 'a1', 'b2', 'a3');

  assert.deepEqual(tail.filtered.matches.map((item) => item.text), ['a1', 'a3']);
  assert.deepEqual(tail.heard, ['found', 'changed']);
});

test('finding begins at the end while the page follows', () => {
  assert.equal(found('a', 'a1', 'a2', 'b').finding.current, 1);
});

test('finding begins where the reader looks', () => {
  const tail = found('', ...Array.from({ length: 100 }, (_, i) => `a${i}`));
  tail.rows.follow = false;
  tail.rows.at = 40 * 20;

  tail.field.value = 'a';
  tail.finding.search();

  assert.equal(tail.filtered.matches[tail.finding.current].text, 'a42');
});

test('the first step goes to the match that was counted from, and further ones go round', () => {
  const tail = found('a', 'a1', 'a2', 'b');

  for (let i = 0; i < 3; i++) tail.finding.step(1);
  tail.finding.step(-1);

  assert.deepEqual(tail.rows.revealed, [['a2', 'center'], ['a1', 'center'], ['a2', 'center'], ['a1', 'center']]);
});

test('a first step back passes the match that was counted from', () => {
  const tail = found('a', 'a1', 'a2', 'b');

  tail.finding.step(-1);

  assert.deepEqual(tail.rows.revealed, [['a1', 'center']]);
});

test('the reader stays at a match when matches before it are hidden', () => {
  const tail = found('shop', HEAD.trim(), HEAD.trim().replace('ERROR', 'INFO'), HEAD.trim().replace('broke', 'sank'), HEAD.trim());
  tail.finding.step(-1);
  const { length } = tail.filtered.matches;
  tail.rows.repainted = 0;

  tail.filtered.off.add('I');
  tail.incoming.rebuild();

  assert.deepEqual([length, tail.filtered.matches.length, tail.finding.current], [4, 3, 1]);
  assert.match(tail.filtered.matches[tail.finding.current].text, /sank/);
  assert.equal(tail.rows.repainted, 0);
});

test('the reader comes to the next match when theirs is hidden, and rows are painted anew', () => {
  const tail = found('shop', HEAD.trim(), HEAD.trim().replace('ERROR', 'INFO'), HEAD.trim().replace('broke', 'sank'));
  tail.finding.step(-1);
  tail.rows.repainted = 0;

  tail.filtered.off.add('I');
  tail.incoming.rebuild();

  assert.match(tail.filtered.matches[tail.finding.current].text, /sank/);
  assert.equal(tail.rows.repainted, 1);
});

test('the reader stays at a match when the oldest lines are dropped', () => {
  const tail = found('a', 'a1', 'a2', 'a3', 'b');
  tail.rows.repainted = 0;
  const current = () => [tail.filtered.matches[tail.finding.current].text, tail.rows.repainted];

  tail.store.mostLines = 3;
  tail.take('b\n');
  const kept = current();
  tail.store.mostLines = 2;
  tail.take('a4\n');

  assert.deepEqual([kept, current()], [['a3', 0], ['a4', 1]]);
});

test('a step right after typing is taken among what was typed, and stays', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const tail = found('', 'a1', 'b', 'a2', 'a3');
  tail.field.value = 'a';
  tail.finding.searchSoon();

  tail.finding.step(-1);
  tail.rows.follow = false;
  t.mock.timers.tick(1_000);

  assert.deepEqual(tail.rows.revealed, [['a2', 'center']]);
  assert.equal(tail.finding.current, 1);
});

test('a match in a folded entry unfolds it', () => {
  const tail = found('x.py', HEAD.trim(), '  File "x.py"');
  tail.filtered.folded.add(tail.store.items.find((item) => item.level === 'E' && !item.inner));
  tail.incoming.rebuild();
  assert.equal(tail.seen.length, 2);

  tail.finding.step(1);

  assert.deepEqual(tail.rows.revealed, [['  File "x.py"', 'center']]);
});

test('only the lines that hold it, or only those that do not', () => {
  const tail = found('a', 'a1', 'b2');

  tail.finding.toggleFlag('only');
  const only = tail.seen;
  tail.finding.toggleFlag('invert');

  assert.deepEqual([only, tail.seen, tail.finding.flags.only], [['a1'], ['b2'], false]);
});

test('a pinned term makes room for another, and is asked for as well', () => {
  const tail = found('a', 'a1', 'a2', 'b2');
  tail.finding.pin();
  assert.equal(tail.field.value, '');

  tail.field.value = '2';
  tail.finding.search();
  const both = tail.filtered.matches.map((item) => item.text);
  tail.finding.remove('a');

  assert.deepEqual([both, tail.filtered.matches.map((item) => item.text)], [['a2'], ['a2', 'b2']]);
});

test('a chip is added once, and takes the place of its contrary', () => {
  const tail = found('', 'a1', 'b2');

  tail.finding.add('-a1');
  tail.finding.add('-a1');
  tail.finding.add('b2');
  tail.finding.add('a1');
  const { pinned } = tail.finding;
  tail.finding.remove('b2');

  assert.deepEqual([pinned, tail.finding.pinned, tail.filtered.matches.map((item) => item.text)], [['b2', 'a1'], ['a1'], ['a1']]);
});

test('filtering for a value shows its lines alone, and hiding one shows all others', () => {
  const tail = found('', 'a1', 'b2', 'a3');
  tail.finding.add('-b2');
  const hidden = [tail.seen, tail.finding.flags.only];
  tail.finding.add('a3');

  assert.deepEqual([hidden, tail.seen, tail.finding.flags.only], [[['a1', 'a3'], false], ['a3'], true]);
});

test('what is typed is kept term by term, and what cannot be read stays', () => {
  const tail = found('', '{"level":"info","status":500}', '{"level":"info","status":200,"path":"/x"}');
  tail.field.value = '"a b" status:500 -noise status>fast';

  tail.finding.pin();

  assert.deepEqual([tail.finding.pinned, tail.field.value], [['a b', 'status:500', '-noise'], 'status>fast']);
});

test('the last chip comes back into the field', () => {
  const tail = found('', 'a1');
  tail.finding.add('a');
  tail.finding.add('status:500');

  tail.finding.takeBack();

  assert.deepEqual([tail.finding.pinned, tail.field.value, tail.finding.query.typed[0].kind], [['a'], 'status:500', 'field']);
});

test('chips go along to another log, and what is typed does not', () => {
  const tail = found('', 'a1');
  tail.info = { slug: 'one' };
  tail.finding.begin();
  tail.finding.add('a');
  tail.field.value = 'b';
  tail.finding.search();

  tail.finding.begin();
  const same = tail.field.value;
  tail.info = { slug: 'two' };
  tail.finding.begin();

  assert.deepEqual([same, tail.field.value, tail.finding.pinned, tail.finding.query.terms.map((term) => term.term)], ['b', '', ['a'], ['a']]);
  assert.equal(tail.filtered.query, tail.finding.query);
});

test('a field that comes with later lines is then found by its name', () => {
  const tail = found('status:500', 'a');
  const before = tail.finding.query.typed[0].kind;

  tail.take('{"level":"info","status":500}\n');
  tail.finding.grew();

  assert.deepEqual([before, tail.finding.query.typed[0].kind, tail.filtered.matches.length], ['text', 'field', 1]);
});

test('an expression that came with a link runs only when it is wanted', () => {
  const tail = tailOf(() => ({ ended: false, end() {}, match: () => new Promise(() => {}) }));
  tail.take('a1\n');

  tail.finding.propose('a.*');
  const waits = [tail.finding.proposed, tail.field.value, tail.finding.wanted.expression];
  tail.finding.runProposed();

  assert.deepEqual(waits, ['a.*', '', null]);
  assert.deepEqual([tail.finding.proposed, tail.field.value, tail.finding.wanted.expression.source], ['', 'a.*', 'a.*']);
});

test('an expression is not pinned, nor a term twice', () => {
  const tail = found('a', 'a1');
  tail.finding.pin();
  tail.field.value = 'a';
  tail.finding.pin();
  tail.field.value = 'b';
  tail.finding.flags.regex = true;
  tail.finding.pin();

  assert.deepEqual([tail.finding.pinned, tail.field.value], [['a'], 'b']);
});

test('clearing takes field and pins, and leaves the switches', () => {
  const tail = found('a', 'a1', 'b2');
  tail.finding.toggleFlag('only');
  tail.finding.pin();

  tail.finding.clear();

  assert.deepEqual([tail.field.value, tail.finding.pinned, tail.finding.flags.only, tail.seen], ['', [], true, ['a1', 'b2']]);
});

test('what is wrong with an expression is said, and it finds nothing', async () => {
  const tail = tailOf(() => ({ ended: false, end() {}, match: () => Promise.reject(new BadExpression('missing closing ): `(`')) }));
  tail.take('a1\n');
  tail.finding.flags.regex = true;
  tail.field.value = '(';

  tail.finding.search();
  await new Promise(setImmediate);

  assert.deepEqual(tail.finding.trouble.bad.why, { code: 'missing-parenthesis', part: '(' });
  assert.equal(tail.finding.trouble.isSlow, false);
  assert.equal(tail.finding.query.active, false);
});

test('the lines around one are shown without what hides them', () => {
  const tail = found('a', 'b0', 'a1', 'b2');
  tail.finding.toggleFlag('only');
  tail.filtered.off.add('O');

  tail.finding.showContext(tail.store.items[1]);

  assert.deepEqual([tail.seen, tail.rows.revealed], [['b0', 'a1', 'b2'], [['a1', 'center']]]);
  assert.equal(tail.field.value, 'a');
});

test('a line that a filter hides is revealed by taking the filter away', () => {
  const tail = found('a', 'b0', 'a1');
  tail.finding.toggleFlag('only');

  tail.finding.reveal(tail.store.items[0]);

  assert.deepEqual([tail.seen, tail.field.value, tail.rows.revealed], [['b0', 'a1'], '', [['b0', 'center']]]);
});

test('a line whose level is hidden is revealed by showing all levels', () => {
  const tail = found('', HEAD.trim(), 'b');
  tail.filtered.off.add('E');
  tail.incoming.rebuild();

  tail.finding.reveal(tail.store.items.find((item) => item.level === 'E'));

  assert.deepEqual([tail.filtered.off.size, tail.rows.revealed], [0, [[HEAD.trim(), 'center']]]);
});

test('a line that is shown is revealed with the filter as it is', () => {
  const tail = found('a', 'b0', 'a1');
  tail.finding.toggleFlag('only');

  tail.finding.reveal(tail.store.items[1]);

  assert.deepEqual([tail.seen, tail.field.value], [['a1'], 'a']);
});

const FLAGS = { case: false, regex: false, invert: false, only: true };

test('the filter of an address is used, and nothing that was typed before', () => {
  const tail = found('b', 'a1 x', 'a2', 'b x');

  tail.finding.restore({ query: 'a', terms: ['x'], flags: FLAGS });

  assert.deepEqual(tail.filtered.matches.map((item) => item.text), ['a1 x']);
  assert.deepEqual([tail.field.value, tail.finding.pinned, tail.finding.flags.only], ['a', ['x'], true]);
});

test('an expression of an address is offered, and its terms are used at once', () => {
  const tail = found('', 'a1 x', 'a2');

  tail.finding.restore({ query: 'a(.*)+$', terms: ['x'], flags: { ...FLAGS, regex: true } });

  assert.deepEqual([tail.finding.proposed, tail.field.value, tail.finding.flags.regex, tail.finding.matcher], ['a(.*)+$', '', false, null]);
  assert.deepEqual(tail.filtered.matches.map((item) => item.text), ['a1 x']);
});

test('an expression that the person ran before is run again without asking', () => {
  const tail = found('', 'a1');

  tail.finding.restore({ query: 'a.', terms: [], flags: { ...FLAGS, regex: true } }, true);

  assert.deepEqual([tail.finding.proposed, tail.finding.wanted.expression.source], ['', 'a.']);
  tail.finding.end();
});

test('what an address restores is no list of its own that chips change', () => {
  const tail = found('', 'a1');
  const terms = ['x'];
  tail.finding.restore({ query: '', terms, flags: FLAGS });

  tail.finding.add('y');
  tail.finding.toggleFlag('only');

  assert.deepEqual([terms, FLAGS.only], [['x'], true]);
});
