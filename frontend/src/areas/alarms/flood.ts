/** More alarms than one person can manage: then what they have in common is worth more than each of them. */
export const FLOOD = { alarms: 10, minutes: 10 } as const;

export type Counted<K extends string> = { kind: K; site: { id: string; name: string }; count: number };
type Raised<K extends string> = { kind: K; site: { id: string; name: string } };

/** Alarms by kind and site, the most frequent first. */
export function grouped<K extends string>(alarms: readonly Raised<K>[]): Counted<K>[] {
  const found = new Map<string, Counted<K>>();
  for (const { kind, site } of alarms) {
    const key = `${kind} ${site.id}`;
    const known = found.get(key);
    found.set(key, { kind, site, count: (known?.count ?? 0) + 1 });
  }
  return [...found.values()].toSorted((one, other) => other.count - one.count || one.site.name.localeCompare(other.site.name));
}

/** From when on to count, in steps: the same question again and again is answered from the cache. */
export function floodSince(nowMs: number, stepMs = 30_000): string {
  return new Date(Math.floor(nowMs / stepMs) * stepMs - FLOOD.minutes * 60_000).toISOString();
}
