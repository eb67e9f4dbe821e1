/** Reads search parameters that anybody may have typed: what is not understood is left out, never an error. */
export type RawSearch = Record<string, unknown>;

export function text(raw: unknown, longest = 200): string | undefined {
  if (typeof raw === 'number') return String(raw);
  return typeof raw === 'string' && raw !== '' && raw.length <= longest ? raw : undefined;
}

export function oneOf<T extends string>(allowed: readonly T[], raw: unknown): T | undefined {
  return allowed.includes(raw as T) ? (raw as T) : undefined;
}

/** Several choices in one parameter, joined by a dot so that the address stays readable: `severity=HIGH.LOW`. */
export function manyOf<T extends string>(allowed: readonly T[], raw: unknown): T[] | undefined {
  if (typeof raw !== 'string') return undefined;
  const chosen = allowed.filter((each) => raw.split('.').includes(each));
  return chosen.length > 0 ? chosen : undefined;
}

export function joined(values: readonly string[] | undefined): string | undefined {
  return values && values.length > 0 ? values.join('.') : undefined;
}

export function instant(raw: unknown): string | undefined {
  return typeof raw === 'string' && !Number.isNaN(Date.parse(raw)) && /^\d{4}-\d\d-\d\dT/.test(raw) ? raw : undefined;
}

/** Drops what is not set, so that an address carries only the choices that were made. */
export function compact<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== '')) as T;
}
