import { describe, expect, it } from 'vitest';
import { diskParts, sorted, tooSmall, type StorageBody } from './storage';

const body: StorageBody = {
  disk: { total: 1000, free: 400, reserve: 50 },
  files: { events: 300, pictures: 0, journal: 20, other: 5, free_inside: 10 },
  events: { count: 10, oldest: null, newest: null, bytes_per_event: 30 },
  rate_per_day: 1,
  days_fit: 41,
  retention_days: 90,
  by_camera: [],
  by_type: [],
};

describe('storage', () => {
  it('draws the whole disk, the reserve within what is free', () => {
    const parts = diskParts(body);
    expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(1000);
    expect(Object.fromEntries(parts.map((part) => [part.kind, part.bytes]))).toEqual({
      events: 300, pictures: 0, journal: 20, other: 280, free: 350, reserve: 50,
    });
  });

  it('does not draw less than nothing on a disk that is nearly full', () => {
    const full = diskParts({ ...body, disk: { total: 1000, free: 10, reserve: 50 } });
    expect(full.every((part) => part.bytes >= 0)).toBe(true);
  });

  it('warns when less fits than is asked for', () => {
    expect(tooSmall(body)).toBe(true);
    expect(tooSmall({ ...body, days_fit: 90 })).toBe(false);
    expect(tooSmall({ ...body, retention_days: 0 })).toBe(false);
    expect(tooSmall({ ...body, days_fit: null })).toBe(false);
  });

  it('sorts both ways, without events last', () => {
    const shares = [
      { name: 'b', count: 1, bytes: 1, oldest: null, newest: null },
      { name: 'a', count: 2, bytes: 2, oldest: '2026-01-01T00:00:00Z', newest: null },
    ];
    const names = (by: string): string => sorted(shares, by, (share) => share.name).map((share) => share.name).join('');
    expect(names('name')).toBe('ab');
    expect(names('-count')).toBe('ab');
    expect(names('count')).toBe('ba');
    expect(names('oldest')).toBe('ab');
  });
});
