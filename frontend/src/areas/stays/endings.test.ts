import { expect, test } from 'vitest';
import { OPEN_STAY_STATES } from '../../gql/enums';
import { endings, mayBeFilled } from './endings';

test('a parcel that is not in yet can be called off, and not collected', () => {
  expect(endings('HELD', false)).toEqual(['CANCELLED', 'NO_FIT', 'ABANDONED_RECORD']);
});

test('a carrier is offered what it may say of its own stays', () => {
  expect(endings('DEPOSITED', true)).toEqual(['COLLECTED_BY_CARRIER', 'RETURNED_TO_SENDER']);
});

test('nobody can say that time ended a stay, and what has ended does not end again', () => {
  for (const state of OPEN_STAY_STATES) expect(endings(state, false)).not.toContain('EXPIRED_UNUSED');
  expect(endings('RELEASED', false)).toEqual([]);
});

test('a door that may have opened for its parcel is to be looked into, until the parcel is in', () => {
  const unknown = [{ kind: 'OPEN', state: 'UNCONFIRMED' }] as const;
  expect(mayBeFilled('HELD', unknown)).toBe(true);
  expect(mayBeFilled('DEPOSITED', unknown)).toBe(false);
  expect(mayBeFilled('HELD', [{ kind: 'OPEN', state: 'FAILED' }, { kind: 'RESERVE', state: 'UNCONFIRMED' }])).toBe(false);
});
