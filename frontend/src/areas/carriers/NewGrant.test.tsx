import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse } from 'msw';
import { graphql } from 'msw/graphql';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HTTP, show } from '../../testing/screen';
import { NewGrant } from './NewGrant';

const api = graphql.link(HTTP);
const server = setupServer();
const asked: { carrierId: string }[] = [];

beforeAll(() => server.listen());
afterEach(() => {
  server.resetHandlers();
  asked.length = 0;
});
afterAll(() => server.close());

const answering = () => [
  api.mutation('GrantCarrier', ({ variables }) => {
    asked.push(variables['input'] as { carrierId: string });
    return HttpResponse.json({ data: { grantCarrier: { __typename: 'Grant', id: 'g1', state: 'ACTIVE' } } });
  }),
  api.query('SiteNames', () => HttpResponse.json({ data: { sites: { __typename: 'SiteConnection', edges: [] } } })),
];

const grant = () => screen.getByRole('button', { name: 'Grant' });

test('a carrier that is known is named by the id this operator knows it by', async () => {
  server.use(...answering());
  show(<NewGrant carriers={[{ id: 'known', name: 'Swift' }]} close={() => {}} />);
  await userEvent.click(await screen.findByLabelText('At all sites, also those that come later'));
  await userEvent.click(grant());
  await waitFor(() => expect(asked).toMatchObject([{ carrierId: 'known' }]));
  expect(asked[0]).not.toHaveProperty('organizationId');
});

test('a carrier nobody has worked with is named by the id it gives itself', async () => {
  server.use(...answering());
  show(<NewGrant carriers={[]} close={() => {}} />);
  expect(await screen.findByRole('button', { name: 'Grant' })).toHaveAccessibleDescription('Type the id that the carrier gave you.');
  await userEvent.type(screen.getByLabelText('Id of the carrier'), ' their-own ');
  await userEvent.click(screen.getByLabelText('At all sites, also those that come later'));
  await userEvent.click(grant());
  await waitFor(() => expect(asked).toMatchObject([{ carrierId: 'their-own' }]));
});
