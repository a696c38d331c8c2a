import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HELD, PAGE, pathOf, Pages, SETTLE_MS, type PageAnswer } from './pages';

interface Row {
  id: number;
  at: number;
}

/** A server with anchored paging as the contract has it, newest first. */
class Server {
  rows: Row[];
  asked: string[] = [];
  fail = new Set<number>();
  constructor(n: number) {
    this.rows = Array.from({ length: n }, (_, i) => ({ id: i + 1, at: (i + 1) * 1_000_000 }));
  }
  sorted(before: number): Row[] {
    return this.rows.filter((row) => row.id <= before).sort((a, b) => b.at - a.at || b.id - a.id);
  }
  add(at: number): void {
    this.rows.push({ id: Math.max(0, ...this.rows.map((row) => row.id)) + 1, at });
  }
  load = async (url: string, signal: AbortSignal): Promise<PageAnswer<Row>> => {
    this.asked.push(url);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (signal.aborted) throw new DOMException('', 'AbortError');
    const q = new URLSearchParams(url.split('?')[1]);
    if (this.fail.delete(this.asked.length)) throw new Error('no');
    const newest = Math.max(0, ...this.rows.map((row) => row.id));
    const anchor = Number(q.get('before_id') ?? newest);
    const all = this.sorted(anchor);
    const limit = Number(q.get('limit'));
    const after = q.get('after')?.split('-').map(Number);
    const start = after
      ? all.findIndex((row) => row.at < after[0]! || (row.at === after[0]! && row.id < after[1]!))
      : Number(q.get('offset') ?? 0);
    const objects = start < 0 ? [] : all.slice(start, start + limit);
    const more = start >= 0 && start + limit < all.length;
    const last = objects.at(-1);
    const next = more && last ? `http://elsewhere:9/list?before_id=${anchor}&after=${last.at}-${last.id}&total=${all.length}&limit=${limit}&offset=0` : null;
    return { meta: { total_count: all.length, next }, objects };
  };
}

function open(server: Server): Pages<Row> {
  return new Pages<Row>({
    first: '/list?x=1',
    load: server.load,
    id: (row) => row.id,
    place: (row) => row.at,
    descending: true,
    onchange: () => {},
  });
}
const quiet = (): Promise<unknown> => vi.advanceTimersByTimeAsync(SETTLE_MS * 4);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('only path and query of next are used', () => {
  expect(pathOf('https://evil.example:1/a/?b=1&c=%2C')).toBe('/a/?b=1&c=%2C');
  expect(pathOf('/a/?b=1')).toBe('/a/?b=1');
});

test('pages follow next, at the anchor, whatever arrives', async () => {
  const server = new Server(450);
  const pages = open(server);
  await quiet();
  expect(pages.total).toBe(450);
  expect(pages.anchor).toBe(450);
  for (let i = 0; i < 20; i++) server.add(10_000_000 + i);
  for (let at = 0; at < 450; at += 30) {
    pages.need(at, at + 20);
    await quiet();
  }
  expect(pages.loaded().map(({ row }) => row.id)).toEqual(Array.from({ length: 450 }, (_, i) => 450 - i));
  expect(server.asked.slice(1).every((url) => url.includes('after='))).toBe(true);
});

test('a fling to the middle of a million rows loads what is there, by offset and anchor', async () => {
  const server = new Server(3);
  const million = 1_000_000;
  const asked: string[] = [];
  server.load = async (url) => {
    asked.push(url);
    const q = new URLSearchParams(url.split('?')[1]);
    const offset = Number(q.get('offset') ?? 0);
    const objects = Array.from({ length: PAGE }, (_, i) => ({ id: million - offset - i, at: million - offset - i }));
    return { meta: { total_count: million, next: `/list?before_id=${million}&after=${objects.at(-1)!.at}-${objects.at(-1)!.id}` }, objects };
  };
  const pages = open(server);
  await quiet();
  for (let at = 1000; at < 500_000; at += 9_973) {
    pages.need(at, at + 20);
    await vi.advanceTimersByTimeAsync(16);
  }
  pages.need(500_030, 500_045);
  await quiet();
  expect(asked).toHaveLength(2);
  expect(new URLSearchParams(asked[1]!.split('?')[1]).get('offset')).toBe('500000');
  expect(new URLSearchParams(asked[1]!.split('?')[1]).get('before_id')).toBe(String(million));
  expect(pages.row(500_050)?.id).toBe(million - 500_050);
  expect(pages.at(400_000).state).toBe('loading');
});

test('at most twenty pages are held, and a dropped one comes back by the same address', async () => {
  const server = new Server(4000);
  const pages = open(server);
  await quiet();
  for (let at = 0; at < 4000; at += 50) {
    pages.need(at, Math.min(3999, at + 15));
    await quiet();
    expect(pages.heldPages).toBeLessThanOrEqual(HELD);
  }
  expect(pages.at(150).state).toBe('loading');
  const before = server.asked.filter((url) => url === server.asked[1]).length;
  pages.need(150, 165);
  await quiet();
  expect(pages.row(150)?.id).toBe(4000 - 150);
  expect(server.asked.filter((url) => url === server.asked[1])).toHaveLength(before + 1);
});

test('a failed page says so and comes on retry', async () => {
  const server = new Server(300);
  const pages = open(server);
  await quiet();
  server.fail.add(2);
  pages.need(80, 99);
  await quiet();
  expect(pages.at(120).state).toBe('failed');
  expect(pages.row(50)).not.toBeNull();
  pages.retry();
  await quiet();
  expect(pages.row(120)?.id).toBe(180);
});

test('a failed first page is an error of the list', async () => {
  const server = new Server(3);
  server.fail.add(1);
  const pages = open(server);
  await quiet();
  expect(pages.total).toBeNull();
  expect(pages.error).toBeInstanceOf(Error);
  pages.retry();
  await quiet();
  expect(pages.error).toBeNull();
  expect(pages.total).toBe(3);
});

test('rows stay where they are when others are deleted between two reads of a page', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 2600 }), { maxLength: 60 }), async (deleted) => {
      const server = new Server(2600);
      const pages = open(server);
      await quiet();
      const read = async (): Promise<void> => {
        for (let at = 0; at < 2600; at += 60) {
          pages.need(at, Math.min(2599, at + 15));
          await quiet();
        }
      };
      await read();
      server.rows = server.rows.filter((row) => !deleted.includes(row.id));
      for (const id of deleted) if (id > 0) pages.noteRemoved();
      for (let at = 2590; at >= 0; at -= 60) {
        pages.need(at, at + 9);
        await quiet();
      }
      // Inside a page rows may close up; a page never shows what belongs to the next, and nothing is shown twice.
      const shown = pages.loaded();
      expect(new Set(shown.map(({ row }) => row.id)).size).toBe(shown.length);
      for (const { index, row } of shown) expect(Math.floor(index / PAGE)).toBe(Math.floor((2600 - row.id) / PAGE));
    }),
    { numRuns: 15 },
  );
});

test('changes go to the row they are for', async () => {
  const pages = open(new Server(10));
  await quiet();
  expect(pages.indexOf(10)).toBe(0);
  expect(pages.patch(7, (row) => ({ ...row, at: -1 }))).toBe(true);
  expect(pages.row(3)?.at).toBe(-1);
  expect(pages.patch(99, (row) => row)).toBe(false);
});
