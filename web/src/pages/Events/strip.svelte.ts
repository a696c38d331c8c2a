// The numbers behind the strip: asked of the server, kept true by the stream.
import { untrack } from 'svelte';
import { api, ApiError } from '../../lib/api';
import { bucketFor } from '../../lib/buckets';
import { clock, serverNow } from '../../lib/clock.svelte';
import { familyOf } from '../../lib/families';
import { addEvent, emptyBars, foldBars, growBars, type Bars, type Range } from '../../lib/histogram';
import { stream, subscribe, type StreamItem } from '../../lib/stream.svelte';
import type { EventObject, HistogramBody, Page } from '../../lib/types';
import { apiQuery, isFiltered, matches, noFilters, rangeOf, type Filters } from '../../lib/url';
import { parseVxg, type Zone } from '../../lib/zones';
import { endOf } from '../../lib/range';

const EVENTS = '/api/v2/storage/events/';
/** Nothing to show before the first event: an hour of empty axis. */
const EMPTY_SPAN = 3_600_000;
/** Removed events change counts that only the server knows; asked for at most this often. */
const RECOUNT_MS = 2_000;

/** State of one strip. Bars change in place; `version` tells when. */
export class StripData {
  bars: Bars | null = $state.raw(null);
  version = $state(0);
  loading = $state(false);
  /** Loading has lasted so long that it should be seen. */
  slow = $state(false);
  error: unknown = $state.raw(null);
  /** Time of the first event of all, as far as known. */
  first: number | null = $state(null);
  /** Counts loads that ended well. */
  loads = $state(0);

  #filters: Filters = noFilters();
  #from = 0;
  #stop: AbortController | null = null;
  #recount: ReturnType<typeof setTimeout> | undefined;

  /** Asks anew. `quiet`: the same range grown older, nothing dims. */
  async load(filters: Filters, zone: Zone, phone: boolean, quiet = false): Promise<void> {
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    clearTimeout(this.#recount);
    this.#recount = undefined;
    if (!quiet) this.loading = true;
    const slow = setTimeout(() => (this.slow = this.loading), 150);
    try {
      const now = serverNow();
      const asked = rangeOf(filters, now);
      const from = asked.from ?? (await this.#firstOf(filters, now, stop.signal));
      const end = endOf(filters);
      const range: Range = { from: from ?? (end ?? now) - EMPTY_SPAN, to: end ?? Math.max(now, (from ?? 0) + 60_000) };
      if (range.to <= range.from) range.to = range.from + 60_000;
      const bucket = bucketFor(range.to - range.from, phone);
      let bars: Bars;
      if (asked.from === null && from === null) bars = emptyBars(range, bucket, zone);
      else {
        const query = { ...apiQuery(filters, now), start: new Date(range.from).toISOString(), bucket: bucket.ask, tz: zone, group_by: 'name', fill: true };
        const body = await api.get<HistogramBody>(`${EVENTS}histogram/`, query, { signal: stop.signal });
        bars = foldBars(body.objects, range, bucket, zone, familyOf);
      }
      if (stop.signal.aborted) return;
      this.#filters = filters;
      this.#from = range.from;
      this.bars = bars;
      this.error = null;
      this.loads++;
      this.version++;
    } catch (error) {
      if (stop.signal.aborted) return;
      // A quiet count that fails is tried again at the next edge of a bar.
      if (!quiet || this.bars === null) this.error = error;
    } finally {
      clearTimeout(slow);
      if (this.#stop === stop) {
        this.loading = false;
        this.slow = false;
        this.#stop = null;
      }
    }
  }

  /** Takes in what the stream brought. `again` counts anew where only the server can. */
  take(items: StreamItem[], again: () => void): void {
    const bars = this.bars;
    if (bars === null || this.#stop !== null) return;
    let changed = false;
    for (const item of items) {
      if (item.kind === 'event') {
        if (!matches(item.event, this.#filters)) continue;
        const at = parseVxg(item.event.order_time ?? item.event.time);
        growBars(bars, serverNow(), this.#left());
        changed = addEvent(bars, at, item.event.name, familyOf(item.event.name)) || changed;
      } else if (item.kind !== 'updated' || isFiltered(this.#filters)) this.#later(again);
    }
    if (changed) this.version++;
  }

  /** Moves on with the clock: true if a bar has ended and the range ends now. */
  tick(now: number): boolean {
    const bars = this.bars;
    const last = bars?.list.at(-1);
    return last !== undefined && this.#filters.to === null && this.#stop === null && now >= last.to;
  }

  /** Opens the next bar at once; its number comes with the next load. */
  grow(now: number): void {
    if (this.bars === null) return;
    growBars(this.bars, now, this.#left());
    this.version++;
  }

  /** Learns of the first event there is, once: the limit of zooming out. */
  async learnFirst(): Promise<void> {
    if (this.first !== null) return;
    try {
      this.first = await this.#firstOf(noFilters(), serverNow(), undefined);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stop?.abort();
    clearTimeout(this.#recount);
  }

  // A range of fixed length lets go on the left what it gains on the right.
  #left(): number {
    return rangeOf(this.#filters, serverNow()).from ?? this.#from;
  }

  #later(again: () => void): void {
    this.#recount ??= setTimeout(() => {
      this.#recount = undefined;
      again();
    }, RECOUNT_MS);
  }

  async #firstOf(filters: Filters, now: number, signal: AbortSignal | undefined): Promise<number | null> {
    const query = { ...apiQuery({ ...filters, last: filters.to === null ? 'all' : null, from: null }, now), order_by: 'time', limit: 1, detail: 'detail' };
    const page = await api.get<Page<EventObject>>(EVENTS, query, signal === undefined ? {} : { signal });
    const event = page.objects[0];
    return event === undefined ? null : Math.floor(parseVxg(event.order_time ?? event.time));
  }
}

/** Keeps the strip of a component true while it is on screen; `again` counts anew without dimming. */
export function followStream(data: StripData, again: () => void): void {
  $effect(() => {
    untrack(() => void data.learnFirst());
    const off = subscribe((items) => data.take(items, again));
    return () => {
      off();
      data.stop();
    };
  });
  $effect(() => {
    const now = clock.now;
    if (!data.tick(now)) return;
    untrack(() => {
      data.grow(now);
      again();
    });
  });
  // After a break in the stream the bars may have missed something.
  let wasLive = true;
  $effect(() => {
    const live = stream.state === 'live';
    if (live && !wasLive) untrack(again);
    wasLive = live || stream.state === 'connecting';
  });
}
