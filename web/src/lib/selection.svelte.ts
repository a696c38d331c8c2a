// Which events of a list are chosen: some by id, or all that match without some.
import { SvelteSet } from 'svelte/reactivity';

/** Ids in one request: the API's limit for a comma list. */
export const IDS_AT_ONCE = 1000;

/** The selection of one list. Not in the URL; dropped when the filters change. */
export class Selection {
  /** All that match are chosen, `ids` are the exceptions. */
  all = $state(false);
  /** Chosen ids, or the exceptions from all. */
  ids = new SvelteSet<number>();
  /** Matches at the anchor: what "all" counts. */
  total = $state(0);
  /** Where a range begins. */
  from: number | null = null;

  /** How many are chosen. */
  get count(): number {
    return this.all ? Math.max(0, this.total - this.ids.size) : this.ids.size;
  }

  has(id: number): boolean {
    return this.ids.has(id) !== this.all;
  }

  /** Ticks or unticks one. */
  set(id: number, chosen: boolean): void {
    if (chosen !== this.all) this.ids.add(id);
    else this.ids.delete(id);
  }

  /** Turns one over; `index` is where the next range begins. */
  toggle(id: number, index: number): void {
    this.set(id, !this.has(id));
    this.from = index;
  }

  /** Chooses several. */
  add(ids: Iterable<number>): void {
    for (const id of ids) this.set(id, true);
  }

  /** Chooses all that match, `total` of them. */
  selectAll(total: number): void {
    this.all = true;
    this.total = total;
    this.ids.clear();
  }

  /** An event is gone: it counts nowhere any more. */
  forget(id: number): void {
    if (this.all) {
      this.ids.delete(id);
      this.total = Math.max(0, this.total - 1);
    } else this.ids.delete(id);
  }

  clear(): void {
    this.all = false;
    this.ids.clear();
    this.from = null;
  }
}

/** Both ends of a span of ids: above `after`, up to `before`. */
export interface Span {
  after: number | null;
  before: number;
}

/** Spans of ids that leave out the given ones: the API knows no "all but", and `after_id` excludes, `before_id` includes. */
export function spansWithout(excluded: Iterable<number>, anchor: number): Span[] {
  const spans: Span[] = [];
  let after: number | null = null;
  for (const id of [...excluded].filter((x) => x <= anchor).sort((a, b) => a - b)) {
    if (id - 1 > (after ?? 0)) spans.push({ after, before: id - 1 });
    after = id;
  }
  if (anchor > (after ?? 0)) spans.push({ after, before: anchor });
  return spans;
}

/** Parts of at most `size`. */
export function chunks<T>(list: readonly T[], size: number = IDS_AT_ONCE): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size));
  return parts;
}
