/** A door is forced; the manager is told within two seconds, and acknowledges it. */
import type { Page } from 'playwright-core';
import { act, someDoor } from './doors.ts';
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
    await page.locator('[aria-busy=true]').waitFor({ state: 'detached' });
    const door = world.doors ? await someDoor(world.doors) : undefined;
    if (world.doors && door) {
      const before = await critical(page);
      const forced = Date.now();
      await act(world.doors, door, 'force');
      await page.waitForFunction(
        (count) => Number.parseInt(document.querySelector('section[data-alarmed] > a')?.textContent ?? '0', 10) > count, before, { timeout: 10_000, polling: 20 },
      );
      const took = Date.now() - forced;
      console.log(`     forced door on the screen after ${took} ms`);
      check(took <= SOON_MS, `the forced door took ${took} ms to reach the screen`);
    }
    const strip = page.locator('section[data-alarmed]');
    await strip.waitFor({ timeout: PATIENCE_MS });
    await shot('forced-door');
    await axe();
    await strip.locator('li a').first().click();
    const panel = page.locator('[data-testid=alarm-panel]');
    await panel.locator('textarea').first().fill('Guard is on the way');
    await shot('alarm');
    await panel.locator('button.mantine-Button-root').first().click();
    await panel.locator('textarea').waitFor({ state: 'detached' });
    await panel.getByText('Guard is on the way').first().waitFor();
    await axe();
    await shot('alarm-acknowledged');
    if (world.doors && door) await act(world.doors, door, 'close');
  },
};

async function critical(page: Page): Promise<number> {
  const strip = page.locator('section[data-alarmed] > a');
  return (await strip.count()) === 0 ? 0 : Number.parseInt((await strip.textContent()) ?? '0', 10);
}
