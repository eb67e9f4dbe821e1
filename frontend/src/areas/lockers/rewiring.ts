/** Which unit of a new controller is behind which door. */
type Door = { externalId: string; label: string };
type Unit = { externalId: string; label: string | null };

/** A door's unit behind the old controller -> its unit behind the new one, as far as that can be guessed; '' for none. */
export function matched(doors: readonly Door[], units: readonly Unit[]): Record<string, string> {
  const pairs = doors.map((door) => {
    const same = units.find((unit) => unit.externalId === door.externalId) ?? units.find((unit) => unit.label === door.label);
    return [door.externalId, same?.externalId ?? ''] as const;
  });
  return Object.fromEntries(pairs);
}

/** A unit that two doors would be; undefined where there is none. */
export function twice(units: Readonly<Record<string, string>>): string | undefined {
  const taken = Object.values(units).filter(Boolean);
  return taken.find((unit, place) => taken.indexOf(unit) !== place);
}

/** Only those that are called otherwise, as the API takes them. */
export function renamed(units: Readonly<Record<string, string>>): { before: string; after: string }[] {
  return Object.entries(units).flatMap(([before, after]) => (after && after !== before ? [{ before, after }] : []));
}
