import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { StayRowFragment } from '../../gql/generated/graphql';
import type { Abilities } from '../../lib/abilities';
import { show } from '../../testing/screen';
import { ConfirmDeposit } from './ConfirmDeposit';

const shown = (capabilities: Abilities, compartment: object | null = { id: 'c1', label: '14', size: 'M' }): void => {
  show(<ConfirmDeposit stay={{ id: 's1', state: 'HELD', compartment } as StayRowFragment} capabilities={capabilities} />);
};
const button = () => screen.getByRole('button', { name: 'Confirm the deposit' });

test('a deposit behind a door that phones open is told by the bank, by nobody here', () => {
  shown([{ name: 'PHONE_TOKENS', ability: 'WORKS' }]);
  expect(button()).toHaveAccessibleDescription('A phone opens this door, and the bank tells of the deposit by itself.');
});

test('a deposit waits for the bank to say which door it is', () => {
  shown([], null);
  expect(button()).toHaveAccessibleDescription('The bank has yet to say which door it is.');
});

test('any other deposit can be confirmed', () => {
  shown([]);
  expect(button()).not.toHaveAccessibleDescription();
});
