import assert from 'node:assert/strict';
import test from 'node:test';

import { PlaceTimes } from '../../../django_logtail/static/logtail/log/place-times.js';
import { tailOf } from '../tail.js';

const encode = (text) => new TextEncoder().encode(text);
const line = (minute) => `2026-11-27 06:${String(minute).padStart(2, '0')}:00 INFO shop: ${'x'.repeat(66)}\n`;

/** Places in a file f of sixty lines of 100 bytes, one each minute. */
function places(text = Array.from({ length: 60 }, (_, n) => line(n)).join('')) {
  const tail = tailOf();
  const bytes = encode(text);
  tail.asked = [];
  tail.answers = [];
  tail.session = {
    range: (what) => {
      tail.asked.push([what.start, what.end]);
      return new Promise((resolve, reject) => tail.answers.push({
        reject, answer: () => resolve({ file: 'f', start: what.start, end: Math.min(what.end, bytes.length), bytes: bytes.subarray(what.start, what.end) }),
      }));
    },
  };
  tail.stream = { can: () => true };
  tail.timers = new Map();
  let last = 0;
  tail.times = new PlaceTimes(tail.log, () => tail.heard.push('changed'), {
    setTimeout: (run, ms) => {
      tail.timers.set(++last, { run, ms });
      return last;
    },
    clearTimeout: (timer) => tail.timers.delete(timer),
  });
  tail.wait = () => {
    const waiting = [...tail.timers.values()];
    tail.timers.clear();
    for (const { run } of waiting) run();
  };
  return tail;
}
const at = (tail, offset) => {
  const moment = tail.times.at({ file: 'f', offset });
  return moment && new Date(moment.clock).toISOString().slice(11, 16);
};
const settle = () => new Promise((resolve) => { setImmediate(resolve); });
async function answer(tail) {
  tail.answers.shift().answer();
  await settle();
}

test('the first time that begins at a place is known after a pause and one small request', async () => {
  const tail = places();
  assert.equal(at(tail, 1_250), null);
  assert.deepEqual([[...tail.timers.values()].map(({ ms }) => ms), tail.asked], [[120], []]);
  tail.wait();
  await answer(tail);

  assert.deepEqual([at(tail, 1_250), tail.heard], ['06:13', ['changed']]);
  assert.deepEqual(tail.asked, [[1_248, 5_344]]);
  assert.equal(at(tail, 1_251), '06:13');
  tail.wait();
  assert.equal(tail.asked.length, 1);
});

test('at the first byte of a file it is the first line', async () => {
  const tail = places();
  at(tail, 0);
  tail.wait();
  await answer(tail);

  assert.equal(at(tail, 0), '06:00');
});

test('of many places that the pointer passes, only the one where it rests is asked for', async () => {
  const tail = places();
  for (const offset of [100, 200, 300, 400]) at(tail, offset);
  at(tail, 400);
  assert.equal(tail.timers.size, 1);
  tail.wait();
  // While that is on its way, two more.
  at(tail, 2_000);
  tail.wait();
  at(tail, 3_000);
  tail.wait();
  assert.deepEqual(tail.asked, [[400, 4_496]]);
  await answer(tail);
  assert.deepEqual(tail.asked, [[400, 4_496], [3_000, 7_096]]);
  await answer(tail);

  assert.deepEqual([at(tail, 3_000), at(tail, 400)], ['06:31', '06:05']);
});

test('when nobody wants to know any more, nothing is asked for', () => {
  const tail = places();
  at(tail, 100);
  tail.times.stop();
  tail.wait();

  assert.deepEqual(tail.asked, []);
});

test('behind long lines more is read once, and where there are no times that is remembered', async () => {
  const tail = places(`${'x'.repeat(6_000)}\n${line(7)}`);
  at(tail, 100);
  tail.wait();
  await answer(tail);
  await answer(tail);
  assert.deepEqual([at(tail, 100), tail.asked], ['06:07', [[100, 4_196], [100, 65_636]]]);

  const none = places('collected 2412 items\n'.repeat(100));
  at(none, 100);
  none.wait();
  await answer(none);
  await answer(none);
  assert.equal(at(none, 100), null);
  none.wait();
  assert.equal(none.asked.length, 2);
});

test('after a failure, and in another log, nothing is known', async () => {
  const tail = places();
  at(tail, 100);
  tail.wait();
  tail.answers.shift().reject(new Error('no reader'));
  await settle();
  assert.deepEqual([at(tail, 100), tail.heard], [null, ['changed']]);

  at(tail, 2_000);
  tail.wait();
  tail.open();
  tail.times.begin();
  await answer(tail);
  assert.deepEqual([tail.times.known.size, tail.heard.length], [0, 1]);
});

test('what begins within a line is not its time', async () => {
  const tail = places(`${'x'.repeat(52)}2026-01-01 05:55:00 INFO quoted\n${line(7)}`);
  at(tail, 52);
  tail.wait();
  await answer(tail);

  assert.deepEqual([tail.asked[0][0], at(tail, 52)], [52, '06:07']);
});

test('five hundred places are remembered, and the oldest is forgotten for another', async () => {
  const tail = places();
  for (let n = 0; n < 500; n++) tail.times.known.set(`g ${n}`, null);
  at(tail, 100);
  tail.wait();
  await answer(tail);

  assert.deepEqual([tail.times.known.size, tail.times.known.has('g 0'), tail.times.known.has('g 1'), at(tail, 100)], [500, false, true, '06:02']);
});
