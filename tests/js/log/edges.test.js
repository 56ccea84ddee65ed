import assert from 'node:assert/strict';
import test from 'node:test';

import { Edges } from '../../../django_logtail/static/logtail/log/edges.js';
import { tailOf } from '../tail.js';

/**
 * A tail of 100 rows of 20 px, of which five are in view, somewhere in file f; loads bring nothing and succeed.
 *
 * @param {{at?: number, start?: number, gap?: number|null, follow?: boolean, previous?: string[]}} how `gap`: the row before which one is
 */
function reading({ at = 1_000, start = 5_000, gap = null, follow = false, previous = [] } = {}) {
  const tail = tailOf();
  tail.store.move({ file: 'f', offset: start });
  for (let n = 0; n < 100; n++) {
    if (n === gap) tail.store.gap('f', tail.store.place.offset, tail.store.place.offset + 1_000, 'missed');
    tail.take(`line ${n}\n`);
  }
  tail.stream = { can: () => tail.can };
  tail.can = true;
  tail.did = [];
  tail.comes = true;
  const does = (name) => async (...values) => {
    tail.did.push([name, ...values.map((value) => value.kind ?? value)].join(' '));
    return tail.comes;
  };
  const { first } = tail.store;
  tail.earlier = { load: does('earlier'), loadPart: does('part'), first: tail.store.items[first], loading: false };
  tail.travel = { open: does('open') };
  tail.linkedLines = { loadPrevious: does('previous'), hasPrevious: (file) => previous.includes(file), loading: false };
  Object.assign(tail.rows, { at, follow });
  tail.edges = new Edges(tail);
  return tail;
}

/** What a movement loaded. */
async function moved(tail, direction) {
  tail.did = [];
  await tail.edges.moved(direction);
  return tail.did;
}
const five = (what) => Array(5).fill(what);

// The view is 100 px high.
for (const [at, loads] of [[-40, 5], [0, 5], [100, 5], [101, 0], [1_000, 0]]) {
  test(`going up at ${at} px loads earlier lines ${loads} times at most for one movement`, async () => {
    assert.deepEqual(await moved(reading({ at }), -1), Array(loads).fill('earlier'));
  });
}

test('each further movement loads again', async () => {
  const tail = reading({ at: 0 });
  await moved(tail, -1);

  assert.deepEqual(await moved(tail, -3), five('earlier'));
});

test('lines that push the first one away end it', async () => {
  const tail = reading({ at: 0 });
  tail.earlier.load = async () => {
    tail.did.push('earlier');
    tail.rows.at = 20_000;
    return true;
  };

  assert.deepEqual(await moved(tail, -1), ['earlier']);
});

test('going down at the first line loads nothing', async () => {
  assert.deepEqual(await moved(reading({ at: 0 }), 1), []);
});

test('a movement while something loads counts for what follows it, and loads nothing at once', async () => {
  const tail = reading({ at: 0 });
  let come;
  tail.earlier.load = () => {
    tail.did.push('earlier');
    return new Promise((resolve) => { come = resolve; });
  };
  const loading = tail.edges.moved(-1);
  await tail.edges.moved(-1);
  await tail.edges.moved(1);
  const meanwhile = [...tail.did];

  come(true);
  await loading;

  assert.deepEqual([meanwhile, tail.did], [['earlier'], ['earlier']]);
});

test('above the first byte of a file comes the previous one, if there is one', async () => {
  const tail = reading({ at: 0, start: 0, previous: ['f'] });

  assert.deepEqual(await moved(tail, -1), five('previous f'));
  assert.deepEqual(await moved(reading({ at: 0, start: 0 }), -1), []);
});

test('after a failure nothing is tried until somebody asks', async () => {
  const tail = reading({ at: 0 });
  tail.comes = false;
  const first = await moved(tail, -1);
  const second = await moved(tail, -1);
  tail.edges.asked();
  tail.comes = true;
  const third = await moved(tail, -1);

  assert.deepEqual([first, second, third], [['earlier'], [], five('earlier')]);
});

test('a failure in one log is none in the next', async () => {
  const tail = reading({ at: 0 });
  tail.comes = false;
  await moved(tail, -1);
  tail.edges.begin();

  assert.deepEqual(await moved(tail, -1), ['earlier']);
});

for (const [how, change] of [
  ['without a connection', (tail) => { tail.can = false; }],
  ['while earlier lines are on their way', (tail) => { tail.earlier.loading = true; }],
  ['while another file is on its way', (tail) => { tail.linkedLines.loading = true; }],
  ['without a line', (tail) => { tail.earlier.first = null; }],
]) {
  test(`${how} nothing is loaded`, async () => {
    const tail = reading({ at: 0 });
    change(tail);

    assert.deepEqual(await moved(tail, -1), []);
  });
}

test('while the end is followed only a movement upwards loads, where nothing can be scrolled', async () => {
  const tail = reading({ at: 0, follow: true, gap: 3 });

  assert.deepEqual(await moved(tail, 1), []);
  assert.deepEqual(await moved(tail, -1), five('part gap above'));
});

// Rows of 20 px; the gap is row 50, at 1000 px.
for (const [at, direction, loads] of [
  [781, 1, []], [800, 1, five('part gap above')], [1_000, 1, five('part gap below')], [1_020, 1, []],
  [1_140, -1, []], [1_119, -1, five('part gap below')], [1_000, -1, five('part gap below')], [880, -1, []],
]) {
  test(`going ${direction > 0 ? 'down' : 'up'} at ${at} px loads ${loads.length ? `the gap beside it, from where the line in view is: ${loads[0]}` : 'no gap'}`, async () => {
    const tail = reading({ at, gap: 50 });
    // The row below it, where the gap itself is at the upper edge.
    tail.rows.anchor = tail.rows.shown.at(tail.rows.shown.indexAt(at === 1_000 ? 1_020 : at));

    assert.deepEqual(await moved(tail, direction), loads);
  });
}

test('what lies between two files opens like a gap', async () => {
  const tail = reading({ at: 1_000, gap: 50 });
  tail.store.items.find((item) => item?.kind === 'gap').kind = 'between';
  tail.rows.anchor = tail.rows.shown.at(tail.rows.shown.indexAt(1_020));

  assert.deepEqual(await moved(tail, -1), five('open between below'));
});

test('a gap that has failed or is on its way is left alone', async () => {
  const tail = reading({ at: 1_000, gap: 50 });
  const gap = tail.store.items.find((item) => item?.kind === 'gap');
  gap.details.failed = new Error('gone');
  const failed = await moved(tail, 1);
  Object.assign(gap.details, { failed: undefined, loading: true });

  assert.deepEqual([failed, await moved(tail, 1)], [[], []]);
});

test('what came for a log that was left ends it', async () => {
  const tail = reading({ at: 0 });
  tail.earlier.load = async () => {
    tail.did.push('earlier');
    tail.store = reading().store;
    return true;
  };

  assert.deepEqual(await moved(tail, -1), ['earlier']);
});
