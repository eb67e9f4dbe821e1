/** A door is opened from afar, and the command is watched until the sensor has spoken. */
import type { Page } from 'playwright-core';
import { shutAll } from './doors.ts';
import { check, live, signIn, type Story } from './story.ts';

const FREE = 'button[data-door][data-occupancy=AVAILABLE][data-state=CLOSED]:not([data-stale])';
const LAST_STATES = /DOOR_OPENED|DOOR_CLOSED/;

export const open: Story = {
  name: 'a door is opened from afar',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    await signIn(tools);
    await page.locator('tbody tr').first().waitFor();
    check(await findBank(page), 'no bank with a free, closed, lately seen door was found');
    await live(page);
    await page.locator(FREE).first().click();
    const panel = page.locator('[data-testid=door-panel]');
    await panel.waitFor();
    await axe();
    const button = panel.locator('form button');
    await panel.locator('form input').press('Enter');
    check((await panel.locator('form ~ div [data-testid=command-life]').count()) === 0, 'a door was opened without a reason');
    await panel.locator('form input').fill('Resident is locked out');
    await button.click();
    await page.mouse.move(640, 20);
    const life = panel.locator('form ~ div [data-testid=command-life]').first();
    await life.waitFor({ timeout: 15_000 });
    await shot('open-requested');
    await page.waitForFunction(() => /DOOR_|FAILED|EXPIRED/.test(document.querySelector('form ~ div [data-testid=command-life]')?.getAttribute('data-state') ?? ''), undefined, { timeout: 60_000 });
    await shot('open-seen');
    const state = (await life.getAttribute('data-state')) ?? '';
    check(LAST_STATES.test(state), `the command ended as ${state}`);
    await axe();
    if (world.doors) {
      // Somebody shuts the door: the sensor tells, and the command comes to its end.
      await shutAll(world.doors, (await page.locator('main .mono').first().textContent()) ?? '');
      await panel.locator('form ~ div [data-testid=command-life][data-state=DOOR_CLOSED]').waitFor({ timeout: 15_000 });
      await panel.locator('[data-testid=door-state]').getByText('Closed').waitFor();
      await shot('open-closed');
    }
  },
};

/** Walks the sites for a bank whose doors are sensed: only there can a command be watched to the end. */
async function findBank(page: Page): Promise<boolean> {
  const wanted = process.env['LOCKYARD_E2E_BANK_VENDOR'] ?? 'kerong';
  const sites = await page.locator('tbody tr td:first-child a').evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
  for (const site of sites) {
    await page.goto(site);
    await page.locator('main li a[href*="/banks/"]').first().waitFor();
    const banks = await page.locator('main li a[href*="/banks/"]').evaluateAll((links) => [...new Set(links.map((link) => (link as HTMLAnchorElement).href))]);
    for (const bank of banks) {
      await page.goto(bank);
      await page.locator('button[data-door]').first().waitFor();
      const head = (await page.locator('main').textContent()) ?? '';
      if (head.includes(wanted) && (await page.locator(FREE).count()) > 0) return true;
    }
  }
  return false;
}
