/** Every screen in both languages, by day at a desk and by night on a phone: nothing overflows, nothing fails axe. */
import { signIn, type Story, type Tools } from './story.ts';

const SCREENS = ['/sites', '/alarms', '/stays', '/carriers', '/hardware', '/audit?range=24h', '/reports'];

async function walk(tools: Tools, language: string, picture: string): Promise<void> {
  const { page, world, shot, axe } = tools;
  await signIn(tools);
  for (const screen of SCREENS) {
    await page.goto(`${world.url}${screen}`);
    await page.locator('main h1').waitFor();
    await page.locator(`html[lang=${language}]`).waitFor({ state: 'attached' });
    await page.locator('[aria-busy=true]').waitFor({ state: 'detached' });
    await axe();
    await shot(`${picture}${screen.replaceAll(/\W+/g, '-')}`);
  }
}

export const phone: Story = {
  name: 'every screen speaks Portuguese on a phone in the dark',
  run: (tools) => walk(tools, 'pt-BR', 'phone'),
};

export const desk: Story = {
  name: 'every screen speaks English at a desk by day',
  run: (tools) => walk(tools, 'en', 'desk'),
};
