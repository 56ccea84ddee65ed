/** Frames of tracebacks that real programs wrote: whose code each is, and where its source is. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Frames, frameOf, libraryOf, sourceOf } from '../../../django_logtail/static/logtail/formats/frames.js';

const SOURCE = { url: 'https://git.example/{path}#L{line}', roots: ['/srv/shop'] };
const linesOf = (name) => readFileSync(new URL(`tracebacks/${name}.log`, import.meta.url), 'utf8').trimEnd().split('\n');

/** Frames in order, one for each: the library, "own" for the project's; how many further lines belong to those of libraries. */
function readAs(name) {
  const frames = new Frames();
  const lines = linesOf(name);
  const said = [];
  let more = 0;
  lines.forEach((text, i) => {
    const { library, isFrame } = frames.read(text, lines[i + 1] ?? null);
    if (isFrame) said.push(library || 'own');
    else if (library) more++;
  });
  return { said: said.join(' '), more };
}

const sourcesOf = (name) => linesOf(name).map((text) => {
  const frame = frameOf(text);
  return frame ? sourceOf(frame, SOURCE) : '';
}).filter(Boolean).map((address) => address.replace('https://git.example/', ''));

for (const [name, said, more] of [
  // Django: a plain one, one with a cause, a group of exceptions, and one from within the database.
  ['django', 'django django own own own django django own django django own own Python Python Python django django django django own django django django django django django django django django django', 42],
  ['dramatiq', 'own dramatiq dramatiq own own', 4],
  ['node', 'own @acme/pay own gate Node.js gate own own Node.js Node.js own Node.js own @acme/pay own gate Node.js gate own own Node.js Node.js own Node.js Node.js Node.js own Node.js Node.js Node.js', 0],
  ['java', 'own Java Java Java Java Java Java Java own own Java own Java Java Java Java own', 0],
  ['spring', 'own own Java spring-web tomcat-embed-core own', 0],
  ['go', 'Go Go own own github.com/gin-gonic/gin github.com/gin-gonic/gin Go Go Go', 7],
  ['ruby', 'own own activerecord activesupport Ruby Ruby own actionpack own', 0],
  ['php', 'own own PHP laravel/framework symfony/http-kernel own own own', 0],
  ['dotnet', 'own own .NET .NET .NET Npgsql own', 1],
  ['rust', 'own Rust Rust Rust Rust Rust Rust own own Rust', 7],
]) {
  test(`frames of ${name} are of the project, or of a library with its lines`, () => assert.deepEqual(readAs(name), { said, more }));
}

for (const [name, sources] of [
  ['django', ['orders/views.py#L6', 'orders/views.py#L4', 'orders/views.py#L10', 'orders/views.py#L12', 'orders/views.py#L14', 'orders/views.py#L18', 'run.py#L10']],
  ['dramatiq', ['orders/views.py#L10', 'work.py#L10', 'orders/views.py#L12']],
  ['node', ['app.js#L2', 'app.js#L2', 'app.js#L2', 'app.js#L3', 'app.js#L4', 'app.js#L2', 'app.js#L2', 'app.js#L2', 'app.js#L4', 'app.js#L5', 'esm.mjs#L2']],
  ['java', ['Main.java#L6', 'Main.java#L3', 'Main.java#L5', 'Main.java#L5', 'Main.java#L7']],
  ['spring', ['com/example/shop/payments/Gateway.java#L31', 'com/example/shop/OrderController.java#L44']],
  ['go', ['orders/settle.go#L21', 'main.go#L14']],
  ['ruby', ['app/models/order.rb#L12', 'app/controllers/orders_controller.rb#L31', 'bin/rails#L4', 'app/models/order.rb#L12']],
  ['php', ['app/Gateway.php#L31', 'app/Http/Controllers/OrderController.php#L44', 'public/index.php#L52', 'app/Gateway.php#L31', 'app/Gateway.php#L31']],
  ['dotnet', ['Payments/Gateway.cs#L31', 'Program.cs#L3']],
  ['rust', ['main.rs#L1', 'main.rs#L1', 'main.rs#L2']],
]) {
  test(`frames of ${name} lead to the project's own files, and to no others`, () => assert.deepEqual(sourcesOf(name), sources));
}

for (const [text, path, line, library] of [
  ["PHP Fatal error:  x in /srv/shop/a.php:12", '/srv/shop/a.php', 12, ''],
  ['PHP Warning:  x in /srv/shop/a.php on line 12', '/srv/shop/a.php', 12, ''],
  ['thrown at /srv/shop/a.php(12)', '/srv/shop/a.php', 12, ''],
  ['#3 /srv/shop/vendor/laravel/framework/src/a.php:12', '/srv/shop/vendor/laravel/framework/src/a.php', 12, 'laravel/framework'],
  ['#4 [internal function]: pay()', '', 0, 'PHP'],
  ['activerecord (7.1.2) lib/active_record/base.rb:12:in `save\'', 'lib/active_record/base.rb', 12, 'activerecord'],
  ['\t3: from /srv/shop/a.rb:12:in `pay\'', '/srv/shop/a.rb', 12, ''],
  ["thread 'main' panicked at src/main.rs:12:5:", 'src/main.rs', 12, ''],
  ['\t/srv/shop/pay.go:12 +0x1d', '/srv/shop/pay.go', 12, ''],
]) {
  test(`${text.trim()} is a frame at line ${line} of ${path || 'no file'}`, () => {
    const found = /** @type {any} */ (frameOf(text));

    assert.deepEqual([found.path, found.line, found.library], [path, line, library]);
  });
}

for (const [text, part] of [
  ['  File "/srv/shop/a.py", line 12, in pay', '/srv/shop/a.py", line 12'],
  ['    at pay (/srv/shop/a.js:12:5)', '/srv/shop/a.js:12'],
  ['    at file:///srv/shop/a.mjs:12:5', 'file:///srv/shop/a.mjs:12'],
  ['\tat shop.Pay.go(Pay.java:12)', 'Pay.java:12'],
  ['#0 /srv/shop/a.php(12): pay()', '/srv/shop/a.php(12)'],
  ['   at Shop.Pay() in C:\\shop\\Pay.cs:line 12', 'C:\\shop\\Pay.cs:line 12'],
]) {
  test(`file and line of ${text.trim()} are what is linked`, () => assert.equal(text.slice(.../** @type {any} */ (frameOf(text)).at), part));
}

const frame = (path, more = {}) => ({ kind: 'python', path, line: 7, at: [0, 1], library: '', ...more });

for (const [what, path, source] of [
  ['outside of the project', '/etc/passwd', SOURCE],
  ['in a folder whose name only begins alike', '/srv/shopping/a.py', SOURCE],
  ['that leads out of it', '/srv/shop/../../etc/passwd', SOURCE],
  ['relative, that leads out of it', '../a.py', SOURCE],
  ['of no file', '<string>', SOURCE],
  ['with a scheme', 'javascript:alert(1)', SOURCE],
  ['with half a character', '/srv/shop/\ud800.py', SOURCE],
  ['of a template that would run', 'a.py', { url: 'javascript:alert("{path}")', roots: ['/srv/shop'] }],
  ['of a template without a host', 'a.py', { url: '{path}', roots: ['/srv/shop'] }],
  ['without a template', '/srv/shop/a.py', null],
  ['of a project whose folder is unknown', '/srv/shop/a.py', { url: SOURCE.url, roots: [] }],
]) test(`a file ${what} is no link`, () => assert.equal(sourceOf(frame(path), source), ''));

test('a line that no file has is no link', () => {
  assert.match(sourceOf(frame('a.py', { line: 999_999_999 }), SOURCE), /999999999$/);
  assert.equal(sourceOf(frame('a.py', { line: 1e9 }), SOURCE), '');
  assert.equal(sourceOf(frame('a.py', { line: 1e29 }), SOURCE), '');
});

test('a library inside the project is no link', () => {
  const path = '/srv/shop/.venv/lib/python3.11/site-packages/django/db/utils.py';
  assert.equal(sourceOf(frame(path, { library: libraryOf(path) }), SOURCE), '');
});

test('a path is encoded, so that it stays a path', () => {
  assert.equal(sourceOf(frame('/srv/shop/a b/ü#1&$&.py'), SOURCE), 'https://git.example/a%20b/%C3%BC%231%26%24%26.py#L7');
});

test('of two folders the nearer one counts', () => {
  assert.equal(sourceOf(frame('/srv/shop/app/a.py'), { url: SOURCE.url, roots: ['/srv/shop', '/srv/shop/app/'] }), 'https://git.example/a.py#L7');
});

test('a template may name the line twice, and not at all', () => {
  assert.equal(sourceOf(frame('a.py'), { url: 'http://git/{path}?a={line}&b={line}', roots: [] }), 'http://git/a.py?a=7&b=7');
  assert.equal(sourceOf(frame('a.py'), { url: 'http://git/{path}', roots: [] }), 'http://git/a.py');
});

for (const [path, library] of [
  ['/usr/lib/python3/dist-packages/celery/app/trace.py', 'celery'],
  ['/usr/lib/python3.11/asyncio/runners.py', 'Python'],
  ['/usr/local/lib/python3.12/site-packages/six.py', 'six'],
  ['<frozen importlib._bootstrap>', 'Python'],
  ['C:/Python311/Lib/json/decoder.py', 'Python'],
  ['/srv/shop/node_modules/.pnpm/express@4.18.2/node_modules/express/lib/router.js', 'express'],
  ['node:internal/process/task_queues', 'Node.js'],
  ['/root/go/pkg/mod/github.com/!burnt!sushi/toml@v1.2.0/parse.go', 'github.com/BurntSushi/toml'],
  ['/srv/shop/vendor/github.com/lib/pq/conn.go', 'github.com/lib/pq'],
  ['/srv/shop/vendor/symfony/console/Application.php', 'symfony/console'],
  ['/usr/lib/ruby/3.1.0/net/http.rb', 'Ruby'],
  ['/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-1.35.1/src/task.rs', 'tokio'],
  ['/srv/shop/lib/python/views.py', ''],
  ['/srv/shop/vendor/bundle/app.rb', ''],
  ['/srv/go/src/example.com/shop/pay.go', ''],
  ['<string>', ''],
]) test(`${path} is of ${library || 'the project'}`, () => assert.equal(libraryOf(path), library));

test('lines that are no frame name none', () => {
  for (const text of ['', 'at last', 'at 10:00:01', '   at noon (or later)', 'File "x"', '#1 in the list', 'look at https://a.example:80/x', '  12: twelve', 'x'.repeat(100_000)]) {
    assert.equal(frameOf(text), null, text.slice(0, 40));
  }
});

test('hostile lines are read in no time', () => {
  const began = performance.now();
  for (const part of ['at ', 'File "', '  |', '(', 'a/', 'a.', ':1', 'panicked at ', ' in ']) frameOf(`   at ${part.repeat(1_990 / part.length)}`);
  for (const part of ['a/', '/a', '@v1/', '/vendor/', '/gems/a-', '/src/', 'node_modules/']) libraryOf(part.repeat(1_990 / part.length));
  assert.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
});
