/** Numbers and foreign text as people read them. */

import { lang } from './i18n.svelte';

const formats = new Map<string, Intl.NumberFormat>();

function number(digits: number): Intl.NumberFormat {
  const key = `${lang()} ${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(lang(), { maximumFractionDigits: digits, minimumFractionDigits: digits });
    formats.set(key, format);
  }
  return format;
}

/** A whole number, exact and grouped: 48,213. */
export function count(n: number): string {
  return number(0).format(Math.trunc(n));
}

/** A number with so many digits behind the point. */
export function decimal(n: number, digits = 1): string {
  return number(digits).format(n);
}

/** A size in powers of 1,024, three digits or fewer before the unit: 1.4 GiB. */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = Math.max(0, n);
  let unit = 0;
  // 1,023.95 would be printed as "1,024.0": the next unit says the same better.
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${number(unit > 0 && value < 99.95 ? 1 : 0).format(value)}\u00a0${units[unit]}`;
}

/** A share of one as a whole percentage: 61 %. Only nothing is 0, only all is 100. */
export function percent(x: number): string {
  let whole = Math.round(x * 100);
  if (whole === 0 && x > 0) whole = 1;
  if (whole === 100 && x < 1) whole = 99;
  return `${number(0).format(whole)}\u00a0%`;
}

/** Characters that steer the text around them, or cannot be seen, with the name they are shown by. */
const MARKS: Record<number, string> = {
  0x00ad: 'SHY',
  0x061c: 'ALM',
  0x180e: 'MVS',
  0x200b: 'ZWSP',
  0x200e: 'LRM',
  0x200f: 'RLM',
  0x2028: 'LS',
  0x2029: 'PS',
  0x202a: 'LRE',
  0x202b: 'RLE',
  0x202c: 'PDF',
  0x202d: 'LRO',
  0x202e: 'RLO',
  0x2060: 'WJ',
  0x2066: 'LRI',
  0x2067: 'RLI',
  0x2068: 'FSI',
  0x2069: 'PDI',
  0xfeff: 'BOM',
};

const STEERING =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu; // eslint-disable-line no-control-regex

function mark(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  return `\u2039${MARKS[code] ?? code.toString(16).toUpperCase().padStart(4, '0')}\u203a`;
}

/**
 * Text that somebody else wrote, fit to be shown: control and bidi characters become visible marks, and what is
 * longer than `max` characters ends in "…". The result is text, never markup.
 */
export function safe(text: unknown, max = 200): string {
  const whole = typeof text === 'string' ? text : String(text ?? '');
  // A character is two code units at most: nothing behind that can be shown, so it is not looked at.
  const head = Array.from(whole.length > max * 2 ? whole.slice(0, max * 2 + 2) : whole);
  const cut = head.length > max || whole.length > max * 2 + 2;
  return (cut ? head.slice(0, max).join('') : whole).replace(STEERING, mark) + (cut ? '…' : '');
}
