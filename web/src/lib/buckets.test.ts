import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barEdges, barStart, bucketFor, localHour } from './buckets';
import { localOf } from './zones';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'];

describe('the bucket table', () => {
  it('gives the bars of each span', () => {
    const ask = (ms: number, phone = false): string => `${bucketFor(ms, phone).ask} ${bucketFor(ms, phone).unit}`;
    expect(ask(60_000)).toBe('60 seconds');
    expect(ask(HOUR)).toBe('60 seconds');
    expect(ask(HOUR + 60_000)).toBe('120 seconds');
    expect(ask(12 * HOUR)).toBe('300 seconds');
    expect(ask(DAY)).toBe('600 seconds');
    expect(ask(DAY, true)).toBe('1800 seconds');
    expect(ask(3 * DAY)).toBe('1800 seconds');
    expect(ask(7 * DAY)).toBe('hour hour');
    expect(ask(7 * DAY + HOUR)).toBe('hour hour'); // the week in which the clock goes back
    expect(ask(30 * DAY)).toBe('hour six');
    expect(ask(180 * DAY)).toBe('day day');
    expect(ask(3 * 365 * DAY)).toBe('week week');
    expect(ask(30 * 365 * DAY, true)).toBe('month month');
  });
});

describe('edges of bars', () => {
  it('cover any range without a hole, in any zone', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 1, max: 400 * DAY }), (zone, from, span) => {
        const bucket = bucketFor(span);
        const edges = barEdges(from, from + span, bucket, zone);
        expect(edges[0]).toBeLessThanOrEqual(from);
        expect(edges.at(-1)).toBeGreaterThanOrEqual(from + span);
        expect(edges.length).toBeLessThan(185);
        for (let i = 1; i < edges.length; i++) {
          expect(edges[i]!).toBeGreaterThan(edges[i - 1]!);
          expect(barStart(edges[i]! - 1, bucket, zone)).toBe(edges[i - 1]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['Europe/Berlin', Date.UTC(2026, 2, 29), 23, [5, 6, 6, 6]],
    ['Europe/Berlin', Date.UTC(2026, 9, 25), 25, [7, 6, 6, 6]],
    ['America/New_York', Date.UTC(2026, 2, 8, 12), 23, [5, 6, 6, 6]],
    ['America/New_York', Date.UTC(2026, 10, 1, 12), 25, [7, 6, 6, 6]],
  ])('draw the night of the change in %s as long as it is', (zone, inside, hours, quarters) => {
    const day = bucketFor(100 * DAY);
    const [from, to] = barEdges(inside + 2 * HOUR, inside + 2 * HOUR, day, zone).slice(0, 2) as [number, number];
    expect((to - from) / HOUR).toBe(hours);
    expect(barEdges(from, to, bucketFor(7 * DAY), zone).length - 1).toBe(hours);
    const six = barEdges(from, to, bucketFor(30 * DAY), zone);
    expect(six.slice(1).map((edge, i) => (edge - six[i]!) / HOUR)).toEqual(quarters);
    expect(six.slice(0, 4).map((edge) => localHour(edge, zone))).toEqual([0, 6, 12, 18]);
  });

  it('begins months and weeks by the local calendar', () => {
    const months = barEdges(Date.UTC(2026, 0, 15), Date.UTC(2026, 5, 1), { ask: 'month', unit: 'month', step: 30 * DAY }, 'Europe/Berlin');
    expect(months.map((ms) => `${localOf(ms, 'Europe/Berlin').month}.${localOf(ms, 'Europe/Berlin').day} ${localOf(ms, 'Europe/Berlin').hour}`)).toEqual(
      ['1.1 0', '2.1 0', '3.1 0', '4.1 0', '5.1 0', '6.1 0', '7.1 0'].slice(0, months.length),
    );
    const weeks = barEdges(Date.UTC(2026, 2, 20), Date.UTC(2026, 3, 10), { ask: 'week', unit: 'week', step: 7 * DAY }, 'Europe/Berlin');
    expect(weeks.every((ms) => localOf(ms, 'Europe/Berlin').weekday === 1)).toBe(true);
  });
});
