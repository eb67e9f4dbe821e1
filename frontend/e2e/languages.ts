/** Every screen, in Portuguese, in the dark and on a phone: nothing overflows, nothing fails axe. */
import { signIn, type Story } from './story.ts';

const SCREENS = ['/sites', '/alarms', '/stays', '/carriers', '/audit?range=24h', '/reports'];

export const languages: Story = {
  name: 'every screen speaks Portuguese on a phone in the dark',
  run: async (tools) => {
    const { page, world, shot, axe } = tools;
    await signIn(tools);
    for (const screen of SCREENS) {
      await page.goto(`${world.url}${screen}`);
      await page.locator('main h1').waitFor();
      await page.locator('html[lang=pt-BR]').waitFor({ state: 'attached' });
      await page.locator('[aria-busy=true]').waitFor({ state: 'detached' });
      await axe();
      await shot(`phone${screen.replaceAll(/\W+/g, '-')}`);
    }
  },
};
