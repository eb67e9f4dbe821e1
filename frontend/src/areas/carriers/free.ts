/** What is free, by size, smallest first. */
import { type Occupancy, type Size, SIZES } from '../../gql/enums';

export function freeBySize(counted: readonly { size: Size; state: Occupancy; count: number }[]): { size: Size; count: number }[] {
  return SIZES.map((size) => ({
    size,
    count: counted.filter((each) => each.size === size && each.state === 'AVAILABLE').reduce((sum, each) => sum + each.count, 0),
  })).filter(({ count }) => count > 0);
}
