/** Where doors stand on the face of a bank, and which door is the next in a direction. */
export type Placed = { id: string; row: number; column: number; rowSpan: number };

type Place = { gridRow: string; gridColumn: number };

/** Rows and columns may start at 0 or 1, as the installer counted: the face starts at the smallest. */
export function placed(doors: readonly Placed[]): { rows: number; columns: number; at: (door: Placed) => Place } {
  const firstRow = Math.min(...doors.map((door) => door.row));
  const firstColumn = Math.min(...doors.map((door) => door.column));
  return {
    rows: Math.max(...doors.map((door) => door.row + Math.max(1, door.rowSpan))) - firstRow,
    columns: Math.max(...doors.map((door) => door.column)) - firstColumn + 1,
    at: (door) => ({ gridRow: `${door.row - firstRow + 1} / span ${Math.max(1, door.rowSpan)}`, gridColumn: door.column - firstColumn + 1 }),
  };
}

const STEPS: Record<string, { row: number; column: number }> = {
  ArrowUp: { row: -1, column: 0 }, ArrowDown: { row: 1, column: 0 }, ArrowLeft: { row: 0, column: -1 }, ArrowRight: { row: 0, column: 1 },
};

/** The nearest door that lies in the direction of the key, preferring the same row or column. */
export function neighbour<D extends Placed>(doors: readonly D[], from: D, key: string): D | undefined {
  const step = STEPS[key];
  if (!step) return undefined;
  const away = (door: D): number => (door.row - from.row) * step.row + (door.column - from.column) * step.column;
  const aside = (door: D): number => Math.abs(step.row === 0 ? door.row - from.row : door.column - from.column);
  return doors
    .filter((door) => away(door) > 0)
    .toSorted((a, b) => away(a) + 2 * aside(a) - (away(b) + 2 * aside(b)))[0];
}
