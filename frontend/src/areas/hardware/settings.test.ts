import { expect, test } from 'vitest';
import { entered, fault } from './settings';

const text = { name: 'bank', kind: 'TEXT', required: true } as const;
const boards = { name: 'boards', kind: 'LIST', required: false } as const;
const paths = { name: 'paths', kind: 'MAP', required: false } as const;

test('what is needed and not given is a fault, what is not needed is none', () => {
  expect([fault(text, undefined), fault(text, ''), fault(text, 'B'), fault(boards, undefined)]).toEqual([true, true, false, false]);
});

test.each([[boards, '[1'], [boards, '{}'], [paths, '[]'], [paths, 'null'], [paths, '3']] as const)('%o cannot be %s', (setting, value) => {
  expect(fault(setting, value)).toBe(true);
});

test('only what was entered is sent, lists and maps as such', () => {
  expect(entered([text, boards, paths], { bank: 'B', boards: '[0, 1]', other: 'x' })).toEqual({ bank: 'B', boards: [0, 1] });
});
