/** Without a session every address leads to the sign-in and back; signing out ends the other tabs too. */
import { check, live, signIn, type Story } from './story.ts';

export const session: Story = {
  name: 'a session begins where it was asked for, and ends everywhere',
  run: async (tools) => {
    const { page, context, world } = tools;
    await page.goto(`${world.url}/audit?range=24h`);
    await page.waitForURL((url) => url.pathname === '/sign-in' && (url.searchParams.get('next') ?? '').startsWith('/audit'));
    await page.locator('input[name=email]').fill(world.email);
    await page.locator('input[name=password]').fill(world.password);
    await page.locator('button[type=submit]').click();
    await page.waitForURL('**/audit?range=24h');
    await live(page);
    const other = await context.newPage();
    await other.goto(`${world.url}/sites`);
    await live(other);
    await other.getByText('settings and sign out').locator('..').click();
    await other.getByRole('button', { name: 'Sign out', exact: true }).click();
    await other.waitForURL('**/sign-in');
    // The server closes this tab's streams; on asking again it learns that it is signed out: the one console error that is right.
    await page.waitForURL((url) => url.pathname === '/sign-in', { timeout: 15_000 });
    await signIn({ ...tools, page: other });
    check(new URL(other.url()).pathname === '/sites', 'a manager starts at the sites');
  },
  mayLog: /401/,
};
