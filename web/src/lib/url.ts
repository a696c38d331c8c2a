// The filters of a page and their form in the address: parse, print, ask the API, test a stream item.
import { serverNow } from './clock.svelte';
import { FAMILIES, familyOf, namesOf } from './families';
import { pictureOf, type EventObject, type Family } from './types';
import { parseVxg } from './zones';

/** The ranges that move with the clock; `all` has no start. */
export const SPANS = ['1h', '24h', '7d', '30d', 'all'] as const;
export type Last = (typeof SPANS)[number];

/** The list's columns, in their order on screen. */
export const COLUMNS = ['picture', 'time', 'camera', 'type', 'tags', 'received', 'delay', 'id'] as const;

/** What is shown: values inside a member are OR, members are AND. Times are milliseconds, both inclusive. */
export interface Filters {
  cameras: number[];
  /** API names, or `family:person` for all names of a family. */
  types: string[];
  tags: string[];
  notags: string[];
  picture: boolean | null;
  /** null exactly when `from` or `to` rules. */
  last: Last | null;
  from: number | null;
  to: number | null;
  order: 'desc' | 'asc';
  /** The event whose drawer is open. */
  event: number | null;
  /** null: what the browser remembers. */
  cols: string[] | null;
}

const HOUR = 3_600_000;
const FAMILY = 'family:';
const YEAR_10000 = Date.UTC(10_000, 0, 1);
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const KNOWN = new Set(['last', 'from', 'to', 'camera', 'type', 'tag', 'notag', 'picture', 'order', 'event', 'cols']);

/** No filter, the last 24 hours, newest first. */
export function noFilters(): Filters {
  return {
    cameras: [], types: [], tags: [], notags: [], picture: null,
    last: '24h', from: null, to: null, order: 'desc', event: null, cols: null,
  };
}

/** Length of a moving range in milliseconds; null for `all`. */
export function spanOf(last: Last): number | null {
  return { '1h': HOUR, '24h': 24 * HOUR, '7d': 168 * HOUR, '30d': 720 * HOUR, all: null }[last];
}

/** Reads a query string; `dropped` names the parameters that are unknown or not wholly readable. */
export function parseFilters(q: URLSearchParams): { filters: Filters; dropped: string[] } {
  const f = noFilters();
  const dropped = new Set<string>();
  for (const key of q.keys()) if (!KNOWN.has(key)) dropped.add(key);

  const one = <T>(key: string, read: (text: string) => T | null): T | null => {
    const text = q.get(key);
    if (text === null) return null;
    const value = read(text);
    if (value === null) dropped.add(key);
    return value;
  };
  const many = <T>(key: string, read: (text: string) => T | null): T[] => {
    const parts = one(key, (text) => text.split(',').map(unescapePart)) ?? [];
    const values = parts.map(read);
    if (values.includes(null)) dropped.add(key);
    return [...new Set(values.filter((v) => v !== null))];
  };

  f.cameras = many('camera', readId);
  f.types = many('type', readName);
  f.tags = many('tag', readName);
  f.notags = many('notag', readName);
  f.picture = one('picture', (text) => (text === '1' ? true : text === '0' ? false : null));
  f.from = one('from', readTime);
  f.to = one('to', readTime);
  const last = one('last', (text) => SPANS.find((s) => s === text) ?? null);
  f.last = f.from !== null || f.to !== null ? null : (last ?? '24h');
  f.order = one('order', (text) => (text === 'asc' || text === 'desc' ? text : null)) ?? 'desc';
  f.event = one('event', readId);
  if (q.has('cols')) {
    const cols = many('cols', (text) => COLUMNS.find((c) => c === text) ?? null);
    f.cols = cols.length > 0 ? cols : null;
  }
  return { filters: f, dropped: [...dropped] };
}

/** The query string of these filters; defaults are left out. */
export function printFilters(f: Filters): URLSearchParams {
  const q = new URLSearchParams();
  const list = (key: string, values: (string | number)[]): void => {
    if (values.length > 0) q.set(key, values.map((v) => escapePart(String(v))).join(','));
  };
  if (f.from !== null) q.set('from', printTime(f.from));
  if (f.to !== null) q.set('to', printTime(f.to));
  if (f.from === null && f.to === null && f.last !== null && f.last !== '24h') q.set('last', f.last);
  list('camera', f.cameras);
  list('type', f.types);
  list('tag', f.tags);
  list('notag', f.notags);
  if (f.picture !== null) q.set('picture', f.picture ? '1' : '0');
  if (f.order !== 'desc') q.set('order', f.order);
  if (f.event !== null) q.set('event', String(f.event));
  if (f.cols !== null) list('cols', f.cols);
  return q;
}

/** A path of the Events page with these filters, commas and colons left readable. */
export function eventsHref(f: Filters): string {
  const text = printFilters(f).toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text === '' ? '/events' : `/events?${text}`;
}

/** The first and last instant asked for; null where the range is open. */
export function rangeOf(f: Filters, now: number): { from: number | null; to: number | null } {
  if (f.last === null) return { from: f.from, to: f.to };
  const span = spanOf(f.last);
  return { from: span === null ? null : Math.floor(now - span), to: null };
}

/**
 * What list, histogram, export and bulk DELETE get (without order and paging).
 * `end` reaches to the last microsecond of its millisecond, so that a bar's end leaves nothing out.
 */
export function apiQuery(f: Filters, now: number): Record<string, string | number | boolean | undefined> {
  const { from, to } = rangeOf(f, now);
  const names = typeNames(f.types);
  return {
    start: from === null ? undefined : new Date(from).toISOString(),
    end: to === null ? undefined : new Date(to).toISOString().replace('Z', '999Z'),
    camid: f.cameras.length > 0 ? f.cameras.join(',') : undefined,
    events: names === null ? undefined : names.join(','),
    meta: f.tags.length > 0 ? f.tags.join(',') : undefined,
    meta_not: f.notags.length > 0 ? f.notags.join(',') : undefined,
    has_thumb: f.picture ?? undefined,
  };
}

/** Does an event from the stream belong to what is shown? */
export function matches(event: EventObject, f: Filters, now: number = serverNow()): boolean {
  if (f.cameras.length > 0 && !f.cameras.includes(event.camid)) return false;
  if (f.types.length > 0 && !f.types.includes(event.name) && !f.types.includes(FAMILY + familyOf(event.name))) return false;
  const meta = event.meta ?? {};
  if (f.tags.length > 0 && !f.tags.some((tag) => Object.hasOwn(meta, tag))) return false;
  if (f.notags.some((tag) => Object.hasOwn(meta, tag))) return false;
  if (f.picture !== null && f.picture !== (pictureOf(event).state === 'ready')) return false;
  const at = Math.floor(parseVxg(event.order_time ?? event.time));
  const { from, to } = rangeOf(f, now);
  return (from === null || at >= from) && (to === null || at <= to);
}

/** Are the same events asked for? Order, open event and columns do not count. */
export function sameSet(a: Filters, b: Filters): boolean {
  const set = (f: Filters): string => printFilters({ ...f, order: 'desc', event: null, cols: null }).toString();
  return set(a) === set(b);
}

/** Is anything but the range narrowed? */
export function isFiltered(f: Filters): boolean {
  return f.cameras.length + f.types.length + f.tags.length + f.notags.length > 0 || f.picture !== null;
}

/** null: no filter. A family nobody uses asks for a name nobody has, so that it finds nothing. */
function typeNames(types: string[]): string[] | null {
  if (types.length === 0) return null;
  const names = types.flatMap((type) => {
    if (!type.startsWith(FAMILY)) return [type];
    const names = namesOf(type.slice(FAMILY.length) as Family);
    return names.length > 0 ? names : [type];
  });
  return [...new Set(names)];
}

function readId(text: string): number | null {
  if (!/^[1-9]\d*$/.test(text)) return null;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : null;
}

function readName(text: string): string | null {
  if (text === '') return null;
  if (text.startsWith(FAMILY) && !(FAMILIES as readonly string[]).includes(text.slice(FAMILY.length))) return null;
  return text;
}

function readTime(text: string): number | null {
  if (!RFC3339.test(text)) return null;
  const ms = Date.parse(text.toUpperCase());
  return ms >= 0 && ms < YEAR_10000 ? ms : null;
}

function printTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

// A comma inside a name must not part the list; the percent sign is what escapes it.
function escapePart(text: string): string {
  return text.replaceAll('%', '%25').replaceAll(',', '%2C');
}

function unescapePart(text: string): string {
  return text.replace(/%2C|%25/gi, (hit) => (hit === '%25' ? '%' : ','));
}
