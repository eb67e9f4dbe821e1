/** What a survey found, read from its JSON: a vendor's list is never trusted to be of the right shape. */
export type FoundUnit = { externalId: string; label: string | null; size: string | null; inUse: boolean };
export type FoundBank = { externalId: string; name: string | null; location: string | null; units: readonly FoundUnit[] };

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export function readFound(raw: unknown): FoundBank[] {
  return listOf(raw).filter(isRecord).flatMap((bank) => {
    const externalId = textOf(bank['externalId']);
    return externalId === null ? [] : [{ externalId, name: textOf(bank['name']), location: textOf(bank['location']), units: readUnits(bank['units']) }];
  });
}

function readUnits(raw: unknown): FoundUnit[] {
  return listOf(raw).filter(isRecord).flatMap((unit) => {
    const externalId = textOf(unit['externalId']);
    return externalId === null ? [] : [{ externalId, label: textOf(unit['label']), size: textOf(unit['size']), inUse: unit['inUse'] === true }];
  });
}

/** Those whose name, id or location has these words in it. */
export function looked<T extends Omit<FoundBank, 'units'>>(banks: readonly T[], words: string): T[] {
  const wanted = words.trim().toLowerCase();
  return banks.filter(({ externalId, name, location }) => [externalId, name, location].some((each) => each?.toLowerCase().includes(wanted)));
}

/** The vendor's words for sizes, each once, in the order of the alphabet; '' for units that tell none. */
export function sizeWords(bank: FoundBank): string[] {
  return [...new Set(bank.units.map((unit) => unit.size ?? ''))].toSorted();
}

const GUESSES: readonly (readonly [RegExp, 'S' | 'M' | 'L' | 'XL'])[] = [
  [/^(x|extra)[\s_-]*(l|large)$|^mlarge$/i, 'XL'], [/^s(mall)?$/i, 'S'], [/^m(edium)?$/i, 'M'], [/^l(arge)?$/i, 'L'],
];

/** What such a word usually means: a proposal that a person confirms. */
export function guessed(word: string): 'S' | 'M' | 'L' | 'XL' {
  return GUESSES.find(([pattern]) => pattern.test(word))?.[1] ?? 'M';
}
