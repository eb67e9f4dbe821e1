/** Banks of all makes look alike, and what one of them cannot do is not offered; nor is a list that is not theirs shown as empty. */
import { check, signIn, type Story } from './story.ts';

export const makes: Story = {
  name: 'a bank that phones open is not offered to be opened from afar',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    check(world.carrierEmail && world.carrierPassword, 'the sign-in of a carrier is not set');
    await signIn(tools, world.carrierEmail, world.carrierPassword);
    await page.goto(`${world.url}/own`);
    await page.locator('main li', { hasText: 'Library Hall' }).getByRole('link', { name: 'C', exact: true }).first().click();
    await page.locator('button[data-door][data-occupancy=OCCUPIED]').first().click();
    const panel = page.getByTestId('door-panel');
    await panel.getByTestId('door-state').getByText('no door sensors').waitFor();
    const open = panel.getByRole('button', { name: /^Open door/ });
    check((await open.getAttribute('aria-disabled')) === 'true', 'a door that only phones open may be opened from afar');
    await panel.getByText('This bank cannot be opened from afar: a phone beside it opens its doors.').waitFor({ state: 'attached' });
    check((await panel.getByText('Sensor inside').count()) === 0, 'a sensor is spoken of that the bank has not');
    await axe();
    await shot('opened-by-phones');

    await page.goto(`${world.url}/alarms`);
    await page.getByText('Your role may not see this: alarm:read is needed.').waitFor();
    check((await page.getByText('No alarm fits').count()) === 0, 'alarms that are not theirs to see are said to be none');
    await axe();
    await page.goto(`${world.url}/sites`);
    await page.locator('tbody tr').first().waitFor();
    check((await page.getByRole('columnheader', { name: 'Open alarms' }).count()) === 0, 'alarms that are not theirs to see are counted as none');
  },
};
