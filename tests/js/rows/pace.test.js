import assert from 'node:assert/strict';
import test from 'node:test';

import { FAST_LINES, Pace } from '../../../django_logtail/static/logtail/rows/pace.js';

/** A pace whose clock, frames and timers are in the hands of the test. @param {number} cost milliseconds that a painting takes */
function paced(cost = 5) {
  const world = { now: 0, frames: [], timers: [], painted: 0 };
  const pace = new Pace(() => {
    pace.began();
    world.now += cost;
    world.painted++;
    pace.ended();
  }, {
    now: () => world.now, later: (run, ms) => world.timers[world.timers.push([run, ms]) - 1], never: (timer) => { world.timers = world.timers.filter((other) => other !== timer); }, frame: (run) => world.frames.push(run), noFrame: () => { world.frames = []; },
  });
  const frame = () => world.frames.splice(0).forEach((run) => run());
  return { frame, pace, world };
}

test('what is asked for twice is painted once, with the next frame', () => {
  const { frame, pace, world } = paced();

  pace.schedule(false);
  pace.schedule(true);
  frame();

  assert.equal(world.painted, 1);
});

test('lines that come faster than anyone reads are painted ten times a second', () => {
  const { frame, pace, world } = paced();
  pace.rate = FAST_LINES;
  world.now = 1_000;
  pace.schedule(false);
  frame();

  pace.schedule(false);
  pace.schedule(false);

  assert.deepEqual(world.frames, []);
  assert.deepEqual(world.timers.map(([, ms]) => ms), [0, 95]);
  world.timers[1][0]();
  frame();
  assert.equal(world.painted, 2);
});

test('what the reader does is painted with the next frame whatever comes', () => {
  const { frame, pace, world } = paced();
  pace.rate = FAST_LINES;
  world.now = 1_000;
  pace.schedule(false);
  frame();

  pace.schedule(true);
  frame();

  assert.equal(world.painted, 2);
});

test('on a slow machine painting takes a quarter of the time, and half a second at most', () => {
  const waits = [50, 400].map((cost) => {
    const { frame, pace, world } = paced(cost);
    pace.rate = FAST_LINES;
    world.now = 1_000;
    pace.schedule(false);
    frame();
    pace.schedule(false);
    return world.timers[1][1];
  });

  assert.deepEqual(waits, [150, 100]);
});

test('what the browser makes of a painting is part of what it cost', () => {
  const { frame, pace, world } = paced();
  pace.rate = FAST_LINES;
  world.now = 1_000;
  pace.schedule(false);
  frame();
  world.now += 60;

  world.timers[0][0]();

  assert.equal(pace.cost, 65);
});

test('a pane that is moved in the page while it waits goes on painting', () => {
  const { frame, pace, world } = paced();
  pace.rate = FAST_LINES;
  world.now = 1_000;
  pace.schedule(false);
  frame();
  pace.schedule(false);
  pace.end();
  assert.deepEqual(world.timers.map(([, ms]) => ms), [0]);

  pace.schedule(false);

  assert.deepEqual(world.timers.map(([, ms]) => ms), [0, 95]);
});

test('after its end nothing is painted', () => {
  const { frame, pace, world } = paced();
  pace.schedule(true);

  pace.end();
  frame();

  assert.equal(world.painted, 0);
});
