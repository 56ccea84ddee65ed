import assert from 'node:assert/strict';
import test from 'node:test';

import { tailOf } from '../tail.js';

const ERROR = '2026-08-24 10:00:00,000 ERROR shop broke\n';
const INNER = '  File "x.py"\n';
const INFO = '2026-08-24 10:00:01,000 INFO shop mended\n';
const texts = (...lines) => lines.map((line) => line.trimEnd());

/** A matcher that answers when it is told to. */
function matchers() {
  const made = [];
  return {
    made,
    make: (term) => {
      const matcher = {
        ended: false, asked: [],
        match: (lines) => new Promise((resolve, reject) => {
          matcher.asked.push({ lines, answer: () => resolve(lines.map((line) => (line.search(new RegExp(term.sources[0], term.flags)) < 0 ? null : [0, 1]))), fail: () => reject(new Error('slow')) });
        }),
        end() { matcher.ended = true; },
      };
      made.push(matcher);
      return matcher;
    },
  };
}

/** What waits for an answer has gone on. */
const settled = () => new Promise((resolve) => { setImmediate(resolve); });

test('lines are shown as they come', () => {
  const tail = tailOf();

  tail.take(ERROR + INNER);
  tail.take(INFO);

  assert.deepEqual(tail.seen, ['day', ...texts(ERROR, INNER, INFO)]);
  assert.equal(tail.incoming.unseen, 0);
});

test('below what is looked at lines are counted, and errors by their entries', () => {
  const tail = tailOf();
  tail.take(INFO);
  tail.rows.follow = false;

  tail.take(ERROR + INNER + INFO);

  assert.deepEqual([tail.incoming.unseen, tail.incoming.unseenErrors], [3, 1]);
  tail.incoming.forgetUnseen();
  assert.deepEqual([tail.incoming.unseen, tail.incoming.unseenErrors], [0, 0]);
});

test('lines that a level or a filter hides are not counted', () => {
  const tail = tailOf();
  tail.take(INFO);
  tail.rows.follow = false;
  const counted = () => [tail.incoming.unseen, tail.incoming.unseenErrors];

  tail.filtered.off.add('E');
  tail.take(ERROR + INNER);
  const hidden = counted();
  tail.take(INFO);
  const other = counted();
  tail.filtered.off.clear();
  tail.incoming.rebuild();
  const shown = counted();
  tail.filtered.off.add('I');
  tail.incoming.rebuild();

  assert.deepEqual([hidden, other, shown, counted()], [[0, 0], [1, 0], [3, 1], [2, 1]]);
});

test('an entry that a filter shows late is counted whole', () => {
  const tail = tailOf();
  tail.take(INFO);
  tail.field.value = 'x.py';
  tail.finding.toggleFlag('only');
  tail.rows.follow = false;

  tail.take(ERROR);
  const before = tail.incoming.unseen;
  tail.take(INNER);

  assert.deepEqual([before, tail.incoming.unseen, tail.incoming.unseenErrors], [0, 2, 1]);
});

test('an unfinished error that comes again whole is counted once', () => {
  const tail = tailOf();
  tail.take(INFO);
  tail.rows.follow = false;

  tail.take(ERROR.trimEnd(), true);
  tail.take(ERROR);

  assert.deepEqual([tail.incoming.unseen, tail.incoming.unseenErrors], [1, 1]);
});

test('an unfinished line that comes again whole is counted once', () => {
  const tail = tailOf();
  tail.take(INFO);
  tail.rows.follow = false;

  tail.take('half', true);
  tail.take('half a line\n');

  assert.deepEqual([tail.seen.at(-1), tail.incoming.unseen, tail.filtered.lines], ['half a line', 1, 2]);
});

test('while the page is paused nothing is shown, and lines are counted', () => {
  const tail = tailOf();
  tail.take(INFO);
  const before = tail.seen;

  tail.incoming.pause();
  tail.take('half', true);
  tail.take(ERROR + INNER);

  assert.deepEqual([tail.seen, tail.incoming.waiting], [before, 2]);
});

test('a query changes what is shown of a paused page, and not up to where', () => {
  const tail = tailOf();
  tail.take(INFO + ERROR);
  tail.incoming.pause();
  tail.take('shop later\n');

  tail.field.value = 'broke';
  tail.finding.toggleFlag('only');

  assert.deepEqual(tail.seen, ['day', ...texts(ERROR)]);
});

test('what came meanwhile is shown when it goes on', () => {
  const tail = tailOf();
  tail.take(INFO);
  tail.incoming.pause();
  tail.take(ERROR);

  tail.incoming.resume();

  assert.deepEqual(tail.seen, ['day', ...texts(INFO, ERROR)]);
  assert.deepEqual([tail.incoming.paused, tail.incoming.waiting], [false, 0]);
});

test('the oldest lines go from what is shown when they go from the store', () => {
  const tail = tailOf();
  tail.store.mostLines = 2;

  for (const text of ['1\n', '2\n', '3\n']) tail.take(text);

  assert.deepEqual(tail.seen, ['2', '3']);
});

test('lines that come while an expression is matched elsewhere wait for the answer', async () => {
  const { made, make } = matchers();
  const tail = tailOf(make);
  tail.take('one\n');
  tail.finding.flags.regex = true;
  tail.field.value = 'o';
  tail.finding.search();
  made[0].asked[0].answer();
  await settled();

  tail.take('two\n');
  tail.take('three\n');
  assert.deepEqual(tail.seen, ['one']);
  made[0].asked[1].answer();
  await settled();
  made[0].asked[2].answer();
  await settled();

  assert.deepEqual(tail.seen, ['one', 'two', 'three']);
  assert.deepEqual(tail.filtered.matches.map((item) => item.text), ['one', 'two']);
});

test('lines of a log that was left are not shown in the next one', async () => {
  const { made, make } = matchers();
  const tail = tailOf(make);
  tail.finding.flags.regex = true;
  tail.field.value = 'o';
  tail.finding.search();
  made[0].asked[0].answer();
  await settled();
  tail.take('two\n');

  tail.open();
  tail.take('other\n');
  made[0].asked[1].answer();
  await settled();
  const before = tail.seen;
  made[0].asked[2].answer();
  await settled();

  assert.deepEqual([before, tail.seen], [[], ['other']]);
});

test('an answer to an expression that is not wanted any more changes nothing', async () => {
  const { made, make } = matchers();
  const tail = tailOf(make);
  tail.take('one\ntwo\n');
  tail.finding.toggleFlag('regex');
  tail.field.value = 'one';
  tail.finding.search();
  tail.field.value = 'two';
  tail.finding.search();

  made[0].asked[0].answer();
  await settled();
  assert.equal(tail.finding.query.text, '');
  made[1].asked[0].answer();
  await settled();

  assert.deepEqual(tail.filtered.matches.map((item) => item.text), ['two']);
  assert.equal(made[0].ended, true);
});

test('an expression that takes too long is said to, and all lines are shown', async () => {
  const { made, make } = matchers();
  const tail = tailOf(make);
  tail.take('one\n');
  tail.finding.toggleFlag('regex');
  tail.finding.toggleFlag('only');
  tail.field.value = '(a+)+$';
  tail.finding.search();

  made[0].asked[0].fail();
  await settled();

  assert.deepEqual(tail.finding.trouble, { bad: null, isSlow: true });
  assert.deepEqual(tail.seen, ['one']);
});

test('rows are drawn again when earlier lines come before them', () => {
  const tail = tailOf();
  tail.open();
  tail.take('one\n');
  const before = tail.rows.repainted;

  tail.store.splice(0, 0, tail.store.linesOf('e', 0, new TextEncoder().encode('zero\n')));

  assert.equal(tail.rows.repainted, before + 1);
  assert.deepEqual(tail.seen, ['zero', 'one']);
});

test('rows of a log too long to be read once more are drawn again when its formats are found', () => {
  const tail = tailOf();
  tail.open();
  tail.take('nothing that could be a line of a log\n'.repeat(5_001));
  const before = tail.rows.repainted;

  tail.take('2026-08-24 10:00:00,000 INFO shop.views fine\n'.repeat(20_000));

  assert.notEqual(tail.store.entries.formats, null);
  assert.equal(tail.rows.repainted, before + 1);
});
