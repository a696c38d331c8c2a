import { afterEach, expect, it, vi } from 'vitest';
import { api, ApiError, hooks, retryAfter, withQuery } from './api';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  vi.stubGlobal('fetch', vi.fn(async () => new Response(body === null ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers })));
afterEach(() => vi.unstubAllGlobals());
const refusal = (promise: Promise<unknown>) => promise.then(() => null, (error: unknown) => error as ApiError);

it('builds queries: nothing for nothing, commas for lists', () => {
  expect(withQuery('/x', { a: 1, b: null, c: undefined, d: [], e: [7, 8], f: false, g: 'ü&' })).toBe('/x?a=1&e=7%2C8&f=false&g=%C3%BC%26');
  expect(withQuery('/x?y=1', { a: '2' })).toBe('/x?y=1&a=2');
});

it('sends JSON and reads JSON, or nothing', async () => {
  answer(200, { ok: true });
  expect(await api.post('/x', { a: 1 })).toEqual({ ok: true });
  expect(vi.mocked(fetch).mock.calls[0]![1]).toMatchObject({ method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } });
  answer(204, null);
  expect(await api.del('/x')).toBeUndefined();
  expect(vi.mocked(fetch).mock.calls[0]![1]!.headers).not.toHaveProperty('Content-Type');
});

it('throws what the server says, and something readable where it says nothing', async () => {
  answer(403, { errorType: 'wrong_code', errorDetail: 'no', tries_left: 3 });
  expect(await refusal(api.get('/x'))).toMatchObject({ status: 403, code: 'wrong_code', detail: 'no', body: { tries_left: 3 } });
  answer(502, '<html>', { 'Retry-After': '9' });
  expect(await refusal(api.get('/x'))).toMatchObject({ code: 'http_502', detail: 'The server answered with status 502.', retryAfter: 9 });
  answer(200, 'not json');
  expect(await refusal(api.get('/x'))).toMatchObject({ code: 'bad_answer' });
  vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('network'))));
  expect(await refusal(api.get('/x'))).toMatchObject({ status: 0, code: 'offline' });
});

it('tells the session about a 401, but not about a wrong password; and the notices about a full disk', async () => {
  const unauthorized = vi.spyOn(hooks, 'unauthorized');
  const full = vi.spyOn(hooks, 'full');
  answer(401, { errorType: 'wrong_login', errorDetail: '' });
  await refusal(api.post('/x'));
  expect(unauthorized).not.toHaveBeenCalled();
  answer(401, { errorType: 'invalid_auth', errorDetail: '' });
  await refusal(api.get('/x'));
  expect(unauthorized).toHaveBeenCalledOnce();
  answer(507, { errorType: 'storage_full', errorDetail: '' });
  await refusal(api.post('/x'));
  expect(full).toHaveBeenCalledOnce();
});

it('reads both forms of Retry-After', () => {
  expect(retryAfter('120')).toBe(120);
  expect(retryAfter('Sun, 22 Nov 2026 21:00:30 GMT', Date.UTC(2026, 10, 22, 21))).toBe(30);
  expect([retryAfter(null), retryAfter('soon')]).toEqual([undefined, undefined]);
});
