// What the parts of the Events page share: the total, the list's hands, the way to new filters.
import { DEFAULT_COLS, prefs } from '../../lib/prefs.svelte';
import { COLUMNS, eventsHref, type Filters } from '../../lib/url';
import { go } from '../../router.svelte';

/** What the bar asks of the list. */
export interface ListHands {
  /** Opens the export dialog for all that match. */
  exportAll(): void;
}

/** Shared by bar, strip, list and drawer of the one Events page on screen. */
export const eventsState: { total: number | null; totalAt: number; totalFor: Filters | null; list: ListHands | null; narrow: boolean } = $state({
  /** The list's `total_count`; null until the first answer. */
  total: null,
  /** Server time of that answer. */
  totalAt: 0,
  /** The filters it was counted for. */
  totalFor: null,
  list: null,
  /** Phone layout: 640 px and less. */
  narrow: false,
});

/** The columns on screen: of the address, else of the browser, else the usual five. */
export function columnsOf(filters: Filters): string[] {
  const wanted = filters.cols ?? (prefs.cols.length > 0 ? prefs.cols : DEFAULT_COLS);
  const shown = COLUMNS.filter((c) => wanted.includes(c));
  return shown.length > 0 ? shown : DEFAULT_COLS;
}

/** Goes to these filters; a push unless the change is one of many in a row. */
export function show(filters: Filters, replace = false): void {
  void go(eventsHref(filters), { replace });
}
