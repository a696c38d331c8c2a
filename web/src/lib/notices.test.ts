import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchNotices } from './notices.svelte';
import { session } from './session.svelte';

const MINUTE = 60_000;
let asked: string[];
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.stubGlobal('fetch', vi.fn(async (path: string) => {
    asked.push(path);
    throw new TypeError('no answer');
  }));
  session.state = 'in';
  stop = watchNotices();
});
afterEach(() => {
  stop();
  session.leave();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const sessions = () => asked.filter((path) => path.endsWith('/session/')).length;

it('asks for the session while somebody is there, and lets it end when nobody is', async () => {
  await vi.advanceTimersByTimeAsync(4 * MINUTE + 1000);
  expect(sessions()).toBe(4);
  await vi.advanceTimersByTimeAsync(60 * MINUTE);
  expect(sessions()).toBe(4);
  window.dispatchEvent(new Event('pointerdown'));
  await vi.advanceTimersByTimeAsync(2 * MINUTE);
  expect(sessions()).toBe(6);
});
