import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { feedClock, serverNow } from './clock.svelte';

const HOUR = 3_600_000;
const t0 = Date.UTC(2026, 10, 22, 21);
beforeEach(() => vi.useFakeTimers({ now: t0 }));
afterEach(() => vi.useRealTimers());
const date = (ms: number) => new Date(ms).toUTCString();

it('shows the server time on a laptop whose clock is an hour off, closer with each answer', () => {
  feedClock(date(t0 + HOUR), t0, t0 + 50);
  expect(Math.abs(serverNow() - (t0 + HOUR))).toBeLessThanOrEqual(1000);
  for (let i = 1; i < 40; i += 1) feedClock(date(Math.floor((t0 + HOUR + i * 130) / 1000) * 1000), t0 + i * 130 - 5, t0 + i * 130 + 5);
  expect(Math.abs(serverNow() - (t0 + HOUR))).toBeLessThanOrEqual(150);
});

it('starts anew when one of the clocks was set', () => {
  feedClock(date(t0 - 2 * HOUR), t0, t0);
  expect(Math.abs(serverNow() - (t0 - 2 * HOUR))).toBeLessThanOrEqual(1000);
});

it('leaves a right clock alone, and ignores a missing header', () => {
  feedClock(date(t0), t0, t0 + 20);
  feedClock(null, 0, 0);
  feedClock('nonsense', 0, 0);
  expect(serverNow()).toBe(t0);
});
