import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventObject, Page } from '../../lib/types';
import { around, aroundQueries, micros, printMicros } from './within';

const event = (id: number, us: number): EventObject => ({ id, camid: 1, name: 'motion', time: printMicros(us).replace('Z', '') });
const page = (objects: EventObject[], total = objects.length): Page<EventObject> => ({
  meta: { limit: 21, offset: 0, next: null, previous: null, total_count: total },
  objects,
});

test('microseconds survive printing and reading', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (us) => {
    expect(micros(printMicros(us))).toBe(us);
  }));
});

test('both queries together cover the two minutes once', () => {
  const [before, after] = aroundQueries(event(5, 1_800_000_000_000_250));
  expect(micros(String(before['end'])) + 1).toBe(micros(String(after['start'])));
  expect(micros(String(after['end'])) - micros(String(before['start']))).toBe(120_000_000);
});

test('the twenty nearest, in order of time, without the event itself', () => {
  const at = 1_800_000_000_000_000;
  const self = event(100, at);
  const before = Array.from({ length: 21 }, (_, i) => event(i + 1, at - (i + 1) * 1_000_000));
  const after = [self, ...Array.from({ length: 20 }, (_, i) => event(200 + i, at + (i + 1) * 500_000))];
  const found = around(self, page(before, 30), page(after, 40));
  expect(found.total).toBe(69);
  expect(found.rows).toHaveLength(20);
  expect(found.rows.some(({ event: e }) => e.id === 100)).toBe(false);
  expect(found.rows.map(({ by }) => by)).toEqual([...found.rows.map(({ by }) => by)].sort((a, b) => a - b));
  expect(Math.max(...found.rows.map(({ by }) => Math.abs(by)))).toBeLessThanOrEqual(7000);
});
