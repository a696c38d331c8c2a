import { afterEach, expect, test, vi } from 'vitest';
import { ApiError } from '../../lib/api';
import { countOf, deleteTarget, exportLinks, queriesOf, tagAll, type Target } from './bulk';

const calls: string[] = [];
function server(answer: (method: string, url: string) => { status?: number; body?: unknown }): void {
  calls.length = 0;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const method = init.method ?? 'GET';
    calls.push(`${method} ${decodeURIComponent(url)}`);
    const { status = 200, body } = answer(method, url);
    return new Response(status === 204 ? null : JSON.stringify(body), { status });
  });
}
afterEach(() => void vi.unstubAllGlobals());

const all: Target = { kind: 'all', query: { camid: '7', start: '2026-11-22T00:00:00Z' }, anchor: 100, excluded: [40, 41], total: 90 };

test('picked events go by id, a thousand at a time', () => {
  const target: Target = { kind: 'ids', ids: Array.from({ length: 2500 }, (_, i) => i + 1) };
  expect(queriesOf(target).map((q) => String(q['ids']).split(',').length)).toEqual([1000, 1000, 500]);
  expect(countOf(target)).toBe(2500);
});

test('all that match go by filters and anchor, around what was unticked', () => {
  expect(countOf(all)).toBe(88);
  expect(queriesOf(all)).toEqual([
    { camid: '7', start: '2026-11-22T00:00:00Z', before_id: 39 },
    { camid: '7', start: '2026-11-22T00:00:00Z', before_id: 100, after_id: 41 },
  ]);
});

test('export links are plain addresses', () => {
  expect(exportLinks({ kind: 'ids', ids: [3, 1] }, 'csv')).toEqual(['/api/v2/storage/events/export/?format=csv&ids=3%2C1']);
  expect(exportLinks({ kind: 'ids', ids: [3] }, 'ndjson')).toEqual(['/api/v2/storage/events/export/?ids=3']);
});

test('a small delete is done at once', async () => {
  server(() => ({ body: { deleted: 4 } }));
  const seen: number[] = [];
  expect(await deleteTarget({ kind: 'ids', ids: [1, 2, 3, 4] }, (n) => seen.push(n), { asked: false })).toEqual({ deleted: 4, stopped: false });
  expect(calls).toEqual(['DELETE /api/v2/storage/events/?ids=1,2,3,4']);
  expect(seen).toEqual([4]);
});

test('a large delete is a job that is followed and can be stopped', async () => {
  vi.useFakeTimers();
  const stop = { asked: false };
  let polls = 0;
  server((method, url) => {
    if (url.includes('/jobs/9/')) {
      if (method === 'DELETE') return { status: 204 };
      polls += 1;
      return { body: { id: 9, done: 1000 * polls, total: 5000, state: polls > 2 ? 'stopped' : 'running' } };
    }
    return { status: 202, body: { id: 9, done: 0, total: 5000, state: 'running' } };
  });
  const seen: number[] = [];
  const work = deleteTarget({ ...all, excluded: [] } as Target, (n) => {
    seen.push(n);
    if (n === 1000) stop.asked = true;
  }, stop);
  await vi.advanceTimersByTimeAsync(5000);
  expect(await work).toEqual({ deleted: 3000, stopped: true });
  expect(calls).toContain('DELETE /api/admin/v1/jobs/9/');
  expect(seen).toEqual([0, 1000, 2000, 3000]);
  vi.useRealTimers();
});

test('one event that refuses a tag does not stop the others; a lost right does', async () => {
  server((_, url) => (url.includes('/2/') ? { status: 404, body: { errorType: 'event_not_found', errorDetail: 'gone' } } : { status: 201, body: {} }));
  const result = await tagAll([1, 2, 3], 'a', '', () => {}, { asked: false });
  expect(result).toEqual({ done: 3, failures: [{ id: 2, reason: 'gone' }] });
  server(() => ({ status: 403, body: { errorType: 'access_deny', errorDetail: 'no' } }));
  await expect(tagAll([1, 2], 'a', '', () => {}, { asked: false })).rejects.toBeInstanceOf(ApiError);
  expect(calls).toHaveLength(1);
});
