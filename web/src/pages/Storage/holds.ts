// Events that nothing deletes, a page at a time.
import { admin, api } from '../../lib/api';
import type { EventObject, Objects, Page, Schema, Told } from '../../lib/types';

/** One held event as `@holds/` has it. */
export type Hold = Told<Schema<'HoldBody'>>;

/** Held events that are on screen. */
export interface Holds {
  /** How many are held in all. */
  total: number;
  /** Those read so far, by id. */
  list: Hold[];
  /** What they are, as far as that is known. */
  events: ReadonlyMap<number, EventObject>;
  /** Whether there are more behind them. */
  more: boolean;
}

type HoldsBody = Objects<Hold> & { total_count: number };

/** Rows of one page; as many ids fit one filter. */
export const HOLDS_STEP = 20;

/** The first page, or the one behind `so`, added to it. */
export async function readHolds(so: Holds | null, signal?: AbortSignal): Promise<Holds> {
  const options = signal ? { signal } : {};
  const query = { limit: HOLDS_STEP, after_id: so?.list.at(-1)?.id };
  const { total_count: total, objects } = await api.get<HoldsBody>(admin('holds/'), query, options);
  const events = new Map(so?.events);
  if (objects.length > 0) {
    const asked = { ids: objects.map((hold) => hold.id), limit: HOLDS_STEP };
    const { objects: found } = await api.get<Page<EventObject>>('/api/v2/storage/events/', asked, options);
    for (const event of found) events.set(event.id, event);
  }
  const list = [...(so?.list ?? []), ...objects];
  return { total, list, events, more: objects.length === HOLDS_STEP && list.length < total };
}

/** The same without an event that was let go. */
export function without(holds: Holds, id: number): Holds {
  const list = holds.list.filter((hold) => hold.id !== id);
  return { ...holds, list, total: holds.total - (holds.list.length - list.length) };
}
