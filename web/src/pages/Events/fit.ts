// Which columns a list of some width can hold.

/** A digit in the widest font the layout must hold in, DejaVu Sans at 13 px. */
const CH = 8.3;
/** Box and menu of a row. */
const BASE = 88;
const LEAST: Record<string, number> = { picture: 72, camera: 120, type: 132, tags: 96, delay: 8 * CH + 16, id: 11 * CH + 16 };

/**
 * The columns that fit, the first to go being what can be read elsewhere. Beside an open drawer that is the tags: they are in
 * it, and the other columns stay where they are; else it is the picture.
 */
export function fitting(columns: readonly string[], width: number, opts: { drawer: boolean; offset: boolean }): string[] {
  const time = (opts.offset ? 26 : 19) * CH + 12;
  const least = (shown: readonly string[]): number => shown.reduce((sum, column) => sum + (LEAST[column] ?? time), BASE);
  const go = ['received', 'delay', 'id', ...(opts.drawer ? ['tags', 'picture'] : ['picture', 'tags']), 'camera'];
  let shown = [...columns];
  for (const column of go) {
    if (width === 0 || least(shown) <= width) break;
    // A list of one column says nothing less by being cut.
    if (shown.length > 1) shown = shown.filter((other) => other !== column);
  }
  return shown;
}
