import { expect, test } from 'vitest';
import { FLOOD, floodSince, grouped } from './flood';

const here = { id: '1', name: 'Quay' };
const there = { id: '2', name: 'Mill' };

test('alarms are counted by kind and site, the most frequent first', () => {
  const raised = [{ kind: 'A', site: there }, { kind: 'B', site: here }, { kind: 'B', site: here }, { kind: 'B', site: there }];
  expect(grouped(raised).map(({ kind, site, count }) => [kind, site.name, count])).toEqual([['B', 'Quay', 2], ['A', 'Mill', 1], ['B', 'Mill', 1]]);
});

test('the question stays the same within a step and reaches back as far as a flood does', () => {
  const at = Date.UTC(2026, 0, 1, 12, 0, 29);
  expect(floodSince(at)).toBe(floodSince(at - 20_000));
  expect(Date.parse(floodSince(at))).toBe(Date.UTC(2026, 0, 1, 12) - FLOOD.minutes * 60_000);
});
