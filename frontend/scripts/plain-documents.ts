/** Points each graphql(`…`) at its generated document: the preset's own map would carry every document into the page twice. */
import { type DocumentNode, print, stripIgnoredCharacters } from 'graphql';
import type { Plugin } from 'vite';

const CALL = /graphql\(`([^`]*)`\)/g;
const OPERATION = /\b(?:query|mutation|subscription)\s+(\w+)/;
const FRAGMENT = /\bfragment\s+(\w+)/;
const IMPORT = /import \{ graphql \} from '(.*\/generated|\.\/generated)\/gql';/;

const GENERATED = /export const (\w+) = (\{.*\}) as unknown as DocumentNode<.*>;/g;

/** A document weighs a quarter as text of what it weighs as a tree; the client's own small parser reads it once. */
function asText(code: string): string {
  const texts = code.replace(GENERATED, (_line, name: string, tree: string) => {
    const text = stripIgnoredCharacters(print(JSON.parse(tree) as DocumentNode));
    return `export const ${name} = /*#__PURE__*/ parse(${JSON.stringify(text)}, { noLocation: true });`;
  });
  return `import { parse } from '@0no-co/graphql.web';\n${texts}`;
}

export function plainDocuments(): Plugin {
  return {
    name: 'plain-documents',
    enforce: 'pre',
    transform(code, id) {
      if (id.endsWith('/generated/graphql.ts')) return { code: asText(code), map: null };
      const from = IMPORT.exec(code)?.[1];
      if (!from || id.includes('/generated/')) return null;
      const names = new Set<string>();
      const body = code.replace(CALL, (_call, source: string) => {
        const name = OPERATION.exec(source)?.[1] ? `${OPERATION.exec(source)?.[1]}Document` : `${FRAGMENT.exec(source)?.[1]}FragmentDoc`;
        names.add(name);
        return name;
      });
      return { code: body.replace(IMPORT, `import { ${[...names].join(', ')} } from '${from}/graphql';`), map: null };
    },
  };
}
