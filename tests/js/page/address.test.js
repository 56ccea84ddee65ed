import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Address } from '../../../django_logtail/static/logtail/page/address.js';

/** A page and a browser: `shown` is the address of what is on the page. */
function browser() {
  const made = {
    shown: '/a', time: 0, /** @type {{at: number, run: () => void}[]} */ timers: [], /** @type {string[]} */ entries: ['/a'], changes: 0, refuses: false, ran: false, /** The addresses that the page was told of. @type {string[]} */ told: [],
    location: { href: '/a' },
    /** @param {number} ms */
    pass(ms) {
      const end = made.time + ms;
      for (;;) {
        const next = made.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        made.timers.splice(made.timers.indexOf(next), 1);
        made.time = next.at;
        next.run();
      }
      made.time = end;
    },
  };
  const put = (/** @type {string} */ address) => {
    if (made.refuses) throw new DOMException('too often', 'SecurityError');
    made.changes++;
    made.location.href = address;
  };
  const history = {
    state: null,
    replaceState: (state, __, address) => { put(address); history.state = state; made.entries[made.entries.length - 1] = address; },
    pushState: (state, __, address) => { put(address); history.state = state; made.entries.push(address); },
  };
  made.history = history;
  const address = new Address(() => made.shown, /** @type {any} */ ({
    history, location: made.location, now: () => made.time, ran: () => made.ran, written: () => { made.told.push(made.location.href); },
    setTimeout: (run, ms) => { const timer = { at: made.time + ms, run }; made.timers.push(timer); return timer; },
    clearTimeout: (timer) => { if (made.timers.includes(timer)) made.timers.splice(made.timers.indexOf(timer), 1); },
  }));
  return { made, address };
}

test('a change is soon in the address, with what changes along with it', () => {
  const { made, address } = browser();

  made.shown = '/a#q=';
  address.changed();
  made.shown = '/a#q=x';
  made.pass(50);

  assert.deepEqual(made.entries, ['/a#q=x']);
});

test('while somebody types, the history keeps its length and the address its last state', () => {
  const { made, address } = browser();

  for (const letter of 'a long expression, typed fast') {
    made.shown += letter;
    address.changed();
    made.pass(40);
  }
  made.pass(1000);

  assert.deepEqual(made.entries, ['/aa long expression, typed fast']);
});

test('ten changes are written as they come, and the eleventh waits for its turn', () => {
  const { made, address } = browser();

  for (let i = 0; i < 11; i++) {
    made.shown = `/a#${i}`;
    address.changed();
    made.pass(40);
  }

  assert.deepEqual([made.changes, made.entries], [10, ['/a#9']]);
  made.pass(500);
  assert.deepEqual([made.changes, made.entries], [11, ['/a#10']]);
});

test('no browser is asked a hundred times in thirty seconds', () => {
  const { made, address } = browser();

  for (let i = 0; i < 3000; i++) {
    made.shown = `/a#${i}`;
    address.changed();
    made.pass(10);
  }

  assert.ok(made.changes > 20 && made.changes < 90, String(made.changes));
});

test('what did not change is not written', () => {
  const { made, address } = browser();

  address.changed();
  address.flush();

  assert.equal(made.changes, 0);
});

test('a log that is opened is an entry of its own, and the one before has all that was typed', () => {
  const { made, address } = browser();
  made.shown = '/a#q=x';
  address.changed();
  made.shown = '/a#q=xy';
  address.changed();

  address.opened(() => { made.shown = '/b'; });
  made.pass(5000);

  assert.deepEqual(made.entries, ['/a#q=xy', '/b']);
});

test('opening what is shown already is no entry', () => {
  const { made, address } = browser();

  address.opened(() => {});

  assert.deepEqual(made.entries, ['/a']);
});

test('a browser that refuses is asked again later', () => {
  const { made, address } = browser();
  made.refuses = true;
  made.shown = '/a#q=x';
  address.changed();
  made.pass(50);
  assert.deepEqual(made.entries, ['/a']);

  made.refuses = false;
  address.changed();
  made.pass(1000);

  assert.deepEqual(made.entries, ['/a#q=x']);
});

test('what was to be written is forgotten where the browser went to another entry', () => {
  const { made, address } = browser();
  made.shown = '/a#1';
  address.changed();
  made.pass(50);
  made.shown = '/a#2';
  address.changed();

  address.forget();
  made.pass(5000);

  assert.deepEqual(made.entries, ['/a#1']);
});

test('an entry says whether its expressions were run, also where the address stays the same', () => {
  const { made, address } = browser();

  made.ran = true;
  address.changed();
  made.pass(50);
  assert.deepEqual([made.history.state, made.changes], [{ ran: true }, 1]);
  address.changed();
  made.pass(1000);
  assert.equal(made.changes, 1);

  made.ran = false;
  address.changed();
  made.pass(50);
  assert.deepEqual(made.history.state, null);
});

test('the page is told of each address once the bar has it, and of none that it has not', () => {
  const { made, address } = browser();

  address.flush();
  made.shown = '/a#q=1';
  address.changed();
  made.pass(5_000);
  made.refuses = true;
  made.shown = '/a#q=2';
  address.changed();
  made.pass(5_000);
  made.refuses = false;
  address.flush();

  assert.deepEqual(made.told, ['/a#q=1', '/a#q=2']);
});
