/** The sums behind the tiles. */

import { FAMILIES, familyOf } from '../../lib/families';
import type { StreamItem } from '../../lib/stream.svelte';
import type { Bucket, Family } from '../../lib/types';
import { parseVxg } from '../../lib/zones';

const MINUTE = 60_000;

/** Where the hour of sixty minutes begins that ends with the minute of `now`. */
export function hourStart(now: number): number {
  return Math.floor(now / MINUTE) * MINUTE - 59 * MINUTE;
}

/** Counts per minute from `start`, sixty of them, whatever buckets the server leaves out. */
export function minutes(buckets: readonly Bucket[], start: number): number[] {
  const counts = Array.from({ length: 60 }, () => 0);
  for (const bucket of buckets) {
    const at = Math.floor((parseVxg(bucket.time) - start) / MINUTE);
    if (at >= 0 && at < 60) counts[at] = (counts[at] ?? 0) + bucket.count;
  }
  return counts;
}

/** Events by family, those with any, most first. */
export function byFamily(buckets: readonly Bucket[]): { family: Family; n: number }[] {
  const sums = new Map<Family, number>();
  for (const bucket of buckets) {
    for (const [name, n] of Object.entries(bucket.groups ?? {})) {
      const family = familyOf(name);
      sums.set(family, (sums.get(family) ?? 0) + n);
    }
  }
  return FAMILIES.flatMap((family) => {
    const n = sums.get(family) ?? 0;
    return n > 0 ? [{ family, n }] : [];
  }).sort((a, b) => b.n - a.n);
}

/** The buckets after these items: each event counts where it belongs, a removed one is not known well enough to be taken away. */
export function withItems(buckets: readonly Bucket[], items: readonly StreamItem[], size: number, from: number, to: number): Bucket[] {
  const next = buckets.map((bucket) => ({ ...bucket, groups: { ...bucket.groups } }));
  for (const item of items) {
    if (item.kind !== 'event') continue;
    const at = parseVxg(item.event.order_time ?? item.event.time);
    if (!(at >= from && at < to)) continue;
    const start = from + Math.floor((at - from) / size) * size;
    let bucket = next.find((one) => Math.abs(parseVxg(one.time) - start) < size / 2);
    if (!bucket) {
      bucket = { time: new Date(start).toISOString(), count: 0, groups: {} };
      next.push(bucket);
    }
    bucket.count += 1;
    bucket.groups[item.event.name] = (bucket.groups[item.event.name] ?? 0) + 1;
  }
  return next;
}
