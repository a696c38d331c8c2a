import { afterEach, expect, it, vi } from 'vitest';
import { HOLDS_STEP, readHolds, without } from './holds';

afterEach(() => vi.unstubAllGlobals());

/** A server that holds the events 1 to `count`, of which every third is not to be read. */
function holding(count: number): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path);
    const query = new URL(path, 'http://localhost').searchParams;
    const ids = Array.from({ length: count }, (_, i) => i + 1);
    const holds = ids.filter((id) => id > Number(query.get('after_id') ?? 0)).slice(0, Number(query.get('limit')));
    const body = path.startsWith('/api/admin/v1/holds/')
      ? { total_count: count, objects: holds.map((id) => ({ id, held: true, since: '2026-11-22T21:14:07Z', by: 'm.krause' })) }
      : { meta: {}, objects: query.get('ids')!.split(',').map(Number).filter((id) => id % 3).map((id) => ({ id, camid: 1, name: 'motion' })) };
    return new Response(JSON.stringify(body), { status: 200 });
  });
  return asked;
}

it('held events come a page at a time, with what they are', async () => {
  const asked = holding(HOLDS_STEP + 5);
  const first = await readHolds(null);
  expect([first.total, first.list.length, first.more]).toEqual([25, 20, true]);
  expect(first.events.get(1)?.name).toBe('motion');
  expect(first.events.has(3)).toBe(false);
  const all = await readHolds(first);
  expect([all.total, all.list.length, all.more]).toEqual([25, 25, false]);
  expect(all.list.map((hold) => hold.id)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
  expect(all.events.has(1) && all.events.has(25)).toBe(true);
  expect(asked).toHaveLength(4);
});

it('there is nothing behind a page that is the last', async () => {
  holding(HOLDS_STEP);
  expect((await readHolds(null)).more).toBe(false);
});

it('where none is held no event is asked for', async () => {
  const asked = holding(0);
  expect(await readHolds(null)).toEqual({ total: 0, list: [], events: new Map(), more: false });
  expect(asked).toHaveLength(1);
});

it('what was let go is counted off once', async () => {
  holding(3);
  const left = without(await readHolds(null), 2);
  expect([left.total, left.list.map((hold) => hold.id)]).toEqual([2, [1, 3]]);
  expect(without(left, 2)).toEqual(left);
});
