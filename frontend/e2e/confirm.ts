/** A bank comes to be otherwise than it was taken over: it opens nothing until somebody has compared it and says so. */
import { check, signIn, type Story, type Tools } from './story.ts';

type Unit = { bank: string; unit: string; size: string };
type Found = { externalId: string; size: keyof typeof VENDORS_WORD };
const VENDORS_WORD = { S: 'small', M: 'medium', L: 'large', XL: 'mlarge' };
const SEEN_MS = 60_000;

export const confirm: Story = {
  name: 'a bank that is not as it was is compared, looked at and confirmed',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    if (!world.books) return;
    await signIn(tools);
    await page.goto(`${world.url}/hardware`);
    await page.locator('table tbody tr', { hasText: 'pitney' }).locator('.as-link').first().click();
    await page.getByTestId('account-panel').locator('a[href*="/banks/"]').first().click();
    await page.locator('button[data-door]').first().waitFor();
    const unit = await someUnit(tools);

    await becomes(world.books, { ...unit, size: unit.size === 'large' ? 'small' : 'large' });
    const unlike = page.getByTestId('unlike');
    await unlike.waitFor({ timeout: SEEN_MS });
    // Whatever it was, it is over; that the bank is the one still has to be said by somebody.
    await becomes(world.books, unit);
    const compare = page.getByTestId('compare');
    await compare.getByRole('button', { name: 'Compare with the vendor' }).click();
    const say = page.getByTestId('confirm-bank');
    await say.waitFor({ timeout: SEEN_MS });
    await axe();
    await shot('bank-differs');

    const button = say.getByRole('button', { name: 'It is this bank' });
    check((await button.getAttribute('aria-disabled')) === 'true', 'a bank can be confirmed by somebody who has not looked');
    await say.getByRole('checkbox').check();
    await say.getByLabel('How do you know?').fill('I counted the doors');
    await button.click();
    await unlike.waitFor({ state: 'detached', timeout: SEEN_MS });
    await shot('bank-confirmed');
    await page.goto(`${world.url}/audit?range=24h&action=bank:manage`);
    await page.getByText('I counted the doors').first().waitFor();
  },
};

/** The first door of the bank on the screen, as the simulated vendor knows it. */
async function someUnit({ page, world }: Tools): Promise<Unit> {
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  const query = 'query ($id: ID!) { bank(id: $id) { externalId compartments(first: 1) { edges { node { externalId size } } } } }';
  const answer = await page.request.post(`${world.url}/graphql`, {
    headers: { 'x-lockyard-client': 'dashboard' }, data: { query, variables: { id: decodeURIComponent(id) } },
  });
  const { data } = (await answer.json()) as { data: { bank: { externalId: string; compartments: { edges: { node: Found }[] } } } };
  const door = data.bank.compartments.edges[0]?.node;
  check(door, 'a bank without doors');
  return { bank: data.bank.externalId, unit: door.externalId, size: VENDORS_WORD[door.size] };
}

async function becomes(books: string, { bank, unit, size }: Unit): Promise<void> {
  const answer = await fetch(`${books}/units`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ bank, unit, size }),
  });
  check(answer.ok, `the simulator refused to change ${bank}/${unit}: ${answer.status}`);
}
