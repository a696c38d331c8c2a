// The list of time zones offered by ZonePicker.
import type { Option } from './combobox';

/** Offset of a zone at a moment as "+02:00", or "" for a zone the browser does not know. */
export function offsetText(zone: string, at: number): string {
  try {
    const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
    const text = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
    return text === 'GMT' ? '+00:00' : text.replace('GMT', '');
  } catch {
    return '';
  }
}

let known: string[] | undefined;

/** Every zone the browser knows with UTC first, and `current` even where the browser does not know it. */
export function zoneOptions(current: string, at: number): Option[] {
  known ??= Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC');
  const names = ['UTC', ...known];
  if (current && !names.includes(current)) names.unshift(current);
  return names.map((name) => ({ value: name, label: name, note: offsetText(name, at) }));
}
