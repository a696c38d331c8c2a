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

test('events are not said to be kept for ever where a rule ends that', async () => {
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify({ count: 0, by_age: 0, exact: true, oldest: null }), { status: 200 }));
  render(RetentionPreview, { days: 0, maxBytes: 0, roomPercent: 0, rules: [{ camid: 1, name: null, days: 7 }], valid: true, changed: false });
  const status = screen.getByRole('status', { name: 'Retention preview' });
  await vi.waitFor(() => expect(status.textContent).toBe('Removes nothing now.'));
});

test('rules are tried as a whole, by age alone', async () => {
  const sent: [string, unknown][] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    sent.push([`${init.method} ${url}`, JSON.parse(String(init.body))]);
    return new Response(JSON.stringify({ count: 1, by_age: 1, exact: false, oldest: null }), { status: 200 });
  });
  const tried = [{ camid: 1, name: null, days: 7 }];
  render(RetentionPreview, { tried, valid: true, changed: true });
  await vi.waitFor(() => expect(screen.getByRole('status', { name: 'Retention preview' }).textContent).toBe('Removes about 1 event.'));
  expect(sent).toEqual([['POST /api/admin/v1/retention/preview/', { max_bytes: 0, room_percent: 0, rules: tried }]]);
});
