import assert from 'node:assert/strict';
import test from 'node:test';

globalThis.document ??= /** @type {any} */ ({ getElementById: () => null });
const { Follow } = await import('../../../django_logtail/static/logtail/log/follow.js');

/** What a viewer is made of, as far as it concerns where its reader looks; `did` is what was done. */
function viewer({ follow = true, paused = false, full = false, holding = false, phase = 'open' } = {}) {
  const did = [];
  const does = (name) => (...values) => { did.push([name, ...values].join(' ')); };
  const incoming = { paused, pause() { this.paused = true; }, resume() { this.paused = false; }, forgetUnseen: does('seen') };
  const rows = { follow, toEnd: does('to end') };
  const session = { holding, hold() { did.push('hold'); this.holding = true; }, release: does('release') };
  const log = { session, store: { full, keep: does('keep') }, stream: { phase } };
  const attention = new Follow(/** @type {any} */ ({ log, rows, incoming }), {
    say() {}, changed: does('draw'), leaving: does('no selection'), caughtUp() {}, looked() {}, held() {},
  });
  return { incoming, did, attention };
}

test('a page that is held still keeps what it has', () => {
  const { incoming, did, attention } = viewer();

  attention.pause();

  assert.equal(incoming.paused, true);
  assert.deepEqual(did, ['keep true', 'draw']);
});

for (const options of [{ paused: true }, { phase: 'connecting' }, { phase: 'stopped' }]) {
  test(`nothing is held still where it is ${JSON.stringify(options)}`, () => {
    const { did, attention } = viewer(options);

    attention.pause();

    assert.deepEqual(did, []);
  });
}

test('a page that goes on shows the newest line and asks for what follows', () => {
  const { incoming, did, attention } = viewer({ paused: true });

  attention.resume();

  assert.equal(incoming.paused, false);
  assert.ok(did.includes('to end'));
  assert.ok(did.includes('keep false'));
  assert.ok(did.includes('release'));
});

test('what was not held still does not go on', () => {
  const { did, attention } = viewer();

  attention.resume();

  assert.deepEqual(did, []);
});

for (const [options, isHeld] of [
  [{ follow: false, full: true }, true],
  [{ paused: true, full: true }, true],
  [{ follow: false, full: false }, false],
  [{ follow: true, full: true }, false],
  [{ follow: false, full: true, holding: true }, false],
]) {
  test(`the server is ${isHeld ? '' : 'not '}asked to wait where it is ${JSON.stringify(options)}`, () => {
    const { did, attention } = viewer(options);

    attention.grew();

    assert.equal(did.includes('hold'), isHeld);
  });
}

test('who looks elsewhere keeps what they look at, and who is back lets it go', () => {
  const elsewhere = viewer({ follow: false });
  const back = viewer({ follow: true });

  elsewhere.attention.followed(false);
  back.attention.followed(true);

  assert.deepEqual(elsewhere.did, ['keep true']);
  assert.deepEqual(back.did, ['seen', 'keep false', 'release']);
});

/** A reader further up in a store that gives back what is asked of it, or nothing. */
function loading({ paused = false, isHeld = false, gives = true } = {}) {
  const { attention, did, incoming } = viewer({ follow: false, paused });
  const shown = { length: 100, at: (index) => ({ seq: 1_000 + index }), indexAt: (y) => y / 20 };
  Object.assign(attention.rows, { at: 200, height: 400, isHeld: () => isHeld, shown });
  attention.log.store.giveBack = (from, to) => {
    did.push(`give back but ${from} to ${to}`);
    return gives;
  };
  return { attention, did, incoming };
}

test('what is far from the rows in sight is given back, and the server holds then', () => {
  const { attention, did } = loading();

  attention.loaded();

  assert.deepEqual(did, ['give back but 1010 to 1030', 'hold', 'keep true']);
});

test('the server does not hold where only earlier lines were given back', () => {
  const { attention, did } = loading({ gives: false });

  attention.loaded();

  assert.deepEqual(did, ['give back but 1010 to 1030', 'keep true']);
});

for (const options of [{ paused: true }, { isHeld: true }]) {
  test(`nothing is given back where it is ${JSON.stringify(options)}`, () => {
    const { attention, did } = loading(options);

    attention.loaded();

    assert.deepEqual(did, ['keep true']);
  });
}
