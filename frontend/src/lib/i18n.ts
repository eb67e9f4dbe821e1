/** Loads the catalogue of the chosen language; each is a chunk of its own. */
import { i18n, type Messages } from '@lingui/core';
import { type Locale, localeStore } from './preferences';

const catalogues: Record<Locale, () => Promise<{ messages: Messages }>> = {
  en: () => import('../locales/en'),
  'pt-BR': () => import('../locales/pt-BR'),
};

export async function speak(locale: Locale): Promise<void> {
  const { messages } = await catalogues[locale]();
  i18n.loadAndActivate({ locale, messages });
  document.documentElement.lang = locale;
  localeStore.set(locale);
}

export const LANGUAGE_NAMES: Record<Locale, string> = { en: 'English', 'pt-BR': 'Português (Brasil)' };
