// Anchored paging: a list of any length, of which a few pages are held, each with the address that gives it again.

/** Rows of a page. */
export const PAGE = 100;
/** Pages held at most. */
export const HELD = 20;
/** Rows that may remain below before the next page is asked for. */
export const AHEAD = 40;
const BEHIND = 12;
/** How long a page far away must be wanted before it is asked for; a fling passes by hundreds. */
export const SETTLE_MS = 90;
const AT_ONCE = 2;

/** One answer of a list. */
export interface PageAnswer<T> {
  meta: { total_count: number; next: string | null };
  objects: T[];
}

/** What a paged list needs to know of its rows and of the way to them. */
export interface Source<T> {
  /** Path and query of the first page, without `limit`. */
  first: string;
  /** Gets a path and query. */
  load(url: string, signal: AbortSignal): Promise<PageAnswer<T>>;
  id(row: T): number;
  /** Microseconds the list is sorted by. */
  place(row: T): number;
  descending: boolean;
  /** Called after every change of what `at` answers. */
  onchange(): void;
}

/** What stands at one index. */
export type Slot<T> =
  | { state: 'row'; row: T }
  | { state: 'loading' }
  | { state: 'gone' }
  | { state: 'failed'; error: unknown };

interface Held<T> {
  rows: T[];
  /** Asked for by offset, because the page before was not known. */
  byOffset: boolean;
}

const LOADING = { state: 'loading' } as const;
const GONE = { state: 'gone' } as const;

/** Path and query of a link that may be absolute; the host in it is the server's guess, not ours. */
export function pathOf(link: string): string {
  const url = new URL(link, 'http://host.invalid');
  return url.pathname + url.search;
}

/** Pages of one list at one anchor. Everything is exact: nothing is skipped or shown twice by arrivals. */
export class Pages<T> {
  /** Matches at the anchor; null before the first answer. */
  total: number | null = null;
  /** Newest id at the first page: `before_id` of everything that means "what was shown". */
  anchor = 0;
  /** Why the first page did not come. */
  error: unknown = null;

  #src: Source<T>;
  #held = new Map<number, Held<T>>();
  #urls = new Map<number, string>();
  #failed = new Map<number, unknown>();
  #running = new Map<number, AbortController>();
  #wanted: number[] = [];
  #middle = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled = true;
  #shifted = false;
  #ended = false;

  constructor(src: Source<T>) {
    this.#src = src;
    this.#urls.set(0, withQuery(src.first, { limit: PAGE }));
    this.#wanted = [0];
    this.#pump();
  }

  /** Rows to make room for. */
  get count(): number {
    return this.total ?? 0;
  }

  /** Pages in memory, for tests and the curious. */
  get heldPages(): number {
    return this.#held.size;
  }

  /** What stands at `index`. */
  at(index: number): Slot<T> {
    const page = Math.floor(index / PAGE);
    const held = this.#held.get(page);
    if (held !== undefined) {
      const row = held.rows[index - page * PAGE];
      return row === undefined ? GONE : { state: 'row', row };
    }
    return this.#failed.has(page) ? { state: 'failed', error: this.#failed.get(page) } : LOADING;
  }

  /** The row at `index`, if it is in memory. */
  row(index: number): T | null {
    const slot = this.at(index);
    return slot.state === 'row' ? slot.row : null;
  }

  /** Says which rows are on screen; what is missing there and near is asked for, what is far is dropped. */
  need(from: number, to: number): void {
    if (this.total === null || this.total === 0) return;
    const last = Math.floor((this.total - 1) / PAGE);
    const page = (index: number): number => Math.min(last, Math.max(0, Math.floor(index / PAGE)));
    this.#middle = (from + to) / 2 / PAGE - 0.5;
    const wanted: number[] = [];
    for (let p = page(from); p <= page(to); p++) wanted.push(p);
    for (const p of [page(to + AHEAD), page(from - BEHIND)]) if (!wanted.includes(p)) wanted.push(p);
    this.#wanted = wanted;
    for (const [p, abort] of this.#running) {
      if (!wanted.includes(p)) {
        abort.abort();
        this.#running.delete(p);
      }
    }
    const far = wanted.some((p) => this.#missing(p) && !this.#urls.has(p));
    clearTimeout(this.#timer);
    this.#settled = !far;
    if (far) {
      this.#timer = setTimeout(() => {
        this.#settled = true;
        this.#pump();
      }, SETTLE_MS);
    }
    this.#pump();
  }

  /** Asks again for what failed. */
  retry(): void {
    this.#failed.clear();
    this.error = null;
    if (this.total === null) this.#wanted = [0];
    this.#src.onchange();
    this.#pump();
  }

  /** Puts a changed row in the place of the old one; false if it is not in memory. */
  patch(id: number, change: (row: T) => T): boolean {
    for (const held of this.#held.values()) {
      const i = held.rows.findIndex((row) => this.#src.id(row) === id);
      if (i >= 0) {
        held.rows[i] = change(held.rows[i] as T);
        this.#src.onchange();
        return true;
      }
    }
    return false;
  }

  /** Index of a row in memory, −1 if it is not there. */
  indexOf(id: number): number {
    for (const [page, held] of this.#held) {
      const i = held.rows.findIndex((row) => this.#src.id(row) === id);
      if (i >= 0) return page * PAGE + i;
    }
    return -1;
  }

  /** All rows in memory, in their order. */
  loaded(): { index: number; row: T }[] {
    return [...this.#held.entries()]
      .sort(([a], [b]) => a - b)
      .flatMap(([page, held]) => held.rows.map((row, i) => ({ index: page * PAGE + i, row })));
  }

  /** Something was deleted: pages found by counting may be off, and are found by their anchor from now on. */
  noteRemoved(): void {
    this.#shifted = true;
  }

  /** Lets go of everything; answers under way are ignored. */
  close(): void {
    clearTimeout(this.#timer);
    for (const abort of this.#running.values()) abort.abort();
    this.#running.clear();
    this.#wanted = [];
  }

  #missing(page: number): boolean {
    return !this.#held.has(page) && !this.#running.has(page) && !this.#failed.has(page);
  }

  #pump(): void {
    for (const page of this.#wanted) {
      if (this.#running.size >= AT_ONCE) return;
      if (!this.#missing(page)) continue;
      const known = this.#urls.get(page);
      // The page before is on its way and brings the anchored address; asking by offset would be the poorer way.
      if (known === undefined && (this.#running.has(page - 1) || !this.#settled)) continue;
      void this.#load(page, known ?? this.#byOffset(page), known === undefined);
    }
  }

  #byOffset(page: number): string {
    return withQuery(this.#src.first, { before_id: this.anchor, limit: PAGE, offset: page * PAGE });
  }

  async #load(page: number, url: string, byOffset: boolean): Promise<void> {
    const abort = new AbortController();
    this.#running.set(page, abort);
    try {
      const answer = await this.#src.load(url, abort.signal);
      if (abort.signal.aborted) return;
      this.#running.delete(page);
      this.#take(page, answer, byOffset);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#running.delete(page);
      this.#failed.set(page, error);
      if (this.total === null) this.error = error;
    }
    this.#src.onchange();
    this.#pump();
  }

  #take(page: number, answer: PageAnswer<T>, byOffset: boolean): void {
    const next = answer.meta.next === null ? null : pathOf(answer.meta.next);
    if (this.total === null) {
      this.total = answer.meta.total_count;
      const asked = next === null ? null : new URLSearchParams(next.split('?')[1]).get('before_id');
      this.anchor = asked === null ? Math.max(0, ...answer.objects.map((row) => this.#src.id(row))) : Number(asked);
    } else if (byOffset && answer.meta.total_count !== this.total) this.#shifted = true;
    const after = this.#urls.get(page + 1);
    this.#held.set(page, { rows: after === undefined ? answer.objects : this.#until(answer.objects, after), byOffset });
    if (next === null) this.#end(page, answer.objects.length);
    else if (after === undefined) {
      this.#urls.set(page + 1, next);
      if (this.#shifted && this.#held.get(page + 1)?.byOffset === true) this.#held.delete(page + 1);
    }
    this.#drop();
  }

  /** Rows deleted meanwhile let a page reach into the next one, which has its rows already: cut there. */
  #until(rows: T[], after: string): T[] {
    const [at, id] = (new URLSearchParams(after.split('?')[1]).get('after') ?? '').split('-').map(Number);
    if (at === undefined || id === undefined || Number.isNaN(at)) return rows;
    const sign = this.#src.descending ? -1 : 1;
    return rows.filter((row) => {
      const by = this.#src.place(row) - at || this.#src.id(row) - id;
      return by * sign <= 0;
    });
  }

  /** The list ends earlier than counted when events were deleted since. */
  #end(page: number, rows: number): void {
    if (this.#ended || this.total === null) return;
    const real = page * PAGE + rows;
    if (rows > 0 && real < this.total) this.total = real;
    this.#ended = true;
  }

  #drop(): void {
    const far = (page: number): number => Math.abs(page - this.#middle);
    const order = [...this.#held.keys()].sort((a, b) => far(b) - far(a));
    for (const page of order.slice(0, Math.max(0, order.length - HELD))) this.#held.delete(page);
  }
}

function withQuery(url: string, more: Record<string, number>): string {
  const [path = '', query = ''] = url.split('?');
  const q = new URLSearchParams(query);
  for (const [key, value] of Object.entries(more)) q.set(key, String(value));
  return `${path}?${q.toString()}`;
}
