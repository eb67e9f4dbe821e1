import { expect, test } from 'vitest';
import { dayAndHour, formatAge, formatMoment, instantToLocal, localToInstant, pickZone, presetStart } from './time';

test('a moment is shown in the zone that is asked for', () => {
  expect(formatMoment('2026-11-20T12:00:00Z', 'en', 'America/Sao_Paulo')).toContain('09:00:00');
  expect(formatMoment('2026-11-20T12:00:00Z', 'pt-BR', 'Asia/Shanghai')).toContain('20:00:00');
});

test('ages use the largest whole unit, and a clock that is ahead counts as now', () => {
  expect(formatAge(59_999, 'en')).toBe('59s');
  expect(formatAge(60_000, 'en')).toBe('1m');
  expect(formatAge(3 * 3_600_000, 'en')).toBe('3h');
  expect(formatAge(-5_000, 'en')).toBe('0s');
});

test('the zone of the site is used only when it is known', () => {
  expect(pickZone('site', 'Europe/Lisbon')).toBe('Europe/Lisbon');
  expect(pickZone('utc', 'Europe/Lisbon')).toBe('UTC');
  expect(pickZone('site', undefined)).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

test('seven days back over the end of summer time keeps the wall clock, not the count of hours', () => {
  const now = Date.parse('2026-10-26T12:00:00Z'); // Berlin left summer time on 25 October 2026
  expect(presetStart('7d', now, 'Europe/Berlin')).toBe('2026-10-19T11:00:00Z');
  expect(presetStart('24h', now, 'Europe/Berlin')).toBe('2026-10-25T12:00:00Z');
});

test('today starts at midnight of the zone', () => {
  expect(presetStart('today', Date.parse('2026-11-20T01:30:00Z'), 'America/Sao_Paulo')).toBe('2026-11-19T03:00:00Z');
});

test('a local time that a clock change skips moves forward, and nonsense gives nothing', () => {
  expect(localToInstant('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00Z');
  expect(localToInstant('not a time', 'Europe/Berlin')).toBeUndefined();
  expect(instantToLocal('2026-11-20T12:00:00Z', 'Asia/Shanghai')).toBe('2026-11-20T20:00');
  expect(instantToLocal('rubbish', 'UTC')).toBe('');
});

test('an instant falls on the day and hour of its zone', () => {
  expect(dayAndHour('2026-11-20T01:00:00Z', 'America/New_York')).toEqual({ day: '2026-11-19', hour: 20 });
});
