import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countUpTo, heightOf, indexAt, MAX_HEIGHT, Scaler, topOf, windowOf, type Sizes } from './virtual';

const sizes = fc
  .record({ rows: fc.integer({ min: 1, max: 2_000_000 }), row: fc.constantFrom(44, 80), breaks: fc.array(fc.nat(), { maxLength: 30 }) })
  .map(({ rows, row, breaks }): Sizes => ({
    rows,
    row,
    heads: [...new Set(breaks.map((x) => x % rows))].filter((x) => x > 0).sort((a, b) => a - b),
    head: 32,
  }));

test('rows lie one under the other, heads between them, and every height finds its row', () => {
  fc.assert(
    fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), (s, part) => {
      const y = part * heightOf(s);
      const i = indexAt(y, s);
      const head = s.heads.includes(i) ? s.head : 0;
      expect(topOf(i, s) - head).toBeLessThanOrEqual(y);
      if (i + 1 < s.rows) expect(topOf(i, s) + s.row).toBeGreaterThanOrEqual(Math.floor(y) - s.head - s.row);
      if (i + 1 < s.rows) expect(topOf(i + 1, s) - topOf(i, s)).toBe(s.row + (s.heads.includes(i + 1) ? s.head : 0));
    }),
  );
});

test('few rows are in the document, and all that can be seen are', () => {
  fc.assert(
    fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 100, max: 1400 }), (s, part, view) => {
      const y = part * Math.max(0, heightOf(s) - view);
      const { from, to } = windowOf(y, view, s);
      expect(to - from).toBeLessThan(80);
      expect(from === 0 || topOf(from, s) < y).toBe(true);
      expect(to === s.rows || topOf(to, s) >= y + view).toBe(true);
    }),
  );
});

test('above the list (the head of a phone page) the first rows are there', () => {
  expect(windowOf(-300, 600, { rows: 1000, row: 80, heads: [], head: 0 })).toEqual({ from: 0, to: 16 });
  expect(windowOf(0, 600, { rows: 0, row: 44, heads: [], head: 0 })).toEqual({ from: 0, to: 0 });
});

test('countUpTo counts', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100)), fc.nat(100), (list, x) => {
      list.sort((a, b) => a - b);
      expect(countUpTo(list, x)).toBe(list.filter((y) => y <= x).length);
    }),
  );
});

const TALL = 44_000_000;
const VIEW = 700;

test('the wheel moves a scaled list by its own pixels, the scrollbar by proportion', () => {
  const scaler = new Scaler();
  scaler.size(TALL, VIEW);
  const half = scaler.scrolled(MAX_HEIGHT / 2);
  expect(half / TALL).toBeCloseTo(0.5, 2);
  expect(scaler.scrolled(MAX_HEIGHT / 2 + 100)).toBe(half + 100);
  expect(scaler.scrolled(MAX_HEIGHT / 2 - 20)).toBe(half - 20);
  expect(scaler.scrolled(MAX_HEIGHT - VIEW)).toBe(TALL - VIEW);
  expect(scaler.scrolled(0)).toBe(0);
});

test('at both ends a pixel is a pixel, and nothing needs mending', () => {
  const scaler = new Scaler();
  scaler.size(TALL, VIEW);
  for (let real = 0; real < 900_000; real += 100) {
    expect(scaler.scrolled(real)).toBe(real);
    expect(scaler.drift()).toBe(0);
  }
  scaler.scrolled(MAX_HEIGHT - VIEW);
  for (let up = 0; up < 900_000; up += 100) {
    expect(Math.abs(scaler.scrolled(MAX_HEIGHT - VIEW - up) - (TALL - VIEW - up))).toBeLessThanOrEqual(1);
    expect(scaler.stuck()).toBe(false);
  }
});

test('placing and reading back agree to the pixel, for every list', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 200_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (tall, part) => {
      const scaler = new Scaler();
      scaler.size(tall, VIEW);
      const wanted = Math.round(part * (tall - VIEW));
      const real = scaler.place(wanted);
      expect(real).toBeLessThanOrEqual(MAX_HEIGHT);
      expect(scaler.scrolled(real)).toBe(wanted);
      expect(scaler.drift()).toBeLessThan(1);
    }),
  );
});

test('wheeling on and on drifts, is mended, and reaches both ends', () => {
  const scaler = new Scaler();
  scaler.size(TALL, VIEW);
  for (const step of [-100, 100]) {
    let real = scaler.place(TALL / 2);
    let y = TALL / 2;
    for (let i = 0; i < 500_000 && y > 0 && y < TALL - VIEW; i++) {
      const to = Math.min(MAX_HEIGHT - VIEW, Math.max(0, real + step));
      const next = scaler.scrolled(to);
      // At the very edge less is left than a step, never more is made of it.
      if (Math.abs(next - y) > 100 || Math.sign(next - y) === -Math.sign(step)) throw new Error(`${y} to ${next}`);
      y = next;
      real = scaler.stuck() ? scaler.place(y) : to;
    }
    expect(y).toBe(step < 0 ? 0 : TALL - VIEW);
  }
});
