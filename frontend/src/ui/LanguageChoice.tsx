/** The language of the page; each name is written in its own language. */
import { NativeSelect } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { LANGUAGE_NAMES, speak } from '../lib/i18n';
import { type Locale, LOCALES } from '../lib/preferences';

export function LanguageChoice() {
  const { i18n } = useLingui();
  return (
    <NativeSelect
      label={i18n.t('Language')}
      value={i18n.locale}
      onChange={(event) => void speak(event.currentTarget.value as Locale)}
      data={LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
    />
  );
}
