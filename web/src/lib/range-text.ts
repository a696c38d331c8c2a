// Ranges, bars and instants of the strip in words.
import type { Bucket } from './buckets';
import type { Range, Tick } from './histogram';
import { lang, t } from './i18n.svelte';
import { crossesChange, localOf, offsetAt, offsetText, type Zone } from './zones';

const formats = new Map<string, Intl.DateTimeFormat>();
const two = (n: number): string => String(n).padStart(2, '0');

function words(options: Intl.DateTimeFormatOptions, ms: number, zone: Zone): string {
  const locale = lang() === 'de' ? 'de' : 'en-GB';
  const key = `${locale} ${zone} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
    formats.set(key, format);
  }
  return format.format(ms);
}

/** "22 Nov", with the year where it is not the one at hand. */
export function dayText(ms: number, zone: Zone, year = false): string {
  return words({ day: 'numeric', month: 'short', ...(year ? { year: 'numeric' } : {}) }, ms, zone).replace('Sept', 'Sep');
}

/** "Nov", "Nov 2026". */
export function monthText(ms: number, zone: Zone, year = false): string {
  return words({ month: 'short', ...(year ? { year: 'numeric' } : {}) }, ms, zone).replace('Sept', 'Sep');
}

/** "21:14", with seconds where there are any. */
export function clockText(ms: number, zone: Zone): string {
  const l = localOf(ms, zone);
  const base = `${two(l.hour)}:${two(l.minute)}`;
  return l.second === 0 && l.ms === 0 ? base : `${base}:${two(l.second)}`;
}

/** From and to as short as they can be told: "22 Nov 13:40 – 17:40". Open ends in words. */
export function rangeText(from: number | null, to: number | null, zone: Zone): string {
  if (from === null && to === null) return t('events.allTime');
  const year = localOf(to ?? Date.now(), zone).year;
  const one = (ms: number, day: boolean, offset: boolean): string => {
    const l = localOf(ms, zone);
    const date = day ? `${dayText(ms, zone, l.year !== year || l.year !== localOf(Date.now(), zone).year)} ` : '';
    return date + clockText(ms, zone) + (offset ? ` ${offsetText(offsetAt(ms, zone))}` : '');
  };
  const end = to === null ? null : (to + 1) % 1000 === 0 ? to + 1 : to;
  if (end === null) return t('events.since', { t: one(from!, true, false) });
  if (from === null) return t('events.until', { t: one(end, true, false) });
  const [a, b] = [localOf(from, zone), localOf(end, zone)];
  const sameDay = a.year === b.year && a.month === b.month && a.day === b.day;
  const offset = crossesChange(from, end, zone);
  return `${one(from, true, offset)} – ${one(end, !sameDay, offset)}`;
}

/** How much time one bar stands for. */
export function barText(bucket: Bucket): string {
  return bucket.unit === 'seconds' ? t('events.bar_minute', { n: bucket.step / 60_000 }) : t(`events.bar_${bucket.unit}`);
}

/** "4 h", "1 h 30 min", "3 d". */
export function spanText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  const d = Math.floor(minutes / 1440);
  const h = Math.floor((minutes % 1440) / 60);
  const min = minutes % 60;
  const parts = [d > 0 && t('time.d', { n: d }), h > 0 && t('time.h', { n: h }), d === 0 && min > 0 && t('time.min', { n: min })];
  return parts.filter((part) => part !== false).join(' ');
}

/** The label under a tick. Midnight says which day begins; the second of two equal hours carries a mark. */
export function tickText(tick: Tick, view: Range, zone: Zone): string {
  const days = (view.to - view.from) / 86_400_000;
  switch (tick.kind) {
    case 'clock':
      return clockText(tick.at, zone) + (tick.again ? '′' : '');
    case 'day':
      return days <= 1.1 ? clockText(tick.at, zone) : dayText(tick.at, zone, false);
    case 'month':
      return monthText(tick.at, zone);
    case 'year':
      return String(localOf(tick.at, zone).year);
  }
}

/** Numbers at the grid lines: "800", "1.0 k", "2.5 M". */
export function gridText(n: number): string {
  const short = (value: number, unit: string): string => `${new Intl.NumberFormat(lang(), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value)} ${unit}`;
  if (n >= 1e6) return short(n / 1e6, 'M');
  return n >= 1000 ? short(n / 1000, 'k') : String(n);
}
