import assert from 'node:assert/strict';
import test from 'node:test';

import { Filtered } from '../../../django_logtail/static/logtail/find/filtered.js';
import { Query } from '../../../django_logtail/static/logtail/find/filter.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';
import { tailOf } from '../tail.js';

/** Numbers that look random and are the same each time. @param {number} seed */
function numbers(seed) {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

/** Some lines of a log: heads of all levels, tracebacks, escapes, lines of no format, a day that ends. */
function log(random) {
  const words = ['apple', 'Pear', '\u001b[31mfig\u001b[0m', 'date', 'apple pear'];
  const word = () => words[random(words.length)];
  const lines = [];
  for (let i = 0; i < 120; i++) {
    const kind = random(8);
    if (kind < 5) lines.push(`2026-08-${i < 60 ? 23 : 24} 10:00:00,000 ${['INFO', 'ERROR', 'WARNING', 'DEBUG'][random(4)]} shop.${word()} ${word()}`);
    else if (kind < 7) lines.push(`  File "${word()}.py"`);
    else lines.push(word());
  }
  const store = new Store({});
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  store.take({ file: 'f', start: 0, end: bytes.length }, bytes);
  if (random(2)) store.mark('stopped', {});
  return store.items;
}

const flags = { case: false, regex: false, invert: false, only: false };
const queries = [
  ['', {}], ['apple', {}], ['apple', { only: true }], ['APPLE', { only: true, case: true }], ['fig', { invert: true }], ['-pear', {}], ['apple -fig', { only: true }],
  ['-apple', { only: true }], ['-apple', { invert: true }], ['nothing at all', { only: true }],
];

for (const [text, more] of queries) {
  test(`many lines at once are chosen as one by one: "${text}" ${JSON.stringify(more)}`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = numbers(seed);
      const items = log(random);
      const made = [[], []].map((shown) => {
        const chosen = new Filtered(shown);
        chosen.query = new Query(text, { ...flags, ...more });
        if (seed % 3 === 0) chosen.off = new Set(['I', 'W']);
        if (seed % 2) chosen.folded = new Set(items.filter((_, i) => i % 5 === 0));
        return chosen;
      });

      const at = random(items.length);
      for (const item of items) made[0].take(item);
      made[1].takeAll(items, 0, at);
      made[1].takeAll(items, at, items.length - 1);
      made[1].take(items[items.length - 1]);

      assert.deepEqual(made[1].shown.map((item) => item.seq), made[0].shown.map((item) => item.seq));
      assert.deepEqual(made[1].matches.map((item) => item.seq), made[0].matches.map((item) => item.seq));
      assert.deepEqual([made[1].lines, made[1].all], [made[0].lines, made[0].all]);
    }
  });
}

const ERROR = '2026-08-24 10:00:00,000 ERROR shop broke';
const INFO = '2026-08-24 10:00:01,000 INFO shop sold';
const WARNING = '2026-08-24 10:00:02,000 WARNING shop low';
const FILE = '  File "x.py"';
const FAILED = 'ValueError: no';

/** A page with these lines, which are chosen as they come, or all at once afterwards. @param {boolean} isAtOnce @param {string} sought @param {Record<string, any>} how @param {...string} lines */
function page(isAtOnce, sought, { off = [], ...more }, ...lines) {
  const tail = tailOf();
  tail.filtered.off = new Set(off);
  Object.assign(tail.finding.flags, more);
  tail.field.value = sought;
  if (!isAtOnce) tail.finding.search();
  for (const line of lines) tail.take(`${line}\n`);
  if (isAtOnce) tail.finding.search();
  return tail;
}
/** Without the day, which is shown above all of them. */
const seen = (tail) => tail.seen.filter((text) => text !== 'day');

for (const isAtOnce of [true, false]) {
  const how = isAtOnce ? 'all at once' : 'as they come';
  for (const [name, sought, more, lines, expected, matches] of [
    ['all lines', '', {}, [ERROR, FILE, INFO], [ERROR, FILE, INFO], []],
    ['a level that is off, with all of its entries', '', { off: ['E'] }, [ERROR, FILE, INFO, FAILED], [INFO, FAILED], []],
    ['lines that match, without hiding others', 'broke', {}, [ERROR, INFO, FILE], [ERROR, INFO, FILE], [ERROR]],
    ['entries with a match, whole', 'x.py', { only: true }, [ERROR, FILE, FAILED, INFO], [ERROR, FILE, FAILED], [FILE]],
    ['entries whose last line matches, whole', 'valueerror', { only: true }, [WARNING, ERROR, FILE, FAILED, INFO], [ERROR, FILE, FAILED], [FAILED]],
    ['entries without a match', 'x.py', { invert: true }, [ERROR, FILE, FAILED, INFO], [INFO], [FILE]],
    ['entries without what is not wanted', '-x.py', {}, [ERROR, FILE, FAILED, INFO, WARNING], [INFO, WARNING], []],
    ['entries without what is not wanted in a first line', '-sold', { only: true }, [ERROR, FILE, INFO, FILE], [ERROR, FILE], []],
    ['no entry of a level that is off, though it matches', 'broke', { only: true, off: ['E'] }, [ERROR, FILE, INFO], [], []],
  ]) {
    test(`lines are chosen ${how}: ${name}`, () => {
      const tail = page(isAtOnce, sought, more, ...lines);

      assert.deepEqual(seen(tail), expected);
      assert.deepEqual(tail.filtered.matches.map((item) => item.text), matches);
      assert.deepEqual([tail.filtered.lines, tail.filtered.all], [expected.length, lines.length]);
    });
  }
}

test('an entry that is folded shows its first line, and a search finds the others', () => {
  const tail = page(true, 'x.py', {}, ERROR, FILE, FAILED, INFO);
  tail.filtered.folded.add(tail.store.items.find((item) => item.level === 'E' && !item.inner));

  tail.incoming.rebuild();

  assert.deepEqual(seen(tail), [ERROR, INFO]);
  assert.deepEqual([tail.filtered.lines, tail.filtered.all, tail.filtered.matches.length], [2, 4, 1]);
});

test('an entry that is folded, and is not wanted any more, goes with its first line', () => {
  const tail = page(true, '-needle', {}, INFO, ERROR, FILE);
  tail.filtered.folded.add(tail.store.items.find((item) => item.level === 'E' && !item.inner));
  tail.incoming.rebuild();

  tail.take('needle\n');

  assert.deepEqual([seen(tail), tail.filtered.lines, tail.filtered.all], [[INFO], 1, 4]);
});

test('a mark is shown whatever is hidden, and ends the entry above', () => {
  const tail = page(true, 'nothing at all', { only: true, off: ['E'] }, ERROR);

  tail.store.mark('rotated', {});

  assert.deepEqual([seen(tail), tail.filtered.lines, tail.filtered.all, tail.filtered.head], [['rotated'], 0, 1, null]);
});

test('lines after a mark do not join the entry above it', () => {
  const tail = page(true, '-x.py', {}, ERROR);
  tail.store.mark('rotated', {});

  tail.take(`${FILE}\n`);

  assert.deepEqual(seen(tail), [ERROR, 'rotated']);
});

for (const [sought, more, hides] of [
  ['', {}, false], ['', { off: ['D'] }, true], ['a', {}, false], ['a', { only: true }, true], ['a', { invert: true }, true], ['-a', {}, true], ['', { only: true }, false],
]) {
  test(`"${sought}" with ${JSON.stringify(more)} ${hides ? 'hides lines' : 'hides nothing'}`, () => {
    assert.equal(page(true, sought, more).filtered.hides, hides);
  });
}

test('a line that is not whole yet is counted and matched once', () => {
  const tail = page(true, 'sold', {}, ERROR);

  tail.take(INFO.slice(0, -1), true);
  tail.take(INFO, true);
  const early = [tail.filtered.all, tail.filtered.matches.length];
  tail.take(`${INFO}\n`);

  assert.deepEqual([early, tail.filtered.all, tail.filtered.lines, tail.filtered.matches.map((item) => item.text)], [[2, 1], 2, 2, [INFO]]);
});

test('an unfinished line of an entry leaves the entry as it was', () => {
  const tail = page(true, 'sold', { only: true }, ERROR);
  tail.take('  sol', true);

  tail.take('  sold\n');

  assert.deepEqual(seen(tail), [ERROR, '  sold']);
});

test('matches go with their lines, and no others', () => {
  const tail = page(true, 'a', {}, 'a0', 'b1', 'a2', 'a3');
  const { filtered } = tail;

  assert.deepEqual([filtered.dropBefore(0), filtered.dropBefore(2), filtered.dropBefore(3)], [0, 1, 1]);
  assert.deepEqual(filtered.matches.map((item) => item.text), ['a3']);
});

test('what is chosen begins anew, and the filter stays', () => {
  const tail = page(true, 'a', { off: ['D'] }, 'a0', 'b1');

  tail.filtered.begin();

  assert.deepEqual([tail.filtered.matches, tail.filtered.lines, tail.filtered.all, tail.filtered.head, tail.filtered.inner], [[], 0, 0, null, []]);
  assert.deepEqual([tail.filtered.query.text, [...tail.filtered.off]], ['a', ['D']]);
});

/** What is shown of entries at these moments, each of which has a line that belongs to it. */
function shownOf(moments, query, { alone = false } = {}) {
  const shown = [];
  const filtered = new Filtered(shown, (item) => item.ms);
  filtered.query = query;
  const items = moments.flatMap((ms, i) => [
    { kind: 'line', inner: false, level: i === 1 ? 'E' : 'I', plain: `entry ${i}`, ms, block: null, seq: 2 * i },
    ...(alone ? [] : [{ kind: 'line', inner: true, level: 'I', plain: `below ${i}`, ms: null, block: null, seq: 2 * i + 1 }]),
  ]);
  filtered.takeAll(items, 0, items.length);
  return { filtered, texts: shown.map(({ plain }) => plain) };
}

const inRange = (from, to, text = '', more = {}) => new Query(text, { ...flags, ...more }, [], undefined, { from, to });

test('entries outside the range of time are hidden with their lines, and one without a time is of that before', () => {
  const { filtered, texts } = shownOf([1, 5, null, 9, 10], inRange(5, 10));

  assert.deepEqual(texts, ['entry 1', 'below 1', 'entry 2', 'below 2', 'entry 3', 'below 3']);
  assert.equal(filtered.hides, true);
  assert.deepEqual([filtered.lines, filtered.all], [6, 10]);
});

test('the same holds for entries of one line, and matches outside do not count', () => {
  const { filtered, texts } = shownOf([null, 5, 9, 10], inRange(5, 10, 'entry', { only: true }), { alone: true });

  assert.deepEqual(texts, ['entry 1', 'entry 2']);
  assert.deepEqual(filtered.matches.map(({ plain }) => plain), ['entry 1', 'entry 2']);
});

test('without a range nothing is hidden', () => {
  assert.equal(shownOf([1, null], new Query('', flags)).texts.length, 4);
});
