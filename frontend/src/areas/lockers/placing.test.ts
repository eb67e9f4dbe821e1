import { expect, test } from 'vitest';
import { neighbour, placed } from './placing';

const doors = [
  { id: 'a', row: 0, column: 0, rowSpan: 2 },
  { id: 'b', row: 0, column: 1, rowSpan: 1 },
  { id: 'c', row: 1, column: 1, rowSpan: 1 },
];

test('the face starts at the smallest row and column, and tall doors span rows', () => {
  const face = placed(doors);
  expect([face.rows, face.columns]).toEqual([2, 2]);
  expect(face.at(doors[0]!)).toEqual({ gridRow: '1 / span 2', gridColumn: 1 });
  expect(face.at(doors[2]!)).toEqual({ gridRow: '2 / span 1', gridColumn: 2 });
});

test('arrows go to the nearest door that way, and nowhere at the edge', () => {
  expect(neighbour(doors, doors[0]!, 'ArrowRight')?.id).toBe('b');
  expect(neighbour(doors, doors[1]!, 'ArrowDown')?.id).toBe('c');
  expect(neighbour(doors, doors[0]!, 'ArrowLeft')).toBeUndefined();
  expect(neighbour(doors, doors[0]!, 'x')).toBeUndefined();
});
