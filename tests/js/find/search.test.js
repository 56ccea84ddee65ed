import assert from 'node:assert/strict';
import test from 'node:test';

import { Words } from '../../../django_logtail/static/logtail/ui/format.js';
import { Search, shownOf, soughtBy } from '../../../django_logtail/static/logtail/find/search.js';

const words = new Words({
  'search.running': 'Searching… {p}', 'search.of': '{a} of {b}', 'search.found': ['{n} matches', '{n} match'],
  'search.done': 'Searched all {size}', 'search.cancelled': 'Stopped at {p}', 'search.none': 'No matches in {size}.',
  'search.first': ['Showing the first {n} matches.', 'Showing the first {n} match.'], 'filter.bad': 'Invalid expression: {msg}',
}, 'en', [0, 1]);
const OFF = { case: false, regex: false };

async function settle() {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

/** A search whose server is in the hands of the test. */
function world(sought = { pattern: 'x', regex: false, case: false }) {
  const asked = {};
  const changes = [];
  const session = {
    search(what, hear) {
      Object.assign(asked, { what, hear });
      return { done: new Promise((resolve, reject) => Object.assign(asked, { resolve, reject })), cancel: () => { asked.cancelled = true; } };
    },
  };
  const search = new Search(session, 'f', sought, (fresh) => changes.push(fresh));
  return { asked, changes, search, said: () => search.said(words) };
}

const hit = (start) => ({ start, end: start + 5, parts: ['a ', 'x', '.'] });

test('what is searched for is the text of the field, or the expression, or the last term that was pinned', () => {
  assert.deepEqual(soughtBy('time out', OFF, []), { pattern: 'time out', regex: false, case: false });
  assert.deepEqual(soughtBy('"time out"', { case: true, regex: false }, ['a']), { pattern: 'time out', regex: false, case: true });
  assert.deepEqual(soughtBy('rm -rf /tmp', OFF, []), { pattern: 'rm -rf /tmp', regex: false, case: false });
  assert.deepEqual(soughtBy('', OFF, ['a', '-noise']), { pattern: 'a', regex: false, case: false });
  assert.deepEqual(soughtBy('a.*b -c', { case: false, regex: true }, []), { pattern: 'a.*b -c', regex: true, case: false });
  assert.deepEqual(soughtBy('', { case: false, regex: true }, ['a', 'b.']), { pattern: 'b.', regex: false, case: false });
  assert.equal(soughtBy('  ', OFF, []), null);
  assert.equal(soughtBy('-noise', OFF, []), null);
});

test('a term longer than the server takes is cut between characters', () => {
  const { pattern } = soughtBy('😀'.repeat(1_200), OFF, []);

  assert.equal(pattern, '😀'.repeat(1_000));
});

test('a hit is shown without its escapes, with its matches marked and cuts said', () => {
  const shown = shownOf({ start: 0, end: 9, parts: ['\u001b[31mre', 'd\u001b[0m', ' and ', 're', ''], before: true, after: true });

  assert.equal(shown.text, '…red and re…');
  assert.deepEqual(shown.hits.map(([from, to]) => shown.text.slice(from, to)), ['d', 're']);
});

test('it asks for its file and says how far it is', () => {
  const w = world();
  assert.deepEqual(w.asked.what, { file: 'f', pattern: 'x', regex: false, case: false });
  assert.equal(w.said(), '0 matches · Searching… 0%');

  w.asked.hear({ type: 'found', hits: [hit(0), hit(9)] });
  w.asked.hear({ type: 'progress', at: 500_000, end: 2_000_000 });

  assert.equal(w.said(), '2 matches · Searching… 25% · 500 kB of 2.0 MB');
  assert.deepEqual(w.changes, [[hit(0), hit(9)], []]);
});

test('what holds it up is said while it does', () => {
  const w = world();

  w.asked.hear({ type: 'progress', at: 1, end: 10, reason: 'limited to 5 bytes/s' });
  assert.match(w.said(), /· limited to 5 bytes\/s$/);
  w.asked.hear({ type: 'progress', at: 2, end: 10 });

  assert.doesNotMatch(w.said(), /limited/);
});

test('a search that begins again elsewhere goes back on nothing', () => {
  const w = world();
  w.asked.hear({ type: 'progress', at: 50, end: 100 });

  w.asked.hear({ type: 'progress', at: 10, end: 100 });

  assert.equal(w.search.percent, 50);
});

test('the end is said with what was searched', async () => {
  const none = world();
  none.asked.resolve({ end: 84_000_000 });
  await settle();
  const some = world();
  some.asked.hear({ type: 'found', hits: [hit(0)] });
  some.asked.resolve({ end: 84_000_000, found: 1 });
  await settle();
  const enough = world();
  enough.asked.hear({ type: 'found', hits: Array.from({ length: 1000 }, (_, i) => hit(i)) });
  enough.asked.resolve({ end: 84_000_000, more: true });
  await settle();

  assert.equal(none.said(), 'No matches in 84.0 MB.');
  assert.equal(some.said(), '1 match · Searched all 84.0 MB');
  assert.equal(enough.said(), 'Showing the first 1,000 matches.');
});

test('a cancelled search asks the server to stop, hears nothing more, and says how far it came', async () => {
  const w = world();
  w.asked.hear({ type: 'found', hits: [hit(0)] });
  w.asked.hear({ type: 'progress', at: 10, end: 100 });

  w.search.cancel();
  w.asked.hear({ type: 'found', hits: [hit(50)] });
  w.asked.resolve({ end: 100 });
  await settle();

  assert.ok(w.asked.cancelled);
  assert.equal(w.said(), '1 match · Stopped at 10%');
  assert.equal(w.changes.flat().length, 1);
});

test('what went wrong is said in the server’s words, and a bad expression as that', async () => {
  const bad = world({ pattern: '(', regex: true, case: false });
  bad.asked.reject(Object.assign(new Error('missing )'), { id: 'bad-pattern' }));
  const gone = world();
  gone.asked.reject(Object.assign(new Error('The file is gone.'), { id: 'not-there' }));
  const lost = world();
  lost.asked.hear({ type: 'progress', at: 30, end: 100 });
  lost.asked.reject(new Error('connection lost'));
  await settle();

  assert.equal(bad.said(), 'Invalid expression: missing )');
  assert.equal(gone.said(), 'The file is gone');
  assert.equal(lost.said(), 'Stopped at 30%');
});
