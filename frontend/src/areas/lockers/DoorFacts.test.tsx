import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { DoorScreenQuery } from '../../gql/generated/graphql';
import { show } from '../../testing/screen';
import { DoorFacts } from './DoorFacts';

type Door = NonNullable<DoorScreenQuery['compartment']>;
type Change = Partial<Omit<Door, 'bank'>> & { can?: readonly string[] };

function shown({ can = [], ...change }: Change): void {
  const door = {
    __typename: 'Compartment', id: 'c1', label: '14', size: 'M', accessible: false, row: 1, column: 1, rowSpan: 1, occupancy: 'AVAILABLE',
    service: 'IN_SERVICE', serviceReason: null, serviceUntil: null, door: 'CLOSED', doorObservedAt: null, doorOpenSince: null, doorSource: null,
    isStale: false, itemPresent: null, withheld: null, withheldSince: null, currentStay: null, commands: { edges: [] },
    bank: { id: 'b1', lastContactAt: '2026-11-20T12:00:00Z', capabilities: can.map((name) => ({ name, ability: 'WORKS' as const })) },
    ...change,
  };
  show(<DoorFacts door={door as Door} siteZone="Europe/London" />);
}
const state = () => screen.getByTestId('door-state');

test('a door that was read just now is closed', () => {
  shown({ can: ['DOOR_SENSOR'] });
  expect(state()).toHaveTextContent(/^Closed$/);
});

test('a door that was not read lately is only said to have been so', () => {
  shown({ can: ['DOOR_SENSOR'], isStale: true, door: 'OPEN', doorOpenSince: '2026-11-20T12:00:00Z' });
  expect(state()).toHaveTextContent(/^Open when last read$/);
});

test('where no sensor is, it is said why the door is not known', () => {
  shown({ door: 'UNKNOWN' });
  expect(state()).toHaveTextContent('Not known · no door sensors');
});

test('what a vendor has on its books is not said to be seen by a sensor', () => {
  shown({ itemPresent: true });
  expect(screen.queryByText('Sensor inside')).toBeNull();
  expect(screen.getByText('On the vendor’s books').nextSibling).toHaveTextContent('Occupied');
});

test('what a sensor sees is said to be seen by it', () => {
  shown({ itemPresent: false, can: ['ITEM_SENSOR'] });
  expect(screen.getByText('Sensor inside').nextSibling).toHaveTextContent('Empty');
});
