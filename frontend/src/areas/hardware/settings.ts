/** What a person entered for the settings of an account, as the values that the API takes. */
export type Entered = string | number | boolean | undefined;
type Kind = 'BOOLEAN' | 'INTEGER' | 'LIST' | 'MAP' | 'SECONDS' | 'TEXT';
type Asked = { name: string; kind: Kind; required: boolean };

/** Whether it is missing though needed, or a list or map that is none. */
export function fault({ kind, required }: Asked, value: Entered): boolean {
  if (value === undefined || value === '') return required;
  return (kind === 'LIST' || kind === 'MAP') && parsed(kind, value) === undefined;
}

/** Only what was entered: what is left out keeps the vendor's own default. */
export function entered(settings: readonly Asked[], values: Readonly<Record<string, Entered>>): Record<string, unknown> {
  const given = settings.flatMap(({ name, kind }) => {
    const value = values[name];
    return value === undefined || value === '' ? [] : [[name, kind === 'LIST' || kind === 'MAP' ? parsed(kind, value) : value] as const];
  });
  return Object.fromEntries(given);
}

function parsed(kind: 'LIST' | 'MAP', value: Entered): unknown {
  try {
    const found: unknown = JSON.parse(String(value));
    const fits = kind === 'LIST' ? Array.isArray(found) : typeof found === 'object' && found !== null && !Array.isArray(found);
    return fits ? found : undefined;
  } catch {
    return undefined;
  }
}

/** An account's settings as its fields show them; what no field asks for, or is of another kind, is left out. */
export function shownAs(settings: readonly Asked[], kept: unknown): Record<string, Entered> {
  const all: Record<string, unknown> = typeof kept === 'object' && kept !== null ? { ...kept } : {};
  const shown = settings.flatMap(({ name, kind }): [string, Entered][] => {
    const value = all[name];
    if (value === undefined || value === null) return [];
    if (kind === 'LIST' || kind === 'MAP') return [[name, JSON.stringify(value)]];
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : [];
  });
  return Object.fromEntries(shown);
}
