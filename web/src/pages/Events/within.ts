// What else happened within a minute of an event, the nearest first cut to twenty.
import { parseVxg } from '../../lib/time';
import type { EventObject, Page } from '../../lib/types';

export const MINUTE_US = 60_000_000;
/** Rows shown at most. */
export const NEAREST = 20;

/** Microseconds of a time of the API. */
export function micros(time: string): number {
  return Math.round(parseVxg(time) * 1000);
}

/** A time with microseconds for a query. */
export function printMicros(us: number): string {
  const ms = Math.floor(us / 1000);
  return new Date(ms).toISOString().replace('Z', `${String(us - ms * 1000).padStart(3, '0')}Z`);
}

/** Queries for the half minute before and the one from it on: two, so that the nearest of many are among the answers. */
export function aroundQueries(event: EventObject): [Record<string, string | number>, Record<string, string | number>] {
  const at = micros(event.order_time ?? event.time);
  const rest = { limit: NEAREST + 1, detail: 'detail' };
  return [
    { start: printMicros(Math.max(0, at - MINUTE_US)), end: printMicros(Math.max(0, at - 1)), order_by: '-time', ...rest },
    { start: printMicros(at), end: printMicros(at + MINUTE_US), order_by: 'time', ...rest },
  ];
}

/** The nearest of both answers in order of time, without the event itself, and how many there are in all. */
export function around(
  event: EventObject,
  before: Page<EventObject>,
  after: Page<EventObject>,
): { rows: { event: EventObject; by: number }[]; total: number } {
  const at = micros(event.order_time ?? event.time);
  const rows = [...before.objects, ...after.objects]
    .filter((other) => other.id !== event.id)
    .map((other) => ({ event: other, by: (micros(other.order_time ?? other.time) - at) / 1000 }))
    .sort((a, b) => Math.abs(a.by) - Math.abs(b.by) || a.event.id - b.event.id)
    .slice(0, NEAREST)
    .sort((a, b) => a.by - b.by || a.event.id - b.event.id);
  return { rows, total: Math.max(rows.length, before.meta.total_count + after.meta.total_count - 1) };
}
