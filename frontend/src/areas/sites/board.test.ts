import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { arrange, type BoardSite, ChangedSites, fillBySize, fillOf, totalsOf, usedShare } from './board';

const site = (id: string, change: Partial<BoardSite> = {}): BoardSite => ({
  id, name: id, city: 'Recife', occupancy: [], openAlarmCount: 0, offlineBankCount: 0, bankCount: 1, compartmentCount: 4, ...change,
});
const counted: BoardSite['occupancy'] = [
  { size: 'S', state: 'OCCUPIED', count: 3 }, { size: 'S', state: 'AVAILABLE', count: 1 },
  { size: 'M', state: 'RESERVED', count: 2 }, { size: 'M', state: 'OUT_OF_SERVICE', count: 1 }, { size: 'M', state: 'UNAVAILABLE', count: 1 },
];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('reserved doors count as in use, broken ones do not count as free', () => {
  expect(fillOf(counted)).toEqual({ occupied: 3, reserved: 2, free: 1, off: 2, total: 8 });
  expect(usedShare(fillOf(counted))).toBeCloseTo(5 / 8);
  expect(usedShare(fillOf([]))).toBe(0);
  expect(fillBySize(counted).map(([size, fill]) => [size, fill.total])).toEqual([['S', 4], ['M', 4]]);
});

test('the worst site comes first: offline banks before alarms before names', () => {
  const sites = [site('calm'), site('alarmed', { openAlarmCount: 9 }), site('dark', { offlineBankCount: 1 }), site('also calm')];
  expect(arrange(sites, 'worst', '').map(({ id }) => id)).toEqual(['dark', 'alarmed', 'also calm', 'calm']);
  expect(arrange(sites, 'worst', '', 'trouble').map(({ id }) => id)).toEqual(['dark', 'alarmed']);
  expect(arrange(sites, 'name', ' CALM ').map(({ id }) => id)).toEqual(['also calm', 'calm']);
});

test('sums are over all sites', () => {
  expect(totalsOf([site('a', { occupancy: counted, openAlarmCount: 2 }), site('b', { offlineBankCount: 1 })])).toMatchObject({
    sites: 2, openAlarms: 2, offlineBanks: 1, banks: 2, fill: { total: 8 },
  });
});

test('a burst of facts reads each changed site once, and the next burst again', () => {
  const reads: string[][] = [];
  const changed = new ChangedSites((ids) => reads.push(ids), 800);
  for (const id of ['a', 'b', 'a', null, undefined, 'a']) changed.note(id);
  vi.advanceTimersByTime(799);
  expect(reads).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(reads).toEqual([['a', 'b']]);
  changed.note('b');
  vi.advanceTimersByTime(800);
  expect(reads).toEqual([['a', 'b'], ['b']]);
});

test('nothing is read after the board was left', () => {
  const reads: string[][] = [];
  const changed = new ChangedSites((ids) => reads.push(ids), 800);
  changed.note('a');
  changed.stop();
  vi.advanceTimersByTime(5000);
  expect(reads).toEqual([]);
});
