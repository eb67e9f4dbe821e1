/** A carrier sees where it may work, reserves a door and finds its stay; it sees no alarm and no audit of the operator. */
import { check, live, signIn, type Story } from './story.ts';

export const carrier: Story = {
  name: 'a carrier reserves a door',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    check(world.carrierEmail && world.carrierPassword, 'the sign-in of a carrier is not set');
    await signIn(tools, world.carrierEmail, world.carrierPassword);
    await page.waitForURL('**/own');
    const reserve = page.locator('main li button:not([aria-disabled])').first();
    await reserve.waitFor();
    await live(page);
    await shot('carrier');
    await axe();
    check((await page.locator('nav a[href*="/carriers"]').count()) === 0, 'a carrier is offered the carriers of the operator');
    await reserve.click();
    const dialog = page.locator('[role=dialog]');
    await dialog.locator('input').first().fill(`E2E${Date.now()}`);
    await axe();
    await dialog.locator('button[type=submit]').click();
    await dialog.locator('a').waitFor({ timeout: 15_000 });
    await shot('carrier-reserved');
    await dialog.locator('a').click();
    await page.locator('[data-testid=stay-state]').waitFor();
    await axe();
  },
};
