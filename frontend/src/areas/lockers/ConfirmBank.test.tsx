import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse } from 'msw';
import { graphql } from 'msw/graphql';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { HTTP, show } from '../../testing/screen';
import { ConfirmBank } from './ConfirmBank';

const api = graphql.link(HTTP);
const server = setupServer();
const SINCE = '2026-11-20T12:00:00Z';
const survey = { id: 'sv1', requestedAt: '2026-11-20T12:05:00Z' };
const done = vi.fn();

beforeAll(() => server.listen());
afterEach(() => {
  server.resetHandlers();
  done.mockClear();
});
afterAll(() => server.close());

const button = () => screen.getByRole('button', { name: 'It is this bank' });

test('only who has looked and says how they know confirms a bank, and once', async () => {
  const asked: unknown[] = [];
  server.use(
    api.mutation('ConfirmBank', ({ variables }) => {
      asked.push(variables['input']);
      return HttpResponse.json({ data: { confirmBank: { __typename: 'Bank', id: 'b1', revision: 2, differsSince: null } } });
    }),
  );
  show(<ConfirmBank survey={survey} differsSince={SINCE} done={done} />);
  expect(button()).toHaveAccessibleDescription('Go and look first: which door is which cannot be seen from here.');
  await userEvent.click(screen.getByRole('checkbox'));
  expect(button()).toHaveAccessibleDescription('Say how you know: it is kept in the audit.');
  await userEvent.type(screen.getByLabelText('How do you know?'), 'I counted the doors');
  await userEvent.click(button());
  await waitFor(() => expect(done).toHaveBeenCalledOnce());
  expect(asked).toEqual([{ idempotencyKey: expect.any(String) as string, surveyId: 'sv1', reason: 'I counted the doors' }]);
});

test('an answer from before it differed confirms nothing', async () => {
  show(<ConfirmBank survey={{ ...survey, requestedAt: '2026-11-20T11:59:59Z' }} differsSince={SINCE} done={done} />);
  await userEvent.click(screen.getByRole('checkbox'));
  expect(button()).toHaveAccessibleDescription('It was found to be otherwise after this answer: compare again.');
});

test('who may not manage banks sees what is needed', () => {
  show(<ConfirmBank survey={survey} differsSince={SINCE} done={done} />, { permissions: [] });
  expect(button()).toHaveAccessibleDescription('Your role may not change this: bank:manage is needed.');
});

test('what the server refuses is told, and nothing is done', async () => {
  const problem = { __typename: 'RejectedError', message: 'Survey it again.', code: 'REJECTED', reason: 'WRONG_STATE', path: ['input', 'surveyId'] };
  server.use(api.mutation('ConfirmBank', () => HttpResponse.json({ data: { confirmBank: problem } })));
  show(<ConfirmBank survey={survey} differsSince={SINCE} done={done} />);
  await userEvent.click(screen.getByRole('checkbox'));
  await userEvent.type(screen.getByLabelText('How do you know?'), 'I counted the doors');
  await userEvent.click(button());
  expect(await screen.findByText(/Survey it again/)).toBeVisible();
  expect(done).not.toHaveBeenCalled();
});
