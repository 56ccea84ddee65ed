import assert from 'node:assert/strict';
import test from 'node:test';

import { Journey } from '../../../django_logtail/static/logtail/log/journey.js';

/** A journey, its timers, what it drew, and the requests that it made. */
function setOut() {
  const timers = new Map();
  const drawn = [];
  const asked = [];
  const journey = new Journey(() => drawn.push(journey.shown && { ...journey.shown }), {
    setTimeout: (run, ms) => {
      timers.set(timers.size + 1, { run, ms });
      return timers.size;
    },
    clearTimeout: (timer) => timers.delete(timer),
  });
  const ask = (hear) => {
    const one = { hear, cancelled: 0 };
    one.done = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
    asked.push(one);
    return { done: one.done, cancel: () => { one.cancelled++; } };
  };
  return { journey, drawn, asked, timers, ask };
}

test('how far it is shown until the answer comes', async () => {
  const { ask, asked, drawn, journey } = setOut();
  const going = journey.go('seek.error.earlier', {}, ask);
  asked[0].hear({ type: 'found' });
  asked[0].hear({ type: 'progress', at: 5, end: 20 });
  const meanwhile = journey.isUnderWay;
  asked[0].resolve('there');

  assert.equal(await going, 'there');
  assert.deepEqual([meanwhile, journey.isUnderWay], [true, false]);
  assert.deepEqual(drawn.map((one) => one && [one.key, one.at, one.end]), [['seek.error.earlier', 0, 0], ['seek.error.earlier', 5, 20], null]);
});

test('it can be stopped, and what comes then is not heard', async () => {
  const { ask, asked, drawn, journey } = setOut();
  const going = journey.go('a', {}, ask);

  assert.deepEqual([journey.stop(), journey.stop()], [true, false]);
  asked[0].hear({ type: 'progress', at: 5, end: 20 });

  assert.equal(await going, null);
  assert.equal(asked[0].cancelled, 1);
  assert.deepEqual(drawn.map((one) => one?.key), ['a', undefined]);
});

test('a second one takes the place of the first', async () => {
  const { ask, asked, journey } = setOut();
  const first = journey.go('a', {}, ask);
  const second = journey.go('b', { time: '9:00' }, ask);

  assert.equal(await first, null);
  assert.deepEqual([asked[0].cancelled, asked[1].cancelled, journey.shown.key, journey.shown.values], [1, 0, 'b', { time: '9:00' }]);
  asked[1].resolve(2);
  assert.equal(await second, 2);
});

test('a failure is passed on, and nothing is shown any more', async () => {
  const { ask, asked, journey } = setOut();
  const going = journey.go('a', {}, ask);
  asked[0].reject(new Error('no reader'));

  await assert.rejects(going, /no reader/);
  assert.deepEqual([journey.shown, journey.isUnderWay], [null, false]);
});

test('its outcome is shown for six seconds, or until another begins or it is stopped', async () => {
  const { ask, journey, timers } = setOut();
  journey.tell('seek.none.error.earlier');
  const [[timer, { ms, run }]] = timers;
  assert.deepEqual([ms, journey.shown.isOver, journey.isUnderWay], [6_000, true, false]);
  run();
  assert.equal(journey.shown, null);
  timers.delete(timer);

  journey.tell('a');
  void journey.go('b', {}, ask);
  assert.deepEqual([timers.size, journey.shown.isOver], [0, false]);

  journey.tell('a');
  assert.equal(journey.stop(), true);
  assert.deepEqual([timers.size, journey.shown], [0, null]);
});
