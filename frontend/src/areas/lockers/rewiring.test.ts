import { expect, test } from 'vitest';
import { matched, renamed, twice } from './rewiring';

const doors = [{ externalId: '1', label: '01' }, { externalId: '2', label: '02' }, { externalId: '3', label: '03' }];

test('a unit is matched by its id, else by its label, else by nobody', () => {
  const units = [{ externalId: '2', label: null }, { externalId: 'a', label: '01' }];
  expect(matched(doors, units)).toEqual({ 1: 'a', 2: '2', 3: '' });
});

test('only units that are called otherwise are sent', () => {
  expect(renamed({ 1: 'a', 2: '2', 3: '' })).toEqual([{ before: '1', after: 'a' }]);
});

test('one unit behind two doors is told', () => {
  expect([twice({ 1: 'a', 2: 'b', 3: '' }), twice({ 1: 'a', 2: 'a' })]).toEqual([undefined, 'a']);
});
