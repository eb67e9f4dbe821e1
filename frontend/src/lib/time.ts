/** Times with their zone, ages, and ranges that survive the change to summer time. */
import { Temporal } from 'temporal-polyfill';
import type { ZoneChoice } from './preferences';

export const PRESETS = ['1h', 'today', '24h', '7d', '30d'] as const;
export type Preset = (typeof PRESETS)[number];

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function pickZone(choice: ZoneChoice, siteZone: string | undefined): string {
  if (choice === 'utc') return 'UTC';
  if (choice === 'site' && siteZone) return siteZone;
  return ownZone();
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale}|${zone}|${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
    formats.set(key, made);
  }
  return made;
}

/** Date and time to the second, without the zone: print the zone beside it. */
export function formatMoment(iso: string, locale: string, zone: string): string {
  const options: Intl.DateTimeFormatOptions = {
    year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  };
  return format(locale, zone, options).format(new Date(iso));
}

export function formatClock(epochMs: number, locale: string, zone: string): string {
  return format(locale, zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(epochMs);
}

export function formatDay(iso: string, locale: string, zone: string): string {
  return format(locale, zone, { weekday: 'short', day: '2-digit', month: 'short' }).format(new Date(iso));
}

/** "12 s", "4 min", "3 h", "5 d"; a time slightly ahead of our clock counts as now. */
export function formatAge(elapsedMs: number, locale: string): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const [value, unit] = largestUnit(seconds);
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'narrow' }).format(value);
}

function largestUnit(seconds: number): [number, 'second' | 'minute' | 'hour' | 'day'] {
  if (seconds < 60) return [seconds, 'second'];
  if (seconds < 3600) return [Math.floor(seconds / 60), 'minute'];
  if (seconds < 86400) return [Math.floor(seconds / 3600), 'hour'];
  return [Math.floor(seconds / 86400), 'day'];
}

/** The start of a preset range. Days are calendar days of `zone`: a day with a clock change has 23 or 25 hours. */
export function presetStart(preset: Preset, nowMs: number, zone: string): string {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(zone);
  const starts: Record<Preset, () => Temporal.ZonedDateTime> = {
    '1h': () => now.subtract({ hours: 1 }),
    today: () => now.startOfDay(),
    '24h': () => now.subtract({ hours: 24 }),
    '7d': () => now.subtract({ days: 7 }),
    '30d': () => now.subtract({ days: 30 }),
  };
  return starts[preset]().toInstant().toString();
}

/** What `<input type="datetime-local">` holds, read as wall clock time of `zone`. */
export function localToInstant(local: string, zone: string): string | undefined {
  try {
    return Temporal.PlainDateTime.from(local).toZonedDateTime(zone).toInstant().toString();
  } catch (problem) {
    if (problem instanceof RangeError) return undefined;
    throw problem;
  }
}

export function instantToLocal(iso: string | undefined, zone: string): string {
  if (!iso) return '';
  try {
    return Temporal.Instant.from(iso).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
  } catch (problem) {
    if (problem instanceof RangeError) return '';
    throw problem;
  }
}

/** Calendar day and hour of an instant in `zone`, for tables with a row per day and a column per hour. */
export function dayAndHour(iso: string, zone: string): { day: string; hour: number } {
  const moment = Temporal.Instant.from(iso).toZonedDateTimeISO(zone);
  return { day: moment.toPlainDate().toString(), hour: moment.hour };
}
