import { expect, test } from 'vitest';
import { filterOf, fits, type Judged, noteNew } from './listing';

const alarm: Judged = { id: 'a1', severity: 'CRITICAL', condition: 'ACTIVE', acknowledgedAt: null, site: { id: 's1' } };

test('the address becomes the filter of the server', () => {
  expect(filterOf({})).toEqual({ condition: 'ACTIVE' });
  expect(filterOf({ view: 'unacknowledged', severity: 'CRITICAL.HIGH', site: 's1' })).toEqual({
    acknowledged: false, severity: ['CRITICAL', 'HIGH'], siteId: 's1',
  });
  expect(filterOf({ view: 'all' })).toEqual({});
});

test('an alarm waits behind the button only if the filter wants it and the list lacks it', () => {
  const open = filterOf({});
  const waiting = noteNew(new Set(), alarm, open, []);
  expect([...waiting]).toEqual(['a1']);
  expect(noteNew(waiting, alarm, open, [])).toBe(waiting);
  expect(noteNew(new Set(), alarm, open, [{ id: 'a1' }]).size).toBe(0);
  expect(noteNew(new Set(), { ...alarm, condition: 'CLEARED' }, open, []).size).toBe(0);
});

test('an acknowledged alarm does not fit the unacknowledged view', () => {
  expect(fits({ ...alarm, acknowledgedAt: '2026-11-20T12:00:00Z' }, filterOf({ view: 'unacknowledged' }))).toBe(false);
  expect(fits(alarm, filterOf({ site: 's2' }))).toBe(false);
});
