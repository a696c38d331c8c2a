// Numbers of the strip: counts folded into bars, sums, ticks, grid lines, zooming and panning. No drawing.
import { barEdges, localHour, nextBar, type Bucket } from './buckets';
import type { Family } from './types';
import { startOf, type Zone } from './zones';

/** What the server gives per bucket. */
export interface HistogramRow {
  time: string;
  count: number;
  groups?: Record<string, number>;
}

/** One bar: counts by type name, added up by family for drawing. */
export interface Bar {
  from: number;
  to: number;
  total: number;
  families: Partial<Record<Family, number>>;
  names: Record<string, number>;
}

/** All bars of a range; `ahead` holds what is dated later than now. */
export interface Bars {
  bucket: Bucket;
  zone: Zone;
  list: Bar[];
  ahead: Bar | null;
}

export interface Range {
  from: number;
  to: number;
}

/** Empty bars over a range. */
export function emptyBars(range: Range, bucket: Bucket, zone: Zone): Bars {
  const edges = barEdges(range.from, range.to, bucket, zone);
  const list = edges.slice(0, -1).map((from, i) => emptyBar(from, edges[i + 1]!));
  return { bucket, zone, list, ahead: null };
}

/** The server's rows, sorted into bars. Rows after the last bar are ahead of now. */
export function foldBars(rows: HistogramRow[], range: Range, bucket: Bucket, zone: Zone, familyOf: (name: string) => Family): Bars {
  const bars = emptyBars(range, bucket, zone);
  for (const row of rows) {
    if (row.count === 0) continue;
    const names = row.groups ?? {};
    for (const [name, n] of Object.entries(names)) addTo(bars, Date.parse(row.time), name, n, familyOf(name));
  }
  return bars;
}

/** Counts one arrived event in, where its time says; false if it lies before the first bar. */
export function addEvent(bars: Bars, at: number, name: string, family: Family, n = 1): boolean {
  const first = bars.list[0];
  if (first === undefined || at < first.from) return false;
  addTo(bars, at, name, n, family);
  return true;
}

/** Opens the next bar of a range that ends now; a bar that is wholly past leaves on the left. */
export function growBars(bars: Bars, now: number, from: number): void {
  let last = bars.list[bars.list.length - 1];
  while (last !== undefined && last.to <= now && bars.list.length < 5000) {
    last = emptyBar(last.to, nextBar(last.to, bars.bucket, bars.zone));
    bars.list.push(last);
  }
  while (bars.list.length > 1 && bars.list[0]!.to <= from) bars.list.shift();
}

function addTo(bars: Bars, at: number, name: string, n: number, family: Family): void {
  let bar = bars.list[barIndex(bars.list, at)];
  const last = bars.list[bars.list.length - 1];
  if (last !== undefined && at >= last.to) bar = bars.ahead ??= emptyBar(last.to, last.to);
  if (bar === undefined) return;
  if (bar === bars.ahead) bar.to = Math.max(bar.to, at);
  bar.total += n;
  bar.names[name] = (bar.names[name] ?? 0) + n;
  bar.families[family] = (bar.families[family] ?? 0) + n;
}

function emptyBar(from: number, to: number): Bar {
  return { from, to, total: 0, families: {}, names: {} };
}

/** Index of the bar that holds an instant; outside: the nearest one. */
export function barIndex(list: Bar[], at: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (list[mid]!.from <= at) low = mid;
    else high = mid - 1;
  }
  return low;
}

/** Sum of the bars that lie in a range; a bar cut by it counts by its share. */
export function sumIn(bars: Bars, range: Range): number {
  let sum = 0;
  for (const bar of bars.list) {
    const inside = Math.min(bar.to, range.to) - Math.max(bar.from, range.from);
    if (inside > 0) sum += (bar.total * inside) / (bar.to - bar.from);
  }
  return Math.round(sum);
}

/** Families that occur, in the given order, with their sums. */
export function familySums(bars: Bars, order: readonly Family[]): Map<Family, number> {
  const sums = new Map<Family, number>();
  for (const family of order) {
    let n = 0;
    for (const bar of bars.ahead === null ? bars.list : [...bars.list, bars.ahead]) n += bar.families[family] ?? 0;
    if (n > 0) sums.set(family, n);
  }
  return sums;
}

/** All edges of the bars, first to last. */
export function edgesOf(bars: Bars): number[] {
  const last = bars.list[bars.list.length - 1];
  return last === undefined ? [] : [...bars.list.map((bar) => bar.from), last.to];
}

/** The edge nearest to an instant. */
export function snap(at: number, edges: number[]): number {
  let best = edges[0] ?? at;
  for (const edge of edges) if (Math.abs(edge - at) < Math.abs(best - at)) best = edge;
  return best;
}

/** The two grid lines over the axis: round numbers, the upper one not below the highest bar. */
export function gridLines(max: number): [number, number] {
  const half = Math.max(1, max / 2);
  const power = 10 ** Math.floor(Math.log10(half));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= half && Number.isInteger(n)) ?? Math.ceil(half);
  return [step, 2 * step];
}

/** A tick on the time axis; `again` marks the second of two equal hours. */
export interface Tick {
  at: number;
  kind: 'clock' | 'day' | 'month' | 'year';
  again: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CLOCK_STEPS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];

/** Round local times in a range, at most `most` of them. */
export function ticks(range: Range, most: number, zone: Zone): Tick[] {
  const want = (range.to - range.from) / Math.max(1, most);
  const step = CLOCK_STEPS.find((s) => s >= want);
  if (step !== undefined) return clockTicks(range, step, zone);
  if (want <= 14 * DAY) return dayTicks(range, [1, 2, 7, 14].find((n) => n * DAY >= want) ?? 14, zone);
  return monthTicks(range, [1, 2, 3, 6, 12, 24, 60, 120].find((n) => n * 30 * DAY >= want) ?? 240, zone);
}

function clockTicks(range: Range, step: number, zone: Zone): Tick[] {
  const out: Tick[] = [];
  if (step < HOUR) {
    for (let hour = startOf('hour', range.from, zone); hour <= range.to; hour = startOf('hour', hour + 1.5 * HOUR, zone)) {
      for (let at = hour; at < hour + HOUR; at += step) if (at >= range.from && at <= range.to) out.push({ at, kind: kindOf(at, zone), again: isAgain(at, zone) });
    }
    return out;
  }
  const every = step / HOUR;
  for (let at = startOf('hour', range.from, zone); at <= range.to; at = nextHour(at, zone)) {
    const again = isAgain(at, zone);
    // The repeated hour and its first time are told apart in any view of hours.
    const twin = every <= 6 && (again || isAgain(nextHour(at, zone), zone));
    const due = localHour(at, zone) % every === 0 && !again;
    if (at >= range.from && (due || twin)) out.push({ at, kind: kindOf(at, zone), again });
  }
  return out;
}

function nextHour(at: number, zone: Zone): number {
  const next = startOf('hour', at + HOUR, zone);
  return next > at ? next : at + HOUR;
}

function isAgain(at: number, zone: Zone): boolean {
  return localHour(at - HOUR, zone) === localHour(at, zone);
}

function kindOf(at: number, zone: Zone): Tick['kind'] {
  return startOf('day', at, zone) === at ? 'day' : 'clock';
}

function dayTicks(range: Range, every: number, zone: Zone): Tick[] {
  const out: Tick[] = [];
  const unit = every % 7 === 0 ? 'week' : 'day';
  let skip = every % 7 === 0 ? every / 7 : every;
  if (skip < 1) skip = 1;
  let i = 0;
  for (let at = startOf(unit, range.from, zone); at <= range.to; at = startOf(unit, at + (unit === 'day' ? 1.25 : 7.25) * DAY, zone)) {
    if (at >= range.from && i++ % skip === 0) out.push({ at, kind: 'day', again: false });
  }
  return out;
}

function monthTicks(range: Range, every: number, zone: Zone): Tick[] {
  const out: Tick[] = [];
  for (let at = startOf('month', range.from, zone); at <= range.to; at = startOf('month', at + 35 * DAY, zone)) {
    const local = new Date(at + 12 * HOUR);
    const month = local.getUTCFullYear() * 12 + local.getUTCMonth();
    if (at >= range.from && month % every === 0) out.push({ at, kind: month % 12 === 0 ? 'year' : 'month', again: false });
  }
  return out;
}
