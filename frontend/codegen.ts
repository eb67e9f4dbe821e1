import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../schema/schema.graphql',
  documents: ['src/**/*.{ts,tsx}', '!src/gql/generated/**'],
  generates: {
    './src/gql/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        enumType: 'string-literal',
        skipTypename: false,
        dedupeFragments: true,
        strictScalars: true,
        scalars: { DateTime: 'string', JSON: 'unknown' },
      },
    },
    './src/gql/generated/schema.json': {
      plugins: ['introspection'],
      config: { minify: true },
    },
  },
};

export default config;
