/** Why no door of a bank can be opened from here, whoever asks; undefined where it can. */
import { useLingui } from '@lingui/react';
import { type Abilities, has } from '../../lib/abilities';

export function useNotFromAfar(capabilities: Abilities): string | undefined {
  const { i18n } = useLingui();
  if (has(capabilities, 'REMOTE_OPEN')) return undefined;
  return has(capabilities, 'PHONE_TOKENS')
    ? i18n.t('This bank cannot be opened from afar: a phone beside it opens its doors.')
    : i18n.t('This bank cannot be opened from afar: open it on the spot.');
}
