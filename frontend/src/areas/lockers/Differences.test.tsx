import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse } from 'msw';
import { graphql } from 'msw/graphql';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { BankSurveyPartsFragment } from '../../gql/generated/graphql';
import { HTTP, show } from '../../testing/screen';
import { Differences } from './Differences';

const api = graphql.link(HTTP);
const server = setupServer();
const added = { key: 'ADDED:9', kind: 'ADDED', externalId: '9', label: '09', ours: null, theirs: 'tiny', applicable: true, asTakenOver: false } as const;
const unlike = { ...added, key: 'LIKENESS:1', kind: 'LIKENESS', externalId: '1', label: '01', ours: 'serial A', theirs: 'serial B', applicable: false } as const;
const survey = (...differences: BankSurveyPartsFragment['differences']): BankSurveyPartsFragment => ({
  id: 'sv1', state: 'READY', problem: null, requestedAt: '2026-11-20T12:05:00Z', finishedAt: '2026-11-20T12:05:01Z', differences,
});

beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

test('a new door of a size that nobody explained is taken over once somebody says what it is', async () => {
  const asked: unknown[] = [];
  server.use(
    api.mutation('ApplySurvey', ({ variables }) => {
      asked.push(variables['input']);
      return HttpResponse.json({ data: { applySurvey: { __typename: 'Bank', id: 'b1', revision: 2, differsSince: null, compartmentCount: 9 } } });
    }),
  );
  const done = vi.fn();
  show(<Differences survey={survey(added)} done={done} />);
  await userEvent.click(screen.getByRole('checkbox'));
  const button = screen.getByRole('button', { name: 'Take over' });
  expect(button).toHaveAccessibleDescription('Say what the sizes of the new doors are here.');
  await userEvent.selectOptions(screen.getByLabelText('“tiny” is here'), 'S');
  await userEvent.type(screen.getByLabelText('Reason'), 'one more door');
  await userEvent.click(button);
  await waitFor(() => expect(done).toHaveBeenCalledOnce());
  expect(asked).toMatchObject([{ surveyId: 'sv1', differences: ['ADDED:9'], sizes: [{ word: 'tiny', size: 'S' }], reason: 'one more door' }]);
});

test('what a bank is known by is shown and cannot be taken over', async () => {
  show(<Differences survey={survey(unlike)} done={vi.fn()} />);
  expect(screen.getByText('serial B')).toBeVisible();
  await userEvent.click(screen.getByRole('checkbox'));
  expect(screen.getByRole('checkbox')).not.toBeChecked();
  expect(screen.queryByRole('button', { name: 'Take over' })).toBeNull();
});

test('what is called otherwise here on purpose does not hide what is new', () => {
  const own = { ...added, key: 'LABEL:1', kind: 'LABEL', externalId: '1', label: 'A01', ours: 'A01', theirs: '1', asTakenOver: true } as const;
  show(<Differences survey={survey(unlike, own)} done={vi.fn()} />);
  expect(screen.getByText('serial B')).toBeVisible();
  expect(screen.getByText('1 is called otherwise here since it was taken over')).toBeVisible();
  expect(screen.getByTestId('settled-differences')).not.toHaveAttribute('open');
});
