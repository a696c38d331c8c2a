// Why a list is empty: nothing was ever stored, nothing in this range, or nothing for these filters.
import { api } from '../../lib/api';
import { parseVxg } from '../../lib/time';
import type { EventObject, Page } from '../../lib/types';
import { isFiltered, type Filters } from '../../lib/url';
import { EVENTS } from './bulk';

/** What an empty list is about. */
export type Emptiness = 'never' | 'range' | 'filters';

/** Finds out; `newest` is the time of the newest event there is. */
export async function whyEmpty(filters: Filters | null): Promise<{ kind: Emptiness; newest: number | null }> {
  if (filters === null || isFiltered(filters)) return { kind: 'filters', newest: null };
  try {
    const page = await api.get<Page<EventObject>>(EVENTS, { order_by: '-time', limit: 1, detail: 'detail' });
    const event = page.objects[0];
    return event ? { kind: 'range', newest: parseVxg(event.order_time ?? event.time) } : { kind: 'never', newest: null };
  } catch {
    return { kind: 'range', newest: null };
  }
}
