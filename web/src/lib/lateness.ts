/** Events whose time does not fit the moment they arrived. */

import { t } from './i18n.svelte';
import { duration } from './time';
import type { EventObject } from './types';
import { parseVxg } from './zones';

/** Up to here it is the network and the camera's thinking, not worth a word. */
const FITS_MS = 60_000;
const MINUTE = 60_000;

/** How far an event came late (positive) or carries a time ahead of its arrival (negative); null where it fits or is not known. */
export function lateness(event: EventObject): number | null {
  if (!event.received_at) return null;
  const late = parseVxg(event.received_at) - parseVxg(event.time);
  return Math.abs(late) > FITS_MS ? late : null;
}

/** The words of the chip: "late 41 min", "ahead 3 h". To the minute: 2 h 59 min 58 s is three hours to everybody. */
export function latenessText(late: number): string {
  return t(late > 0 ? 'events_common.late' : 'events_common.ahead', { t: duration(Math.round(late / MINUTE) * MINUTE) });
}
