/** A bank comes to be otherwise than it was taken over: it opens nothing until somebody has compared it and says so. */
import { check, signIn, type Story } from './story.ts';

type Unit = { bank: string; unit: string; size: string };
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
    const bank = (await page.locator('main .mono').first().textContent()) ?? '';
    const unit = await someUnit(world.books, bank);

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
    await button.click();
    check(await unlike.isVisible(), 'a bank was confirmed though nobody said that they had looked');
    await say.getByRole('checkbox').check();
    await say.getByLabel('How do you know?').fill('I counted the doors');
    await button.click();
    await unlike.waitFor({ state: 'detached', timeout: SEEN_MS });
    await shot('bank-confirmed');
    await page.goto(`${world.url}/audit?range=24h&action=bank:manage`);
    await page.getByText('I counted the doors').first().waitFor();
  },
};

async function someUnit(books: string, bank: string): Promise<Unit> {
  const { units } = (await (await fetch(`${books}/state`)).json()) as { units: { bank: string; id: string; size: string }[] };
  const found = units.find((each) => each.bank === bank);
  check(found, `the simulator has no bank ${bank}`);
  return { bank, unit: found.id, size: found.size };
}

async function becomes(books: string, { bank, unit, size }: Unit): Promise<void> {
  const answer = await fetch(`${books}/units`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ bank, unit, size }),
  });
  check(answer.ok, `the simulator refused to change ${bank}/${unit}: ${answer.status}`);
}
