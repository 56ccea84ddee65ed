import assert from 'node:assert/strict';
import test, { mock } from 'node:test';

import { BackgroundStop } from '../../../django_logtail/static/logtail/log/background-stop.js';

const MINUTE = 60_000;

/** A tab with a viewer; `hide` and `show` are what its reader does. */
function tab(ended = false, idleMinutes = 0) {
  const page = Object.assign(new EventTarget(), { hidden: false });
  globalThis.document = /** @type {any} */ (page);
  const did = [];
  const log = { session: { ended, wake() { did.push('wake'); } } };
  const absence = new BackgroundStop(/** @type {any} */ ({ log, idleMinutes }), { back() {}, away() { did.push('stop'); } });
  const life = new AbortController();
  absence.wire(life.signal);
  const turn = (hidden) => {
    page.hidden = hidden;
    page.dispatchEvent(new Event('visibilitychange'));
  };
  const use = (kind) => page.dispatchEvent(new Event(kind));
  return { absence, did, life, use, hide: () => turn(true), show: () => turn(false) };
}

test('a tab that nobody looks at for half an hour ends its viewing, and not before', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { absence, did, hide } = tab();

  hide();
  mock.timers.tick(30 * MINUTE - 1);
  const before = [...did];
  mock.timers.tick(1);

  assert.deepEqual([before, did, absence.ended], [[], ['stop'], 'hidden']);
  assert.equal(absence.minutes, 30);
  mock.timers.reset();
});

test('who looks at it again in time goes on, and has the whole time again', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { absence, did, hide, show } = tab();

  hide();
  mock.timers.tick(29 * MINUTE);
  show();
  mock.timers.tick(5 * MINUTE);
  hide();
  mock.timers.tick(29 * MINUTE);

  assert.deepEqual([did, absence.ended], [['wake'], '']);
  mock.timers.reset();
});

test('what has ended already is not ended for that', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { absence, did, hide } = tab(true);

  hide();
  mock.timers.tick(31 * MINUTE);

  assert.deepEqual([did, absence.ended], [[], '']);
  mock.timers.reset();
});

test('a viewer that was taken out of its page is ended no more', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { did, life, hide } = tab();

  hide();
  life.abort();
  mock.timers.tick(31 * MINUTE);

  assert.deepEqual(did, []);
  mock.timers.reset();
});

for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart']) {
  test(`a page in sight that nobody uses ends its viewing where that is set, and ${kind} is use`, () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { absence, did, use } = tab(false, 10);

    mock.timers.tick(9 * MINUTE);
    use(kind);
    mock.timers.tick(10 * MINUTE - 1);
    const before = [...did];
    mock.timers.tick(1);

    assert.deepEqual([before, did, absence.ended, absence.minutes], [[], ['stop'], 'unused', 10]);
    mock.timers.reset();
  });
}

test('a page in sight may stay where nothing is set', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { did } = tab();

  mock.timers.tick(24 * 60 * MINUTE);

  assert.deepEqual(did, []);
  mock.timers.reset();
});

for (const [idleMinutes, after] of [[10, 10], [60, 30]]) {
  test(`in the background, ${idleMinutes} minutes end a viewing after ${after}`, () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { absence, did, hide } = tab(false, idleMinutes);

    hide();
    mock.timers.tick(after * MINUTE - 1);
    const before = [...did];
    mock.timers.tick(1);

    assert.deepEqual([before, did, absence.ended, absence.minutes], [[], ['stop'], 'hidden', after]);
    mock.timers.reset();
  });
}

test('who continues has the whole time again', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { absence, did } = tab(false, 10);

  mock.timers.tick(10 * MINUTE);
  absence.begin();
  mock.timers.tick(10 * MINUTE - 1);

  assert.deepEqual([did, absence.ended], [['stop'], '']);
  mock.timers.reset();
});
