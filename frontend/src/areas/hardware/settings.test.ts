import { expect, test } from 'vitest';
import { entered, fault, shownAs } from './settings';

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

test('what an account was given is shown and sent again as it was', () => {
  const kept = { bank: 'B', boards: [0, 1], paths: { token: '/t' }, unasked: 1 };
  expect(entered([text, boards, paths], shownAs([text, boards, paths], kept))).toEqual({ bank: 'B', boards: [0, 1], paths: { token: '/t' } });
});
