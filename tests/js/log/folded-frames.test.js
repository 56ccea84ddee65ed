/** Frames of libraries are one line, which opens, counts what comes, and goes with the lines it stands for. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { tailOf } from '../tail.js';
import { blockOf } from '../../../django_logtail/static/logtail/log/entry.js';

const HEAD = '2026-08-24 10:00:00,000 ERROR django.request failed\nTraceback (most recent call last):\n';
const frame = (path, line, code) => `  File "${path}", line ${line}, in get\n    ${code}\n    ^^^^\n`;
const DJANGO = '/srv/shop/.venv/lib/python3.11/site-packages/django/';
const LIBRARY = frame(`${DJANGO}core/base.py`, 1, 'base()') + frame(`${DJANGO}core/handler.py`, 2, 'handler()') + frame('/usr/lib/python3.11/asyncio/run.py', 3, 'run()');
const OWN = frame('/srv/shop/orders/views.py', 214, 'pay()');
const END = 'ValueError: no card\n';
const NEXT = '2026-08-24 10:00:01,000 INFO shop.views fine\n';

function tailWith(text) {
  const tail = tailOf();
  tail.open();
  tail.take(text);
  return tail;
}

const foldOf = (tail) => tail.rows.shown.items.find((item) => item?.block === item);

test('frames of libraries are shown as their first line, and the others with their code as they are', () => {
  const tail = tailWith(HEAD + LIBRARY + OWN + LIBRARY + END + NEXT);

  assert.deepEqual(tail.seen.map((text) => text.trim().slice(0, 30)), [
    'day', '2026-08-24 10:00:00,000 ERROR ', 'Traceback (most recent call la', 'File "/srv/shop/.venv/lib/pyth', 'File "/srv/shop/orders/views.p', 'pay()', '^^^^',
    'File "/srv/shop/.venv/lib/pyth', 'ValueError: no card', '2026-08-24 10:00:01,000 INFO s',
  ]);
  const { count, names, lines } = blockOf(tail.store, foldOf(tail));
  assert.deepEqual([count, names, lines.length], [3, 'django, Python', 9]);
});

test('opened, they are all there in order, and folded again they are gone', () => {
  const tail = tailWith(HEAD + LIBRARY + OWN + END);
  const before = tail.seen;

  tail.filtered.opened.add(foldOf(tail));
  tail.incoming.rebuild();
  const opened = tail.seen.slice(1).join('\n');
  tail.filtered.opened.clear();
  tail.incoming.rebuild();

  assert.equal(`${opened}\n`, HEAD + LIBRARY + OWN + END);
  assert.deepEqual(tail.seen, before);
});

test('lines that come one by one fold as those that come at once', () => {
  const text = HEAD + LIBRARY + OWN + LIBRARY + END + NEXT;
  const whole = tailWith(text);
  const tail = tailOf();
  tail.open();

  for (const line of text.split('\n').slice(0, -1)) tail.take(`${line}\n`);

  assert.deepEqual(tail.seen, whole.seen);
});

test('a line that is not finished is read twice and folded once', () => {
  const tail = tailWith(HEAD + frame(`${DJANGO}a.py`, 1, 'a()'));
  const rest = frame(`${DJANGO}b.py`, 2, 'b()').trimEnd();

  tail.take(rest.slice(0, 40), true);
  tail.take(`${rest}\n${END}`);

  assert.deepEqual(tail.seen.map((text) => text.trim().slice(0, 20)), ['day', '2026-08-24 10:00:00,', 'Traceback (most rece', 'File "/srv/shop/.ven', 'ValueError: no card']);
  assert.equal(blockOf(tail.store, foldOf(tail)).count, 2);
});

test('the folded line is drawn again when it stands for more', () => {
  const tail = tailWith(HEAD + frame(`${DJANGO}a.py`, 1, 'a()'));
  tail.rows.mounted.set(foldOf(tail), {});

  tail.take(frame(`${DJANGO}b.py`, 2, 'b()'));

  assert.equal(tail.rows.repainted > 0, true);
});

test('a match in folded frames opens them, and only those', () => {
  const tail = tailWith(HEAD + LIBRARY + OWN + LIBRARY.replace('base()', 'needle()') + END);
  tail.field.value = 'needle';
  tail.finding.search();

  tail.finding.step(1);

  assert.deepEqual(tail.rows.revealed.map(([text]) => text.trim()), ['needle()']);
  assert.equal(tail.filtered.opened.size, 1);
  assert.equal(tail.seen.length, 7 + 9 + 1);
});

test('with the option off nothing is folded', () => {
  const tail = tailWith(HEAD + LIBRARY + OWN + END);

  tail.filtered.foldsFrames = false;
  tail.incoming.rebuild();

  assert.equal(`${tail.seen.slice(1).join('\n')}\n`, HEAD + LIBRARY + OWN + END);
});

test('frames whose first line is no longer loaded are shown', () => {
  const tail = tailWith(HEAD + LIBRARY + OWN + END);
  tail.store.mostLines = 10;

  tail.take(NEXT);
  tail.incoming.rebuild();

  assert.equal(tail.store.lines, 10);
  assert.equal(tail.seen.filter((text) => text.trim() === 'run()').length, 1);
});
