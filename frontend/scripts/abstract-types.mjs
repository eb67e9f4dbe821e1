// Graphcache must know which types stand behind an interface or union, and which have no id; the full introspection would weigh 20 kB in the page.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const folder = new URL('../src/gql/generated/', import.meta.url);
const full = JSON.parse(readFileSync(new URL('schema.json', folder), 'utf8'));
const types = full.__schema.types.filter((type) => !type.name.startsWith('__'));
const abstract = types.filter((type) => type.kind === 'INTERFACE' || type.kind === 'UNION');
const possibleTypes = Object.fromEntries(abstract.map((type) => [type.name, type.possibleTypes.map((each) => each.name)]));
const roots = new Set(['Query', 'Mutation', 'Subscription']);
const embedded = types
  .filter((type) => type.kind === 'OBJECT' && !roots.has(type.name) && !type.fields.some((field) => field.name === 'id'))
  .map((type) => type.name);

writeFileSync(
  new URL('possibleTypes.ts', folder),
  `export const possibleTypes = ${JSON.stringify(possibleTypes)};\n\nexport const embeddedTypes = ${JSON.stringify(embedded)};\n`,
);
rmSync(new URL('schema.json', folder));
