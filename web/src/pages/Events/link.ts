// The address of one event, as it is copied and followed.
import { parseVxg } from '../../lib/time';
import type { EventObject } from '../../lib/types';
import { eventsHref, noFilters } from '../../lib/url';

const AROUND_MS = 5 * 60_000;

/** The event in the middle of its ten minutes, without any filter. */
export function placeOf(event: EventObject): string {
  const at = Math.floor(parseVxg(event.order_time ?? event.time) / 1000) * 1000;
  return eventsHref({ ...noFilters(), last: null, from: at - AROUND_MS, to: at + AROUND_MS, event: event.id });
}

/** A link to give to somebody else. */
export function linkOf(event: EventObject): string {
  return `${location.origin}/events/${event.id}`;
}
