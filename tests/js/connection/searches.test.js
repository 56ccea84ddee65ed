import assert from 'node:assert/strict';
import test from 'node:test';

import { Searches } from '../../../django_logtail/static/logtail/connection/searches.js';

async function settle() {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => { setImmediate(resolve); });
}

/** A server in the hands of the test, and its answers by address. */
function world() {
  /** @type {Record<string, any>} */
  const asked = {};
  const timers = [];
  const fetch = (address, options) => new Promise((resolve, reject) => {
    const said = { options, address };
    options.signal.addEventListener('abort', () => { said.aborted = true; reject(new Error('aborted')); said.stream?.error(new Error('aborted')); });
    said.answer = (status = 200, body = undefined) => {
      if (status !== 200) return resolve(new Response(body === undefined ? '' : JSON.stringify(body), { status }));
      const stream = new ReadableStream({ start: (controller) => { said.stream = controller; } });
      return resolve(new Response(stream));
    };
    said.say = (text) => said.stream.enqueue(new TextEncoder().encode(typeof text === 'string' ? text : `${JSON.stringify(text)}\n`));
    said.fail = () => reject(new TypeError('no network'));
    (asked[address] ??= []).push(said);
  });
  const searches = new Searches({ fetch, headers: () => ({ 'X-CSRFToken': 't' }), setTimeout: (run, ms) => timers.push({ run, ms }) });
  const begin = (address, what = { pattern: 'x' }) => {
    const heard = [];
    const { done, cancel } = searches.of(address).search(what, (message) => heard.push(message));
    const outcome = { heard, cancel, answer: undefined, error: undefined };
    done.then((answer) => { outcome.answer = answer; }, (error) => { outcome.error = error; });
    return outcome;
  };
  return { asked, begin, timers };
}

const hit = { start: 1, end: 5, parts: ['a ', 'x', ''] };
const found = { type: 'found', file: 'f', name: 'app.log', hits: [hit] };
const done = { type: 'done', at: 9, end: 9, count: 1 };

test('it posts what is sought and hears what comes, however it is cut', async () => {
  const w = world();
  const search = w.begin('/a/', { pattern: 'ä', order: 'newest' });
  await settle();
  const [a] = w.asked['/a/'];
  a.answer();
  await settle();
  const bytes = new TextEncoder().encode(`${JSON.stringify({ ...found, name: 'ä.log' })}\n${JSON.stringify(done)}\n`);
  for (const byte of bytes) a.stream.enqueue(Uint8Array.of(byte));
  await settle();

  assert.deepEqual([a.options.method, JSON.parse(a.options.body), a.options.headers['X-CSRFToken'], a.options.credentials], ['POST', { pattern: 'ä', order: 'newest' }, 't', 'same-origin']);
  assert.deepEqual(search.heard, [{ waits: false }, { ...found, name: 'ä.log' }]);
  assert.deepEqual(search.answer, done);
});

test('three run at a time, and the others wait and are told so', async () => {
  const w = world();
  const all = ['/1/', '/2/', '/3/', '/4/', '/5/'].map((address) => w.begin(address));
  await settle();

  assert.deepEqual(Object.keys(w.asked), ['/1/', '/2/', '/3/']);
  assert.deepEqual(all.map(({ heard }) => heard.map(({ waits }) => waits)), [[false], [false], [false], [true], [true]]);

  w.asked['/2/'][0].answer();
  await settle();
  w.asked['/2/'][0].say(done);
  await settle();
  assert.deepEqual(Object.keys(w.asked), ['/1/', '/2/', '/3/', '/4/']);
  assert.deepEqual(all[3].heard.map(({ waits }) => waits), [true, false]);

  all[4].cancel();
  all[0].cancel();
  await settle();
  assert.equal(w.asked['/1/'][0].aborted, true);
  assert.equal('/5/' in w.asked, false);
});

test('a cancelled one closes its connection, is told nothing more, and makes room', async () => {
  const w = world();
  const search = w.begin('/a/');
  await settle();
  const [a] = w.asked['/a/'];
  a.answer();
  await settle();
  a.say(found);
  await settle();
  search.cancel();
  search.cancel();
  await settle();

  assert.equal(a.aborted, true);
  assert.deepEqual([search.heard.length, search.answer, search.error], [2, undefined, undefined]);
  for (const address of ['/b/', '/c/', '/d/', '/e/']) w.begin(address);
  await settle();
  assert.deepEqual(Object.keys(w.asked), ['/a/', '/b/', '/c/', '/d/']);
});

test('one that the server has no room for waits longer each time, and keeps its turn', async () => {
  const w = world();
  const search = w.begin('/a/');
  for (const [i, ms] of [1_000, 2_000, 4_000, 8_000, 8_000].entries()) {
    await settle();
    w.asked['/a/'][i].answer(429, { error: 'too-many-searches', text: 'you have 4' });
    await settle();
    assert.equal(w.timers[i].ms, ms);
    assert.deepEqual(search.heard.at(-1), { waits: true, reason: 'you have 4', why: undefined });
    w.timers[i].run();
  }
  await settle();
  w.asked['/a/'][5].answer();
  await settle();
  w.asked['/a/'][5].say({ type: 'error', id: 'too-many-searches', text: 'the host is busy', why: { code: 'host-busy', count: 32 } });
  await settle();
  assert.deepEqual(search.heard.at(-1), { waits: true, reason: 'the host is busy', why: { code: 'host-busy', count: 32 } });
  assert.equal(search.error, undefined);

  search.cancel();
  w.timers[5].run();
  await settle();
  assert.equal(w.asked['/a/'].length, 6);
});

for (const [name, play, id, text] of [
  ['a signed-out person', (a) => a.answer(401, { error: 'signed-out' }), 'signed-out', 'signed out'],
  ['a log that is not theirs', (a) => a.answer(404, { error: 'no-such-log' }), 'no-such-log', 'no such log'],
  ['a refusal with words', (a) => a.answer(503, { error: 'unavailable', text: 'Try again.' }), 'unavailable', 'Try again.'],
  ['a server over WSGI', (a) => a.answer(503, { cause: 'It is WSGI.', certain: true }), 'failed', 'It is WSGI.'],
  ['a refusal without words', (a) => a.answer(500), 'failed', 'status 500'],
  ['a refusal of the host’s own', (a) => a.answer(403), 'outdated', 'the page is outdated'],
  ['a request of another site', (a) => a.answer(403, { error: 'cross-site', text: 'From elsewhere.' }), 'cross-site', 'From elsewhere.'],
  ['no network', (a) => a.fail(), 'connection-lost', 'connection lost'],
]) {
  test(`${name} ends it with the reason`, async () => {
    const w = world();
    const search = w.begin('/a/');
    await settle();
    play(w.asked['/a/'][0]);
    await settle();

    assert.deepEqual([search.error.id, search.error.message], [id, text]);
  });
}

for (const [name, said, id] of [
  ['an error', { type: 'error', id: 'no-reader', text: 'no reader' }, 'no-reader'],
  ['lost access', { type: 'end', reason: 'no-access', text: 'Your access has ended.' }, 'no-access'],
  ['what is no message', 'nonsense\n', 'garbled'],
  ['a hit without a place', { ...found, hits: [{ start: 'x', end: 2, parts: [] }] }, 'garbled'],
  ['a hit whose text is none', { ...found, hits: [{ ...hit, parts: [{ html: 1 }] }] }, 'garbled'],
  ['a level that is none', { ...found, hits: [{ ...hit, level: 'X' }] }, 'garbled'],
  ['a time that is none', { ...found, hits: [{ ...hit, ms: '7' }] }, 'garbled'],
  ['a name that is none', { ...found, name: 5 }, 'garbled'],
  ['progress that is none', { type: 'progress', at: -1, end: 2 }, 'garbled'],
  ['a count that is none', { ...done, count: '7' }, 'garbled'],
  ['a file that is none', { ...done, unread: [{}] }, 'garbled'],
  ['a message without end', 'x'.repeat(1_000_001), 'garbled'],
]) {
  test(`${name} ends it, and its connection`, async () => {
    const w = world();
    const search = w.begin('/a/');
    await settle();
    const [a] = w.asked['/a/'];
    a.answer();
    await settle();
    a.say(said);
    await settle();

    assert.equal(search.error?.id, id);
    assert.equal(a.aborted, true);
    assert.deepEqual(search.heard, [{ waits: false }]);
  });
}

test('an answer that breaks off is no whole one, and unknown messages are passed over', async () => {
  const w = world();
  const search = w.begin('/a/');
  await settle();
  const [a] = w.asked['/a/'];
  a.answer();
  await settle();
  a.say({ type: 'news', at: 'x' });
  a.say(found);
  await settle();
  assert.equal(search.error, undefined);
  a.stream.close();
  await settle();

  assert.equal(search.error.id, 'connection-lost');
  assert.deepEqual(search.heard.map(({ type }) => type), [undefined, 'found']);
});
