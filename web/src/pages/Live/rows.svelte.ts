/** The rows of Live: what is shown, what waits while the view is held, what was folded or lost. */

import type { StreamItem } from '../../lib/stream.svelte';
import type { EventObject } from '../../lib/types';
import { parseVxg } from '../../lib/zones';

export type LiveRow =
  | { kind: 'event'; key: string; event: EventObject; fresh: boolean; gone: boolean }
  /** Events that cannot be shown any more; where they were is told by the rows above and below, or by the time of the first. */
  | { kind: 'gap'; key: string; count: number; from?: number | undefined }
  /** Events of a burst, folded into one row; the times are whole seconds, `to` included. */
  | { kind: 'more'; key: string; count: number; from: number; to: number };

/** Rows kept. */
export const ROWS_MAX = 500;
/** What waits while the view is held. */
export const BUFFER_MAX = 2000;
/** Events drawn at once; of more than these the older ones are folded. */
export const BURST_MAX = 50;

type Arrival = Extract<StreamItem, { kind: 'event' | 'gap' }>;

/** Newest first. Nothing is added while `held`. */
export class LiveRows {
  rows = $state.raw<LiveRow[]>([]);
  /** Events that wait to be shown. */
  waiting = $state(0);
  held = false;
  #buffer: Arrival[] = [];
  /** Events that found no place in the buffer. */
  #lost = 0;
  /** When the first of the lost and folded happened. */
  #lostFrom = Number.POSITIVE_INFINITY;
  #keys = 0;
  #passes: (event: EventObject) => boolean = () => true;

  /** Begins anew with another filter, from what is still known. */
  restart(items: readonly StreamItem[], passes: (event: EventObject) => boolean): void {
    this.#passes = passes;
    this.#buffer = [];
    this.#lost = 0;
    this.#lostFrom = Number.POSITIVE_INFINITY;
    this.waiting = 0;
    this.rows = this.#rowsOf(this.#wanted(items), false).slice(0, ROWS_MAX);
  }

  /** Takes a batch of the stream; answers how many events of it belong here. Shown by the next {@link flush}. */
  take(items: readonly StreamItem[]): number {
    for (const item of items) {
      if (item.kind === 'updated') this.#change(item.event.id, (row) => ({ ...row, event: item.event }));
      else if (item.kind === 'removed') this.#change(item.id, (row) => ({ ...row, gone: true }));
    }
    const arrivals = this.#wanted(items);
    this.#buffer.push(...arrivals);
    for (const item of items) {
      if (item.kind === 'removed') this.#buffer = this.#buffer.filter((a) => a.kind !== 'event' || a.event.id !== item.id);
      else if (item.kind === 'updated') {
        this.#buffer = this.#buffer.map((a) => (a.kind === 'event' && a.event.id === item.event.id ? { ...a, event: item.event } : a));
      }
    }
    return arrivals.filter((item) => item.kind === 'event').length;
  }

  /** Once per frame of 250 ms: shows what waits, unless the view is held. */
  flush(): void {
    if (!this.held) return this.#add(BURST_MAX);
    const over = this.#buffer.length - BUFFER_MAX;
    if (over > 0) this.#lose(this.#buffer.splice(0, over));
    this.waiting = this.#lost + sum(this.#buffer);
  }

  /** Shows all that waited, at the user's wish. */
  show(): void {
    this.#add(ROWS_MAX - 1);
  }

  #wanted(items: readonly StreamItem[]): Arrival[] {
    return items.filter(
      (item): item is Arrival =>
        (item.kind === 'event' && this.#passes(item.event)) || (item.kind === 'gap' && item.count > 0),
    );
  }

  /** `whole`: so many of the newest get a row of their own. */
  #add(whole: number): void {
    if (this.#buffer.length === 0 && this.#lost === 0) return;
    const folded = this.#buffer.slice(0, Math.max(0, this.#buffer.length - whole));
    const shown = this.#rowsOf(this.#buffer.slice(folded.length), true);
    if (this.#lost > 0 || (folded.length > 0 && whole > BURST_MAX)) {
      this.#lose(folded);
      const from = Number.isFinite(this.#lostFrom) ? Math.floor(this.#lostFrom) : undefined;
      shown.push({ kind: 'gap', key: this.#key(), count: this.#lost, from });
    } else if (folded.length > 0) {
      const gaps = folded.filter((item) => item.kind === 'gap');
      shown.push(this.#fold(folded.filter((item) => item.kind === 'event')), ...this.#rowsOf(gaps, true));
    }
    this.#buffer = [];
    this.#lost = 0;
    this.#lostFrom = Number.POSITIVE_INFINITY;
    this.waiting = 0;
    this.rows = [...shown, ...this.rows].slice(0, ROWS_MAX);
  }

  #lose(items: readonly Arrival[]): void {
    this.#lost += sum(items);
    for (const item of items) if (item.kind === 'event') this.#lostFrom = Math.min(this.#lostFrom, timeOf(item.event));
  }

  #rowsOf(items: readonly Arrival[], fresh: boolean): LiveRow[] {
    const rows: LiveRow[] = [];
    for (const item of items) {
      rows.push(
        item.kind === 'event'
          ? { kind: 'event', key: `e${item.event.id}`, event: item.event, fresh, gone: false }
          : { kind: 'gap', key: this.#key(), count: item.count },
      );
    }
    // The same event twice would be two rows of one key.
    const known = new Set(fresh ? this.rows.map((row) => row.key) : []);
    return rows.reverse().filter((row) => !known.has(row.key) && known.add(row.key));
  }

  #fold(items: readonly Extract<Arrival, { kind: 'event' }>[]): LiveRow {
    const seconds = items.map((item) => Math.floor(timeOf(item.event) / 1000) * 1000);
    const from = seconds.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const to = seconds.reduce((a, b) => Math.max(a, b), 0) + 999;
    return { kind: 'more', key: this.#key(), count: items.length, from, to };
  }

  #change(id: number, change: (row: Extract<LiveRow, { kind: 'event' }>) => LiveRow): void {
    const at = this.rows.findIndex((row) => row.kind === 'event' && row.event.id === id);
    const row = this.rows[at];
    if (row?.kind === 'event') this.rows = this.rows.with(at, change(row));
  }

  #key(): string {
    this.#keys += 1;
    return `x${this.#keys}`;
  }
}

/** What an event is sorted by, in milliseconds. */
export function timeOf(event: EventObject): number {
  return parseVxg(event.order_time ?? event.time);
}

/** The times between which the row at `index` leaves something out: of the nearest events below and above. */
export function around(rows: readonly LiveRow[], index: number): { from: number | null; to: number | null } {
  const below = rows.slice(index + 1).find((row) => row.kind === 'event');
  const above = rows.slice(0, index).findLast((row) => row.kind === 'event');
  const row = rows[index];
  const first = row?.kind === 'gap' ? row.from : undefined;
  const from = first ?? (below?.kind === 'event' ? Math.floor(timeOf(below.event)) : null);
  const to = above?.kind === 'event' ? Math.ceil(timeOf(above.event)) : null;
  // An event that came late can stand above one that happened after it.
  return from !== null && to !== null && to < from ? { from: to, to: from } : { from, to };
}

function sum(items: readonly Arrival[]): number {
  return items.reduce((n, item) => n + (item.kind === 'gap' ? item.count : 1), 0);
}
