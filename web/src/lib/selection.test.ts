import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunks, Selection, spansWithout } from './selection.svelte';

test('some: what is ticked counts', () => {
  const s = new Selection();
  s.toggle(5, 0);
  s.add([7, 9]);
  s.toggle(7, 1);
  expect([s.count, s.has(5), s.has(7), s.has(9), s.from]).toEqual([2, true, false, true, 1]);
  s.clear();
  expect([s.count, s.all, s.from]).toEqual([0, false, null]);
});

test('all that match: what is unticked does not count', () => {
  const s = new Selection();
  s.add([1, 2]);
  s.selectAll(48_213);
  expect([s.count, s.has(1), s.has(99)]).toEqual([48_213, true, true]);
  s.toggle(99, 3);
  s.toggle(98, 4);
  s.add([98]);
  expect([s.count, s.has(99), s.has(98)]).toEqual([48_212, false, true]);
  s.forget(1);
  expect(s.count).toBe(48_211);
  s.forget(99);
  expect(s.count).toBe(48_211);
});

test('spans hold every id up to the anchor but the excluded', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), fc.integer({ min: 0, max: 50 }), (excluded, anchor) => {
      const spans = spansWithout(new Set(excluded), anchor);
      const inside = (id: number): number => spans.filter((s) => id > (s.after ?? 0) && id <= s.before).length;
      for (let id = 1; id <= 60; id++) expect(inside(id)).toBe(id <= anchor && !excluded.includes(id) ? 1 : 0);
      expect(spans.every((s) => s.before > (s.after ?? 0))).toBe(true);
    }),
  );
});

test('chunks lose nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), (list, size) => {
      const parts = chunks(list, size);
      expect(parts.flat()).toEqual(list);
      expect(parts.every((part) => part.length > 0 && part.length <= size)).toBe(true);
    }),
  );
});
