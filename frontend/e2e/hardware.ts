/** A vendor's account is asked what it holds, and a bank is compared with its vendor; nothing changes by looking. */
import { check, signIn, type Story } from './story.ts';

const ANSWER_MS = 20_000;

export const hardware: Story = {
  name: 'an owner asks a vendor what it holds, and compares a bank',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    await signIn(tools);
    await page.goto(`${world.url}/hardware`);
    await page.locator('table .as-link').first().click();
    const panel = page.getByTestId('account-panel');
    await panel.getByRole('button', { name: 'Ask what it holds' }).click();
    await panel.getByTestId('survey').getByText('Answered').waitFor({ timeout: ANSWER_MS });
    await panel.getByText('Taken over').first().waitFor({ timeout: ANSWER_MS });
    await axe();
    await shot('hardware');

    await panel.locator('a[href*="/banks/"]').first().click();
    const compare = page.getByTestId('compare');
    await compare.getByRole('button', { name: 'Compare with the vendor' }).click();
    await compare.getByText('Answered').waitFor({ timeout: ANSWER_MS });
    await axe();
    await shot('compare');

    const several = page.getByTestId('open-several');
    // It stands open where a request waits already.
    if (!(await several.getByLabel('Reason').isVisible())) await several.getByText('Open several doors, or all').click();
    await several.getByText('A second person has to approve').waitFor();
    await several.getByLabel('Reason').fill('power was out');
    const doors = (await several.locator('p').first().textContent())?.match(/\d+/)?.[0] ?? '';
    await several.getByLabel('How many doors are these?').fill(doors);
    await several.getByRole('button', { name: 'Ask for approval' }).click();
    await several.getByTestId('opening').first().getByText('Waits for approval').waitFor();
    const approve = several.getByRole('button', { name: 'Approve and open' }).first();
    check((await approve.getAttribute('aria-disabled')) === 'true', 'who asked may approve');
    await axe();
    await shot('open-several');
    await page.getByText('Settings of this bank').click();
    const settings = page.getByTestId('bank-settings');
    const before = (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';
    for (const name of ['By the gate', before]) {
      await settings.getByLabel('Name').fill(name);
      await settings.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    }
    await page.getByText('Put another controller behind these doors').click();
    const replacing = page.getByTestId('replace-controller');
    await replacing.getByLabel('Account').selectOption({ index: 1 });
    await replacing.getByLabel('The bank as the vendor calls it').selectOption({ index: 1 });
    await replacing.getByText('Which unit is behind which door').waitFor();
    await axe();
    await shot('replace-controller');

    await page.goto(`${world.url}/hardware`);
    await page.locator('table .as-link').first().click();
    await panel.getByRole('button', { name: 'Change', exact: true }).click();
    const change = page.getByRole('dialog');
    await change.getByText('Enter the secret again').or(change.getByRole('button', { name: 'Save' })).first().waitFor();
    await axe();
    await shot('change-account');
    await page.goto(`${world.url}/hardware?new=account`);
    await page.getByRole('dialog').getByLabel('Vendor').waitFor();
    await axe();
    await shot('connect');
  },
};
