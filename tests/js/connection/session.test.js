import assert from 'node:assert/strict';
import test from 'node:test';

import { Session } from '../../../django_logtail/static/logtail/connection/session.js';

/** A clock that stands still until it is told to go on. */
class Clock {
  constructor() {
    this.now = 1_000_000;
    this.timers = new Map();
    this.next = 1;
  }

  setTimeout = (run, ms) => {
    this.timers.set(this.next, { run, at: this.now + ms });
    return this.next++;
  };

  clearTimeout = (timer) => { this.timers.delete(timer); };

  async pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.now = due[1].at;
      due[1].run();
      await settle();
    }
    this.now = end;
    await settle();
  }
}

async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

const answer = (status, body) => ({ ok: status < 400, status, type: 'basic', json: async () => { if (body === undefined) throw new Error('no JSON'); return body; } });

/** A session, and everything around it in the hands of the test. */
function world({ tickets = [], random = () => 1, socketAnswer = null, lines = null, refusals } = {}) {
  const clock = new Clock();
  const sockets = [];
  const phases = [];
  const messages = [];
  const batches = [];
  const fetched = [];
  const requests = [];
  let online = true;
  let place = null;

  class FakeSocket {
    constructor(url) {
      this.url = url;
      this.readyState = 0;
      this.sent = [];
      sockets.push(this);
    }

    send(text) { this.sent.push(JSON.parse(text)); }
    close(code) { this.readyState = 3; this.closedWith = code; }
    open() { this.readyState = 1; this.onopen?.({}); }
    say(message) { this.onmessage?.({ data: JSON.stringify(message) }); }
    batch(header, text) {
      const body = new TextEncoder().encode(`${JSON.stringify({ type: 'batch', ...header })}\n${text}`);
      this.onmessage?.({ data: body.buffer });
    }

    drop(code = 1006, reason = '') { this.readyState = 3; this.onclose?.({ code, reason }); }
  }
  const session = new Session({
    urls: { ticket: '/logs/a/ticket/', socket: 'ws://host/logs/a/socket/', ...(lines ? { lines: '/logs/a/lines/' } : {}) }, lines: 500, origin: 'https://host', refusals, WebSocket: FakeSocket,
    headers: () => ({ 'X-CSRFToken': 'proof' }),
    fetch: async (url, options) => {
      fetched.push(url);
      requests.push(options);
      if (url.startsWith('http')) {
        const given = Array.isArray(socketAnswer) ? socketAnswer.shift() : socketAnswer;
        if (!given) throw new Error('no answer');
        return given;
      }
      if (url.startsWith('/logs/a/lines/')) {
        const given = lines.shift();
        if (!given) throw new Error('no answer');
        return given;
      }
      const next = tickets.shift() ?? answer(200, { ticket: `ticket-${fetched.length}` });
      if (next instanceof Error) throw next;
      return next;
    },
    now: () => clock.now, random, online: () => online, setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout,
    listener: {
      phase: (phase, details) => phases.push([phase, details]),
      message: (message) => messages.push(message),
      batch: (header, bytes) => { batches.push([header, new TextDecoder().decode(bytes)]); place = { file: header.file, offset: header.end }; return place; },
    },
  });
  return {
    session, clock, sockets, phases, messages, batches, fetched, requests,
    setOnline: (value) => { online = value; },
    get socket() { return sockets[sockets.length - 1]; },
    get phase() { return phases[phases.length - 1][0]; },
    async connected() {
      session.start();
      await settle();
      this.socket.open();
      this.socket.say({ type: 'hello', protocol: 1, session: 's', can: ['range'], encoding: 'utf-8' });
    },
  };
}

test('the first message carries the ticket and asks for the last lines', async () => {
  const w = world();

  w.session.start();
  await settle();
  w.socket.open();

  assert.deepEqual(w.socket.sent, [{ type: 'hello', protocol: 1, ticket: 'ticket-1', lines: 500, resume: null }]);
  assert.equal(w.phase, 'connecting');
});

test('it is open when the server says hello, and not before', async () => {
  const w = world();

  await w.connected();

  assert.equal(w.phase, 'open');
  assert.deepEqual(w.session.can, ['range']);
});

test('after a loss it resumes where it stood, with a fresh ticket', async () => {
  const w = world();
  await w.connected();
  w.socket.batch({ file: 'f', start: 0, end: 4 }, 'one\n');

  w.socket.drop();
  await w.clock.pass(1_000);
  w.socket.open();

  assert.equal(w.sockets.length, 2);
  assert.deepEqual(w.socket.sent[0], { type: 'hello', protocol: 1, ticket: 'ticket-2', lines: 0, resume: { file: 'f', offset: 4 } });
});

test('retries come later and later, to half a minute, with chance in them', async () => {
  const w = world({ tickets: Array.from({ length: 12 }, () => new Error('unreachable')) });
  w.session.start();
  await settle();
  const waits = [];
  for (let i = 0; i < 9; i++) {
    waits.push(w.session.retryAt - w.clock.now);
    await w.clock.pass(waits[i]);
  }
  const half = world({ tickets: [new Error('unreachable')], random: () => 0 });
  half.session.start();
  await settle();

  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(half.session.retryAt - half.clock.now, 250);
});

test('it tries at once when the network is back', async () => {
  const w = world();
  await w.connected();
  w.setOnline(false);
  w.session.offline();
  const offline = w.phase;

  w.setOnline(true);
  w.session.wake();
  await settle();

  assert.equal(offline, 'offline');
  assert.equal(w.sockets.length, 2);
});

test('while it is offline it does not try', async () => {
  const w = world();
  w.setOnline(false);

  w.session.start();
  await w.clock.pass(120_000);

  assert.equal(w.phase, 'offline');
  assert.equal(w.fetched.length, 0);
});

test('bytes are acknowledged each 64 KiB, and two seconds after the last ones', async () => {
  const w = world();
  await w.connected();
  const big = 'x'.repeat(65_536);

  w.socket.batch({ file: 'f', start: 0, end: 65_536 }, big);
  const atOnce = w.socket.sent.filter((message) => message.type === 'ack');
  w.socket.batch({ file: 'f', start: 65_536, end: 65_540 }, 'one\n');
  await w.clock.pass(2_000);

  assert.deepEqual(atOnce, [{ type: 'ack', file: 'f', offset: 65_536 }]);
  assert.deepEqual(w.socket.sent.at(-1), { type: 'ack', file: 'f', offset: 65_540 });
});

test('what describes the bytes counts as well, because the server counts it', async () => {
  const w = world();
  await w.connected();

  w.socket.batch({ file: 'f', start: 0, end: 65_450 }, 'x'.repeat(65_450));
  const before = w.socket.sent.filter((message) => message.type === 'ack').length;
  w.socket.batch({ file: 'f', start: 65_450, end: 65_454 }, 'one\n');

  assert.equal(before, 0);
  assert.deepEqual(w.socket.sent.at(-1), { type: 'ack', file: 'f', offset: 65_454 });
});

test('in silence it says every 20 s where it is', async () => {
  const w = world();
  await w.connected();
  w.socket.batch({ file: 'f', start: 0, end: 4 }, 'one\n');
  await w.clock.pass(2_000);
  const before = w.socket.sent.length;

  await w.clock.pass(26_000);

  assert.deepEqual(w.socket.sent.slice(before), [{ type: 'ack', file: 'f', offset: 4 }]);
});

test('a server that says nothing is left', async () => {
  const w = world();
  await w.connected();

  await w.clock.pass(51_000);

  assert.equal(w.sockets[0].readyState, 3);
  assert.ok(w.sockets.length >= 2);
});

test('stop is said before the socket closes, and nothing comes back by itself', async () => {
  const w = world();
  await w.connected();

  w.session.stop();
  await w.clock.pass(120_000);

  assert.deepEqual(w.socket.sent.at(-1), { type: 'stop' });
  assert.equal(w.socket.closedWith, 1000);
  assert.equal(w.phase, 'stopped');
  assert.equal(w.sockets.length, 1);
});

test('start again goes on where it ended', async () => {
  const w = world();
  await w.connected();
  w.socket.batch({ file: 'f', start: 0, end: 4 }, 'one\n');
  w.session.stop();

  await w.connected();

  assert.deepEqual(w.socket.sent[0].resume, { file: 'f', offset: 4 });
});

for (const [code, phase] of [[4400, 'failed'], [4403, 'denied'], [4404, 'gone'], [4409, 'limit'], [4410, 'ended'], [4426, 'outdated']]) {
  test(`close code ${code} means ${phase}, and no retry`, async () => {
    const w = world();
    await w.connected();

    w.socket.say({ type: 'end', reason: 'x', text: 'Because.', may_retry: false });
    w.socket.drop(code);
    await w.clock.pass(120_000);

    assert.equal(w.phase, phase);
    assert.equal(w.phases.at(-1)[1].reason, 'Because.');
    assert.equal(w.sockets.length, 1);
  });
}

test('a limit that is soon over is waited for as long as the server says, and not shorter', async () => {
  const w = world();
  await w.connected();

  w.socket.say({ type: 'end', reason: 'too-many-connects', text: 'Slow.', may_retry: true, limit: 240, retry_after: 40 });
  w.socket.drop(4409);
  const phase = w.phase;
  await w.clock.pass(39_000);
  const before = w.sockets.length;
  await w.clock.pass(2_000);

  assert.deepEqual([phase, before, w.sockets.length], ['waiting', 1, 2]);
});

test('a limit that the person can mend is not tried again', async () => {
  const w = world();
  await w.connected();

  w.socket.say({ type: 'end', reason: 'too-many-viewers', text: 'Close one.', may_retry: false, limit: 16, retry_after: 5 });
  w.socket.drop(4409);
  await w.clock.pass(120_000);

  assert.deepEqual([w.phase, w.sockets.length], ['limit', 1]);
});

for (const code of [1006, 1011, 1012, 4408, 4503]) {
  test(`close code ${code} is tried again`, async () => {
    const w = world();
    await w.connected();

    w.socket.drop(code);
    const phase = w.phase;
    await w.clock.pass(1_000);

    assert.equal(phase, 'waiting');
    assert.equal(w.sockets.length, 2);
  });
}

test('a ticket that is refused is fetched once more, and then one is signed out', async () => {
  const w = world();
  await w.connected();

  w.socket.drop(4401);
  await settle();
  w.socket.open();
  const again = w.phase;
  w.socket.drop(4401);
  await settle();

  assert.equal(again, 'connecting');
  assert.equal(w.phase, 'signedout');
});

for (const [status, body, phase] of [[401, { login: '/in/' }, 'signedout'], [403, { error: 'x' }, 'denied'], [403, undefined, 'outdated'], [404, { error: 'x' }, 'gone'], [400, undefined, 'failed']]) {
  test(`a ticket answered with ${status} ${body ? 'and our words' : 'by someone else'} means ${phase}`, async () => {
    const w = world({ tickets: [answer(status, body)] });

    w.session.start();
    await settle();

    assert.equal(w.phase, phase);
  });
}

test('a server in trouble is tried again', async () => {
  const w = world({ tickets: [answer(503, undefined)] });

  w.session.start();
  await settle();

  assert.equal(w.phase, 'waiting');
});

test('a handshake that never succeeds, while plain HTTP does, is said to be blocked', async () => {
  const w = world({ socketAnswer: answer(426, { cause: 'c', fix: 'f', certain: false }) });
  w.session.start();
  await settle();
  w.socket.drop();
  await settle();
  const first = w.phase;

  await w.clock.pass(1_000);
  w.socket.drop();
  await settle();

  assert.equal(first, 'waiting');
  assert.equal(w.phase, 'nosocket');
  assert.equal(w.phases.at(-1)[1].cause, 'c');
});

test('a server that cannot speak WebSocket says so at once, also one that may not answer 426', async () => {
  const w = world({ socketAnswer: answer(501, { id: 'i', cause: 'c', fix: 'f', paste: 'p', certain: true }) });

  w.session.start();
  await settle();
  w.socket.drop();
  await settle();

  assert.equal(w.phase, 'nosocket');
  assert.equal(w.fetched.at(-1), 'http://host/logs/a/socket/?origin=https%3A%2F%2Fhost');
  const { id, cause, fix, paste } = w.phases.at(-1)[1];
  assert.deepEqual({ id, cause, fix, paste }, { id: 'i', cause: 'c', fix: 'f', paste: 'p' });
});

test('something that refuses to say why is named by its status, after a second handshake', async () => {
  const w = world({ socketAnswer: answer(403, undefined) });
  w.session.start();
  await settle();
  w.socket.drop();
  await settle();
  const first = w.phase;

  await w.clock.pass(1_000);
  w.socket.drop();
  await settle();

  assert.equal(first, 'waiting');
  assert.deepEqual(w.phases.at(-1), ['nosocket', { status: 403, served: false, fetching: false }]);
});

for (const [status, body] of [[404, undefined], [502, undefined], [302, undefined], [426, undefined], [200, { id: 'i' }]]) {
  test(`an answer ${status} ${body ? 'with' : 'without'} a body is no reason, and the handshake is tried again`, async () => {
    const w = world({ socketAnswer: answer(status, body) });
    w.session.start();
    await settle();
    w.socket.drop();
    await settle();
    await w.clock.pass(1_000);
    w.socket.drop();
    await settle();

    assert.equal(w.phase, 'waiting');
  });
}

/** What a page remembers about refusals, and what it has done with that. */
const remembered = (before) => ({ before, done: [], note() { this.done.push('note'); }, forget() { this.done.push('forget'); } });

test('a page that is refused is too old, unless the one before it was refused as well', async () => {
  const refusals = remembered(false);
  const w = world({ tickets: [answer(403, undefined)], refusals });

  w.session.start();
  await settle();

  assert.deepEqual([w.phase, refusals.done], ['outdated', ['note']]);
  assert.equal(w.fetched.length, 1);
});

test('a page that was loaded after a refusal asks who refuses', async () => {
  const refusals = remembered(true);
  const w = world({ tickets: [answer(403, undefined)], socketAnswer: answer(426, { id: 'i', cause: 'c', fix: 'f', paste: 'p', certain: true }), refusals });

  w.session.start();
  await settle();

  assert.equal(w.fetched.at(-1), 'http://host/logs/a/socket/?origin=https%3A%2F%2Fhost&refused=1');
  assert.deepEqual(w.phases.at(-1), ['nosocket', { id: 'i', cause: 'c', fix: 'f', paste: 'p', certain: true, served: false, fetching: false }]);
  assert.deepEqual(refusals.done, ['note']);
});

test('where nothing answers that, the refusal itself is left to say', async () => {
  const w = world({ tickets: [answer(403, undefined)], refusals: remembered(true) });

  w.session.start();
  await settle();

  assert.deepEqual(w.phases.at(-1), ['nosocket', { served: false, fetching: false }]);
});

test('a page that leaves while it asks who refuses shows nothing', async () => {
  const w = world({ tickets: [answer(403, undefined)], refusals: remembered(true) });

  w.session.start();
  w.session.leave();
  await settle();

  assert.equal(w.phase, 'idle');
});

test('a connection ends what is remembered about refusals, and a ticket alone does not', async () => {
  const refusals = remembered(true);
  const w = world({ refusals });
  w.session.start();
  await settle();
  const before = [...refusals.done];

  w.socket.open();
  w.socket.say({ type: 'hello', protocol: 1, can: [] });

  assert.deepEqual([before, refusals.done], [[], ['forget']]);
});

test('so do lines that come without one', async () => {
  const refusals = remembered(true);
  await blocked([lastLines(100, 'one\n')], { refusals });

  assert.deepEqual(refusals.done, ['forget']);
});

for (const before of [false, true]) {
  test(`lines that are refused ${before ? 'again are explained' : 'make the page too old'}`, async () => {
    const refusals = remembered(before);
    const causes = [BLOCKED, BLOCKED, answer(426, { id: 'i', cause: 'c', fix: 'f', paste: '', certain: true })];

    const w = await blocked([answer(403, undefined)], { refusals, socketAnswer: causes });

    assert.deepEqual([w.phase, w.phases.at(-1)[1].id, refusals.done], before ? ['nosocket', 'i', ['note']] : ['outdated', undefined, ['note']]);
  });
}

/** What `/lines/` answers: the last lines, from `start` on. */
const lastLines = (start, text, reason = 'complete') => {
  const end = start + text.length;
  const parts = [{ type: 'hello', protocol: 1, encoding: 'gbk', queue: 'q' }, { type: 'event', kind: 'started', file: 'f', offset: start, size: end },
    { type: 'batch', file: 'f', start, end }, { type: 'status', state: 'live', size: end }, { type: 'end', reason }];
  const body = parts.map((part) => `${JSON.stringify(part)}\n${part.type === 'batch' ? text : ''}`).join('');
  return { ok: true, status: 200, type: 'basic', arrayBuffer: async () => new TextEncoder().encode(body).buffer };
};

const BLOCKED = answer(426, { cause: 'c', fix: 'f', certain: false });

/** A session on a network that lets no WebSocket through, as far as it came by itself. */
async function blocked(lines, options = {}) {
  const w = world({ socketAnswer: BLOCKED, lines, ...options });
  w.session.start();
  await settle();
  w.socket.drop();
  await settle();
  await w.clock.pass(1_000);
  w.socket.drop();
  await settle();
  return w;
}

test('a blocked socket is stood in for by the last lines over HTTP', async () => {
  const w = await blocked([lastLines(100, 'one\ntwo\n')]);

  assert.equal(w.phase, 'nosocket');
  assert.equal(w.fetched.at(-1), '/logs/a/lines/?lines=500');
  assert.deepEqual(w.batches, [[{ type: 'batch', file: 'f', start: 100, end: 108 }, 'one\ntwo\n']]);
  assert.deepEqual(w.messages.map((message) => message.type), ['event', 'status']);
  assert.deepEqual(w.session.place, { file: 'f', offset: 108 });
  const { cause, encoding, served, fetching } = w.phases.at(-1)[1];
  assert.deepEqual({ cause, encoding, served, fetching }, { cause: 'c', encoding: 'gbk', served: true, fetching: false });
});

test('the encoding is known before the first line is', async () => {
  const w = world({ socketAnswer: BLOCKED, lines: [lastLines(100, 'one\n')] });
  const known = [];
  w.session.listener.batch = () => known.push(w.phases.at(-1)[1].encoding);
  w.session.start();
  await settle();
  w.socket.drop();
  await settle();
  await w.clock.pass(1_000);

  w.socket.drop();
  await settle();

  assert.deepEqual(known, ['gbk']);
});

test('a refresh asks for what follows, and for the socket once more', async () => {
  const w = await blocked([lastLines(100, 'one\n'), lastLines(104, 'two\n')]);
  const before = w.sockets.length;

  const refreshed = w.session.refresh();
  await settle();
  w.socket.drop();
  await refreshed;

  assert.ok(w.fetched.includes('/logs/a/lines/?file=f&offset=104'));
  assert.equal(w.batches.at(-1)[1], 'two\n');
  assert.equal(w.sockets.length, before + 1);
  await settle();
  assert.equal(w.phase, 'nosocket');
  assert.equal(w.phases.filter(([phase]) => phase === 'connecting').length, 2);
});

test('a second refresh waits for the first', async () => {
  const w = await blocked([lastLines(100, 'one\n'), lastLines(104, 'two\n'), lastLines(108, 'three\n')]);

  const first = w.session.refresh();
  await w.session.refresh();
  await first;

  assert.equal(w.batches.length, 2);
});

test('where too much lies between, the newest lines are asked for', async () => {
  const w = await blocked([lastLines(100, 'one\n'), lastLines(104, 'two\n', 'more'), lastLines(900, 'last\n')]);

  await w.session.refresh();

  assert.deepEqual(w.fetched.filter((url) => url.includes('/lines/')), ['/logs/a/lines/?lines=500', '/logs/a/lines/?file=f&offset=104', '/logs/a/lines/?lines=500']);
  assert.deepEqual(w.session.place, { file: 'f', offset: 905 });
});

test('a socket that gets through at a refresh goes on where the lines end', async () => {
  const w = await blocked([lastLines(100, 'one\n'), lastLines(104, 'two\n')]);

  await w.session.refresh();
  w.socket.open();
  const [hello] = w.socket.sent;
  w.socket.say({ type: 'hello', protocol: 1, session: 's', can: [], encoding: 'utf-8' });

  assert.deepEqual(hello.resume, { file: 'f', offset: 108 });
  assert.equal(w.phase, 'open');
});

test('lines that come after the socket got through are not taken', async () => {
  let give = () => {};
  const late = { ok: true, status: 200, arrayBuffer: () => new Promise((resolve) => { give = async () => resolve(await lastLines(104, 'two\n').arrayBuffer()); }) };
  const w = await blocked([lastLines(100, 'one\n'), late]);

  const refreshed = w.session.refresh();
  await settle();
  w.socket.open();
  w.socket.say({ type: 'hello', protocol: 1, session: 's', can: [], encoding: 'utf-8' });
  await give();
  await refreshed;

  assert.equal(w.batches.length, 1);
  assert.equal(w.phase, 'open');
});

test('lines that cannot be fetched are a lost connection, which is tried again', async () => {
  const w = await blocked([]);
  assert.equal(w.phase, 'waiting');

  w.session.wake();
  await settle();

  assert.equal(w.phase, 'connecting');
});

for (const [status, body, phase] of [[401, { login: '/in/' }, 'signedout'], [404, { error: 'no-such-log' }, 'gone'], [429, { limit: 16 }, 'limit'], [503, { error: 'unavailable' }, 'waiting']]) {
  test(`${status} for the lines means ${phase}`, async () => {
    assert.equal((await blocked([answer(status, body)])).phase, phase);
  });
}

test('a server that has no lines without a socket is not asked for them', async () => {
  const w = await blocked([lastLines(0, 'one\n')], { socketAnswer: answer(501, { cause: 'c', fix: 'f', certain: true, lines: false }) });

  assert.equal(w.phase, 'nosocket');
  assert.ok(!w.phases.at(-1)[1].fetching);
  assert.ok(!w.fetched.some((url) => url.includes('/lines/')));
});

test('a cause that is certain leaves the last lines to come over HTTP', async () => {
  const w = world({ socketAnswer: answer(426, { cause: 'c', fix: 'f', certain: true, lines: true }), lines: [lastLines(0, 'one\n')] });

  w.session.start();
  await settle();
  w.socket.drop();
  await settle();

  assert.deepEqual([w.phase, w.batches[0][1], w.sockets.length], ['nosocket', 'one\n', 1]);
});

test('when the first cause is mended, a refresh shows the next one', async () => {
  const causes = [answer(426, { id: 'one', cause: 'c', fix: 'f', paste: 'p', certain: true }), answer(426, { id: 'two', cause: 'd', fix: 'g', paste: '', certain: true })];
  const w = world({ socketAnswer: causes, lines: [lastLines(0, 'one\n'), lastLines(4, 'two\n')] });
  w.session.start();
  await settle();
  w.socket.drop();
  await settle();

  const refreshed = w.session.refresh();
  await settle();
  w.socket.drop();
  await settle();
  await refreshed;

  const { id, cause, fix, paste, served } = w.phases.at(-1)[1];
  assert.deepEqual({ id, cause, fix, paste, served }, { id: 'two', cause: 'd', fix: 'g', paste: '', served: true });
  assert.equal(w.batches.at(-1)[1], 'two\n');
});

test('a handshake that is answered with nothing at all counts as blocked too', async () => {
  const w = world({ socketAnswer: BLOCKED, lines: [lastLines(100, 'one\n')] });
  w.session.start();
  await settle();

  await w.clock.pass(12_000);
  await w.clock.pass(1_000);
  await w.clock.pass(12_000);

  assert.equal(w.phase, 'nosocket');
  assert.equal(w.batches.length, 1);
});

test('who leaves while lines are fetched is not shown any', async () => {
  let give = () => {};
  const late = { ok: true, status: 200, arrayBuffer: () => new Promise((resolve) => { give = async () => resolve(await lastLines(0, 'one\n').arrayBuffer()); }) };
  const w = await blocked([late]);

  w.session.leave();
  await give();
  await settle();

  assert.equal(w.phase, 'idle');
  assert.equal(w.batches.length, 0);
});

test('an answer to a range is no part of the stream', async () => {
  const w = world();
  await w.connected();
  w.socket.batch({ file: 'f', start: 100, end: 104 }, 'one\n');

  const asked = w.session.range({ file: 'f', start: 0, end: 8 });
  const { request } = w.socket.sent.at(-1);
  w.socket.batch({ file: 'f', start: 0, end: 4, request }, 'abc\n');
  w.socket.batch({ file: 'f', start: 4, end: 8, request }, 'def\n');
  w.socket.say({ type: 'done', request, file: 'f', start: 0, end: 8 });
  const got = await asked;

  assert.equal(new TextDecoder().decode(got.bytes), 'abc\ndef\n');
  assert.deepEqual([got.file, got.start, got.end], ['f', 0, 8]);
  assert.equal(w.batches.length, 1);
  assert.deepEqual(w.session.place, { file: 'f', offset: 104 });
});

test('the list of files is asked of the server, and is no part of the stream', async () => {
  const w = world();
  await assert.rejects(w.session.files(), { message: 'not connected' });
  await w.connected();

  const asked = w.session.files();
  const { type, request } = w.socket.sent.at(-1);
  w.socket.say({ type: 'files', request, files: [] });

  assert.equal(type, 'files');
  assert.deepEqual(await asked, { files: [], more: false });
  assert.equal(w.messages.some((message) => message.type === 'files'), false);
});

test('a range that cannot be had says why', async () => {
  const w = world();
  await w.connected();

  const asked = w.session.range({ file: 'gone', before: 10, lines: 5 });
  w.socket.say({ type: 'error', id: 'no-such-file', text: 'It is gone.', request: w.socket.sent.at(-1).request });

  await assert.rejects(asked, { message: 'It is gone.', id: 'no-such-file' });
});

test('what was asked is given up with the connection', async () => {
  const w = world();
  await w.connected();
  const asked = w.session.range({ file: 'f', before: 10, lines: 5 });

  w.socket.drop();

  await assert.rejects(asked, /connection lost/);
});

test('events and gaps move the place', async () => {
  const w = world();
  await w.connected();

  w.socket.say({ type: 'event', kind: 'rotated', file: 'g', offset: 0 });
  const afterEvent = w.session.place;
  w.socket.say({ type: 'gap', file: 'g', start: 0, end: 900, reason: 'slow' });

  assert.deepEqual(afterEvent, { file: 'g', offset: 0 });
  assert.deepEqual(w.session.place, { file: 'g', offset: 900 });
  assert.deepEqual(w.messages.map((message) => message.type), ['event', 'gap']);
});

test('a hold is said again after a reconnect', async () => {
  const w = world();
  await w.connected();
  w.session.hold();
  w.socket.drop();

  await w.clock.pass(1_000);
  w.socket.open();
  w.socket.say({ type: 'hello', protocol: 1, can: [] });

  assert.deepEqual(w.socket.sent.map((message) => message.type), ['hello', 'hold']);
});

test('another protocol version asks for a reload', async () => {
  const w = world();
  w.session.start();
  await settle();
  w.socket.open();

  w.socket.say({ type: 'hello', protocol: 2 });

  assert.equal(w.phase, 'outdated');
});

test('unknown messages do no harm', async () => {
  const w = world();
  await w.connected();

  w.socket.onmessage({ data: '{broken' });
  w.socket.onmessage({ data: new Uint8Array([1, 2, 3]).buffer });
  w.socket.say({ type: 'from-the-future', x: 1 });

  assert.equal(w.phase, 'open');
});

test('nothing of an old connection is heard', async () => {
  const w = world();
  await w.connected();
  const [old] = w.sockets;
  const hear = old.onmessage;
  w.session.leave();

  hear?.({ data: JSON.stringify({ type: 'status', state: 'live' }) });

  assert.deepEqual(w.messages, []);
});

test('a search hears what is found and how far it is, and resolves with its end', async () => {
  const w = world();
  await w.connected();
  const heard = [];

  const asked = w.session.search({ file: 'f', pattern: 'x' }, (message) => heard.push(message.type));
  w.socket.say({ type: 'found', request: 1, file: 'f', hits: [] });
  w.socket.say({ type: 'progress', request: 1, at: 5, end: 9 });
  w.socket.say({ type: 'progress', request: 2, at: 5, end: 9 });
  w.socket.say({ type: 'done', request: 1, file: 'f', start: 0, end: 9, found: 0 });

  assert.deepEqual(w.socket.sent.at(-1), { type: 'search', request: 1, file: 'f', pattern: 'x' });
  assert.equal((await asked.done).end, 9);
  assert.deepEqual(heard, ['found', 'progress']);
  assert.deepEqual(w.messages, []);
});

test('a cancelled search is told to the server once and heard no more', async () => {
  const w = world();
  await w.connected();
  const heard = [];
  const asked = w.session.search({ file: 'f', pattern: 'x' }, (message) => heard.push(message));

  asked.cancel();
  asked.cancel();
  w.socket.say({ type: 'found', request: 1, file: 'f', hits: [] });

  assert.deepEqual(w.socket.sent.slice(-2).map((message) => message.type), ['search', 'cancel']);
  assert.deepEqual(heard, []);
});

test('a search is lost with its connection, and without one there is none', async () => {
  const w = world();
  await assert.rejects(w.session.search({ file: 'f', pattern: 'x' }, () => {}).done, /not connected/);
  await w.connected();
  const asked = w.session.search({ file: 'f', pattern: 'x' }, () => {});

  w.socket.drop();

  await assert.rejects(asked.done, /connection lost/);
});

/** How long each retry waits after the connection is lost again and again. */
async function waitsAfterLosses(w, count) {
  const waits = [];
  w.socket.drop();
  for (let i = 0; i < count; i++) {
    waits.push(w.session.retryAt - w.clock.now);
    await w.clock.pass(waits[i]);
    w.socket.drop();
  }
  return waits;
}

test('after a good connection retries begin with the shortest wait, and then come later and later', async () => {
  const w = world();
  await w.connected();
  await w.clock.pass(10_001);

  assert.deepEqual(await waitsAfterLosses(w, 4), [500, 1_000, 2_000, 4_000]);
});

for (const [seconds, wait] of [[10, 1_000], [10.001, 500]]) {
  test(`a connection that lasted ${seconds} s is followed by a wait of ${wait} ms`, async () => {
    const w = world({ tickets: [new Error('unreachable')] });
    w.session.start();
    await settle();
    await w.clock.pass(500);
    w.socket.open();
    w.socket.say({ type: 'hello', protocol: 1, session: 's', can: [] });

    await w.clock.pass(seconds * 1_000);
    w.socket.drop();

    assert.equal(w.session.retryAt - w.clock.now, wait);
  });
}

test('a page that starts again forgets how often it had tried', async () => {
  const w = world({ tickets: Array.from({ length: 5 }, () => new Error('unreachable')) });
  w.session.start();
  await settle();
  await w.clock.pass(4_000);

  w.session.stop();
  w.session.start();
  await settle();

  assert.equal(w.session.retryAt - w.clock.now, 500);
});

test('lines are not fetched over HTTP while there is a socket', async () => {
  const w = world({ lines: [answer(200)] });
  await w.connected();

  await w.session.refresh();
  await settle();

  assert.deepEqual([w.fetched, w.sockets.length, w.phase], [['/logs/a/ticket/'], 1, 'open']);
});

test('a page that is awake, and hears its server, stays as it is', async () => {
  const w = world();
  await w.connected();

  w.session.wake();
  await settle();

  assert.deepEqual([w.sockets.length, w.phase], [1, 'open']);
});

test('a page that wakes after a long sleep does not wait for a dead socket', async () => {
  const w = world();
  await w.connected();
  w.clock.now += 46_000; // asleep: no timer ran

  w.session.wake();

  assert.equal(w.phase, 'waiting');
});

test('a ticket is asked for as the page of this session, and kept by no cache', async () => {
  const w = world();

  w.session.start();
  await settle();

  assert.deepEqual(w.requests, [{
    method: 'POST', credentials: 'same-origin', redirect: 'manual', cache: 'no-store', headers: { Accept: 'application/json', 'X-CSRFToken': 'proof' },
  }]);
});

test('a moment is asked of the server, and the answer is no part of the stream', async () => {
  const w = world();
  await assert.rejects(w.session.time(5).done, { message: 'not connected' });
  await w.connected();

  const asked = w.session.time(5);
  const { type, request, at } = w.socket.sent.at(-1);
  w.socket.say({ type: 'time', request, result: 'none', read: 9 });

  assert.deepEqual([type, at], ['time', 5]);
  assert.equal((await asked.done).result, 'none');
  assert.equal(w.messages.some((message) => message.type === 'time'), false);
});

test('a ticket for the first connection is used for that one only', async () => {
  const w = world();
  w.session.ticket = 'for the original';

  await w.connected();
  assert.equal(w.socket.sent[0].ticket, 'for the original');
  assert.deepEqual(w.fetched, []);
  w.socket.drop();
  await w.clock.pass(1_000);
  w.socket.open();

  assert.equal(w.socket.sent[0].ticket, 'ticket-1');
});
