import assert from 'node:assert/strict';
import test from 'node:test';

import { Filtered } from '../../../django_logtail/static/logtail/find/filtered.js';
import { Query } from '../../../django_logtail/static/logtail/find/filter.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';

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
