import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse } from 'msw';
import { graphql } from 'msw/graphql';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CommandPartsFragment } from '../../gql/generated/graphql';
import { HTTP, show } from '../../testing/screen';
import { SettleCommand } from './SettleCommand';

const api = graphql.link(HTTP);
const server = setupServer();
const asked: unknown[] = [];

const command = (change: object = {}): CommandPartsFragment => ({
  id: 'cmd1', kind: 'OPEN', state: 'UNCONFIRMED', reason: 'pickup', requestedBy: 'Ana', requestedAt: '2026-11-20T12:00:00Z',
  sentAt: '2026-11-20T12:00:01Z', acceptedAt: null, openedAt: null, closedAt: null, settledAt: '2026-11-20T12:00:09Z',
  expiresAt: '2026-11-20T12:01:00Z', detail: null, needsPerson: true, ...change,
});
const may = { permissions: ['command:settle'] };

beforeAll(() => server.listen());
afterEach(() => {
  server.resetHandlers();
  asked.length = 0;
});
afterAll(() => server.close());

const button = () => screen.getByRole('button', { name: 'Settle the command' });

test('a command that settles by itself asks nobody', () => {
  show(<SettleCommand command={command({ needsPerson: false })} />, may);
  expect(screen.queryByTestId('settle-command')).toBeNull();
});

test('who may not settle sees the button with the permission that is needed', () => {
  show(<SettleCommand command={command()} />, { permissions: [] });
  expect(button()).toHaveAccessibleDescription('Your role may not change this: command:settle is needed.');
});

test('what happened and how one knows are both asked for, then sent', async () => {
  server.use(
    api.mutation('SettleCommand', ({ variables }) => {
      asked.push(variables['input']);
      return HttpResponse.json({ data: { settleCommand: { __typename: 'Command', ...command({ state: 'FAILED', needsPerson: false }) } } });
    }),
  );
  show(<SettleCommand command={command()} />, may);
  expect(button()).toHaveAccessibleDescription('Choose what happened.');
  await userEvent.selectOptions(screen.getByLabelText('What happened'), 'The door did not open');
  expect(button()).toHaveAccessibleDescription('Say how you know: it is kept in the audit.');
  await userEvent.type(screen.getByLabelText('How do you know?'), 'I stood there');
  await userEvent.click(button());
  await waitFor(() => expect(asked).toHaveLength(1));
  expect(asked[0]).toMatchObject({ commandId: 'cmd1', outcome: 'DID_NOT_OPEN', comment: 'I stood there' });
});

test('a vendor that keeps books is asked about its books', () => {
  show(<SettleCommand command={command({ kind: 'RELEASE' })} />, may);
  const words = [...screen.getByLabelText('What happened').querySelectorAll('option')].map((option) => option.textContent);
  expect(words).toEqual(['Choose', 'The vendor has it on its books', 'The vendor knows nothing of it']);
});
