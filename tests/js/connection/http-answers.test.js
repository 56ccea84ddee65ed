import assert from 'node:assert/strict';
import test from 'node:test';

import { messagesOf, Refused, refusalOf } from '../../../django_logtail/static/logtail/connection/http-answers.js';

const answer = (status, body, type = 'basic') => ({ status, type, json: async () => { if (body === undefined) throw new Error('no JSON'); return body; } });

for (const [given, phase, details] of [
  [answer(0, undefined, 'opaqueredirect'), 'signedout', {}],
  [answer(401, { login: '/in/' }), 'signedout', { login: '/in/' }],
  [answer(403, { error: 'no-access' }), 'denied', { error: 'no-access' }],
  [answer(403), 'outdated', {}],
  [answer(404, { error: 'no-such-log' }), 'gone', { error: 'no-such-log' }],
  [answer(404), 'failed', { status: 404 }],
  [answer(429, { limit: 1 }), 'limit', { limit: 1 }],
  [answer(400, { error: 'bad-message' }), 'failed', { status: 400, error: 'bad-message' }],
]) {
  test(`${given.status || given.type} ${given.type === 'basic' ? 'with' : 'of'} ${JSON.stringify(details)} means "${phase}"`, async () => {
    const refusal = await refusalOf(given);

    assert.ok(refusal instanceof Refused);
    assert.deepEqual([refusal.phase, refusal.details], [phase, details]);
  });
}

test('a server in trouble is worth a retry', async () => {
  assert.equal(await refusalOf(answer(503)) instanceof Refused, false);
});

test('messages are read with the bytes that follow a batch', () => {
  const encode = (text) => new TextEncoder().encode(text);
  const text = `${JSON.stringify({ type: 'hello' })}\n${JSON.stringify({ type: 'batch', start: 5, end: 9 })}\na\nb\n${JSON.stringify({ type: 'status' })}\n`;

  const messages = [...messagesOf(encode(text))];

  assert.deepEqual(messages.map(({ header, bytes }) => [header.type, new TextDecoder().decode(bytes)]), [['hello', ''], ['batch', 'a\nb\n'], ['status', '']]);
});
