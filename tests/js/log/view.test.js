import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fragmentOfPanes, isCut, panesOf, plainView, withoutPlaces } from '../../../django_logtail/static/logtail/log/view.js';

const pane = (more = {}) => ({ ...plainView(), log: 'shop', width: null, active: false, ...more });
const flags = (...on) => Object.fromEntries(['case', 'regex', 'invert', 'only'].map((flag) => [flag, on.includes(flag)]));

test('a log that nobody arranged has nothing behind the #', () => {
  assert.equal(fragmentOfPanes([pane()]), '');
  assert.deepEqual(panesOf(''), []);
  assert.deepEqual(panesOf('#'), []);
});

test('a log that is plain although it is remembered otherwise says so', () => {
  const fragment = fragmentOfPanes([pane()], { isPlainSaid: true });

  assert.equal(fragment, 'view=1');
  assert.deepEqual(panesOf(fragment), [pane({ log: '' })]);
});

test('an arrangement is written so that a person can read it', () => {
  const shown = pane({
    query: 'GET /checkout', terms: ['status:500', '-path:/health*'], flags: flags('case', 'only'), off: ['D', 'I'],
    columns: [{ name: 'request_id', width: 20 }], raw: true, time: 'relative', wrap: true, format: 'nginx',
  });

  assert.equal(fragmentOfPanes([shown]),
    'flags=case,only&q=GET+/checkout&t=status:500&t=-path:/health*&off=ID&raw=1&time=relative&wrap=1&format=nginx&col=20.request_id');
});

for (const [what, text] of [
  ['signs of addresses', 'a&b=c;d#e?f%20+g/h:i,j'], ['quotes and brackets', `"x" 'y' (z) [w] <v> \\d`], ['Chinese and an emoji', '用户 陈杰 👩‍💻'], ['blanks around it', '  a  '],
]) {
  test(`a term with ${what} comes back as it was`, () => {
    const fragment = fragmentOfPanes([pane({ query: text, terms: [text], columns: [{ name: text, width: 9 }] })]);

    assert.match(fragment, /^[!-~]*$/);
    const [found] = panesOf(`#${fragment}`);
    assert.deepEqual([found.query, found.terms, found.columns], [text, [text], [{ name: text, width: 9 }]]);
  });
}

test('panes keep their order, widths and the one that is used', () => {
  const panes = [pane({ width: 30 }), pane({ log: 'worker', width: 45, active: true, query: 'retry' }), pane({ log: 'db', width: 25 })];

  const fragment = fragmentOfPanes(panes);

  assert.equal(fragment, 'w=30;log=worker&w=45&q=retry&on=1;log=db&w=25');
  assert.deepEqual(panesOf(fragment), [{ ...panes[0], log: '' }, panes[1], panes[2]]);
});

test('logs that were picked to be searched together are kept, up to fifty', () => {
  const logs = (n) => Array.from({ length: n }, (_, i) => `log-${i}`);

  assert.equal(fragmentOfPanes([pane({ query: 'x', logs: ['web-1', 'db'] })]), 'q=x&in=web-1&in=db');
  assert.deepEqual(panesOf('in=web-1&in=db&in=db&in=').map((one) => one.logs), [['web-1', 'db']]);
  assert.deepEqual(panesOf(`in=${'x'.repeat(100)}&in=${'x'.repeat(101)}`)[0].logs, ['x'.repeat(100)]);
  assert.deepEqual([49, 50, 51].map((n) => [panesOf(logs(n).map((slug) => `in=${slug}`).join('&'))[0].logs.length, isCut([pane({ logs: logs(n) })])]), [[49, false], [50, false], [50, true]]);
});

test('a first pane with nothing to say is a pane all the same', () => {
  assert.equal(fragmentOfPanes([pane(), pane({ log: 'worker' })]), ';log=worker');
  assert.deepEqual(panesOf(';log=worker').map(({ log }) => log), ['', 'worker']);
});

test('a link to lines as it has always been is a place', () => {
  const [found] = panesOf('#file=a%3Ab&at=120-340&sum=9.0badcafe');

  assert.deepEqual(found.place, { file: 'a:b', start: 120, end: 340, sum: '9.0badcafe' });
});

test('a place that was only read comes back as one', () => {
  const place = { file: 'a:b', start: 120, end: 120, sum: '9.0badcafe', isRead: true };

  const fragment = fragmentOfPanes([pane({ place })]);

  assert.equal(fragment, 'file=a:b&at=120&sum=9.0badcafe&see=top');
  assert.deepEqual(panesOf(fragment)[0].place, place);
});

test('the name of a part of the page says nothing of a log', () => {
  assert.deepEqual(panesOf('#lt-main'), []);
  assert.deepEqual(panesOf('#utm_source=mail'), []);
});

test('what is not known is left out', () => {
  const [found] = panesOf('#time=never&flags=case,evil,__proto__&off=XQ&w=1000&wrap=2&raw=yes&col=5&col=x.y&col=9.&unknown=1&at=5&format=');

  assert.deepEqual(found, pane({ log: '', flags: flags('case') }));
});

test('matches cannot be hidden and shown alone at once', () => {
  assert.deepEqual(panesOf('flags=only,invert')[0].flags, flags('invert'));
});

test('a column is neither too narrow nor wider than a screen, and there once', () => {
  assert.deepEqual(panesOf('col=0.a&col=999.b&col=7.a')[0].columns, [{ name: 'a', width: 7 }, { name: 'b', width: 400 }]);
});

for (const [what, fragment] of [
  ['percent signs that mean nothing', '#q=%E0%A4%A&t=%&file=%zz'], ['bytes that are no text', '#q=%FF%FE'], ['only separators', '#;;;&&&==='], ['no names', '#=&=;=&='],
]) {
  test(`a fragment with ${what} is read without an error`, () => {
    assert.ok(panesOf(fragment).length <= 3);
  });
}

test('a fragment that is far too long says nothing', () => {
  assert.deepEqual(panesOf(`#q=a&t=${'x'.repeat(20_000)}`), []);
});

test('no more is read than is written', () => {
  const many = (name, n, value = '') => Array.from({ length: n }, (_, i) => `${name}=${value}${i}`).join('&');
  const [found, ...others] = panesOf(`${many('t', 300)}&${many('col', 300, '9.c')};${many('log', 2, 'a')};log=b;log=c;log=d`);

  assert.equal(found.terms.length, 20);
  assert.equal(found.columns.length, 20);
  assert.deepEqual(others.map(({ log }) => log), ['a0', 'b']);
});

test('what is written never is longer than an address may be', () => {
  const terms = Array.from({ length: 20 }, (_, i) => `${'长'.repeat(250)}${i}`);

  const fragment = fragmentOfPanes([pane({ query: '文'.repeat(900), terms }), pane({ log: 'worker', terms }), pane({ log: 'db', time: 'raw' })]);

  assert.ok(fragment.length <= 4000, String(fragment.length));
  assert.ok(panesOf(fragment).length > 0);
});

test('an address says whether it leaves out something', () => {
  const terms = (n, length) => Array.from({ length: n }, (_, i) => String(i).padEnd(length, 'x'));
  const columns = (n) => Array.from({ length: n }, (_, i) => ({ name: `c${i}`, width: 9 }));
  for (const [given, expected] of [
    [{}, false], [{ query: 'x'.repeat(1_000) }, false], [{ query: 'x'.repeat(1_001) }, true], [{ terms: terms(20, 10) }, false], [{ terms: terms(21, 10) }, true],
    [{ terms: ['x'.repeat(300)] }, false], [{ terms: ['x'.repeat(301)] }, true], [{ columns: columns(20) }, false], [{ columns: columns(21) }, true],
    [{ columns: [{ name: 'x'.repeat(100), width: 9 }] }, false], [{ columns: [{ name: 'x'.repeat(101), width: 9 }] }, true],
    [{ query: 'x'.repeat(998), terms: terms(10, 297) }, false], [{ query: 'x'.repeat(999), terms: terms(10, 297) }, true],
  ]) assert.equal(isCut([pane(given)]), expected, JSON.stringify(given).slice(0, 60));
  assert.equal(isCut([pane({ terms: terms(7, 290) }), pane({ log: 'worker', terms: terms(7, 290) })]), true);
  assert.equal(isCut([pane({ terms: terms(6, 290) }), pane({ log: 'worker', terms: terms(6, 290) })]), false);
});

test('a view can be saved without its place', () => {
  assert.equal(withoutPlaces('q=a&file=f&at=1&sum=1.00000000;log=worker&file=f&at=2'), 'q=a;log=worker');
});

test('a range ends at the last moment that a date can hold', () => {
  assert.deepEqual(panesOf('range=0-8640000000000000')[0].range, { from: 0, to: 8_640_000_000_000_000 });
  for (const text of ['range=0-8640000000000001', 'range=8640000000000001-8640000000000002', 'range=0-9007199254740991']) assert.equal(panesOf(text)[0].range, null, text);
});

test('a range of time is in the address, and what is none is ignored', () => {
  const range = { from: 1_795_759_200_000, to: 1_795_762_800_000 };
  const fragment = fragmentOfPanes([pane({ range })]);

  assert.equal(fragment, 'range=1795759200000-1795762800000');
  assert.deepEqual(panesOf(fragment)[0].range, range);
  for (const text of ['range=2-2', 'range=3-2', 'range=a-b', 'range=1-', 'range=-1-5', 'range=1-99999999999999999', 'range=1-2&range=3-4'].slice(0, 6)) {
    assert.equal(panesOf(text)[0].range, null);
  }
});

for (const [name, values] of Object.entries({
  time: ['raw', 'relative', 'age', 'hidden'], zone: ['mine', 'utc'], wrap: [true, false], raw: [true], format: ['nginx', '命名'], width: [1, 99],
  off: [['E'], ['W'], ['I'], ['D'], ['E', 'W', 'I', 'D']], flags: [flags('case'), flags('regex'), flags('invert'), flags('only')],
})) {
  for (const value of values) {
    test(`${name} comes back as ${JSON.stringify(value)}`, () => {
      const [found] = panesOf(fragmentOfPanes([pane({ [name]: value })]));

      assert.deepEqual(found, pane({ log: '', [name]: value }));
    });
  }
}

test('what an address has of no meaning has its default', () => {
  for (const text of ['time=later', 'zone=moon', 'wrap=2', 'raw=2', 'w=0', 'w=100', 'w=5.5', 'off=O', 'flags=all', 'range=5-5', 'range=6-5', 'range=1-8640000000000001', 'col=x.name', 'on=2']) {
    assert.deepEqual(panesOf(`${text}&view=1`), [pane({ log: '' })], text);
  }
});
