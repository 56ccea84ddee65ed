import assert from 'node:assert/strict';
import { test } from 'node:test';

import { markdownOf } from '../../../django_logtail/static/logtail/log/markdown.js';

const of = (more = {}) => ({ name: 'shop.log', host: 'web-1', link: 'https://example.test/logs/shop/#file=f&at=1', first: '14:22:11,597', last: '14:22:13,000', ...more });
const left = (n) => `${n} lines left`;

test('a copy says what it is of, on which host, from when to when and where', () => {
  assert.deepEqual(markdownOf(of(), ['an ERROR', '  its second line'], left), {
    text: '### shop.log · web-1 · 14:22:11,597 – 14:22:13,000\n\n<https://example.test/logs/shop/#file=f&at=1>\n\n```text\nan ERROR\n  its second line\n```\n',
    copied: 2,
  });
});

test('one time is said once, and none is left out', () => {
  assert.match(markdownOf(of({ last: '14:22:11,597' }), ['a'], left).text, /^### shop.log · web-1 · 14:22:11,597\n/);
  assert.match(markdownOf(of({ first: '', last: '', host: '' }), ['a'], left).text, /^### shop.log\n/);
});

for (const [what, line, fence] of [['no backticks', 'a', '```'], ['two of them', 'a `` b', '```'], ['three of them', '```', '````'], ['seven of them', 'a ``````` b ```', '````````']]) {
  test(`the fence around a text with ${what} is longer than any of its runs`, () => {
    assert.ok(markdownOf(of(), [line], left).text.endsWith(`\n\n${fence}text\n${line}\n${fence}\n`));
  });
}

test('the name of a log is not read as Markdown', () => {
  const [heading] = markdownOf(of({ name: '*a* [b](c) `d`\n# e <f> @g' }), ['a'], left).text.split('\n\n');

  assert.equal(heading, '### \\*a\\* \\[b\\](c) \\`d\\` \\# e \\<f> \\@g · web-1 · 14:22:11,597 – 14:22:13,000');
});

test('what Markdown reads as text is not escaped', () => {
  const heading = (name) => markdownOf(of({ name, host: '', first: '', last: '' }), ['a'], left).text.split('\n')[0];

  assert.match(markdownOf(of({ first: '2026-11-29 14:22:11', last: '' }), ['a'], left).text, /^### shop\.log · web-1 · 2026-11-29 14:22:11\n/);
  for (const name of ['order_id.log', 'a-b (c) {d} e+f!', 'a & b | c > d', 'c#7', 'me@example.test']) assert.equal(heading(name), `### ${name}`);
  assert.deepEqual(['_a_', 'a_', '&amp;', '~~a~~', 'a ##'].map(heading), ['### \\_a\\_', '### a\\_', '### \\&amp;', '### \\~\\~a\\~\\~', '### a \\#\\#']);
});

test('a copy that would be too long has whole lines, and says how many it has not', () => {
  const lines = Array.from({ length: 1000 }, (_, i) => String(i).padEnd(99, '.'));

  const { text, copied } = markdownOf(of(), lines, left);

  assert.ok(text.length <= 60_000 && text.length > 59_000, String(text.length));
  assert.ok(text.includes(`\n${lines[copied - 1]}\n\`\`\`\n\n_${1000 - copied} lines left_\n`));
});

test('of a line that is too long there is its beginning', () => {
  const { text, copied } = markdownOf(of(), ['x'.repeat(100_000), 'b'], left);

  assert.equal(copied, 0);
  assert.ok(text.length <= 60_000 && text.length > 59_000, String(text.length));
  assert.ok(text.endsWith('\n_2 lines left_\n'));
});
