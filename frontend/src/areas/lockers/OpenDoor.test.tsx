import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { graphql } from 'msw/graphql';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Abilities } from '../../lib/abilities';
import { HTTP, show } from '../../testing/screen';
import { OpenDoor } from './OpenDoor';

const api = graphql.link(HTTP);
const server = setupServer();
const keys: string[] = [];
let state = 'REQUESTED';

const command = () => ({
  __typename: 'Command', id: 'cmd1', kind: 'OPEN', state, reason: 'resident locked out', requestedBy: 'Ana', requestedAt: '2026-11-20T12:00:00Z',
  sentAt: state === 'REQUESTED' ? null : '2026-11-20T12:00:01Z', acceptedAt: null, openedAt: null, closedAt: null, settledAt: null,
  expiresAt: '2026-11-20T12:01:00Z', detail: null, needsPerson: false,
});

const answering = () => [
  api.mutation('OpenCompartment', ({ variables }) => {
    keys.push((variables['input'] as { idempotencyKey: string }).idempotencyKey);
    return HttpResponse.json({ data: { openCompartment: { ...command(), compartment: { __typename: 'Compartment', id: 'c1' } } } });
  }),
  api.query('Command', () => HttpResponse.json({ data: { node: command() } })),
];

beforeAll(() => server.listen());
afterEach(() => {
  server.resetHandlers();
  keys.length = 0;
  state = 'REQUESTED';
});
afterAll(() => server.close());

const opened = (capabilities: Abilities) => (
  <OpenDoor compartmentId="c1" label="14" capabilities={capabilities} decision={{ allowed: true, rule: 'role', failed: [] }} siteZone="America/Sao_Paulo" />
);
const door = opened([{ name: 'REMOTE_OPEN', ability: 'WORKS' }]);
const button = () => screen.getByRole('button', { name: /Open door 14/ });

test('without a reason the button stays and says what is missing', async () => {
  server.use(...answering());
  show(door);
  expect(button()).toHaveAccessibleDescription('Say why: the reason is kept in the audit.');
  await userEvent.click(button());
  expect(keys).toEqual([]);
});

test('who may not open sees the button with the permission that is needed', () => {
  show(door, { permissions: [] });
  expect(button()).toHaveAccessibleDescription('Your role may not open doors: compartment:open is needed.');
});

test('a door that only phones open is not offered to be opened from here, and it is said how', () => {
  show(opened([{ name: 'REMOTE_OPEN', ability: 'ABSENT' }, { name: 'PHONE_TOKENS', ability: 'WORKS' }]));
  expect(button()).toHaveAccessibleDescription('This bank cannot be opened from afar: a phone beside it opens its doors.');
  expect(screen.getByLabelText('Reason for opening')).toBeDisabled();
});

test('a door whose lock fails just now may still be tried', () => {
  show(opened([{ name: 'REMOTE_OPEN', ability: 'FAILING' }]));
  expect(button()).toHaveAccessibleDescription('Say why: the reason is kept in the audit.');
});

test('a sent command is shown as sent, and no step says that the door is open', async () => {
  state = 'SENT';
  server.use(...answering());
  show(door);
  await userEvent.type(screen.getByLabelText('Reason for opening'), 'resident locked out');
  await userEvent.click(button());
  const life = await screen.findByTestId('command-life');
  expect(life).toHaveAttribute('data-state', 'SENT');
  expect(life).toHaveTextContent('Door seen open (not yet)');
});

test('after a lost answer the second press sends the same key, so that the door cannot open twice', async () => {
  let lost = true;
  server.use(
    http.post(HTTP, async ({ request }) => {
      const body = (await request.clone().json()) as { operationName: string; variables: { input: { idempotencyKey: string } } };
      if (body.operationName !== 'OpenCompartment' || !lost) return undefined;
      lost = false;
      keys.push(body.variables.input.idempotencyKey);
      return HttpResponse.error();
    }),
    ...answering(),
  );
  show(door);
  await userEvent.type(screen.getByLabelText('Reason for opening'), 'resident locked out');
  await userEvent.click(button());
  expect(await screen.findByText('The server does not answer')).toBeVisible();
  await userEvent.click(button());
  await waitFor(() => expect(keys).toHaveLength(2));
  expect(keys[0]).toBe(keys[1]);
});

test('a refusal is told in words a person can act on', async () => {
  server.use(
    api.mutation('OpenCompartment', () =>
      HttpResponse.json({ data: { openCompartment: { __typename: 'RejectedError', message: 'x', code: 'REJECTED', path: [], refusedFor: 'COMMAND_PENDING' } } }),
    ),
  );
  show(door);
  await userEvent.type(screen.getByLabelText('Reason for opening'), 'again');
  await userEvent.click(button());
  expect(await screen.findByText('A command to this door is still running. Wait until it has settled.')).toBeVisible();
});
