import type { LinguiConfig } from '@lingui/conf';
import { formatter } from '@lingui/format-po';

const config: LinguiConfig = {
  sourceLocale: 'en',
  locales: ['en', 'pt-BR'],
  catalogs: [{ path: 'src/locales/{locale}', include: ['src'], exclude: ['**/generated/**', '**/*.test.*'] }],
  format: formatter({ origins: false }),
  compileNamespace: 'ts',
};

export default config;
