import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketFor } from './buckets';
import { addEvent, edgesOf, familySums, foldBars, gridLines, growBars, snap, sumIn, ticks } from './histogram';
import { pan, withRange, zoom } from './range';
import { tickText } from './range-text';
import type { Family } from './types';
import { noFilters } from './url';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2026, 10, 21, 20, 14);
const NOW = T0 + DAY;
const family = (name: string): Family => (name === 'person' ? 'person' : 'motion');
const row = (at: number, groups: Record<string, number>) => ({ time: new Date(at).toISOString(), count: Object.values(groups).reduce((a, b) => a + b, 0), groups });

describe('bars', () => {
  const range = { from: T0, to: NOW };
  const bars = () => foldBars([row(T0 - 4 * 60_000, { motion: 2, pir: 1 }), row(T0 + 6 * HOUR, { person: 5 })], range, bucketFor(DAY), 'UTC', family);

  it('hold the server’s numbers by family', () => {
    const b = bars();
    expect(b.list).toHaveLength(145);
    expect(b.list[0]).toMatchObject({ from: T0 - 4 * 60_000, total: 3, families: { motion: 3 }, names: { motion: 2, pir: 1 } });
    expect([...familySums(b, ['motion', 'person'])]).toEqual([['motion', 3], ['person', 5]]);
    expect(sumIn(b, { from: b.list[0]!.from, to: b.list.at(-1)!.to })).toBe(8);
  });

  it('add hours up into quarters of the local day', () => {
    const day = Date.UTC(2026, 9, 24, 22); // 25 October in Berlin: 25 hours
    const hours = Array.from({ length: 25 }, (_, i) => row(day + i * HOUR, { motion: 1 }));
    const b = foldBars(hours, { from: day, to: day + 25 * HOUR }, bucketFor(30 * DAY), 'Europe/Berlin', family);
    expect(b.list.map((bar) => bar.total)).toEqual([7, 6, 6, 6]);
  });

  it('put what is ahead of now into a bar of its own', () => {
    const b = foldBars([row(NOW + 3 * HOUR, { motion: 4 }), row(NOW - HOUR, { motion: 1 })], range, bucketFor(DAY), 'UTC', family);
    expect(b.ahead).toMatchObject({ total: 4, to: NOW + 3 * HOUR });
    expect(addEvent(b, NOW + 5 * HOUR, 'motion', 'motion')).toBe(true);
    expect(b.ahead?.total).toBe(5);
    expect(addEvent(b, T0 - DAY, 'motion', 'motion')).toBe(false);
  });

  it('grow with the clock and keep their length', () => {
    const b = bars();
    growBars(b, NOW + 25 * 60_000, T0 + 25 * 60_000);
    expect(b.list.at(-1)!.to).toBeGreaterThan(NOW + 25 * 60_000);
    expect(b.list[0]!.to).toBeGreaterThan(T0 + 25 * 60_000);
    expect(b.list).toHaveLength(145);
  });

  it('never lose an event of the range', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: T0, max: NOW + DAY })), (times) => {
        const b = foldBars([], range, bucketFor(DAY), 'Europe/Berlin', family);
        for (const at of times) addEvent(b, at, 'motion', 'motion');
        const sum = b.list.reduce((n, bar) => n + bar.total, 0) + (b.ahead?.total ?? 0);
        expect(sum).toBe(times.length);
      }),
    );
  });

  it('snap to their edges', () => {
    const edges = edgesOf(bars());
    expect(snap(T0 + 90_000, edges)).toBe(T0 + 6 * 60_000 - 10 * 60_000 + 10 * 60_000);
    expect(edges).toContain(snap(T0 + 7.3 * HOUR, edges));
  });
});

it('draws two round grid lines', () => {
  expect(gridLines(0)).toEqual([1, 2]);
  expect(gridLines(1)).toEqual([1, 2]);
  expect(gridLines(650)).toEqual([400, 800]);
  expect(gridLines(1750)).toEqual([1000, 2000]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (most) => {
      const [half, top] = gridLines(most);
      expect(top).toBe(2 * half);
      expect(top).toBeGreaterThanOrEqual(most);
      expect(Number.isInteger(half)).toBe(true);
      expect(top).toBeLessThanOrEqual(Math.max(2, 2 * most));
    }),
  );
});

describe('ticks', () => {
  const text = (from: number, to: number, most: number, zone: string) => ticks({ from, to }, most, zone).map((tick) => tickText(tick, { from, to }, zone));

  it('stand on full local hours', () => {
    expect(text(T0, NOW, 9, 'Europe/Berlin')).toEqual(['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00']);
  });

  it('tell the two equal hours apart', () => {
    const from = Date.UTC(2026, 9, 24, 22);
    expect(text(from, from + 5 * HOUR, 8, 'Europe/Berlin')).toEqual(['00:00', '01:00', '02:00', '02:00′', '03:00', '04:00']);
    expect(text(from, from + 25 * HOUR, 9, 'Europe/Berlin')).toEqual(
      ['00:00', '02:00', '02:00′', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00', '00:00'],
    );
    expect(text(Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 2, 29, 3), 4, 'Europe/Berlin')).toEqual(['00:00', '01:00', '03:00', '04:00', '05:00']);
  });

  it('are days, months and years for long ranges', () => {
    expect(text(Date.UTC(2026, 10, 1), Date.UTC(2026, 10, 5), 5, 'UTC')).toEqual(['1 Nov', '2 Nov', '3 Nov', '4 Nov', '5 Nov']);
    expect(text(Date.UTC(2025, 10, 1), Date.UTC(2026, 2, 5), 6, 'UTC')).toEqual(['Nov', 'Dec', '2026', 'Feb', 'Mar']);
  });

  it('never are more than asked for, within a clock change', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 4000 * DAY }), fc.integer({ min: 2, max: 20 }), fc.integer({ min: 0, max: 2e12 }), (span, most, from) => {
        expect(ticks({ from, to: from + span }, most, 'Europe/Berlin').length).toBeLessThanOrEqual(most + 3);
      }),
      { numRuns: 60 },
    );
  });
});

describe('moving the range', () => {
  const bounds = { first: NOW - 100 * DAY, now: NOW };
  const day = { from: NOW - 5 * DAY, to: NOW - 4 * DAY };

  it('keeps what is under the pointer in place', () => {
    const about = day.from + 0.25 * DAY;
    const next = zoom(day, about, 0.5, bounds);
    expect(next.to - next.from).toBe(DAY / 2);
    expect((about - next.from) / (next.to - next.from)).toBeCloseTo(0.25);
  });

  it('stays between the first event and now, and over a minute', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: -500 * DAY, max: 500 * DAY }), (factor, share, by) => {
        const zoomed = zoom(day, day.from + share * DAY, factor, bounds);
        const next = pan(zoomed, by, bounds);
        expect(next.to).toBeLessThanOrEqual(NOW + 1);
        expect(next.from).toBeGreaterThanOrEqual(bounds.first - 1);
        expect(next.to - next.from).toBeGreaterThanOrEqual(60_000 - 1);
      }),
    );
  });

  it('becomes a moving range where it is one', () => {
    const f = noFilters();
    expect(withRange(f, { from: NOW - DAY, to: NOW }, bounds)).toMatchObject({ last: '24h', from: null, to: null });
    expect(withRange(f, { from: bounds.first, to: NOW }, bounds)).toMatchObject({ last: 'all' });
    expect(withRange(f, { from: NOW - 2 * DAY, to: NOW + 400 }, bounds)).toMatchObject({ last: null, from: Math.round((NOW - 2 * DAY) / 600_000) * 600_000, to: null });
    expect(withRange(f, { from: NOW - 2 * HOUR, to: NOW - HOUR }, bounds)).toMatchObject({ last: null, from: NOW - 2 * HOUR, to: NOW - HOUR - 1 });
  });
});
