/** A door is forced; the manager is told within two seconds, and acknowledges it. */
import { check, live, signIn, type Story } from './story.ts';

const SOON_MS = 2000;
const PATIENCE_MS = 240_000;

export const alarm: Story = {
  name: 'a forced door is seen and acknowledged',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    await signIn(tools);
    await page.goto(`${world.url}/alarms?severity=CRITICAL`);
    await live(page);
    const strip = page.locator('section[data-alarmed]');
    const before = await page.locator('tbody tr').count();
    if (world.doors) {
      const [bank, unit] = (process.env['LOCKYARD_E2E_DOOR'] ?? '').split('/');
      const forced = Date.now();
      await fetch(`${world.doors}/doors`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ bank, unit, act: 'force' }) });
      await page.waitForFunction((count) => document.querySelectorAll('tbody tr').length > count, before, { timeout: 10_000, polling: 50 });
      const took = Date.now() - forced;
      console.log(`  forced door → screen: ${took} ms`);
      check(took <= SOON_MS, `the forced door took ${took} ms to reach the screen`);
    }
    await strip.waitFor({ timeout: PATIENCE_MS });
    await shot('forced-door');
    await axe();
    await strip.locator('li a').first().click();
    const panel = page.locator('[data-testid=alarm-panel]');
    await panel.waitFor();
    await panel.locator('textarea').first().fill('Guard is on the way');
    await shot('alarm');
    await panel.locator('button.mantine-Button-root').first().click();
    await panel.getByText('Guard is on the way').first().waitFor();
    await panel.locator('textarea').waitFor({ state: 'detached' });
    await axe();
    await shot('alarm-acknowledged');
    if (world.doors) {
      const [bank, unit] = (process.env['LOCKYARD_E2E_DOOR'] ?? '').split('/');
      await fetch(`${world.doors}/doors`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ bank, unit, act: 'close' }) });
    }
  },
};
