import assert from 'node:assert/strict';
import test from 'node:test';

import { Health } from '../../../django_logtail/static/logtail/connection/health.js';

/** A connection with a clock that is set by hand. */
function alive() {
  const clock = { at: 0, timers: new Map(), next: 1 };
  const said = [];
  const health = new Health({
    now: () => clock.at, later: (run, ms) => { clock.timers.set(clock.next, [run, clock.at + ms]); return clock.next++; }, never: (timer) => clock.timers.delete(timer),
  }, { acknowledge: () => said.push(['ack', clock.at]), died: () => said.push(['died', clock.at]) });
  const passTo = (/** @type {number} */ end) => {
    for (;;) {
      const [due] = [...clock.timers].filter(([, [, at]]) => at <= end).sort((a, b) => a[1][1] - b[1][1]);
      if (!due) break;
      clock.timers.delete(due[0]);
      [, clock.at] = due[1];
      due[1][0]();
    }
    clock.at = end;
  };
  health.heard();
  return { health, passTo, said, clock };
}

test('a little is acknowledged two seconds later, together with what comes meanwhile', () => {
  const { health, passTo, said } = alive();

  health.took(10);
  passTo(100);
  health.took(10);
  passTo(5_000);

  assert.deepEqual(said, [['ack', 2_000]]);
});

test('much is acknowledged at once, and then it is little again', () => {
  const { health, passTo, said } = alive();

  health.took(40_000);
  health.took(40_000);
  health.took(40_000);
  passTo(5_000);

  assert.deepEqual(said, [['ack', 0], ['ack', 2_000]]);
});

test('a quiet client says where it is', () => {
  const { health, passTo, said } = alive();
  health.watch();

  passTo(19_000);
  health.heard();
  assert.deepEqual(said, []);
  passTo(41_000);

  assert.deepEqual(said, [['ack', 20_000], ['ack', 40_000]]);
});

test('a server that says nothing for long is dead', () => {
  const { health, passTo, said } = alive();
  health.watch();

  passTo(45_000);
  assert.equal(health.isDead, false);
  passTo(120_000);

  assert.equal(health.isDead, true);
  assert.deepEqual(said.filter(([what]) => what === 'died'), [['died', 50_000]]);
});

test('after its end nothing is said', () => {
  const { clock, health, passTo, said } = alive();
  health.watch();
  health.took(10);

  health.end();
  passTo(120_000);

  assert.deepEqual([said, clock.timers.size], [[], 0]);
});

for (const [bytes, at] of [[65_535, 2_000], [65_536, 0]]) {
  test(`${bytes} bytes are acknowledged after ${at} ms`, () => {
    const { health, passTo, said } = alive();

    health.took(bytes);
    passTo(5_000);

    assert.deepEqual(said, [['ack', at]]);
  });
}
