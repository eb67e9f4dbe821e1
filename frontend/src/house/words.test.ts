/** Both languages are complete: no message is missing, none is left over, and placeholders are the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { messages as english } from '../locales/en';
import { messages as portuguese } from '../locales/pt-BR';

const SOURCE = join(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : sources(path);
    return /(?<!\.test)\.tsx?$/.test(entry.name) && !path.includes('locales') ? [path] : [];
  });
}

const used = new Set(
  sources(SOURCE).flatMap((path) => {
    const code = readFileSync(path, 'utf8');
    const calls = code.matchAll(/(?:i18n\.t\(|\/\*i18n\*\/)\s*(?:'((?:[^'\\]|\\.)*)'|"([^"]*)")/g);
    return [...calls].map((match) => (match[1] ?? match[2] ?? '').replaceAll(String.raw`\'`, "'"));
  }),
);
const namesIn = (message: string): string[] => [...message.matchAll(/\{(\w+)/g)].map((match) => match[1] ?? '').toSorted();

test('the page has hundreds of messages, so the search below did find them', () => {
  expect(used.size).toBeGreaterThan(300);
});

test.each([['en', english], ['pt-BR', portuguese]])('every message of the page is in the %s catalogue', (_locale, catalogue) => {
  expect([...used].filter((id) => !(id in catalogue))).toEqual([]);
});

test('nothing in Portuguese is left in English by accident', () => {
  const same = readFileSync(join(SOURCE, 'locales/pt-BR.po'), 'utf8').matchAll(/^msgid "(.+)"\nmsgstr "(.*)"$/gm);
  const alike = [...same].filter(([, id, text]) => id === text).map(([, id]) => id);
  expect(alike.toSorted()).toEqual(['Auditor', 'E-mail', 'Normal', '{hours} h']);
});

test('a translation speaks of the same values as its message', () => {
  const pairs = readFileSync(join(SOURCE, 'locales/pt-BR.po'), 'utf8').matchAll(/^msgid "(.+)"\nmsgstr "(.*)"$/gm);
  const plain = [...pairs].filter(([, id]) => !id?.includes('plural'));
  expect(plain.length).toBeGreaterThan(300);
  for (const [, id = '', text = ''] of plain) expect(namesIn(text), id).toEqual(namesIn(id));
});
