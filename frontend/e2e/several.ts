/** Two doors are opened together: one person asks, another one is told wherever they are, and approves. */
import { shutAll } from './doors.ts';
import { check, signIn, type Story, type Tools } from './story.ts';

const FREE = 'button[data-door][data-occupancy=AVAILABLE][data-state=CLOSED]:not([data-stale])';
const SEEN_MS = 30_000;

export const several: Story = {
  name: 'two doors are opened together, by two people',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    if (!world.doors || !world.managerEmail) return;
    await signIn(tools);
    await page.goto(`${world.url}/hardware`);
    await page.locator('table tbody tr', { hasText: 'kerong' }).locator('.as-link').first().click();
    await page.getByTestId('account-panel').locator('a[href*="/banks/"]').first().click();
    await page.locator(FREE).nth(1).waitFor();
    const ids = await page.locator(FREE).evaluateAll((doors) => doors.slice(0, 2).map((door) => door.getAttribute('data-door') ?? ''));
    const bank = (await page.locator('main .mono').first().textContent()) ?? '';

    const box = page.getByTestId('open-several');
    // It stands open where somebody else's request waits already.
    if (!(await box.getByLabel('Reason').isVisible())) await box.getByText('Open several doors, or all').click();
    await box.getByLabel('Only some of them').check();
    const ask = box.getByRole('button', { name: 'Ask for approval' });
    check((await ask.getAttribute('aria-disabled')) === 'true', 'no door was chosen, and they may be asked for');
    for (const id of ids) await box.locator(`input[value="${id}"]`).check();
    await box.getByLabel('Reason').fill('the locks were oiled');
    await box.getByLabel('How many doors are these?').fill('2');
    await axe();
    await shot('several-asked');
    await ask.click();
    await box.getByTestId('opening').first().getByText('Waits for approval').waitFor();

    await approve(tools);
    for (const id of ids) await page.locator(`button[data-door="${id}"][data-state=OPEN]`).waitFor({ timeout: SEEN_MS });
    await shutAll(world.doors, bank);
    for (const id of ids) await page.locator(`button[data-door="${id}"][data-state=CLOSED]`).waitFor({ timeout: SEEN_MS });
  },
};

async function approve(tools: Tools): Promise<void> {
  const { world, context } = tools;
  const beside = await context.browser()?.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en', reducedMotion: 'reduce' });
  check(beside, 'no second browser');
  try {
    const page = await beside.newPage();
    await signIn({ ...tools, page, context: beside }, world.managerEmail, world.managerPassword);
    const waiting = page.getByTestId('pending-openings');
    await waiting.getByText('the locks were oiled').waitFor();
    await waiting.getByText('the locks were oiled').getByRole('link').click();
    await page.getByTestId('opening').first().getByRole('button', { name: 'Approve and open' }).click();
    await page.getByTestId('opening').first().getByText('Approved').waitFor();
    await waiting.getByText('the locks were oiled').waitFor({ state: 'detached' });
  } finally {
    await beside.close();
  }
}
