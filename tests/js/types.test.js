/**
 * The JSDoc types hold together. Needs a TypeScript compiler, which nothing else here does, so it is asked for:
 * `TSC="npx --package=typescript@5.9 tsc" node --test tests/js/types.test.js`
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const SOURCE = new URL('../../django_logtail/static/logtail/', import.meta.url);
const OPTIONS = '--allowJs --checkJs --noEmit --target es2023 --lib es2023,dom,dom.iterable --module esnext --moduleResolution bundler --pretty false';

test('the types that are written are kept', { skip: process.env.TSC ? false : 'TSC names no compiler' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'types-'));
  // The compiler takes the version in an import for a part of the file's name.
  const files = readdirSync(SOURCE).filter((name) => name.endsWith('.js')).map((name) => {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(new URL(name, SOURCE), 'utf8').replace(/\.js\?v=[\d.]+'/g, ".js'"));
    return file;
  });

  const done = spawnSync(`${process.env.TSC} ${OPTIONS} ${files.join(' ')}`, { shell: true, encoding: 'utf8' });
  rmSync(folder, { recursive: true });

  assert.equal(done.stdout, '');
  assert.equal(done.status, 0, done.stderr);
});
