/** The format that an administrator gave: read as the host reads it, `tests/formats/given.jsonl`. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Context, read } from '../../../django_logtail/static/logtail/formats/context.js';
import { choices, given } from '../../../django_logtail/static/logtail/formats/given.js';
import { headOf } from '../../../django_logtail/static/logtail/formats/heads.js';
import { Store } from '../../../django_logtail/static/logtail/log/store.js';

const EXPRESSION = '(?P<level>[A-Z]+) at (?P<time>\\S+ \\S+) <(?P<logger>[^>]*)> (?P<message>.*)';
const cases = readFileSync(new URL('../../formats/given.jsonl', import.meta.url), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

for (const { name, given: text, lines, read: expected } of cases) {
  test(`lines are read as the format says: ${name}`, async () => {
    const formats = await given(text);
    const context = new Context(formats);
    lines.forEach((line, i) => {
      const { kind, level, written } = read(line, context);
      const said = [kind, level];
      if (expected[i].length > 2) {
        const head = headOf(line, formats);
        said.push(written, head.logger, line.slice(head.message));
      }
      assert.deepEqual(said, expected[i]);
    });
  });
}

test('what names nothing is no format, and neither is what RE2 refuses', async () => {
  for (const text of ['nginks', '', '(?P<time>', '(?P<time>a)\\1', '(?=a)(?P<time>b)']) assert.equal(await given(text), null, text);
});

const repetitions = readFileSync(new URL('../../formats/choices.jsonl', import.meta.url), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

for (const { source, choices: count } of repetitions) test(`${source} repeats ${count} times`, () => assert.equal(choices(source), count));

test('an expression that would be slow is no format', async () => {
  assert.notEqual(await given('(?P<time>(?:.*?,){20}x)'), null);
  for (const text of ['(?P<time>(?:.*?,){20}x*)', '(?P<time>a{990})b{40}']) assert.equal(await given(text), null, text);
});

test('an expression that would backtrack for ever does not', async () => {
  const context = new Context(await given('(?P<level>(?:A+)+)(?P<time>B)'));
  assert.deepEqual(read('A'.repeat(100_000), context).kind, 'entry');
});

const batch = (text) => [{ file: 'f', start: 0, end: text.length }, new TextEncoder().encode(text)];
const levels = (store) => store.items.slice(store.first).filter((item) => item.kind === 'line').map((item) => item.level + (item.inner ? '+' : ''));

test('a store reads what is here once more when a format is chosen, and as it was found when none is', async () => {
  const store = new Store();
  store.take(...batch('2026-11-28 10:00:00,100 ERROR one\n2026-11-28 10:00:01,100 INFO two\nE at x y <> three\n'));
  assert.deepEqual(levels(store), ['E', 'I', 'I+']);

  store.readAs(await given(EXPRESSION));
  assert.deepEqual(levels(store), ['O', 'O', 'E']);
  assert.deepEqual({ ...store.counts }, { E: 1, W: 0, I: 0, D: 0, O: 2 });

  store.readAs(null);
  assert.deepEqual(levels(store), ['E', 'I', 'I+']);
});

test('a store that is told the format looks for none', async () => {
  const store = new Store({ given: await given('logfmt') });
  store.take(...batch('2026-11-28 10:00:00,100 ERROR one\n2026-11-28 10:00:01,100 INFO two\nlevel=warn msg=three\n'));

  assert.deepEqual(levels(store), ['O', 'O', 'W']);
  assert.deepEqual(store.entries.formats.names, ['logfmt']);
});
