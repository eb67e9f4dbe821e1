/** The rules of the folders: areas stay apart, the kit knows neither GraphQL nor routes, only pages export by default. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = join(import.meta.dirname, '..');
const MOST_LINES = 250;

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !/generated|locales/.test(path))
  .map((path) => ({ path, code: readFileSync(join(SOURCE, path), 'utf8') }));

const imports = files.flatMap(({ path, code }) =>
  [...code.matchAll(/from '(\.[^']+)'/g)].map((match) => ({ path, to: relative(SOURCE, join(SOURCE, dirname(path), match[1] ?? '')) })),
);

const areaOf = (path: string): string | undefined => /^areas\/(\w+)\//.exec(path)?.[1];

test('areas never import each other', () => {
  const crossing = imports.filter(({ path, to }) => areaOf(path) && areaOf(to) && areaOf(path) !== areaOf(to));
  expect(imports.length).toBeGreaterThan(200);
  expect(crossing).toEqual([]);
});

test('the kit knows neither GraphQL nor routes', () => {
  const knowing = imports.filter(({ path, to }) => path.startsWith('ui/') && /^(gql|areas|shell|routes|paths)/.test(to));
  expect(knowing).toEqual([]);
});

test('only pages export by default, and no file is longer than it may be', () => {
  for (const { path, code } of files) {
    if (!path.endsWith('Page.tsx')) expect(code, path).not.toMatch(/^export default/m);
    expect(code.split('\n').length, path).toBeLessThanOrEqual(MOST_LINES);
  }
});

test('every module says in its first line what it is for', () => {
  const silent = files.filter(({ path, code }) => !path.includes('.test.') && !/^(\/\*\*|\/\/) ?\S/.test(code)).map(({ path }) => path);
  expect(silent).toEqual([]);
});
