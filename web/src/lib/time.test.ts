import { afterEach, describe, expect, test } from 'vitest';

import { setLang } from './i18n.svelte';
import { duration, fmt, relative, type Style } from './time';

const at = Date.parse('2026-11-22T20:14:07.250Z');
const styles: Style[] = ['full', 'ms', 'clock', 'date', 'day', 'short'];

afterEach(() => setLang('en'));

describe('fmt', () => {
  test('English', async () => {
    await setLang('en');
    expect(styles.map((style) => fmt(at, style, 'Europe/Berlin'))).toEqual([
      '2026-11-22 21:14:07',
      '2026-11-22 21:14:07.250',
      '21:14:07',
      '2026-11-22',
      'Sunday 22 November 2026',
      '22 Nov 21:14',
    ]);
  });

  test('German', async () => {
    await setLang('de');
    expect(styles.map((style) => fmt(at, style, 'Europe/Berlin'))).toEqual([
      '22.11.2026 21:14:07',
      '22.11.2026 21:14:07.250',
      '21:14:07',
      '22.11.2026',
      'Sonntag, 22. November 2026',
      '22. Nov 21:14',
    ]);
  });

  test('the repeated hour is told apart by its offset', () => {
    const first = Date.parse('2026-10-25T00:30:00Z');
    expect([first, first + 3_600_000].map((ms) => fmt(ms, 'clock', 'Europe/Berlin', { offset: true }))).toEqual([
      '02:30:00 +02:00',
      '02:30:00 +01:00',
    ]);
    const york = Date.parse('2026-11-01T05:30:00Z');
    expect([york, york + 3_600_000].map((ms) => fmt(ms, 'full', 'America/New_York', { offset: true }))).toEqual([
      '2026-11-01 01:30:00 -04:00',
      '2026-11-01 01:30:00 -05:00',
    ]);
  });

  test('the second before and the second of a change', () => {
    const spring = Date.parse('2026-03-29T01:00:00Z');
    expect([spring - 1000, spring].map((ms) => fmt(ms, 'clock', 'Europe/Berlin'))).toEqual(['01:59:59', '03:00:00']);
    const york = Date.parse('2026-03-08T07:00:00Z');
    expect([york - 1000, york].map((ms) => fmt(ms, 'clock', 'America/New_York'))).toEqual(['01:59:59', '03:00:00']);
  });

  test('a fraction never rounds up into the next second', () => {
    expect(fmt(at + 749.999, 'ms', 'UTC')).toBe('2026-11-22 20:14:07.999');
  });

  test('what is no time is a dash', () => {
    expect(fmt(Number.NaN, 'full', 'UTC')).toBe('–');
    expect(fmt(Number.POSITIVE_INFINITY, 'day', 'UTC')).toBe('–');
  });

  test('the ends of what an event may carry', () => {
    expect(fmt(0, 'full', 'UTC')).toBe('1970-01-01 00:00:00');
    expect(fmt(253_402_300_799_999, 'ms', 'UTC')).toBe('9999-12-31 23:59:59.999');
  });
});

test('lengths of time', () => {
  const [s, h] = [1000, 3_600_000];
  expect([180, 25 * s, 41 * 60 * s, 7 * h, 220 * h, 48 * h, -3 * h].map(duration)).toEqual([
    '180 ms',
    '25 s',
    '41 min',
    '7 h',
    '9 d 4 h',
    '2 d',
    '3 h',
  ]);
});

test('how long ago', async () => {
  expect([0, 25_000, 3 * 60_000, 50 * 3_600_000, -3 * 3_600_000].map((span) => relative(at - span, at))).toEqual([
    'just now',
    '25 s ago',
    '3 min ago',
    '2 d ago',
    'in 3 h',
  ]);
  await setLang('de');
  expect(relative(at - 25_000, at)).toBe('vor 25 s');
});
