import { expect, test } from 'vitest';
import { unknownSizes } from './sizing';

test('only new units are asked about, and each word once', () => {
  const found = [
    { kind: 'ADDED', theirs: 'huge' }, { kind: 'ADDED', theirs: 'huge' }, { kind: 'ADDED', theirs: null }, { kind: 'ADDED', theirs: 'L' },
    { kind: 'LIKENESS', theirs: 'size tiny' },
  ];
  expect(unknownSizes(found)).toEqual(['', 'huge']);
});
