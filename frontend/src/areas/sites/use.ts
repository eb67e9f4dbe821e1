/** Adds up hourly use over sizes and lays it out by calendar day and hour of a zone. */
import { dayAndHour } from '../../lib/time';

export type HourOfUse = { hour: string; compartments: number; usedSeconds: number };
export type DayOfUse = { day: string; hours: Map<number, number> };

const HOUR_SECONDS = 3600;

/** Shares are 0..1. Where clocks go back, both hours with the same name count together. */
export function shareByHour(figures: readonly HourOfUse[], zone: string): DayOfUse[] {
  const sums = new Map<string, Map<number, { used: number; whole: number }>>();
  for (const figure of figures) {
    const { day, hour } = dayAndHour(figure.hour, zone);
    const hours = sums.get(day) ?? new Map<number, { used: number; whole: number }>();
    const sum = hours.get(hour) ?? { used: 0, whole: 0 };
    hours.set(hour, { used: sum.used + figure.usedSeconds, whole: sum.whole + figure.compartments * HOUR_SECONDS });
    sums.set(day, hours);
  }
  return [...sums.entries()]
    .toSorted(([a], [b]) => (a < b ? 1 : -1))
    .map(([day, hours]) => ({
      day,
      hours: new Map([...hours].map(([hour, { used, whole }]) => [hour, whole === 0 ? 0 : Math.min(1, used / whole)])),
    }));
}
