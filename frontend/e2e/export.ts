/** The audit of one site is exported, and the file has the length and the hash that the page names. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { check, signIn, type Story } from './story.ts';

export const exporting: Story = {
  name: 'the audit of one site is exported',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    await signIn(tools);
    await page.goto(`${world.url}/audit?range=7d`);
    await page.locator('tbody tr').first().waitFor();
    const site = await page.locator('main select').first().locator('option').nth(1).getAttribute('value');
    await page.locator('main select').first().selectOption(site);
    await page.waitForURL((url) => url.searchParams.get('site') === site);
    await page.evaluate('scrollTo(0, 900)');
    const head = page.locator('thead th').first();
    check(await head.evaluate((cell) => {
      const { x, y, width, height } = cell.getBoundingClientRect();
      return cell.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }), 'the names of the columns are hidden once the list is scrolled');
    await axe();
    await page.evaluate('scrollTo(0, 0)');
    await axe();
    await shot('audit');
    await page.keyboard.press('e');
    const dialog = page.locator('[role=dialog]');
    await dialog.locator('select').waitFor();
    await axe();
    await dialog.locator('button.mantine-Button-root').last().click();
    await dialog.locator('[data-testid=export-progress]').waitFor({ timeout: 15_000 });
    await dialog.locator('[data-testid=export-progress][data-state=DONE]').waitFor({ timeout: 90_000 });
    const named = await dialog.locator('[data-testid=export-sha256]').textContent();
    await shot('export-done');
    const [download] = await Promise.all([page.waitForEvent('download'), dialog.locator('a[download]').click()]);
    const file = await readFile(await download.path());
    check(createHash('sha256').update(file).digest('hex') === named, 'the file is not the one whose sha256 the page names');
    await page.goto(`${world.url}/reports`);
    await page.locator('tbody tr').first().waitFor();
    await axe();
  },
};
