/**
 * The JSDoc types hold together. Needs a TypeScript compiler, which nothing else here does, so it is asked for:
 * `TSC="npx --package=typescript@5.9 tsc" node --test tests/js/types.test.js`
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../django_logtail/static/logtail/', import.meta.url));
const OPTIONS = '--allowJs --checkJs --noEmit --target es2023 --lib es2023,dom,dom.iterable --module esnext --moduleResolution bundler --pretty false';

test('the types that are written are kept', { skip: process.env.TSC ? false : 'TSC names no compiler' }, () => {
  const files = readdirSync(SOURCE, { recursive: true }).filter((name) => name.endsWith('.js')).map((name) => join(SOURCE, name));

  const done = spawnSync(`${process.env.TSC} ${OPTIONS} ${files.join(' ')}`, { shell: true, encoding: 'utf8' });

  assert.equal(done.stdout, '');
  assert.equal(done.status, 0, done.stderr);
});
