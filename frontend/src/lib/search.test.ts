import { expect, test } from 'vitest';
import { read } from '../paths';
import { compact, instant, joined, manyOf, oneOf, text } from './search';

test('what is not understood is left out of the search, never an error', () => {
  expect(read.alarms({ view: 'nonsense', severity: 'HIGH.BOGUS.LOW', site: 42 })).toEqual({ severity: 'HIGH.LOW', site: '42' });
  expect(read.audit({ outcome: 'done', since: 'yesterday', range: '7d', site: ['x'] })).toEqual({ range: '7d' });
  expect(read.sites({ q: 'x'.repeat(500), only: 'trouble' })).toEqual({ only: 'trouble' });
});

test('reading what was read changes nothing', () => {
  const once = read.audit({ site: 'abc=', action: 'stay:create', since: '2026-11-01T00:00:00Z', until: '2026-11-02T00:00:00Z', entry: '' });
  expect(read.audit(once)).toEqual(once);
});

test('after signing in only a path of this page is followed', () => {
  expect(read.signIn({ next: '/alarms?view=all' })).toEqual({ next: '/alarms?view=all' });
  for (const bad of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    expect(read.signIn({ next: bad })).toEqual({});
  }
});

test('small readers', () => {
  expect(text('')).toBeUndefined();
  expect(oneOf(['a', 'b'] as const, 'b')).toBe('b');
  expect(manyOf(['a', 'b', 'c'] as const, 'c.a')).toEqual(['a', 'c']);
  expect(joined([])).toBeUndefined();
  expect(instant('2026-11-20T12:00:00Z')).toBe('2026-11-20T12:00:00Z');
  expect(compact({ a: undefined, b: '', c: 0 })).toEqual({ c: 0 });
});
