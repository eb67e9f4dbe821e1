import { expect, test } from 'vitest';
import { filterOf } from './asking';

const NOW = Date.parse('2026-11-20T12:34:56Z');

test('a preset range is whole minutes, so that the same address asks the same question', () => {
  expect(filterOf({ range: '1h' }, NOW, 'UTC')).toEqual({ since: '2026-11-20T11:34:00Z' });
  expect(filterOf({ range: '1h', since: '2020-01-01T00:00:00Z' }, NOW + 3000, 'UTC')).toEqual({ since: '2026-11-20T11:34:00Z' });
});

test('actions may be several, joined by commas', () => {
  expect(filterOf({ action: 'stay:create, alarm:shelve,', site: 's', outcome: 'DENIED', target: 't' }, NOW, 'UTC')).toEqual({
    siteId: 's', action: ['stay:create', 'alarm:shelve'], outcome: 'DENIED', targetId: 't',
  });
});
