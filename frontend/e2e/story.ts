/** A story's tools: a page that fails on any console error, pictures, and axe on what is shown. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { World } from './world.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export type Tools = { page: Page; context: BrowserContext; world: World; shot: (name: string) => Promise<void>; axe: () => Promise<void> };
export type Story = { name: string; run: (tools: Tools) => Promise<void>; mayLog?: RegExp };
export type Screen = { width: number; height: number; scheme: 'light' | 'dark'; locale: string };

export function check(truth: unknown, words: string): asserts truth {
  if (!truth) throw new Error(words);
}

export async function signIn({ page, world }: Tools, email = world.email, password = world.password): Promise<void> {
  await page.goto(`${world.url}/sign-in`);
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
  await page.locator('h1').waitFor();
}

/** Waits until the page says that it is live. */
export async function live(page: Page): Promise<void> {
  await page.locator('[data-testid=live-badge][data-phase=live]').waitFor({ timeout: 15_000 });
}

export async function tell(story: Story, browser: Browser, world: World, screen: Screen): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: screen.width, height: screen.height }, colorScheme: screen.scheme, locale: screen.locale, reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  page.on('pageerror', (error) => wrong.push(String(error)));
  const shot = async (name: string): Promise<void> => {
    if (world.shots) await page.screenshot({ path: join(world.shots, `${name}.png`) });
  };
  const axe = async (): Promise<void> => {
    // Over the debugging protocol, so that the page's own CSP does not stand in the way.
    const found = (await page.evaluate(
      `(async () => { ${AXE}; const r = await axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(TAGS)} } }); return r.violations.map((v) => v.id + ' ' + v.nodes[0].target); })()`,
    )) as string[];
    check(found.length === 0, `axe at ${page.url()}: ${found.join('; ')}`);
    check(await page.evaluate('document.documentElement.scrollWidth <= innerWidth + 1'), `${page.url()} scrolls sideways`);
  };
  try {
    await story.run({ page, context, world, shot, axe });
    const unexpected = wrong.filter((line) => !story.mayLog?.test(line));
    check(unexpected.length === 0, `the console says: ${unexpected.join(' | ')}`);
  } catch (problem) {
    await shot(`failed-${story.name.replaceAll(/\W+/g, '-')}`);
    throw problem;
  } finally {
    await context.close();
  }
}
