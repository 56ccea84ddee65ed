import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Matcher } from '../../../django_logtail/static/logtail/find/matcher.js';

const SCRIPT = readFileSync(new URL('../../../django_logtail/static/logtail/find/match-worker.js', import.meta.url), 'utf8');

/** The worker's own script, run here, behind the ports of a worker. */
class Worker extends EventTarget {
  constructor({ answers = true } = {}) {
    super();
    this.answers = answers;
    this.terminated = false;
  }

  postMessage(data) {
    if (!this.answers) return;
    const port = { postMessage: (answer) => this.dispatchEvent(Object.assign(new Event('message'), { data: answer })) };
    new Function('self', SCRIPT)(port);
    port.onmessage({ data });
  }

  terminate() { this.terminated = true; }
}

test('the worker says for each line where it matches', async () => {
  const worker = new Worker();
  const matcher = new Matcher(/o+/g, 1_000, () => worker);

  assert.deepEqual(await matcher.match(['foo bo', 'bar', '']), [[1, 3, 5, 6], null, null]);
  matcher.end();
});

test('a match of nothing is a match without a place', async () => {
  const matcher = new Matcher(/x*/g, 1_000, () => new Worker());

  assert.deepEqual(await matcher.match(['bxx', '']), [[1, 3], []]);
  matcher.end();
});

test('an expression that never ends is ended', async () => {
  const worker = new Worker({ answers: false });
  const matcher = new Matcher(/(a+)+$/g, 5, () => worker);

  await assert.rejects(matcher.match(['aaa!']), /slow/);
  await assert.rejects(matcher.match(['a']), /ended/);
  assert.equal(worker.terminated, true);
});
