/** Lines that terms take, here and on the host, and how the host is asked: `tests/find/terms.jsonl` is read by both. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Query } from '../../../django_logtail/static/logtail/find/filter.js';
import { soughtBy } from '../../../django_logtail/static/logtail/find/search.js';

const CASES = readFileSync(new URL('../../find/terms.jsonl', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line));

for (const { term, sent, line, matches, case: isCase = false } of CASES) {
  test(`${term} ${matches ? 'takes' : 'leaves'} ${line}${isCase ? ', with case' : ''}`, () => {
    const query = new Query('', { case: isCase, regex: false, invert: false, only: false }, [term]);

    const { pattern, terms } = soughtBy(query, new Set());
    assert.deepEqual(terms ? terms[0] : { text: pattern }, sent);
    assert.equal(query.seeks ? query.matches(line) : query.excludes(line), matches);
  });
}
