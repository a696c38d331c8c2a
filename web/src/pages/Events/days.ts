// Where a new day begins in the list: heads of a phone's list.
import { fmt, parseVxg } from '../../lib/time';
import type { EventObject } from '../../lib/types';

/** The time a list is sorted by, in milliseconds. */
export function orderOf(event: EventObject): number {
  return parseVxg(event.order_time ?? event.time);
}

/**
 * The known rows that begin a day together with those found among the rows in memory, ascending. The known ones stay when
 * their page is dropped, so that nothing shifts; the same array where nothing is new.
 */
export function withDays(known: number[], loaded: readonly { index: number; row: EventObject }[]): number[] {
  const fresh: number[] = [];
  let before: { index: number; day: string } | null = null;
  for (const { index, row } of loaded) {
    const day = fmt(orderOf(row), 'date');
    if (before !== null && before.index === index - 1 && before.day !== day && !known.includes(index)) fresh.push(index);
    before = { index, day };
  }
  return fresh.length === 0 ? known : [...known, ...fresh].sort((a, b) => a - b);
}
