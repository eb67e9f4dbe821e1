/** The arithmetic of the portfolio board: sums by size, what is in trouble, and which sites changed since the last look. */
import type { Occupancy, Size } from '../../gql/enums';
import { SIZES } from '../../gql/enums';

export type Counted = { size: Size; state: Occupancy; count: number };
export type Fill = { occupied: number; reserved: number; free: number; off: number; total: number };
export type BoardSite = {
  id: string;
  name: string;
  city: string;
  occupancy: readonly Counted[];
  openAlarmCount: number;
  offlineBankCount: number;
  bankCount: number;
  compartmentCount: number;
};

const PART: Record<Occupancy, keyof Omit<Fill, 'total'>> = {
  OCCUPIED: 'occupied', RESERVED: 'reserved', AVAILABLE: 'free', OUT_OF_SERVICE: 'off', UNAVAILABLE: 'off',
};

export function fillOf(counted: readonly Counted[], size?: Size): Fill {
  const fill: Fill = { occupied: 0, reserved: 0, free: 0, off: 0, total: 0 };
  for (const entry of counted) {
    if (size && entry.size !== size) continue;
    fill[PART[entry.state]] += entry.count;
    fill.total += entry.count;
  }
  return fill;
}

export function fillBySize(counted: readonly Counted[]): [Size, Fill][] {
  return SIZES.map((size): [Size, Fill] => [size, fillOf(counted, size)]).filter(([, fill]) => fill.total > 0);
}

/** Reserved counts as in use: that door cannot be given to anybody else. 0..1, and 0 where there are no doors. */
export function usedShare(fill: Fill): number {
  return fill.total === 0 ? 0 : (fill.occupied + fill.reserved) / fill.total;
}

export function inTrouble(site: BoardSite): boolean {
  return site.openAlarmCount > 0 || site.offlineBankCount > 0;
}

export type SiteOrder = 'worst' | 'name' | 'city' | 'free';

export function arrange<S extends BoardSite>(sites: readonly S[], order: SiteOrder, search: string, only?: 'trouble'): S[] {
  const wanted = search.trim().toLowerCase();
  const kept = sites.filter(
    (site) => (only !== 'trouble' || inTrouble(site)) && (wanted === '' || `${site.name} ${site.city}`.toLowerCase().includes(wanted)),
  );
  const byName = (a: S, b: S): number => a.name.localeCompare(b.name);
  const compare: Record<SiteOrder, (a: S, b: S) => number> = {
    name: byName,
    city: (a, b) => a.city.localeCompare(b.city) || byName(a, b),
    free: (a, b) => fillOf(a.occupancy).free - fillOf(b.occupancy).free || byName(a, b),
    worst: (a, b) => b.offlineBankCount - a.offlineBankCount || b.openAlarmCount - a.openAlarmCount || byName(a, b),
  };
  return kept.toSorted(compare[order]);
}

export type Totals = { sites: number; fill: Fill; openAlarms: number; offlineBanks: number; banks: number };

export function totalsOf(sites: readonly BoardSite[]): Totals {
  return {
    sites: sites.length,
    fill: fillOf(sites.flatMap((site) => site.occupancy)),
    openAlarms: sites.reduce((sum, site) => sum + site.openAlarmCount, 0),
    offlineBanks: sites.reduce((sum, site) => sum + site.offlineBankCount, 0),
    banks: sites.reduce((sum, site) => sum + site.bankCount, 0),
  };
}

/** Collects the sites that facts spoke of, and hands them over at most so often: a busy night costs one read a second. */
export class ChangedSites {
  private readonly ids = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  private readonly readAgain: (ids: string[]) => void;
  private readonly atMostEveryMs: number;

  constructor(readAgain: (ids: string[]) => void, atMostEveryMs: number) {
    this.readAgain = readAgain;
    this.atMostEveryMs = atMostEveryMs;
  }

  note(siteId: string | null | undefined): void {
    if (!siteId) return;
    this.ids.add(siteId);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const changed = [...this.ids];
      this.ids.clear();
      this.readAgain(changed);
    }, this.atMostEveryMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.ids.clear();
  }
}
