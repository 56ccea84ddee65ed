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

test('flags go along to another log only with chips, and never that for an expression', () => {
  const tail = found('', 'a1');
  const flags = () => Object.keys(tail.finding.flags).filter((flag) => tail.finding.flags[flag]);
  tail.info = { slug: 'one' };
  tail.finding.begin();
  for (const flag of ['case', 'regex', 'only']) tail.finding.toggleFlag(flag);
  tail.finding.begin();
  const same = flags();

  tail.info = { slug: 'two' };
  tail.finding.begin();
  const other = flags();
  tail.finding.add('a');
  tail.finding.toggleFlag('regex');
  tail.info = { slug: 'three' };
  tail.finding.begin();

  assert.deepEqual([same, other, flags(), tail.finding.query.flags.only], [['case', 'regex', 'only'], [], ['only'], true]);
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

test('a term is not pinned twice', () => {
  const tail = found('a', 'a1');
  tail.finding.pin();
  tail.field.value = 'a';

  tail.finding.pin();

  assert.deepEqual([tail.finding.pinned, tail.field.value], [['a'], '']);
});

/** A worker whose lines match an expression if they contain all its sources, and which knows some bad ones. */
function workerOf({ sources }) {
  const bad = sources.findIndex((source) => source === '(' || source === '[');
  return {
    ended: false, end() { this.ended = true; },
    match: async (texts) => {
      if (bad >= 0) throw new BadExpression(`missing closing ): \`${sources[bad]}\``, bad);
      if (sources.includes('slow')) throw new Error('slow');
      return texts.map((text) => (sources.every((source) => text.includes(source)) ? sources.flatMap((source) => [text.indexOf(source), text.indexOf(source) + source.length]) : null));
    },
  };
}

/** A tail that shows only matching lines, and an expression in the field. */
async function expressing(source, ...lines) {
  const tail = tailOf(workerOf);
  tail.take(lines.map((line) => `${line}\n`).join(''));
  tail.finding.flags = { ...tail.finding.flags, regex: true, only: true };
  tail.field.value = source;
  tail.finding.search();
  await new Promise(setImmediate);
  return tail;
}

test('a pinned expression goes on to filter, beside terms, and marks where it matches', async () => {
  const tail = await expressing('b', 'ab', 'b', 'cab x', 'd x');

  tail.finding.pin();
  await new Promise(setImmediate);
  const alone = tail.seen;
  tail.finding.flags.regex = false;
  tail.field.value = 'x';
  tail.finding.search();
  await new Promise(setImmediate);

  assert.deepEqual([alone, tail.seen, tail.finding.pinned, tail.field.value], [['ab', 'b', 'cab x'], ['cab x'], ['~"b"'], 'x']);
  const [line] = tail.filtered.matches;
  assert.deepEqual(tail.finding.query.marks(line.plain, line), [[2, 3], [4, 5]]);
});

test('a pinned expression and a typed one must both match, also lines that come later', async () => {
  const tail = await expressing('b', 'ab', 'b');
  tail.finding.pin();
  tail.field.value = 'a';
  tail.finding.search();
  await new Promise(setImmediate);

  tail.take('ba\nb\n');
  await new Promise(setImmediate);

  assert.deepEqual(tail.seen, ['ab', 'ba']);
});

test('a pinned expression is removed like any chip, and taken back as an expression', async () => {
  const tail = await expressing('b', 'ab', 'c');
  tail.finding.pin();
  tail.finding.flags.regex = false;

  tail.finding.takeBack();
  await new Promise(setImmediate);
  const back = [tail.finding.pinned, tail.field.value, tail.finding.flags.regex, tail.seen];
  tail.finding.pin();
  tail.finding.remove('~"b"');
  await new Promise(setImmediate);

  assert.deepEqual([back, tail.finding.pinned, tail.seen], [[[], 'b', true, ['ab']], [], ['ab', 'c']]);
});

test('a term that is taken back is no expression', async () => {
  const tail = await expressing('', 'a.b', 'axb');
  tail.finding.add('a.b');

  tail.finding.takeBack();
  await new Promise(setImmediate);

  assert.deepEqual([tail.field.value, tail.finding.flags.regex, tail.seen], ['a.b', false, ['a.b']]);
});

test('an expression that is wrong is not pinned', async () => {
  const tail = await expressing('(', 'ab');

  tail.finding.pin();

  assert.deepEqual([tail.finding.pinned, tail.field.value], [[], '(']);
});

test('a chip whose expression is wrong or too slow is left out, and the others still filter', async () => {
  for (const source of ['(', 'slow']) {
    const tail = await expressing('', 'ab x', 'b', 'x');
    tail.finding.restore({ query: '', terms: [`~"${source}"`, 'x'], flags: { ...FLAGS } }, true);
    await new Promise(setImmediate);

    assert.deepEqual([tail.seen, [...tail.finding.held.keys()], tail.finding.asks], [['ab x', 'x'], [`~"${source}"`], false], source);
  }
});

test('if the typed expression is wrong, a pinned one still filters; and if a chip is, the typed one does', async () => {
  const tail = await expressing('b', 'ab', 'c');
  tail.finding.pin();
  tail.field.value = '(';
  tail.finding.search();
  await new Promise(setImmediate);
  const wrong = [tail.seen, tail.finding.trouble.bad.why.part];
  tail.finding.restore({ query: 'c', terms: ['~"["'], flags: { ...FLAGS, regex: true } }, true);
  await new Promise(setImmediate);

  assert.deepEqual([wrong, tail.seen, tail.finding.trouble.bad, [...tail.finding.held.keys()]], [[['ab'], '('], ['c'], null, ['~"["']]);
});

test('a chip with an expression that came with a link waits until it is run', async () => {
  const tail = await expressing('', 'ab', 'c');

  tail.finding.restore({ query: '', terms: ['~"b"'], flags: FLAGS });
  await new Promise(setImmediate);
  const waits = [tail.seen, tail.finding.asked, tail.finding.matcher];
  tail.finding.runProposed();
  await new Promise(setImmediate);

  assert.deepEqual([waits, tail.seen, tail.finding.asked, tail.finding.pinned], [[['ab', 'c'], ['b'], null], ['ab'], [], ['~"b"']]);
});

test('a chip with an expression that came with a link is left out as a whole, and other chips stay', async () => {
  const tail = await expressing('', 'ab x', 'c');
  tail.finding.restore({ query: 'y', terms: ['~"b"', 'x'], flags: { ...FLAGS, regex: true } });
  const asked = tail.finding.asked;

  tail.finding.dismissProposed();

  assert.deepEqual([asked, tail.finding.pinned, tail.finding.asked, tail.finding.asks], [['b', 'y'], ['x'], [], false]);
});

test('a pinned expression goes along to another log', async () => {
  const tail = await expressing('b', 'ab');
  tail.info = { slug: 'one' };
  tail.finding.begin();
  tail.finding.pin();

  tail.info = { slug: 'two' };
  tail.finding.begin();
  tail.open();
  tail.take('bc\nd\n');
  await new Promise(setImmediate);

  assert.deepEqual(tail.seen, ['bc']);
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

test('lines that arrive start a search only if a missing field has come with them', () => {
  for (const [typed, isRegex, later, expected] of [
    ['status:500', false, '{"level":"info","status":500}', 1], ['status:500', false, '{"level":"info","other":500}', 0], ['status:500', true, '{"level":"info","status":500}', 0],
    ['', false, '{"level":"info","status":500}', 0], ['text', false, '{"level":"info","status":500}', 0],
  ]) {
    const tail = found('status:500', '{"level":"info","a":1}');
    tail.finding.flags.regex = isRegex;
    tail.field.value = typed;
    let searches = 0;
    tail.finding.search = () => { searches++; };
    if (typed === 'text') tail.finding.names.missing.clear();
    tail.take(`${later}\n`);

    tail.finding.grew();

    assert.equal(searches, expected, `${typed} ${isRegex}`);
  }
});

test('lines that are dropped change nothing before the first step', () => {
  const tail = found('', 'a1', 'a2');
  tail.rows.repainted = 0;

  tail.finding.dropped(1);

  assert.deepEqual([tail.finding.current, tail.rows.repainted], [-1, 0]);
});

test('the match that you are at is dropped with its line, and the rows are painted anew', () => {
  const tail = found('a', 'a1', 'a2', 'a3');
  tail.finding.step(-1);
  tail.rows.repainted = 0;

  tail.finding.dropped(1);
  const kept = [tail.finding.current, tail.rows.repainted];
  tail.finding.dropped(0);
  tail.finding.dropped(1);

  assert.deepEqual([kept, tail.finding.current, tail.rows.repainted], [[0, 0], 0, 1]);
});

test('of several terms, those that are chips already are left out', () => {
  const tail = found('', 'a b', 'a');
  tail.finding.add('a');
  tail.field.value = '"a" "b"';

  tail.finding.pin();

  assert.deepEqual([tail.finding.pinned, tail.field.value], [['a', 'b'], '']);
});

test('another log ends the worker of the expression before', () => {
  const ended = [];
  const tail = tailOf((term) => ({ term, ended: false, match: async (texts) => texts.map(() => null), end() { ended.push(...term.sources); } }));
  tail.info = { slug: 'one' };
  tail.finding.begin();
  tail.finding.flags.regex = true;
  tail.field.value = 'a+';
  tail.finding.search();

  tail.info = { slug: 'two' };
  tail.finding.begin();

  assert.deepEqual([ended, tail.finding.isMatching], [['a+'], false]);
});

test('you stay at the first match, and go to the last one if all later ones are hidden', () => {
  const tail = found('a', 'a1', 'a2', 'a3');
  const [first, , last] = tail.filtered.matches;

  tail.finding.comeBackTo(first);
  const atFirst = tail.finding.current;
  tail.finding.comeBackTo({ ...last, seq: last.seq + 1 });

  assert.deepEqual([atFirst, tail.finding.current], [0, 2]);
});
