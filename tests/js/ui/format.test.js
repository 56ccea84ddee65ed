import assert from 'node:assert/strict';
import test from 'node:test';

import { Words } from '../../../django_logtail/static/logtail/ui/format.js';
import { Settings } from '../../../django_logtail/static/logtail/ui/settings.js';

test('sizes are short, in steps of a thousand, and written as the language writes numbers', () => {
  const bytes = [0, 1, 999, 1000, 48_200_000, 1_300_000_000, 221_400, 5e15];

  assert.deepEqual(bytes.map(new Words({}, 'en').size), ['0 B', '1 B', '999 B', '1.0 kB', '48.2 MB', '1.3 GB', '221 kB', '5,000 TB']);
  assert.deepEqual(bytes.map(new Words({}, 'zh-hans').size), ['0 B', '1 B', '999 B', '1.0 kB', '48.2 MB', '1.3 GB', '221 kB', '5,000 TB']);
  assert.deepEqual(bytes.map(new Words({}, 'de').size), ['0 B', '1 B', '999 B', '1,0 kB', '48,2 MB', '1,3 GB', '221 kB', '5.000 TB']);
});

test('values are put in once, and a value that looks like a name stays', () => {
  const words = new Words({ k: '{a} and {b} and {c}' }, 'en');

  assert.equal(words.say('k', { a: '{b}', b: 2 }), '{b} and 2 and {c}');
});

const said = (words, numbers) => numbers.map((n) => words.say('k', { n }));

test('a number chooses the plural form, and is written as the language writes it', () => {
  const words = new Words({ k: ['{n} lines', '{n} line'] }, 'en', [0, 1]);

  assert.deepEqual(said(words, [0, 1, 2, 1000]), ['0 lines', '1 line', '2 lines', '1,000 lines']);
});

test('a language with four plural forms chooses by its own rules', () => {
  const words = new Words({ k: ['{n} строк', '{n} строка', '{n} строки'] }, 'ru', [0, 1, 2]);

  assert.deepEqual(said(words, [0, 1, 2, 5, 11, 21, 24, 112]), ['0 строк', '1 строка', '2 строки', '5 строк', '11 строк', '21 строка', '24 строки', '112 строк']);
});

test('a language that forms no plural has one text for every number', () => {
  assert.deepEqual(said(new Words({ k: ['{n} 行'] }, 'zh-hans', [0]), [0, 1, 2, 1000]), ['0 行', '1 行', '2 行', '1,000 行']);
});

test('numbers in any text, shares and times past are written as the language writes them', () => {
  const written = (language) => {
    const words = new Words({ k: '{a} / {b}' }, language);
    return [words.say('k', { a: 1234567, b: 'x' }), words.percent(38), words.ago(0), words.ago(59), words.ago(3599), words.ago(7200), words.ago(86400)];
  };

  assert.deepEqual(written('en'), ['1,234,567 / x', '38%', '1 second ago', '59 seconds ago', '60 minutes ago', '2 hours ago', '1 day ago']);
  assert.deepEqual(written('de'), ['1.234.567 / x', '38\u00a0%', 'vor 1 Sekunde', 'vor 59 Sekunden', 'vor 60 Minuten', 'vor 2 Stunden', 'vor 1 Tag']);
});

test('days are written out', () => {
  assert.match(new Words({}, 'en').day('2026-08-24'), /^Monday,? 24 August 2026$/);
  assert.equal(new Words({}, 'en').day('someday'), 'someday');
});

test('what is remembered for each log and for the person is kept apart', () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const settings = new Settings(storage);

  settings.saveLog('a', { wrap: true });
  settings.saveGeneral({ size: 'l' });
  const again = new Settings(storage);

  assert.deepEqual([again.log('a').wrap, again.log('b').wrap, again.general.size], [true, null, 'l']);
});

test('a storage that fails or holds nonsense is no storage', () => {
  const broken = new Settings({ getItem: () => { throw new Error('denied'); }, setItem: () => { throw new Error('full'); } });
  const nonsense = new Settings({ getItem: () => '[1', setItem: () => {} });

  broken.saveGeneral({ size: 's' });

  assert.equal(broken.general.size, 's');
  assert.equal(nonsense.general.size, 'm');
});

test('a format named by words has them in the language of the page, and a program its name', () => {
  const words = new Words({ 'format.Time': '时间' }, 'zh-hans');

  assert.deepEqual(['Time', 'loguru'].map(words.format), ['时间', 'loguru']);
});
