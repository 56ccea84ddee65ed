import assert from 'node:assert/strict';
import test from 'node:test';

import { Words } from '../../../django_logtail/static/logtail/ui/format.js';
import { Query } from '../../../django_logtail/static/logtail/find/filter.js';
import { refusalOf, Search, searchedFor, shownOf, soughtBy } from '../../../django_logtail/static/logtail/find/search.js';

const words = new Words({
  'search.running': 'Searching… {p}', 'search.of': '{a} of {b}', 'search.found': ['{n} matches', '{n} match'],
  'search.done': 'Searched all {size}', 'search.cancelled': 'Stopped at {p}', 'search.none': 'No matches in {size}.',
  'search.shown': '{n} of {m} shown', 'search.getting': 'Loading more…', 'search.first': ['Showing the first {n} matches.', 'Showing the first {n} match.'], 'filter.bad': 'Invalid expression: {msg}',
}, 'en', [0, 1]);

async function settle() {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

/** A search whose server is in the hands of the test. */
function world(order = '') {
  const asked = {};
  const sought = { pattern: 'x', regex: false, case: false };
  const changes = [];
  const session = {
    search(what, hear) {
      Object.assign(asked, { what, hear });
      return { done: new Promise((resolve, reject) => Object.assign(asked, { resolve, reject })), cancel: () => { asked.cancelled = true; } };
    },
  };
  const search = new Search(session, { file: 'f', order, sought }, (fresh) => changes.push(fresh));
  return { asked, changes, search, said: () => search.said(words) };
}

const hit = (start) => ({ start, end: start + 5, parts: ['a ', 'x', '.'] });
const found = (start, file = 'f', name = '') => ({ ...hit(start), file, name });

/** What a filter with these terms asks a server for. */
function asked(typed, { flags = {}, pinned = [], off = '' } = {}) {
  const known = { isField: (name) => ['status', 'n'].includes(name), formats: () => null };
  return soughtBy(new Query(typed, { case: false, regex: false, invert: false, only: false, ...flags }, pinned, known), new Set(off));
}

test('one text or one expression is asked for as it always was', () => {
  assert.deepEqual(asked('time out'), { pattern: 'time out', regex: false, case: false });
  assert.deepEqual(asked('"time out"', { flags: { case: true } }), { pattern: 'time out', regex: false, case: true });
  assert.deepEqual(asked('rm -rf /tmp'), { pattern: 'rm -rf /tmp', regex: false, case: false });
  assert.deepEqual(asked('a.*b -c', { flags: { regex: true } }), { pattern: 'a.*b -c', regex: true, case: false });
  assert.deepEqual(asked('', { pinned: ['a'] }), { pattern: 'a', regex: false, case: false });
  for (const nothing of ['', '  ']) assert.equal(asked(nothing, { off: 'D' }), null);
});

test('chips, exclusions, fields and levels are all asked for', () => {
  assert.deepEqual(asked('a status:500 n>fast', { pinned: ['b', '-noise', '-status:"2*"'], off: 'DI' }), {
    pattern: 'a', regex: false, case: false, levels: 'EWO',
    terms: [{ field: 'status', is: ':', value: '500' }, { text: 'b' }, { text: 'noise', not: true }, { field: 'status', is: ':', value: '2*', exact: true, not: true }],
  });
  assert.deepEqual(asked('-noise'), { regex: false, case: false, terms: [{ text: 'noise', not: true }] });
  assert.deepEqual(asked('x|y', { flags: { regex: true }, pinned: ['b'] }), { pattern: 'x|y', regex: true, case: false, terms: [{ text: 'b' }] });
});

test('expressions among the chips are asked for beside a text, a typed expression and each other', () => {
  const pinned = ['~"a|b"', '~"c ""d"""'];
  assert.deepEqual(asked('x', { pinned }), { pattern: 'x', regex: false, case: false, terms: [{ regex: 'a|b' }, { regex: 'c "d"' }] });
  assert.deepEqual(asked('x.', { pinned, flags: { regex: true } }), { pattern: 'x.', regex: true, case: false, terms: [{ regex: 'a|b' }, { regex: 'c "d"' }] });
  assert.deepEqual(asked('', { pinned }), { regex: false, case: false, terms: [{ regex: 'a|b' }, { regex: 'c "d"' }] });
});

test('expressions among the chips are refused where the server has none, and if they are too many or too long', () => {
  const can = ['search', 'terms', 'regex'];
  const chips = (count, length = 1) => Array.from({ length: count }, (_, i) => `~"${'abcde'[i].repeat(length)}"`);
  const said = (pinned, more = {}) => refusalOf(asked('x', { pinned, ...more }), can);

  assert.equal(refusalOf(asked('', { pinned: ['~"a"'] }), ['search', 'terms']), 'search.literal');
  assert.deepEqual([said(chips(4)), said(chips(5))], ['', 'search.expressions']);
  assert.deepEqual([said(chips(3), { flags: { regex: true } }), said(chips(4), { flags: { regex: true } })], ['', 'search.expressions']);
  assert.deepEqual([said(chips(3, 333)), said(chips(4, 250))], ['', 'search.long']);
});

test('what a server cannot do is refused, and nothing is left out of it', () => {
  const old = ['range', 'search', 'regex'];
  const can = [...old, 'terms'];

  assert.equal(refusalOf(asked('a'), old), '');
  for (const more of [asked('a', { pinned: ['b'] }), asked('a', { off: 'D' }), asked('-a'), asked('status:500')]) assert.deepEqual([refusalOf(more, old), refusalOf(more, can)], ['search.oneterm', '']);
  assert.equal(refusalOf(asked('a', { flags: { regex: true } }), ['search', 'terms']), 'search.literal');
  assert.deepEqual([refusalOf(asked('😀'.repeat(1_000)), can), refusalOf(asked('😀'.repeat(1_001)), can)], ['', 'search.long']);
  assert.equal(refusalOf(asked('', { pinned: Array.from({ length: 22 }, (_, i) => `t${i}`) }), can), 'search.long');
});

test('what is searched for is said', () => {
  const say = new Words({
    'hint.text': 'text “{text}”', 'hint.not': 'without “{text}”', 'hint.is': '{field} is {value}', 'hint.text.nofield': 'text “{text}”, no field', 'list.and': ', and ',
    'search.levels': 'level {levels}', 'level.error': 'Error', 'level.other': 'Other',
  }, 'en', [0, 1]);
  const query = (typed, flags = {}) => new Query(typed, { case: false, regex: false, invert: false, only: false, ...flags }, ['-b', 'status:500', 'localhost:1x'.replace(/^/, '"') + '"']);

  assert.equal(searchedFor(query('a'), new Set('WID'), say), 'text “a”, and without “b”, and status is 500, and text “localhost:1x”, and level Error, Other');
  assert.equal(searchedFor(query('a|c', { regex: true }), new Set(), say), 'a|c, and without “b”, and status is 500, and text “localhost:1x”');
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
  assert.deepEqual(w.changes, [[found(0), found(9)], []]);
});

test('why the hits are not exactly those of the range is kept when more of them are loaded', async () => {
  const why = { code: 'times-out-of-order' };
  const w = world('newest');
  w.asked.hear({ type: 'found', file: 'f', hits: [hit(9)] });
  assert.equal(w.search.inexact, null);
  w.asked.resolve({ type: 'done', at: 9, end: 9, count: 2, more: true, reason: 'times are out of order', why });
  await settle();
  assert.deepEqual(w.search.inexact, { reason: 'times are out of order', why });

  w.search.next();
  w.asked.hear({ type: 'found', file: 'f', hits: [hit(0)] });
  w.asked.resolve({ type: 'done', at: 9, end: 9 });
  await settle();
  assert.deepEqual(w.search.inexact, { reason: 'times are out of order', why });
});

test('a file that was not read whole says so itself, and only there', async () => {
  const w = world('newest');
  w.asked.resolve({ type: 'done', at: 9, end: 9, count: 0, reason: 'its text is damaged', unread: [{ name: 'app.log.1.gz', reason: 'its text is damaged' }] });
  await settle();

  assert.equal(w.search.inexact, null);
  assert.deepEqual(w.search.unread.map(({ name }) => name), ['app.log.1.gz']);
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

test('with an order it asks for all files, and each hit knows its own', () => {
  const w = world('newest');
  w.asked.hear({ type: 'found', file: 'g', name: 'app.log', hits: [hit(9)] });
  w.asked.hear({ type: 'found', file: 'f', name: 'app.log.1', hits: [hit(0)] });

  assert.deepEqual(w.asked.what, { order: 'newest', pattern: 'x', regex: false, case: false });
  assert.deepEqual(w.changes.flat(), [found(9, 'g', 'app.log'), found(0, 'f', 'app.log.1')]);
});

test('a count goes on beyond the hits, and the end says how many are shown of how many', async () => {
  const w = world('newest');
  w.asked.hear({ type: 'found', file: 'g', name: 'app.log', hits: [hit(9), hit(2)] });
  w.asked.hear({ type: 'progress', at: 1_200_000_000, end: 4_000_000_000, count: 40 });
  const running = w.said();
  w.asked.resolve({ type: 'done', at: 4_000_000_000, end: 4_000_000_000, found: 2, count: 48_112, more: true });
  await settle();

  assert.equal(running, '2 of 40 shown · Searching… 30% · 1.2 GB of 4.0 GB');
  assert.equal(w.said(), '2 of 48,112 shown · Searched all 4.0 GB');
  assert.deepEqual([w.search.hasNext, w.search.left], [true, 48_110]);
});

test('all hits shown are only counted', async () => {
  const w = world('oldest');
  w.asked.hear({ type: 'found', file: 'g', name: 'app.log', hits: [hit(2), hit(9)] });
  w.asked.resolve({ type: 'done', at: 500, end: 500, found: 2, count: 2 });
  await settle();

  assert.equal(w.said(), '2 matches · Searched all 500 B');
  assert.equal(w.search.hasNext, false);
});

for (const [order, bound] of [['newest', { to: { file: 'g', offset: 2 } }], ['oldest', { from: { file: 'g', offset: 7 } }]]) {
  test(`more is asked for from the last hit on, ${order} first, and the count stays`, async () => {
    const w = world(order);
    w.asked.hear({ type: 'found', file: 'g', name: 'app.log', hits: [hit(9), hit(2)] });
    w.asked.resolve({ type: 'done', at: 500, end: 500, found: 2, count: 5, more: true });
    await settle();

    w.search.next();
    const { what } = w.asked;
    const getting = w.said();
    w.asked.hear({ type: 'progress', at: 1, end: 300 });
    w.asked.hear({ type: 'found', file: 'f', name: 'app.log.1', hits: [hit(1)] });
    w.asked.resolve({ type: 'done', at: 300, end: 300, found: 1, more: true });
    await settle();

    assert.deepEqual(what, { order, ...bound, count: false, pattern: 'x', regex: false, case: false });
    assert.equal(getting, '2 of 5 shown · Loading more…');
    assert.equal(w.said(), '3 of 5 shown · Searched all 500 B');
    assert.equal(w.search.hasNext, true);
  });
}

test('a cancelled search can be gone on with, and hears nothing of what it was before', async () => {
  const w = world('newest');
  const { hear } = w.asked;
  w.asked.hear({ type: 'found', file: 'g', name: 'app.log', hits: [hit(9)] });
  assert.equal(w.search.hasNext, false);
  w.search.cancel();
  assert.equal(w.search.hasNext, true);
  w.search.next();
  hear({ type: 'found', file: 'g', name: 'app.log', hits: [hit(5)] });

  assert.equal(w.search.found, 1);
});

test('without a hit, or of one file, there is nothing to go on with', () => {
  const none = world('newest');
  none.search.cancel();
  const old = world();
  old.asked.hear({ type: 'found', hits: [hit(9)] });
  old.search.cancel();

  assert.deepEqual([none.search.hasNext, old.search.hasNext], [false, false]);
});

test('files that could not be searched whole are kept, each once', () => {
  const w = world('newest');
  const one = { name: 'app.log.2.gz', reason: 'it is damaged' };

  w.asked.hear({ type: 'progress', at: 1, end: 2, unread: [one] });
  w.asked.hear({ type: 'progress', at: 2, end: 2, unread: [one, { ...one, name: 'app.log.3.Z' }] });

  assert.deepEqual(w.search.unread.map(({ name }) => name), ['app.log.2.gz', 'app.log.3.Z']);
});

test('a range of time goes along, and is enough to be searched for', () => {
  const range = { from: 1_000, to: 2_000 };
  const query = new Query('', { case: false, regex: false, invert: false, only: false }, [], undefined, range);

  const sought = soughtBy(query, new Set(['D']));

  assert.deepEqual(sought, { regex: false, case: false, levels: 'EWIO', since: 1_000, until: 2_000 });
  assert.equal(refusalOf(sought, ['terms', 'volume']), '');
  assert.equal(refusalOf(sought, ['terms']), 'search.norange');
  assert.equal(soughtBy(new Query('', { case: false, regex: false, invert: false, only: false }), new Set()), null);
});

test('a hit shows words in the place of what is hidden, also within what was found', () => {
  const hit = { start: 0, end: 9, parts: ['用户😀 ', 'from', ' **** ok'], hidden: [[9, 4, 'order', 4]] };
  assert.deepEqual(shownOf(hit), { text: '用户😀 from ‹order› ok', hits: [[5, 9]], secrets: [{ start: 10, end: 17, name: 'order', bytes: 4 }] });
  assert.deepEqual(shownOf({ ...hit, parts: ['用户😀 ', 'from', ' 1234 ok'] }, true), { text: '用户😀 from 1234 ok', hits: [[5, 9]], secrets: [{ start: 10, end: 14, name: 'order', bytes: 4 }] });
  assert.deepEqual(shownOf({ start: 0, end: 9, parts: ['a ', '**', '** b'], before: true, hidden: [[2, 4, 'x', 4]] }), { text: '…a ‹x› b', hits: [[3, 6]], secrets: [{ start: 3, end: 6, name: 'x', bytes: 4 }] });
  assert.deepEqual(shownOf({ start: 0, end: 9, parts: ['a', 'b'] }), { text: 'ab', hits: [[1, 2]], secrets: [] });
});
