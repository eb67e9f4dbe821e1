/** A manager signs in and sees all sites, live. */
import { check, live, signIn, type Story } from './story.ts';

export const board: Story = {
  name: 'a manager signs in and sees the board move',
  run: async (tools) => {
    const { page, shot, axe } = tools;
    await page.goto(`${tools.world.url}/sign-in`);
    await page.locator('input[name=email]').waitFor();
    await shot('sign-in');
    await axe();
    await signIn(tools);
    await page.waitForURL('**/sites');
    await page.locator('tbody tr').first().waitFor();
    await live(page);
    check((await page.locator('tbody tr').count()) >= 3, 'the board shows fewer than three sites');
    const badge = page.locator('[data-testid=live-badge]');
    await page.waitForFunction(() => /\d/.test(document.querySelector('[data-testid=live-badge]')?.textContent ?? ''), undefined, { timeout: 60_000 });
    check(/\d/.test((await badge.textContent()) ?? ''), 'no event reached the page within a minute');
    await shot('board');
    await axe();
    await page.locator('input[placeholder]').first().fill('zzz');
    await page.waitForURL('**/sites?q=zzz');
    await page.goBack();
  },
};
