import { expect, test } from 'vitest';
import { shareByHour } from './use';

test('sizes of one hour add up, days are those of the zone, the newest first', () => {
  const rows = shareByHour(
    [
      { hour: '2026-11-20T02:00:00Z', compartments: 2, usedSeconds: 3600 },
      { hour: '2026-11-20T02:00:00Z', compartments: 2, usedSeconds: 0 },
      { hour: '2026-11-20T12:00:00Z', compartments: 1, usedSeconds: 3600 },
    ],
    'America/Sao_Paulo',
  );
  expect(rows.map((row) => row.day)).toEqual(['2026-11-20', '2026-11-19']);
  expect(rows[1]?.hours.get(23)).toBeCloseTo(0.25);
  expect(rows[0]?.hours.get(9)).toBe(1);
});

test('the hour that comes twice when clocks go back counts as one', () => {
  const rows = shareByHour(
    [
      { hour: '2026-10-25T00:00:00Z', compartments: 1, usedSeconds: 3600 },
      { hour: '2026-10-25T01:00:00Z', compartments: 1, usedSeconds: 0 },
    ],
    'Europe/Berlin',
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.hours.get(2)).toBeCloseTo(0.5);
});
