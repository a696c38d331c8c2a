// How the site is doing, on one screen.
import { enter, expect, expectNoFailure, Server, test } from './site.ts';

test('the tiles say how much came, and lead to it', async ({ admin, site }) => {
  const stored = await site.api.call<{ meta: { total_count: number } }>('GET', '/api/v2/storage/events/?limit=1');
  expect(stored.meta.total_count).toBeGreaterThanOrEqual(2_000);
  for (const [name, text] of [
    ['Events per minute', /^\s*Events per minute\s*\d/],
    ['Today', /\d/],
    ['Cameras', /\d+ ok of \d+/],
    ['Disk', /\d+\s%\s*used, .* free/],
  ] as const) {
    await expect(admin.getByRole('region', { name, exact: true })).toContainText(text);
  }
  await expectNoFailure(admin);
  for (const [tile, path] of [
    ['Events per minute', '/events?last=1h'],
    ['Cameras', '/cameras'],
    ['Disk', '/storage'],
  ] as const) {
    await admin.getByRole('region', { name: tile, exact: true }).getByRole('link', { name: tile, exact: true }).click();
    await expect(admin).toHaveURL(site.server.url + path);
    await admin.goBack();
    await expect(admin.getByRole('heading', { level: 1, name: 'Overview', exact: true })).toBeVisible();
  }
});

test('a new event appears by itself, at the top and in the counts', async ({ admin, site }) => {
  await expect(admin.getByRole('status', { name: 'Connection', exact: true })).toHaveText('Live');
  const latest = admin.getByRole('region', { name: 'Latest events', exact: true });
  await expect(latest.getByRole('listitem')).toHaveCount(10);
  const today = admin.getByRole('region', { name: 'Today', exact: true });
  await expect(today).toContainText(/\d/);
  const count = async (): Promise<number> => Number(/Today\s*([\d,]+)/.exec(await today.innerText())?.[1]?.replaceAll(',', ''));
  const before = await count();

  await site.api.events([{ camid: site.cameras['Lobby']!, name: 'person', age_ms: 0, meta: { badge: 'arrived-just-now' } }]);

  await expect(latest.getByRole('listitem').first()).toContainText('arrived-just-now');
  await expect(latest.getByRole('listitem').first()).toContainText('Lobby');
  await expect(latest.getByRole('listitem')).toHaveCount(10);
  await expect.poll(count).toBeGreaterThanOrEqual(before + 1);
});

test('a camera that never sent anything needs attention', async ({ page, site }) => {
  await site.api.camera('Never heard of');
  await enter(page, site);
  const attention = page.getByRole('region', { name: 'Needs attention', exact: true });
  await expect(attention.getByRole('listitem').filter({ hasText: 'Never heard of' })).toContainText('No event yet.');
  await attention.getByRole('link', { name: 'Open Never heard of', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Never heard of', exact: true })).toBeVisible();
});

test('a viewer sees no disk', async ({ viewer }) => {
  await expect(viewer.getByRole('region', { name: 'Cameras', exact: true })).toContainText(/ok of/);
  await expect(viewer.getByRole('region', { name: 'Disk', exact: true })).toHaveCount(0);
  await expectNoFailure(viewer);
});

test('a site without cameras offers to add the first', async ({ page }) => {
  // Given a server with an administrator and nothing else.
  const server = await Server.start();
  try {
    await server.user('admin', 'admin');
    const cookie = await server.logIn('admin');
    await page.context().addCookies([{ ...cookie, url: server.url }]);
    await page.goto(server.url);
    await expect(page.getByText('No camera yet', { exact: true })).toBeVisible();
    // When the button is pressed, then Cameras opens with its dialog.
    await page.getByRole('link', { name: 'Add camera', exact: true }).or(page.getByRole('button', { name: 'Add camera', exact: true })).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
    await expect(page.getByRole('dialog', { name: 'Add camera', exact: true })).toBeVisible();
  } finally {
    await server.destroy();
  }
});
