import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import type { StreamItem } from '../../lib/stream.svelte';
import { around, BUFFER_MAX, LiveRows, ROWS_MAX, type LiveRow } from './rows.svelte';

const START = Date.parse('2026-11-22T20:00:00Z');
const item = (id: number, camid = 1): StreamItem => ({
  kind: 'event',
  event: { id, camid, name: 'motion', time: new Date(START + id * 100).toISOString() },
});
const items = (from: number, to: number): StreamItem[] => Array.from({ length: to - from + 1 }, (_, i) => item(from + i));
const short = (row: LiveRow) => (row.kind === 'event' ? row.event.id : `${row.kind} ${row.count}`);

let live: LiveRows;
beforeEach(() => {
  live = new LiveRows();
  live.restart([], () => true);
});

test('newest first, in the order of arrival', () => {
  live.take(items(1, 3));
  live.flush();
  expect(live.rows.map(short)).toEqual([3, 2, 1]);
});

test('filters: gaps always belong, empty ones never', () => {
  live.restart([], (event) => event.camid === 2);
  expect(live.take([item(1), item(2, 2), { kind: 'gap', count: 0, from: 1, to: 2 }, { kind: 'gap', count: 9, from: 1, to: 2 }])).toBe(1);
  live.flush();
  expect(live.rows.map(short)).toEqual(['gap 9', 2]);
});

test('begins with what is known, without a highlight', () => {
  live.restart(items(1, 2), () => true);
  expect(live.rows.map((row) => row.kind === 'event' && row.fresh)).toEqual([false, false]);
});

test('an event that is there already is not added again', () => {
  live.restart(items(1, 2), () => true);
  live.take(items(2, 3));
  live.flush();
  expect(live.rows.map(short)).toEqual([3, 2, 1]);
});

describe('held', () => {
  beforeEach(() => (live.held = true));

  test('nothing moves, the pill counts', () => {
    live.take(items(1, 12));
    live.flush();
    expect([live.rows.length, live.waiting]).toEqual([0, 12]);
    live.show();
    expect([live.rows.length, live.waiting]).toEqual([12, 0]);
  });

  test('what was changed or removed while it waits is shown so', () => {
    live.take(items(1, 3));
    live.take([{ kind: 'removed', id: 2 }, { kind: 'updated', event: { id: 3, camid: 1, name: 'person', time: 't' } }]);
    live.flush();
    expect(live.waiting).toBe(2);
    live.show();
    expect(live.rows.map((row) => row.kind === 'event' && [row.event.id, row.event.name])).toEqual([[3, 'person'], [1, 'motion']]);
  });

  test('rows on screen do change in place', () => {
    live.held = false;
    live.take(items(1, 2));
    live.flush();
    live.held = true;
    live.take([{ kind: 'removed', id: 1 }]);
    expect(live.rows.map((row) => row.kind === 'event' && row.gone)).toEqual([false, true]);
  });

  test('what finds no place is counted and becomes a gap', () => {
    live.take(items(1, BUFFER_MAX + 300));
    live.flush();
    expect(live.waiting).toBe(BUFFER_MAX + 300);
    live.show();
    expect(live.rows).toHaveLength(ROWS_MAX);
    expect(short(live.rows[0]!)).toBe(BUFFER_MAX + 300);
    expect(short(live.rows.at(-1)!)).toBe(`gap ${BUFFER_MAX + 300 - (ROWS_MAX - 1)}`);
    expect(around(live.rows, ROWS_MAX - 1)).toEqual({ from: START + 100, to: START + (BUFFER_MAX + 300 - ROWS_MAX + 2) * 100 });
  });
});

test('a burst shows its newest 50 and folds the rest', () => {
  live.take(items(1, 1));
  live.flush();
  live.take(items(2, 363));
  live.flush();
  expect(live.rows).toHaveLength(52);
  expect(live.rows.slice(49).map(short)).toEqual([314, 'more 312', 1]);
  const more = live.rows[50]!;
  expect(more.kind === 'more' && [more.from, more.to]).toEqual([START, START + 31_999]);
});

test('a gap within a burst is not folded away', () => {
  live.take([item(1), { kind: 'gap', count: 7, from: 2, to: 8 }, ...items(9, 80)]);
  live.flush();
  expect(live.rows.map(short).slice(50)).toEqual(['more 23', 'gap 7']);
});

test('the times around a gap are those of its neighbours, in order', () => {
  live.take([item(1), { kind: 'gap', count: 7, from: 2, to: 8 }, item(9)]);
  live.flush();
  expect(around(live.rows, 1)).toEqual({ from: START + 100, to: START + 900 });
  expect(around(live.rows, 0)).toEqual({ from: START + 100, to: null });
  expect(around([], 0)).toEqual({ from: null, to: null });
});

test('nothing is lost and no more than 500 rows are kept, whatever comes', () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 700 }) }),
    fc.constant({ flush: true }),
    fc.constant({ show: true }),
    fc.boolean().map((held) => ({ held })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
      const rows = new LiveRows();
      rows.restart([], () => true);
      let sent = 0;
      for (const one of steps) {
        if ('take' in one) {
          rows.take(items(sent + 1, sent + one.take));
          sent += one.take;
        } else if ('flush' in one) rows.flush();
        else if ('show' in one) rows.show();
        else rows.held = one.held;
        expect(rows.rows.length).toBeLessThanOrEqual(ROWS_MAX);
        expect(new Set(rows.rows.map((row) => row.key)).size).toBe(rows.rows.length);
      }
      rows.held = true;
      rows.flush();
      const told = rows.rows.reduce((n, row) => n + (row.kind === 'event' ? 1 : row.count), 0);
      if (rows.rows.length < ROWS_MAX) expect(told + rows.waiting).toBe(sent);
    }),
    { numRuns: 60 },
  );
});
