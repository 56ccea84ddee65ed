/** Which parts of a line are links, and where they lead. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { steering } from '../../../django_logtail/static/logtail/formats/text.js';
import { linksIn } from '../../../django_logtail/static/logtail/rows/links.js';

const SOURCE = { url: 'https://git.example/shop/blob/main/{path}#L{line}', roots: ['/srv/shop'] };
const links = (text, linked = { urls: true, source: null }) => linksIn(text, steering(text), linked);
const urls = (text) => links(text).map(({ start, end, href }) => {
  assert.equal(text.slice(start, end), href, 'the text is the whole target');
  return href;
});

for (const [text, expected] of [
  ['see https://a.example/b', ['https://a.example/b']],
  ['See https://a.example/b.', ['https://a.example/b']],
  ['(see https://a.example/b), then', ['https://a.example/b']],
  ['https://en.example/wiki/Lamp_(desk)', ['https://en.example/wiki/Lamp_(desk)']],
  ['(https://en.example/wiki/Lamp_(desk))', ['https://en.example/wiki/Lamp_(desk)']],
  ['[https://a.example/x]', ['https://a.example/x']],
  ['[the page](https://a.example/x).', ['https://a.example/x']],
  ['<https://a.example/x?y=1&z=2#top>', ['https://a.example/x?y=1&z=2#top']],
  ['{"url":"https://a.example/b","n":1}', ['https://a.example/b']],
  ['{"m":"GET https://a.example/b\\nthen"}', ['https://a.example/b']],
  ["HTTPSConnectionPool(url='https://a.example/b'): timed out", ['https://a.example/b']],
  ["at https://a.example/it's", ["https://a.example/it's"]],
  ['url=https://a.example/b status=200', ['https://a.example/b']],
  ['"GET / HTTP/1.1" 200 "https://a.example/?q=1" "curl"', ['https://a.example/?q=1']],
  ['https://a.example,https://b.example/x;', ['https://a.example', 'https://b.example/x']],
  ['HTTP://A.example:8080/B!', ['HTTP://A.example:8080/B']],
  ['Listening on http://127.0.0.1:8000/ (Press CTRL+C to quit)', ['http://127.0.0.1:8000/']],
  ['http://[::1]:8000/x', ['http://[::1]:8000/x']],
  ['请看https://a.example/b。然后', ['https://a.example/b']],
  ['（https://a.example/b）', ['https://a.example/b']],
  ['https://a.example/产品/1 opened', ['https://a.example/产品/1']],
  ['https://a.example/a%20b,', ['https://a.example/a%20b']],
]) test(`${text} has ${expected.length} links`, () => assert.deepEqual(urls(text), expected));

for (const text of [
  'javascript:alert(1)', 'data:text/html,x', 'ftp://a.example/b', 'file:///etc/passwd', 'javascript://a.example/%0aalert(1)',
  'xhttps://a.example/b', 'git+https://a.example/b', 'https://', 'https:///x', 'http://?x',
  'https://user:password@a.example/', 'https://good.example@evil.example/', 'https://good.example:443@evil.example/',
  'https://аpple.example/', 'https://bücher.example/', 'https://ex%61mple.com/', 'http://2130706433/', 'http://0x7f.1/', 'https://a.example:99999/',
  'https://a.example/very/lo…', 'https://a.example/very/lo...',
  'https://a.exam\u200bple/', 'https://a.example/\u202egpj.exe', 'https://a.example/b\u200b', 'https://a.example/\u0007x',
  `https://a.example/${'x'.repeat(2_000)}`,
]) test(`no link in ${JSON.stringify(text.slice(0, 60))}`, () => assert.deepEqual(urls(text), []));

test('a slash that turns the other way ends the address, so that it leads nowhere else', () => {
  assert.deepEqual(urls('https://good.example\\@evil.example/'), ['https://good.example']);
});

test('a frame of the project is a link to its source, as the template says', () => {
  const text = '  File "/srv/shop/orders/views.py", line 214, in pay';
  const [link, ...others] = links(text, { urls: true, source: SOURCE });
  assert.deepEqual(others, []);
  assert.equal(text.slice(link.start, link.end), '/srv/shop/orders/views.py", line 214');
  assert.equal(link.href, 'https://git.example/shop/blob/main/orders/views.py#L214');
});

test('without a template no frame is a link', () => {
  assert.deepEqual(links('  File "/srv/shop/orders/views.py", line 214, in pay'), []);
});

test('addresses that are turned off stay text, and frames are links all the same', () => {
  const text = '  File "/srv/shop/a.py", line 1, in get  # https://a.example/';
  assert.deepEqual(links(text, { urls: false, source: SOURCE }).map(({ href }) => href), ['https://git.example/shop/blob/main/a.py#L1']);
  assert.deepEqual(links(text, { urls: true, source: SOURCE }).map(({ href }) => href), ['https://git.example/shop/blob/main/a.py#L1', 'https://a.example/']);
});

test('a frame in whose path hidden characters stand is no link', () => {
  assert.deepEqual(links('  File "/srv/shop/a\u202eyp.py", line 1, in get', { urls: true, source: SOURCE }), []);
});

test('an address that touches a frame is a link of its own', () => {
  const frame = '  File "/srv/shop/a.py", line 1';
  const [first, second] = links(`${frame}https://a.example/`, { urls: true, source: SOURCE });

  assert.deepEqual([first.isFrame, first.end <= (second?.start ?? Infinity)], [true, true]);
});

test('what goes on behind the shown part is no link', () => {
  const text = 'https://a.example/b https://b.example/c';
  assert.deepEqual(linksIn(text, [], { urls: true, source: null }, [[0, 25]]).map(({ href }) => href), ['https://a.example/b']);
  assert.deepEqual(linksIn(text, [], { urls: true, source: null }, [[0, 18]]), []);
  assert.deepEqual(linksIn(text, [], { urls: true, source: null }, [[0, 19]]).map(({ href }) => href), ['https://a.example/b']);
});

test('a million characters without an end are looked at in no time', () => {
  const began = performance.now();
  linksIn('https://'.repeat(125_000), [], { urls: true, source: SOURCE });
  linksIn(`https://${'('.repeat(1_000_000)}`, [], { urls: true, source: SOURCE });
  assert.ok(performance.now() - began < 2_000);
});

test('only the drawn parts of a line are searched, and a link ends within its part', () => {
  const text = '{"a":"https://a.example/1","b":"https://b.example/2"}';
  const linked = { urls: true, source: null };

  assert.deepEqual(linksIn(text, [], linked, [[32, 51]]).map(({ href }) => href), ['https://b.example/2']);
  assert.deepEqual(linksIn(text, [], linked, [[32, 50]]), []);
  assert.deepEqual(linksIn(text, [], linked, [[6, 25], [32, 51]]).map(({ href }) => href), ['https://a.example/1', 'https://b.example/2']);
  assert.deepEqual(linksIn(text, [], linked, []), []);
});

test('each hidden character is looked at once, however many addresses there are', () => {
  let looks = 0;
  const hidden = Array.from({ length: 1_000 }, (_, i) => ({
    start: i * 10 + 9,
    get end() {
      looks++;
      return i * 10 + 10;
    },
  }));

  assert.equal(linksIn('http://x \u200b'.repeat(1_000), hidden, { urls: true, source: null }).length, 1_000);

  assert.ok(looks <= 2_001, `${looks} looks`);
});

test('an address that follows a comma ends the search for the end of the one before', () => {
  const least = (/** @type {string} */ text) => Math.min(...[1, 2, 3].map(() => {
    const began = performance.now();
    linksIn(text, [], { urls: true, source: null });
    return performance.now() - began;
  }));
  const found = linksIn('https://a,'.repeat(2_000), [], { urls: true, source: null });

  assert.equal(found.length, 2_000);
  assert.deepEqual([found[1].start, found[1].href], [10, 'https://a']);
  const isFast = () => least('https://a,'.repeat(2_000)) < 3 * least('https://a '.repeat(2_000));
  assert.ok(isFast() || isFast() || isFast());
});
