/** Tells every story (or those named as arguments) in Chromium; the exit status is the number that failed. */
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { alarm } from './alarm.ts';
import { board } from './board.ts';
import { carrier } from './carrier.ts';
import { confirm } from './confirm.ts';
import { exporting } from './export.ts';
import { hardware } from './hardware.ts';
import { desk, phone } from './languages.ts';
import { makes } from './makes.ts';
import { open } from './open.ts';
import { session } from './session.ts';
import { several } from './several.ts';
import { type Screen, type Story, tell } from './story.ts';
import { CHROMIUM_FLAGS, world } from './world.ts';

const DESK: Screen = { width: 1280, height: 900, scheme: 'light', locale: 'en' };
const PHONE: Screen = { width: 390, height: 844, scheme: 'dark', locale: 'pt-BR' };
const STORIES: Record<string, [Story, Screen]> = {
  session: [session, DESK], board: [board, DESK], alarm: [alarm, DESK], open: [open, DESK], export: [exporting, DESK], hardware: [hardware, DESK], confirm: [confirm, DESK], several: [several, DESK], carrier: [carrier, DESK], makes: [makes, DESK], desk: [desk, DESK], phone: [phone, PHONE],
};

const given = world();
if (given.shots) mkdirSync(given.shots, { recursive: true });
const browser = await chromium.launch({ executablePath: given.chromium, args: CHROMIUM_FLAGS });
const wanted = process.argv.slice(2);
let failed = 0;
for (const [key, [story, screen]] of Object.entries(STORIES)) {
  if (wanted.length > 0 && !wanted.includes(key)) continue;
  const started = Date.now();
  try {
    await tell(story, browser, given, screen);
    console.log(`ok   ${story.name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  } catch (problem) {
    failed += 1;
    console.log(`FAIL ${story.name}: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
}
await browser.close();
process.exitCode = failed;
