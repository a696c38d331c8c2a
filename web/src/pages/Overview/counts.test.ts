import { expect, test } from 'vitest';

import type { StreamItem } from '../../lib/stream.svelte';
import type { Bucket } from '../../lib/types';
import { byFamily, hourStart, minutes, withItems } from './counts';

const NOW = Date.parse('2026-11-22T20:14:07Z');
const event = (time: string, name = 'motion'): StreamItem => ({ kind: 'event', event: { id: 1, camid: 1, name, time } });

test('the hour is sixty minutes and ends with the one that runs', () => {
  const start = hourStart(NOW);
  expect(new Date(start).toISOString()).toBe('2026-11-22T19:15:00.000Z');
  const counts = minutes([{ time: '2026-11-22T20:14:00+00:00', count: 3 }, { time: '2026-11-22T20:15:00+01:00', count: 2 }], start);
  expect([counts.length, counts[59], counts[0]]).toEqual([60, 3, 2]);
});

test('families, most first', () => {
  const buckets: Bucket[] = [
    { time: 'x', count: 5, groups: { motion: 1, person: 3, face: 1 } },
    { time: 'y', count: 2, groups: { motion: 1, forklift: 1 } },
  ];
  expect(byFamily(buckets)).toEqual([
    { family: 'person', n: 4 },
    { family: 'motion', n: 2 },
    { family: 'custom', n: 1 },
  ]);
});

test('events of the stream are added where they belong', () => {
  const start = Date.parse('2026-11-22T20:00:00Z');
  const first = [{ time: '2026-11-22T20:00:00Z', count: 1, groups: { motion: 1 } }];
  const after = withItems(
    first,
    [event('2026-11-22T20:59:59'), event('2026-11-22T21:00:00', 'face'), event('2026-11-22T19:59:59'), { kind: 'removed', id: 1 }],
    3_600_000,
    start,
    start + 2 * 3_600_000,
  );
  expect(after).toEqual([
    { time: '2026-11-22T20:00:00Z', count: 2, groups: { motion: 2 } },
    { time: '2026-11-22T21:00:00.000Z', count: 1, groups: { face: 1 } },
  ]);
  expect(first[0]!.count).toBe(1);
});
