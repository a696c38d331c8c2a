/** Times as the page shows them: in the chosen zone, in the chosen language. The sums are in `zones.ts`. */

import { lang, t } from './i18n.svelte';
import { prefs } from './prefs.svelte';
import { session } from './session.svelte';
import { isZone, localOf, offsetAt, offsetText, type Zone } from './zones';

export { crossesChange, isZone, localOf, offsetAt, offsetText, parseLocal, parseVxg, startOf } from './zones';
export type { Local, Unit, Zone } from './zones';

/** How a time is written: `full` 2026-11-22 21:14:07, `ms` with milliseconds, `clock`, `date`, `day` in words, `short` 22 Nov 21:14. */
export type Style = 'full' | 'ms' | 'clock' | 'date' | 'day' | 'short';

/** The zone of this browser. */
export function browserZone(): Zone {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** The zone of the site, as the server says; one the browser does not know counts as UTC. */
export function siteZone(): Zone {
  const name = session.site?.time_zone;
  return name && isZone(name) ? name : 'UTC';
}

/** The zone on screen. Reactive. */
export function zone(): Zone {
  if (prefs.zone === 'utc') return 'UTC';
  return prefs.zone === 'browser' ? browserZone() : siteZone();
}

const two = (n: number) => String(n).padStart(2, '0');
const words = new Map<string, Intl.DateTimeFormat>();

/** Month or weekday in words, for a date that is already local. */
function word(kind: 'month' | 'weekday', width: 'long' | 'short', year: number, month: number, day: number): string {
  const key = `${lang()} ${kind} ${width}`;
  let format = words.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(lang(), { [kind]: width, timeZone: 'UTC' });
    words.set(key, format);
  }
  return format.format(Date.UTC(year, month - 1, day, 12));
}

/** A time in a zone (default: the one on screen). `offset` adds ` +02:00`, for ranges that cross a clock change. */
export function fmt(ms: number, style: Style, at: Zone = zone(), opts: { offset?: boolean } = {}): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return '–';
  const de = lang() === 'de';
  const l = localOf(ms, at);
  const clock = `${two(l.hour)}:${two(l.minute)}:${two(l.second)}`;
  const year = String(l.year).padStart(4, '0');
  const date = de ? `${two(l.day)}.${two(l.month)}.${year}` : `${year}-${two(l.month)}-${two(l.day)}`;
  const tail = opts.offset && style !== 'date' && style !== 'day' ? ` ${offsetText(offsetAt(ms, at))}` : '';
  switch (style) {
    case 'full':
      return `${date} ${clock}${tail}`;
    case 'ms':
      return `${date} ${clock}.${String(l.ms).padStart(3, '0')}${tail}`;
    case 'clock':
      return clock + tail;
    case 'date':
      return date;
    case 'day': {
      const weekday = word('weekday', 'long', l.year, l.month, l.day);
      const month = word('month', 'long', l.year, l.month, l.day);
      return de ? `${weekday}, ${l.day}. ${month} ${year}` : `${weekday} ${l.day} ${month} ${year}`;
    }
    case 'short': {
      const month = word('month', 'short', l.year, l.month, l.day);
      return `${l.day}${de ? '.' : ''} ${month} ${two(l.hour)}:${two(l.minute)}${tail}`;
    }
  }
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in one unit, two from a day on: 180 ms, 25 s, 41 min, 7 h, 9 d 4 h. */
export function duration(ms: number): string {
  const span = Math.abs(ms);
  if (span < SECOND) return t('time.ms', { n: Math.round(span) });
  if (span < MINUTE) return t('time.s', { n: Math.floor(span / SECOND) });
  if (span < HOUR) return t('time.min', { n: Math.floor(span / MINUTE) });
  if (span < DAY) return t('time.h', { n: Math.floor(span / HOUR) });
  const hours = Math.floor((span % DAY) / HOUR);
  const days = t('time.d', { n: Math.floor(span / DAY) });
  return hours === 0 || span >= 100 * DAY ? days : `${days} ${t('time.h', { n: hours })}`;
}

/** How long ago: "25 s ago", "in 3 h", "just now" within a second. One unit. */
export function relative(ms: number, now: number): string {
  const span = now - ms;
  if (!Number.isFinite(span)) return '–';
  if (Math.abs(span) < SECOND) return t('time.now');
  const length =
    Math.abs(span) < DAY ? duration(span) : t('time.d', { n: Math.floor(Math.abs(span) / DAY) });
  return t(span > 0 ? 'time.ago' : 'time.in', { t: length });
}
