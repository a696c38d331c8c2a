import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError } from './api';
import { closeToast, failed, holdToasts, releaseToasts, toast, toasts } from './toasts.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  for (const { id } of toasts.list) closeToast(id);
  vi.useRealTimers();
});
const texts = () => toasts.list.map(({ text }) => text);

it('goes after six seconds, not while held', () => {
  toast({ text: 'a' });
  vi.advanceTimersByTime(5000);
  holdToasts();
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(['a']);
  releaseToasts();
  vi.advanceTimersByTime(6000);
  expect(texts()).toEqual([]);
});

it('shows three at most, and the same words once', () => {
  for (const text of ['a', 'b', 'b', 'c', 'd']) toast({ text });
  expect(texts()).toEqual(['b', 'c', 'd']);
});

it('keeps errors until closed, with their code', () => {
  failed(new ApiError(409, 'last_admin', 'the last administrator stays'));
  failed(new DOMException('gone', 'AbortError'));
  failed(new ApiError(401, 'invalid_auth', 'no session'));
  vi.advanceTimersByTime(60_000);
  expect(toasts.list).toMatchObject([{ kind: 'error', text: 'the last administrator stays', code: 'last_admin' }]);
});
