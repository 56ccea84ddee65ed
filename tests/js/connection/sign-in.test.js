import assert from 'node:assert/strict';
import test from 'node:test';

import { signInAddress } from '../../../django_logtail/static/logtail/connection/sign-in.js';

const HERE = 'https://example.org/logs/app/?a=1#at=7';
const next = (login) => new URL(signInAddress(login, HERE)).searchParams.get('next');

test('a sign-in page of the project leads back to the path', () => {
  assert.equal(signInAddress('/accounts/login/?from=logs', HERE), 'https://example.org/accounts/login/?from=logs&next=%2Flogs%2Fapp%2F%3Fa%3D1%23at%3D7');
  assert.equal(next('https://example.org/login/'), '/logs/app/?a=1#at=7');
});

test('a sign-in page on another host is told the whole address', () => {
  assert.equal(next('https://sso.example/login/'), HERE);
  assert.equal(next('http://example.org/login/'), HERE);
});
