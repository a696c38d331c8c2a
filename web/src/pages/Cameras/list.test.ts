import { describe, expect, it } from 'vitest';
import type { Camera } from '../../lib/types';
import { choose, readState } from './list';

const camera = (id: number, name: string, status: string, count = 0, time: string | null = null) =>
  ({
    id, name, status, count_24h: count, address: `10.0.0.${id}`, vendor: null, model: null,
    last_event: time === null ? null : { id: 1, name: 'motion', time },
  }) as unknown as Camera;

const site = [
  camera(1, 'Yard', 'online', 5, '2026-11-22T10:00:00Z'),
  camera(2, 'Gate', 'quiet', 9, '2026-11-22T09:00:00Z'),
  camera(3, 'Attic', 'disabled'),
];
const names = (query: string) =>
  choose(site, readState(new URLSearchParams(query)), (a, b) => a.localeCompare(b)).map((c) => c.name);

describe('the list of cameras', () => {
  it('is sorted by name unless asked otherwise', () => {
    expect(names('')).toEqual(['Attic', 'Gate', 'Yard']);
    expect(names('sort=last')).toEqual(['Yard', 'Gate', 'Attic']);
    expect(names('sort=count')).toEqual(['Gate', 'Yard', 'Attic']);
    expect(names('sort=nonsense')).toEqual(['Attic', 'Gate', 'Yard']);
  });

  it('shows what the address asks for', () => {
    expect(names('status=attention')).toEqual(['Gate']);
    expect(names('status=disabled')).toEqual(['Attic']);
    expect(names('status=ok')).toEqual(['Yard']);
    expect(names('q=10.0.0.2')).toEqual(['Gate']);
    expect(names('q=%20gate%20')).toEqual(['Gate']);
    expect(names('q=nobody')).toEqual([]);
  });
});
