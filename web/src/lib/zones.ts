/** Instants and local time in any IANA zone, with every clock change right. No words, no settings. */

/** An IANA time zone name, such as `Europe/Berlin`. */
export type Zone = string;

/** A local date and clock. `month` and `day` count from 1, `weekday` is 0 for Sunday. */
export interface Local {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
  weekday: number;
}

export type Unit = 'hour' | 'day' | 'week' | 'month';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

const formats = new Map<Zone, Intl.DateTimeFormat>();

/** One formatter per zone: making one costs a thousand times what using it costs. An unknown zone is UTC. */
function format(zone: Zone): Intl.DateTimeFormat {
  let made = formats.get(zone);
  if (!made) {
    const options: Intl.DateTimeFormatOptions = {
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    };
    try {
      made = new Intl.DateTimeFormat('en-US', { ...options, timeZone: zone });
    } catch {
      made = new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' });
    }
    formats.set(zone, made);
  }
  return made;
}

/** Whether the browser knows this zone. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** `Date.UTC` without its habit of taking the years 0 to 99 for 1900 to 1999. */
function utc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, ms = 0): number {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  return at.setUTCHours(hour, minute, second, ms);
}

/** The clock on the wall of `zone` at the instant `at`, told as milliseconds as if that wall were in UTC. */
function wall(at: number, zone: Zone): number {
  const whole = Math.floor(at / 1000) * 1000;
  const got: Record<string, number> = {};
  for (const { type, value } of format(zone).formatToParts(whole)) got[type] = Number(value);
  return utc(got.year!, got.month!, got.day!, got.hour! % 24, got.minute!, got.second!) + (at - whole);
}

/** Date and clock in `zone` at an instant. */
export function localOf(at: number, zone: Zone): Local {
  const there = new Date(Math.floor(wall(at, zone)));
  return {
    year: there.getUTCFullYear(),
    month: there.getUTCMonth() + 1,
    day: there.getUTCDate(),
    hour: there.getUTCHours(),
    minute: there.getUTCMinutes(),
    second: there.getUTCSeconds(),
    ms: there.getUTCMilliseconds(),
    weekday: there.getUTCDay(),
  };
}

/** Minutes that `zone` is ahead of UTC at an instant (behind: negative). */
export function offsetAt(at: number, zone: Zone): number {
  if (zone === 'UTC') return 0;
  const whole = Math.floor(at / 1000) * 1000;
  return (wall(whole, zone) - whole) / MINUTE;
}

/** The first instant in `(from, to]` with another offset than `from` has; it must have one. */
function changeBetween(from: number, to: number, zone: Zone): number {
  const before = offsetAt(from, zone);
  let low = Math.floor(from / 1000);
  let high = Math.ceil(to / 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle * 1000, zone) === before) low = middle;
    else high = middle;
  }
  return high * 1000;
}

/**
 * The instant at which the wall of `zone` shows `local` (as milliseconds in UTC). A time that comes twice is the first
 * of the two. A time that is skipped is the instant of the change, or with `skipped: 'later'` as far behind the change
 * as it would be on a clock nobody moved.
 */
export function instantOf(local: number, zone: Zone, skipped: 'change' | 'later' = 'change'): number {
  const before = offsetAt(local - DAY, zone);
  const after = offsetAt(local + DAY, zone);
  const found: number[] = [];
  for (const offset of new Set([before, after, offsetAt(local - before * MINUTE, zone)])) {
    const at = local - offset * MINUTE;
    if (offsetAt(at, zone) === offset) found.push(at);
  }
  if (found.length > 0) return Math.min(...found);
  const later = local - before * MINUTE;
  return skipped === 'later' ? later : changeBetween(local - DAY, later, zone);
}

/** The start of the hour, day, week (Monday) or month that holds `at`, by the clock of `zone`. */
export function startOf(unit: Unit, at: number, zone: Zone): number {
  const there = wall(at, zone);
  if (unit === 'hour') {
    const start = at - (there - Math.floor(there / HOUR) * HOUR);
    // An hour in which the clocks change (in a zone that moves by half an hour) begins at the change.
    return offsetAt(start, zone) === offsetAt(at, zone) ? start : changeBetween(start, at, zone);
  }
  const { year, month, day, weekday } = localOf(at, zone);
  if (unit === 'month') return instantOf(utc(year, month, 1), zone);
  return instantOf(utc(year, month, unit === 'week' ? day - ((weekday + 6) % 7) : day), zone);
}

/** Whether the clocks of `zone` are changed between two instants. */
export function crossesChange(from: number, to: number, zone: Zone): boolean {
  if (zone === 'UTC' || !(to > from)) return false;
  const first = offsetAt(from, zone);
  // The shortest pair of changes known (Morocco, around Ramadan) is four weeks apart.
  for (let at = from; at < to; at += 14 * DAY) if (offsetAt(at, zone) !== first) return true;
  return offsetAt(to, zone) !== first;
}

/** `+02:00`. Seconds of an offset (none since 1972) are left out. */
export function offsetText(minutes: number): string {
  const abs = Math.floor(Math.abs(minutes));
  const two = (n: number) => String(n).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(abs / 60))}:${two(abs % 60)}`;
}

const DATE = '(?:(\\d{4})-(\\d\\d?)-(\\d\\d?)|(\\d\\d?)\\.(\\d\\d?)\\.(\\d{4}))';
const CLOCK = '(\\d\\d?):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,9}))?)?';
const TIME = new RegExp(`^\\s*${DATE}(?:(?:[Tt]|,?\\s+)${CLOCK}\\s*([Zz]|[+-]\\d\\d:?\\d\\d)?)?\\s*$`);

/**
 * Reads a date, or a date and a clock, as people and machines write them: `2026-11-22`, `2026-11-22 18:00`,
 * `22.11.2026 18:00:07`, RFC 3339, VXG's form. What names no offset is meant in `zone`. Milliseconds, with µs behind
 * the point; null if it is none or no such day exists.
 */
export function parseLocal(text: string, zone: Zone): number | null {
  const m = TIME.exec(text);
  if (!m) return null;
  const [year, month, day] = [m[1] ?? m[6], m[2] ?? m[5], m[3] ?? m[4]].map(Number) as [number, number, number];
  const [hour, minute, second] = [m[7] ?? 0, m[8] ?? 0, m[9] ?? 0].map(Number) as [number, number, number];
  const whole = utc(year, month, day, hour, minute, second);
  const there = new Date(whole);
  if (there.getUTCMonth() + 1 !== month || there.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    return null;
  }
  const micros = Number((m[10] ?? '').slice(0, 6).padEnd(6, '0')) / 1000;
  const offset = m[11];
  if (!offset) return instantOf(whole, zone, 'later') + micros;
  if (/z/i.test(offset)) return whole + micros;
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(-2))];
  return whole - (offset[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * MINUTE + micros;
}

/** The server's times: VXG's form (UTC, no zone) and RFC 3339. Milliseconds, with µs behind the point; NaN if none. */
export function parseVxg(text: string): number {
  return parseLocal(text, 'UTC') ?? Number.NaN;
}
