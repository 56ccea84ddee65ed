import assert from 'node:assert/strict';
import test from 'node:test';

import { Requests } from '../../../django_logtail/static/logtail/connection/requests.js';

function asking() {
  const sent = [];
  return { sent, requests: new Requests((message) => sent.push(message)) };
}

const bytes = (...values) => new Uint8Array(values);

test('the parts of a range are one answer', async () => {
  const { requests, sent } = asking();
  const asked = requests.range({ file: 'f', start: 10, end: 20 });
  requests.take({ request: 1, file: 'f', start: 10, end: 12 }, bytes(1, 2));
  requests.take({ request: 1, file: 'f', start: 12, end: 13, hidden: [[0, 1, 'ip']] }, bytes(3));

  assert.equal(requests.hear({ type: 'done', request: 1 }), true);

  assert.deepEqual(await asked, { file: 'f', start: 10, end: 13, bytes: bytes(1, 2, 3), hidden: [{ start: 12, end: 13, name: 'ip' }] });
  assert.deepEqual(sent, [{ type: 'range', request: 1, file: 'f', start: 10, end: 20 }]);
});

test('each request is answered for itself', async () => {
  const { requests } = asking();
  const first = requests.range({ file: 'f', start: 0, end: 1 });
  const second = requests.range({ file: 'f', start: 5, end: 6 });
  requests.take({ request: 2, file: 'f', start: 5, end: 6 }, bytes(5));
  requests.take({ request: 1, file: 'f', start: 0, end: 1 }, bytes(0));
  requests.hear({ type: 'done', request: 2 });
  requests.hear({ type: 'done', request: 1 });

  assert.deepEqual([(await first).bytes, (await second).bytes], [bytes(0), bytes(5)]);
});

test('a range without a byte still says of which file and where', async () => {
  const { requests } = asking();
  const asked = requests.range({ file: 'f', before: 0, lines: 1 });

  requests.hear({ type: 'done', request: 1, file: 'e', start: 7 });

  assert.deepEqual(await asked, { file: 'e', start: 7, end: 7, bytes: bytes(), hidden: [] });
});

test('the files of a log come in one message', async () => {
  const { requests, sent } = asking();
  const asked = requests.files();
  const file = { file: 'f', name: 'a.log.1.gz', size: null, stored: 9, compression: 'gz' };

  assert.equal(requests.hear({ type: 'files', request: 1, files: [file], more: true }), true);

  assert.deepEqual(await asked, { files: [file], more: true });
  assert.deepEqual(sent, [{ type: 'files', request: 1 }]);
});

test('an error is in the words of the server, and has its id', async () => {
  const { requests } = asking();
  const asked = requests.range({ file: 'f', start: 0, end: 1 });

  assert.equal(requests.hear({ type: 'error', request: 1, id: 'not-there', text: 'The file was removed.' }), true);

  await assert.rejects(asked, { message: 'The file was removed.', id: 'not-there' });
});

test('an error that answers nothing is left to others', () => {
  assert.equal(asking().requests.hear({ type: 'error', id: 'bad-message' }), false);
});

test('a search hears what is found until it is cancelled', () => {
  const { requests, sent } = asking();
  const heard = [];
  const search = requests.search({ file: 'f', pattern: 'x' }, ({ type }) => heard.push(type));
  requests.hear({ type: 'found', request: 1, hits: [] });
  requests.hear({ type: 'progress', request: 1, at: 1 });

  search.cancel();
  search.cancel();
  requests.hear({ type: 'found', request: 1, hits: [] });

  assert.deepEqual(heard, ['found', 'progress']);
  assert.deepEqual(sent.slice(1), [{ type: 'cancel', request: 1 }]);
});

test('a picture of entries over time is heard as it gets better, until it is done', async () => {
  const { requests, sent } = asking();
  const heard = [];
  const volume = requests.volume({ from: 9, to: null, columns: 2 }, ({ columns }) => heard.push(columns));
  requests.hear({ type: 'volume', request: 1, columns: [[0, 0, 1], [0, 0, 0]] });
  requests.hear({ type: 'volume', request: 1, columns: [[0, 0, 1], [1, 0, 0]] });
  assert.equal(requests.hear({ type: 'done', request: 1 }), true);

  await volume.done;
  assert.deepEqual(heard, [[[0, 0, 1], [0, 0, 0]], [[0, 0, 1], [1, 0, 0]]]);
  assert.deepEqual(sent, [{ type: 'volume', request: 1, from: 9, to: null, columns: 2 }]);
});

test('with the connection everything that was asked is lost', async () => {
  const { requests } = asking();
  const asked = [requests.range({ file: 'f', start: 0, end: 1 }), requests.search({ file: 'f', pattern: 'x' }, () => {}).done];

  requests.forget();

  await Promise.all(asked.map((one) => assert.rejects(one, /connection lost/)));
});

test('the place of a moment comes in one message', async () => {
  const { requests, sent } = asking();
  const asked = requests.time(1_800_000_000_123);
  const answer = { type: 'time', request: 1, result: 'found', file: 'f', offset: 7, written: '14:32:05', ms: 1_800_000_000_200, read: 9 };

  assert.equal(requests.hear(answer), true);

  assert.deepEqual(await asked.done, answer);
  assert.deepEqual(sent, [{ type: 'time', request: 1, at: 1_800_000_000_123 }]);
});

test('a moment is looked for with progress, and no longer once that is cancelled', () => {
  const { requests, sent } = asking();
  const heard = [];
  const asked = requests.time(5, (message) => heard.push([message.at, message.end]));
  requests.hear({ type: 'progress', request: 1, at: 100, end: 700 });
  asked.cancel();
  asked.cancel();
  requests.hear({ type: 'progress', request: 1, at: 200, end: 700 });

  assert.deepEqual(heard, [[100, 700]]);
  assert.deepEqual(sent.at(-1), { type: 'cancel', request: 1 });
  assert.deepEqual([sent.length, requests.open.size], [2, 0]);
});
