import assert from 'node:assert/strict';
import test from 'node:test';

class FakeNode {}
class FakeElement extends FakeNode {
  constructor(typed = false) {
    super();
    this.typed = typed;
  }

  closest(selector) { return this.typed && selector.includes('input') ? this : null; }
}
Object.assign(globalThis, { Node: FakeNode, Element: FakeElement, HTMLElement: FakeElement });
globalThis.document = /** @type {any} */ ({ getElementById: () => null, activeElement: null });
const { onKey } = await import('../../../django_logtail/static/logtail/pane/keys.js');
const { settings } = await import('../../../django_logtail/static/logtail/ui/config.js');

/** A viewer, and what is done with it. */
function viewer({ item = null, lines = null, ended = false, query = '', isSeeking = false } = {}) {
  const did = [];
  const does = (name) => (...values) => { did.push([name, ...values.filter((value) => typeof value !== 'function' && typeof value !== 'object')].join(' ')); };
  const inside = new FakeElement();
  const view = Object.assign(new FakeElement(), { clientHeight: 1000, contains: (other) => other === inside || other === view, focus: does('view') });
  const field = Object.assign(new FakeElement(true), { value: query, focus: does('field'), select: does('select') });
  const keyed = {
    log: { info: {}, session: { ended } }, parts: { query: field, view }, follow: { toEnd: does('end') }, actions: { run: does('run') },
    rows: { toTop: does('top'), scrollBy: does('scroll'), rowHeight: 20 },
    cursor: { item, move: does('move') }, selection: { lines, active: lines !== null, all: does('all'), clear: does('no selection'), select: does('select lines') },
    finding: { step: does('step'), toggleFlag: does('flag'), pin: does('pin'), clear: does('clear'), clearTyped: does('clear what is typed'), takeBack: does('take back'), pinned: ['a'], query: { active: query !== '' } },
    showContext: does('context'), nextOfLevel: { to: does('to') },
    journey: { stop: () => isSeeking && (did.push('stop seeking'), true) },
    results: { isOpen: false, close: does('close results') }, filterBar: { toggleLevel: does('level') },
    tools: { toggleFold: does('fold') },
  };
  return { keyed, did, view, field, inside };
}

/** Presses a key, and says what was done and whether the browser does nothing of its own. */
function press(key, { target, on = viewer(), ...more } = {}) {
  let prevented = false;
  onKey(/** @type {any} */ (on.keyed), /** @type {any} */ ({
    key, code: '', target: target ?? on.view, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, defaultPrevented: false, isComposing: false,
    preventDefault() { prevented = true; }, ...more,
  }));
  return [on.did.join(', '), prevented];
}

for (const [key, done] of [
  ['/', 'field'], ['n', 'step 1'], ['N', 'step -1'], ['j', 'move 1'], ['k', 'move -1'], ['e', 'to E 1'], ['E', 'to E -1'], ['w', 'to W 1'], ['W', 'to W -1'],
  ['S', 'run search'], ['u', 'run earlier'], ['p', 'run pause'], ['q', 'run stop'], ['f', 'end'], ['G', 'end'], ['z', 'run wrap'], ['t', 'run time'], ['h', 'run volume'],
  ['1', 'level E'], ['2', 'level W'], ['3', 'level I'], ['4', 'level D'], [',', 'run settings'], ['d', 'run download'],
  ['End', 'end'], ['Home', 'run home'], ['PageUp', 'scroll -900'], ['PageDown', 'scroll 900'], [' ', 'scroll 900'],
  ['ArrowUp', 'scroll -40'], ['ArrowDown', 'scroll 40'],
]) {
  test(`${key === ' ' ? 'Space' : key} does: ${done}`, () => {
    assert.deepEqual(press(key), [done, true]);
  });
}

for (const key of ['5', 'a', 'F5', 'Tab', 'Enter', 'c', 'y']) {
  test(`${key} is left to the browser where it stands for nothing`, () => {
    assert.deepEqual(press(key), ['', false]);
  });
}

for (const [key, more] of [['p', { altKey: true }], ['p', { ctrlKey: true }], ['p', { metaKey: true }], ['p', { isComposing: true }], ['p', { defaultPrevented: true }], ['p', { target: new FakeElement(true) }]]) {
  test(`${key} with ${Object.keys(more)} is left to the browser`, () => {
    assert.deepEqual(press(key, more), ['', false]);
  });
}

test('single letters can be switched off, and the keys of every list stay', () => {
  settings.general.keys = false;
  const seen = [press('p'), press('/'), press('d', { ctrlKey: true }), press('End')];
  settings.general.keys = true;

  assert.deepEqual(seen, [['', false], ['', false], ['', false], ['end', true]]);
});

for (const [key, more, done] of [
  ['f', {}, 'field, select'], ['a', {}, 'all'], ['d', {}, 'scroll 500'], ['u', {}, 'scroll -500'],
]) {
  test(`Ctrl ${key} does: ${done}`, () => {
    assert.deepEqual(press(key, { ctrlKey: true, ...more }), [done, true]);
  });
}

test('stop is start again once it has ended', () => {
  assert.deepEqual(press('q', { on: viewer({ ended: true }) }), ['run do.again', true]);
});

test('a line, or the lines that are selected, are copied and linked', () => {
  assert.deepEqual(press('c', { on: viewer({ item: {} }) }), ['run copyline', true]);
  assert.deepEqual(press('y', { on: viewer({ item: {} }) }), ['run linkline', true]);
  assert.deepEqual(press('c', { on: viewer({ lines: {} }) }), ['run selcopy', true]);
  assert.deepEqual(press('y', { on: viewer({ lines: {} }) }), ['run sellink', true]);
});

test('the first line is reached by g twice within 0.6 s', (context) => {
  let now = 10_000;
  context.mock.method(performance, 'now', () => now);
  const on = viewer();

  press('g', { on });
  now += 601;
  press('g', { on });
  const late = [...on.did];
  now += 599;
  press('g', { on });

  assert.deepEqual([late, on.did], [[], ['run home']]);
});

for (const [options, done] of [[{ lines: {}, query: 'x', isSeeking: true }, 'stop seeking'], [{ lines: {}, query: 'x' }, 'no selection'], [{ query: 'x' }, 'clear']]) {
  test(`Escape takes away one thing: ${done}`, () => {
    assert.deepEqual(press('Escape', { on: viewer(options) }), [done, true]);
  });
}

test('Escape is left to the browser where there is nothing to take away', () => {
  assert.deepEqual(press('Escape'), ['', false]);
});

for (const [key, more, done] of [
  ['Enter', {}, 'step 1'], ['Enter', { shiftKey: true }, 'step -1'], ['Enter', { ctrlKey: true }, 'pin'], ['Escape', {}, 'clear what is typed'],
  ['c', { altKey: true, code: 'KeyC' }, 'flag case'], ['r', { altKey: true, code: 'KeyR' }, 'flag regex'],
  ['x', { altKey: true, code: 'KeyX' }, 'flag invert'], ['f', { altKey: true, code: 'KeyF' }, 'flag only'],
]) {
  test(`in the field ${Object.keys(more).join(' ')} ${key} does: ${done}`, () => {
    const on = viewer({ query: 'x' });

    assert.deepEqual(press(key, { on, target: on.field, ...more }), [done, true]);
  });
}

test('letters that are typed are typed, and Escape leaves an empty field', () => {
  const typing = viewer({ query: 'x' });
  const empty = viewer();

  assert.deepEqual(press('p', { on: typing, target: typing.field }), ['', false]);
  assert.deepEqual(press('Escape', { on: empty, target: empty.field }), ['view', true]);
});

test('Backspace in an empty field takes the last term back, and deletes what is typed', () => {
  const typing = viewer({ query: 'x' });
  const empty = viewer();

  assert.deepEqual(press('Backspace', { on: empty, target: empty.field }), ['take back', true]);
  assert.deepEqual(press('Backspace', { on: typing, target: typing.field }), ['', false]);
});
