/** Which sizes of new units somebody has to explain before they become doors. */
import { SIZES } from '../../gql/enums';

type Found = { kind: string; theirs: string | null };

/** The vendor's words among these differences that are none of our sizes, each once; '' for units that tell none. */
export function unknownSizes(differences: readonly Found[]): string[] {
  const words = differences.filter(({ kind }) => kind === 'ADDED').map(({ theirs }) => theirs ?? '');
  return [...new Set(words)].filter((word) => !SIZES.some((size) => size === word)).toSorted();
}
