/** What a person chose for their own screen; everything that others should see when given the address is in the URL instead. */
import { createKeptStore } from './store';

export const LOCALES = ['en', 'pt-BR'] as const;
export type Locale = (typeof LOCALES)[number];

export const ZONE_CHOICES = ['site', 'mine', 'utc'] as const;
export type ZoneChoice = (typeof ZONE_CHOICES)[number];

export const DENSITIES = ['comfortable', 'compact'] as const;
export type Density = (typeof DENSITIES)[number];

export function preferredLocale(languages: readonly string[]): Locale {
  for (const language of languages) {
    const wanted = language.toLowerCase();
    if (wanted.startsWith('pt')) return 'pt-BR';
    if (wanted.startsWith('en')) return 'en';
  }
  return 'en';
}

export const localeStore = createKeptStore<Locale>('lockyard.locale', LOCALES, preferredLocale(navigator.languages));
export const zoneStore = createKeptStore<ZoneChoice>('lockyard.zone', ZONE_CHOICES, 'site');
export const densityStore = createKeptStore<Density>('lockyard.density', DENSITIES, 'comfortable');
