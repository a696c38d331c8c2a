// The list on screen: its pages, what arrived since, what is chosen, which row has the keyboard.
import { SvelteSet } from 'svelte/reactivity';
import { api, withQuery, type Query } from '../../lib/api';
import { serverNow } from '../../lib/clock.svelte';
import { Pages, type PageAnswer, type Slot } from '../../lib/pages';
import { Selection } from '../../lib/selection.svelte';
import type { StreamItem } from '../../lib/stream.svelte';
import { parseVxg } from '../../lib/time';
import type { EventObject } from '../../lib/types';
import { apiQuery, matches, type Filters } from '../../lib/url';
import { EVENTS, type Target } from './bulk';
import { whyEmpty, type Emptiness } from './empty';

/** Ids of new events kept one by one; beyond, they are only counted. */
const NEW_KEPT = 2000;
const STEP_WAIT_MS = 10_000;

export class ListModel {
  readonly selection = new Selection();
  /** Index of the row that has the keyboard. */
  cursor = $state(0);
  /** Events of the stream that match and are not shown. */
  fresh = $state(0);
  /** The stream left some out: the count says "at least". */
  unsure = $state(false);
  /** Deleted meanwhile. */
  readonly gone = new SvelteSet<number>();
  /** New filters are being read; what is shown is the answer to the old ones. */
  stale = $state(false);
  emptiness = $state<Emptiness | null>(null);
  /** Time of the newest event there is, for an empty range. */
  newest = $state<number | null>(null);
  /** Puts a row on screen; gives it the keyboard; both set by the list. */
  reveal: (index: number) => void = () => {};
  focus: (index: number) => void = () => {};
  /** A new list is shown. */
  onload: () => void = () => {};
  /** Says how many match, after each load. */
  ontotal: (n: number, atMs: number) => void = () => {};

  #version = $state(0);
  #lost = $state(0);
  #pages: Pages<EventObject> | null = null;
  #next: Pages<EventObject> | null = null;
  #filters: Filters | null = null;
  #query: Query = {};
  #seen = new Set<number>();
  #waiting = new Set<() => void>();

  /** The pages shown. Reactive. */
  get pages(): Pages<EventObject> | null {
    void this.#version;
    return this.#pages;
  }

  get total(): number | null {
    return this.pages?.total ?? null;
  }

  /** Why nothing came; null while something is shown. */
  get error(): unknown {
    void this.#version;
    return (this.#next ?? this.#pages)?.error ?? null;
  }

  /** Matches that are still there, as far as is known: what the page counts and "select all" means. */
  get matching(): number {
    return Math.max(0, (this.total ?? 0) - this.#lost);
  }

  at(index: number): Slot<EventObject> {
    return this.pages?.at(index) ?? { state: 'loading' };
  }

  /** Reads from the top; what is shown stays until the answer is there. */
  load(filters: Filters): void {
    const now = serverNow();
    this.#next?.close();
    this.#filters = filters;
    const query = apiQuery(filters, now);
    const descending = filters.order === 'desc';
    const list = { order_by: descending ? '-time' : 'time', include_meta: true, detail: 'detail' };
    this.stale = true;
    const pages: Pages<EventObject> = new Pages({
      first: withQuery(EVENTS, { ...query, ...list }),
      load: (url, signal) => api.get<PageAnswer<EventObject>>(url, undefined, { signal }),
      id: (event) => event.id,
      place: (event) => Math.round(parseVxg(event.order_time ?? event.time) * 1000),
      descending,
      onchange: () => this.#changed(pages, query),
    });
    this.#next = pages;
    this.#version += 1;
  }

  /** Once more from the top, with what arrived. */
  reload = (): void => void (this.#filters && this.load(this.#filters));

  retry(): void {
    (this.#next ?? this.#pages)?.retry();
    this.#version += 1;
  }

  close(): void {
    [this.#next, this.#pages].forEach((pages) => pages?.close());
  }

  /** Takes what the stream says. */
  take(items: StreamItem[]): void {
    for (const item of items) {
      if (item.kind === 'event') this.#arrived(item.event);
      else if (item.kind === 'updated') {
        const { event } = item;
        this.#pages?.patch(event.id, (old) => ({ ...old, meta: {}, ...event }));
      } else if (item.kind === 'removed') this.remove(item.id);
      else if (this.#growing()) {
        this.fresh += 1;
        this.unsure = true;
      }
    }
  }

  /** An event is gone: its row goes grey, nothing moves. */
  remove(id: number): void {
    if (this.#seen.delete(id)) this.fresh -= 1;
    this.#pages?.noteRemoved();
    if (this.gone.has(id)) return;
    const shown = (this.#pages?.indexOf(id) ?? -1) >= 0;
    if (this.selection.all ? shown : this.selection.has(id)) this.selection.forget(id);
    if (shown) {
      this.#lost += 1;
      this.ontotal(this.matching, serverNow());
    }
    this.gone.add(id);
  }

  /** What the selection means to the API. */
  target(): Target {
    const { selection } = this;
    return selection.all ? { ...this.everything(), excluded: [...selection.ids] } : { kind: 'ids', ids: [...selection.ids] };
  }

  /** All that match, as shown. */
  everything(): Extract<Target, { kind: 'all' }> {
    const pages = this.#pages;
    const total = this.selection.all ? this.selection.total : this.matching;
    return { kind: 'all', query: this.#query, anchor: pages?.anchor ?? 0, excluded: [], total };
  }

  /** Chooses the rows between two indexes; answers how many of them are not in memory. */
  selectRange(a: number, b: number): number {
    let missing = 0;
    for (let i = Math.min(a, b); i <= Math.max(a, b); i++) {
      const row = this.#pages?.row(i);
      if (!row) missing += 1;
      else if (!this.gone.has(row.id)) this.selection.set(row.id, true);
    }
    return missing;
  }

  /** The rows in memory that can be chosen. */
  selectable(): number[] {
    return (this.pages?.loaded() ?? []).map(({ row }) => row.id).filter((id) => !this.gone.has(id));
  }

  /** Whether there is a row above (−1) or below (1) this event's. */
  hasNeighbour(id: number, step: 1 | -1): boolean {
    const index = this.pages?.indexOf(id) ?? -1;
    return index >= 0 && index + step >= 0 && index + step < (this.total ?? 0);
  }

  /** The event above or below, its page fetched if need be; null at the ends. Rows deleted meanwhile are passed over. */
  async neighbour(id: number, step: 1 | -1): Promise<EventObject | null> {
    const pages = this.#pages;
    const start = pages?.indexOf(id) ?? -1;
    if (!pages || start < 0) return null;
    for (let index = start + step; index >= 0 && index < (pages.total ?? 0); index += step) {
      this.reveal(index);
      const row = await this.#rowAt(pages, index);
      if (row && !this.gone.has(row.id)) {
        this.cursor = index;
        return row;
      }
      if (pages.at(index).state !== 'row' && pages.at(index).state !== 'gone') return null;
    }
    return null;
  }

  async #rowAt(pages: Pages<EventObject>, index: number): Promise<EventObject | null> {
    const until = Date.now() + STEP_WAIT_MS;
    if (pages.at(index).state === 'loading') pages.need(index, index);
    while (pages === this.#pages && pages.at(index).state === 'loading' && Date.now() < until) {
      await new Promise<void>((resolve) => void (this.#waiting.add(resolve), setTimeout(resolve, 1000)));
      this.#waiting.clear();
    }
    return pages.row(index);
  }

  #changed(pages: Pages<EventObject>, query: Query): void {
    if (pages === this.#next && pages.total !== null) this.#swap(pages, query);
    if (pages === this.#next && pages.error !== null) this.stale = false;
    this.#version += 1;
    for (const go of this.#waiting) go();
  }

  // The first page of the new list is there: it takes the old one's place.
  #swap(pages: Pages<EventObject>, query: Query): void {
    this.#pages?.close();
    this.#pages = pages;
    this.#next = null;
    this.#query = query;
    this.stale = false;
    this.cursor = 0;
    this.fresh = 0;
    this.#lost = 0;
    this.unsure = false;
    this.#seen.clear();
    this.gone.clear();
    this.selection.clear();
    this.emptiness = null;
    this.ontotal(pages.total ?? 0, serverNow());
    this.onload();
    if (pages.total === 0) void this.#explain();
  }

  async #explain(): Promise<void> {
    const filters = this.#filters;
    const { kind, newest } = await whyEmpty(filters);
    if (filters === this.#filters) [this.emptiness, this.newest] = [kind, newest];
  }

  // Only a list that is newest first and ends now can have something new on top.
  #growing(): boolean {
    return this.#pages?.total !== null && this.#pages !== null && this.#filters?.order === 'desc' && this.#filters.to === null;
  }

  #arrived(event: EventObject): void {
    if (!this.#filters || !this.#growing() || event.id <= (this.#pages?.anchor ?? 0) || this.#seen.has(event.id)) return;
    if (!matches(event, this.#filters, serverNow())) return;
    // Nobody is reading an empty list: it fills by itself.
    if (this.#pages?.total === 0) return void (this.stale || this.reload());
    this.fresh += 1;
    if (this.#seen.size < NEW_KEPT) this.#seen.add(event.id);
  }
}

/** The list of the Events page on screen, for the drawer beside it. */
export const current: { list: ListModel | null } = $state({ list: null });
