import assert from 'node:assert/strict';
import test from 'node:test';

import { clockOf, continues, dayOf, headOf, millisecondsOf, namesError } from '../../django_logtail/static/logtail/levels.js';

const FORMATS = [
  ['Django', '2026-08-24 14:22:09,539 WARNING  shop.stock Only 3 left', 'W', '2026-08-24 14:22:09,539', 'shop.stock'],
  ['Python with dashes', '2026-08-24 14:22:09,539 - shop.views - ERROR - bad', 'E', '2026-08-24 14:22:09,539', ''],
  ['Django, verbose', 'ERROR 2026-08-24 14:22:09,539 views 123 456 bad', 'E', '2026-08-24 14:22:09,539', ''],
  ['Python, basic', 'WARNING:django.request:Not Found: /x', 'W', '', 'django.request'],
  ['gunicorn', '[2026-08-24 14:22:09 +0000] [123] [INFO] Booting', 'I', '2026-08-24 14:22:09 +0000', ''],
  ['uvicorn', 'INFO:     127.0.0.1:5000 - "GET / HTTP/1.1" 200 OK', 'I', '', ''],
  ['Celery', '[2026-08-24 14:22:09,539: CRITICAL/MainProcess] lost', 'E', '2026-08-24 14:22:09,539', ''],
  ['nginx error', '2026/08/24 14:22:09 [error] 123#0: *1 open() failed', 'E', '2026/08/24 14:22:09', ''],
  ['nginx access, 5xx', '1.2.3.4 - - [24/Aug/2026:14:22:09 +0000] "GET /x HTTP/1.1" 500 12', 'E', '24/Aug/2026:14:22:09 +0000', ''],
  ['nginx access, 2xx', '::1 - bob [24/Aug/2026:14:22:09 +0000] "GET /ERROR HTTP/1.1" 200 12', 'I', '24/Aug/2026:14:22:09 +0000', ''],
  ['runserver', '[24/Aug/2026 14:22:09] "GET / HTTP/1.1" 404 12', 'W', '24/Aug/2026 14:22:09', ''],
  ['syslog', 'Aug 24 14:22:09 host prog[12]: hello', 'O', 'Aug 24 14:22:09', ''],
  ['syslog, RFC 5424', '<34>1 2026-08-24T14:22:09Z host su - ID47 - failed', 'E', '2026-08-24T14:22:09Z', ''],
  ['JSON lines', '{"level":"warning","time":"2026-08-24T14:22:09Z","message":"x"}', 'W', '', ''],
  ['JSON lines, numbers', '{"level":50,"time":1756045329000,"msg":"x"}', 'E', '', ''],
  ['logfmt', 'time=2026-08-24T14:22:09Z level=error msg="x"', 'E', '2026-08-24T14:22:09Z', ''],
  ['Spring', '2026-08-24 14:22:09.539  INFO 123 --- [main] c.e.Foo : started', 'I', '2026-08-24 14:22:09.539', 'c.e.Foo'],
  ['Logback', '14:22:09.539 [main] DEBUG c.e.Foo - hi', 'D', '14:22:09.539', 'c.e.Foo'],
  ['PostgreSQL', '2026-08-24 14:22:09.539 UTC [123] FATAL:  no', 'E', '2026-08-24 14:22:09.539 UTC', ''],
  ['Redis', '12:M 24 Aug 2026 14:22:09.539 # overcommit', 'W', '24 Aug 2026 14:22:09.539', ''],
  ['glog', 'W0824 14:22:09.539123 123 foo.go:12] hi', 'W', '14:22:09.539123', ''],
];

for (const [name, line, level, time, source] of FORMATS) {
  test(`the head of ${name} is recognised`, () => {
    const head = headOf(line);

    assert.ok(head);
    assert.equal(head.level, level);
    assert.equal(head.time ? line.slice(...head.time) : '', time);
    assert.equal(head.source ? line.slice(...head.source) : '', source);
  });
}

for (const line of ['Internal ERROR happened', 'ERROR something', 'no level here', '  File "x.py", line 3', '', 'errors: 0', 'Traceback (most recent call last):']) {
  test(`no level is guessed from ${JSON.stringify(line)}`, () => {
    assert.equal(headOf(line), null);
  });
}

test('a level in the message of a timed line is no level', () => {
  assert.equal(headOf('2026-08-24T14:22:09.539Z Something ERROR happened')?.level, 'O');
});

test('what a traceback is made of continues an entry', () => {
  for (const line of ['Traceback (most recent call last):', '  File "x.py"', 'shop.GatewayTimeout: no answer', 'Caused by: java.io.IOException', '', '\tat com.x.Y']) assert.ok(continues(line, false), line);
  assert.equal(continues('another plain line', false), false);
  assert.equal(continues('another plain line', true), true);
});

test('the line that names the error is known', () => {
  assert.ok(namesError('payments.gateway.GatewayTimeout: no answer after 10 s'));
  assert.equal(namesError('Traceback (most recent call last):'), false);
});

test('times are shortened, compared and dated', () => {
  assert.equal(clockOf('2026-08-24 14:22:09,539'), '14:22:09.539');
  assert.equal(dayOf('24/Aug/2026:14:22:09 +0000'), '2026-08-24');
  assert.equal(millisecondsOf('2026-08-25 00:00:00,250') - millisecondsOf('2026-08-24 23:59:59,500'), 750);
});

test('no line takes long, whatever it is made of', () => {
  const started = process.cpuUsage().user;
  for (const part of [' ', 'a.', '[a]', ': ', '1 ', '- -', 'a - ', '(', 'INFO/', '{"a":', 'x=1 ']) {
    for (const before of ['', '2026-08-24 14:22:09 ', 'INFO: ', '{"level":', '<34>']) {
      const line = before + part.repeat(200_000);
      headOf(line);
      continues(line, false);
    }
  }

  // A pattern that goes back and forth would take hours; this is no measurement.
  assert.ok(process.cpuUsage().user - started < 20_000_000);
});
