import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import RetentionPreview from './RetentionPreview.svelte';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const FOR_EVER = 'Removes nothing: events are kept for ever.';

/** What it says of these settings, of which the server says that so many events go. */
async function told(asked: { days: number; maxBytes: number; roomPercent: number }, count: number): Promise<string> {
  const urls: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    urls.push(url);
    const body = { days: asked.days, cutoff: '', count, by_age: count, by_size: 0, by_room: 0, exact: true, oldest: null, newest: null };
    return new Response(JSON.stringify(body), { status: 200 });
  });
  render(RetentionPreview, { ...asked, valid: true, changed: true });
  const status = screen.getByRole('status', { name: 'Retention preview' });
  await vi.waitFor(() => expect(status.getAttribute('aria-busy')).toBe('false'));
  expect(urls).toEqual([
    `/api/admin/v1/retention/preview/?days=${asked.days}&max_bytes=${asked.maxBytes}&room_percent=${asked.roomPercent}`,
  ]);
  const text = status.textContent;
  cleanup();
  return text;
}

test('events are kept for ever only where neither age nor size nor room removes any', async () => {
  expect(await told({ days: 0, maxBytes: 0, roomPercent: 0 }, 0)).toBe(FOR_EVER);
  expect(await told({ days: 0, maxBytes: 0, roomPercent: 10 }, 0)).toBe('Removes nothing now.');
  expect(await told({ days: 0, maxBytes: 2 ** 30, roomPercent: 0 }, 0)).toBe('Removes nothing now.');
  expect(await told({ days: 90, maxBytes: 0, roomPercent: 0 }, 0)).toBe('Removes nothing now.');
});

test('what rules for some cameras remove is told, whatever holds for the rest', async () => {
  expect(await told({ days: 0, maxBytes: 0, roomPercent: 0 }, 3)).toBe('Removes 3 events.');
});
