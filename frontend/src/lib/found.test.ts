import { expect, test } from 'vitest';
import { guessed, looked, readFound, sizeWords } from './found';

test('a list of the right shape is read whole', () => {
  const [bank] = readFound([{ externalId: 'B1', name: 'North', location: 'Quay', units: [{ externalId: '1', label: 'A1', size: 'small', inUse: true }, { externalId: '2', label: null, size: null, inUse: null }] }]);
  const units = [{ externalId: '1', label: 'A1', size: 'small', inUse: true }, { externalId: '2', label: null, size: null, inUse: false }];
  expect(bank).toEqual({ externalId: 'B1', name: 'North', location: 'Quay', units });
  expect(bank && sizeWords(bank)).toEqual(['', 'small']);
});

test.each([[null], ['x'], [[null, 3, 'x', { name: 'no id' }]], [{ externalId: 'not a list' }]])('what is no list of banks is none: %j', (raw) => {
  expect(readFound(raw)).toEqual([]);
});

test.each([['small', 'S'], ['MEDIUM', 'M'], ['l', 'L'], ['x-large', 'XL'], ['mlarge', 'XL'], ['huge', 'M']] as const)('%s is proposed as %s', (word, size) => {
  expect(guessed(word)).toBe(size);
});

test('banks are found by name, id and location, in any case', () => {
  const banks = [{ externalId: 'PB-1', name: 'North', location: 'Quay 1' }, { externalId: 'PB-2', name: null, location: null }];
  expect(['', 'quay', 'NORTH', 'pb-2', 'x'].map((words) => looked(banks, words).map((bank) => bank.externalId))).toEqual([
    ['PB-1', 'PB-2'], ['PB-1'], ['PB-1'], ['PB-2'], [],
  ]);
});
