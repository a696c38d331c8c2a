// How wide the bars of a range are, and where they begin.
import { startOf, type Zone } from './zones';

/** What one bar stands for; `six` is six hours by the local clock. */
export type BarUnit = 'seconds' | 'hour' | 'six' | 'day' | 'week' | 'month';

/** A column of the table: what to ask the server for and what a bar is. */
export interface Bucket {
  /** The server's `bucket` parameter. */
  ask: string;
  unit: BarUnit;
  /** Usual length of a bar in milliseconds. */
  step: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Most milliseconds of range a column serves, narrowest first. */
const TABLE: { span: number; bucket: Bucket }[] = [
  { span: HOUR, bucket: seconds(60) },
  { span: 3 * HOUR, bucket: seconds(120) },
  { span: 12 * HOUR, bucket: seconds(300) },
  { span: DAY, bucket: seconds(600) },
  { span: 3 * DAY, bucket: seconds(1800) },
  { span: 7 * DAY, bucket: { ask: 'hour', unit: 'hour', step: HOUR } },
  { span: 31 * DAY, bucket: { ask: 'hour', unit: 'six', step: 6 * HOUR } },
  { span: 180 * DAY, bucket: { ask: 'day', unit: 'day', step: DAY } },
  { span: 1096 * DAY, bucket: { ask: 'week', unit: 'week', step: 7 * DAY } },
  { span: Infinity, bucket: { ask: 'month', unit: 'month', step: 30 * DAY } },
];

// A range in local days is an hour longer in the week the clock goes back; "24 h" may be read a moment later.
const SLACK = 2 * HOUR;
const MOMENT = 1000;

function seconds(n: number): Bucket {
  return { ask: String(n), unit: 'seconds', step: n * 1000 };
}

/** The bars for a range of this length; a phone takes the next wider ones. */
export function bucketFor(spanMs: number, phone = false): Bucket {
  const fits = TABLE.findIndex((row) => spanMs <= row.span + (row.span >= 3 * DAY ? SLACK : MOMENT));
  return TABLE[Math.min(fits + (phone ? 1 : 0), TABLE.length - 1)]!.bucket;
}

/** The start of the bar that holds this instant. */
export function barStart(ms: number, bucket: Bucket, zone: Zone): number {
  switch (bucket.unit) {
    case 'seconds':
      return Math.floor(ms / bucket.step) * bucket.step;
    case 'six':
      return sixStart(ms, zone);
    default:
      return startOf(bucket.unit, ms, zone);
  }
}

/** The start of the bar after the one that starts here. */
export function nextBar(start: number, bucket: Bucket, zone: Zone): number {
  if (bucket.unit === 'seconds') return start + bucket.step;
  // Half a bar beyond its usual end, at most: clock changes move it by an hour or two.
  const probes = bucket.unit === 'month' ? [32 * DAY] : [bucket.step, bucket.step + HOUR / 2, bucket.step + HOUR, bucket.step + 2 * HOUR, bucket.step * 1.5];
  for (const probe of probes) {
    const next = barStart(start + probe, bucket, zone);
    if (next > start) return next;
  }
  return start + bucket.step;
}

/** The start of the bar before the one that starts here. */
export function previousBar(start: number, bucket: Bucket, zone: Zone): number {
  return barStart(start - 1, bucket, zone);
}

/** Starts of the bars that cover the range, and last the end of the last one. */
export function barEdges(from: number, to: number, bucket: Bucket, zone: Zone): number[] {
  const edges = [barStart(from, bucket, zone)];
  while (edges[edges.length - 1]! < to && edges.length < 5000) {
    edges.push(nextBar(edges[edges.length - 1]!, bucket, zone));
  }
  if (edges.length === 1) edges.push(nextBar(edges[0]!, bucket, zone));
  return edges;
}

// Local midnight plus whole quarters of the local clock: on the night of a change one quarter has five or seven hours.
function sixStart(ms: number, zone: Zone): number {
  const day = startOf('day', ms, zone);
  let start = day;
  for (let hour = startOf('hour', ms, zone); hour > day; hour = startOf('hour', hour - 1, zone)) {
    const local = localHour(hour, zone);
    // The second of two equal hours does not begin a quarter.
    if (local % 6 === 0 && localHour(startOf('hour', hour - 1, zone), zone) !== local) {
      start = hour;
      break;
    }
  }
  return start;
}

const CLOCKS = new Map<Zone, Intl.DateTimeFormat>();

/** The hour the clock on the wall shows, 0 to 23. */
export function localHour(ms: number, zone: Zone): number {
  let clock = CLOCKS.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en', { timeZone: zone, hour: '2-digit', hourCycle: 'h23' });
    CLOCKS.set(zone, clock);
  }
  return Number(clock.format(ms));
}
