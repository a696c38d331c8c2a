// Moving and sizing the range of the strip, and its way back into the filters.
import type { Range } from './histogram';
import { SPANS, spanOf, type Filters } from './url';

const SHORTEST = 60_000;

/** What a range may not leave: the first event known, and now. */
export interface Bounds {
  first: number | null;
  now: number;
}

/** Sizes a range by `factor` (over 1: wider) about an instant that stays where it is on screen. */
export function zoom(range: Range, about: number, factor: number, bounds: Bounds): Range {
  const span = range.to - range.from;
  const most = Math.max(SHORTEST, bounds.now - (bounds.first ?? bounds.now - 100 * spanOf('30d')!), span * Math.min(1, factor));
  const wide = Math.min(Math.max(span * factor, SHORTEST), most);
  const share = span > 0 ? (about - range.from) / span : 0.5;
  const from = about - wide * share;
  return inside({ from, to: from + wide }, bounds);
}

/** Moves a range, no further than its bounds. */
export function pan(range: Range, byMs: number, bounds: Bounds): Range {
  return inside({ from: range.from + byMs, to: range.to + byMs }, bounds);
}

function inside(range: Range, { first, now }: Bounds): Range {
  const span = range.to - range.from;
  let from = range.from;
  if (from + span > now) from = now - span;
  // A range may begin before the first event only as far as it must to keep its length.
  if (first !== null && from < first) from = Math.min(first, Math.max(now - span, 0));
  from = Math.max(0, from);
  return { from, to: from + span };
}

/** What the ends of a range are rounded to: nobody aims at a second in a view of days. */
export function grainOf(range: Range): number {
  const span = range.to - range.from;
  return span > 36 * 3_600_000 ? 600_000 : span > 3 * 3_600_000 ? 60_000 : 1000;
}

/** Filters for a range: open at the end if it reaches now, and a moving range where it is one. */
export function withRange(f: Filters, range: Range, bounds: Bounds, exact = false): Filters {
  const grain = exact ? 1 : grainOf(range);
  const from = Math.max(0, Math.round(range.from / grain) * grain);
  const to = Math.round(range.to / grain) * grain;
  if (range.to < bounds.now - 500 && to < bounds.now) return { ...f, last: null, from, to: Math.max(from, to - 1) };
  if (bounds.first !== null && from <= bounds.first) return { ...f, last: 'all', from: null, to: null };
  const span = bounds.now - from;
  const last = SPANS.find((s) => spanOf(s) !== null && Math.abs(spanOf(s)! - span) < Math.max(1500, span / 500));
  if (last !== undefined) return { ...f, last, from: null, to: null };
  return { ...f, last: null, from, to: null };
}

/** The end of the filters' range as people write it: `to` is inclusive, so 17:39:59.999 is "until 17:40". */
export function endOf(f: Filters): number | null {
  if (f.to === null) return null;
  return (f.to + 1) % 1000 === 0 ? f.to + 1 : f.to;
}
