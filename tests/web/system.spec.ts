// The server itself: what fills the disk, how it does, what it says.
import { readFile } from 'node:fs/promises';
import { choose, expect, expectNoFailure, test, watch } from './site.ts';

test('storage says what fills the disk and for how long it lasts', async ({ admin, site }) => {
  const body = await site.api.call<{ events: { count: number }; by_camera: { name: string; count: number }[] }>('GET', '/api/admin/v1/storage/');
  expect(body.events.count).toBeGreaterThanOrEqual(2_000);
  await admin.goto(`${site.server.url}/storage`);
  const disk = admin.getByRole('region', { name: 'Disk', exact: true });
  await expect(disk).toContainText(/\d+\s%\s*used/);
  await expect(disk).toContainText(body.events.count.toLocaleString('en'));
  await expect(disk).toContainText(/Oldest event\s*\d{4}-\d\d-\d\d/);
  await expect(admin.getByRole('region', { name: 'Forecast', exact: true })).toContainText(/at this rate: [\d,]+ events? a day/);
  await expectNoFailure(admin);

  // The tables add up to the same and can be turned.
  const cameras = admin.getByRole('table', { name: 'By camera', exact: true });
  for (const { name, count } of body.by_camera.slice(0, 4)) {
    await expect(cameras.getByRole('row').filter({ hasText: name }).first()).toContainText(count.toLocaleString('en'));
  }
  await expect(admin.getByRole('table', { name: 'By type', exact: true }).getByRole('row').filter({ hasText: 'Person' }).first()).toBeVisible();
  const names = async (): Promise<string[]> => cameras.getByRole('rowgroup').nth(1).getByRole('row').evaluateAll((rows) => rows.map((row) => row.firstElementChild?.textContent?.trim() ?? ''));
  await cameras.getByRole('columnheader', { name: /Camera/ }).getByRole('button').click();
  await expect(admin).toHaveURL(/camera_sort=name/);
  const sorted = await names();
  expect(sorted).toEqual(sorted.toSorted((a, b) => a.localeCompare(b, 'en')));
  await admin.reload();
  await expect.poll(names).toEqual(sorted); // the rows come after the page
});

test('the checks are well', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/system`);
  const { version } = await site.api.call<{ version: string }>('GET', '/api/admin/v1/system/');
  await expect(admin.getByRole('region', { name: 'Version', exact: true })).toContainText(version);
  const checks = admin.getByRole('region', { name: 'Checks', exact: true });
  for (const name of ['Writes', 'Disk', 'Clock', 'Records', 'Index', 'Backup']) {
    await expect(checks.getByRole('listitem').filter({ hasText: name }).first()).toContainText(/\bok\b/);
  }
});

for (const name of ['API reference', 'OpenAPI document', 'Metrics']) {
  test(`the link ${name} leads to it`, async ({ admin, site }) => {
    await admin.goto(`${site.server.url}/system`);
    const link = admin.getByRole('region', { name: 'Links', exact: true }).getByRole('link', { name, exact: true });
    const opening = admin.waitForEvent('popup');
    await link.click();
    const popup = await opening;
    const { complaints } = watch(popup);
    const response = await popup.reload();
    expect(response?.status()).toBe(200);
    await popup.close();
    expect(complaints).toEqual([]);
  });
}

test('the log follows, and is searched without losing the address', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/system`);
  const log = admin.getByRole('log', { name: 'Log', exact: true });
  await expect(log).toContainText(/listening|start/i);
  await expect(admin.getByRole('switch', { name: 'Follow', exact: true })).toBeChecked();

  // When the server has something new to say, then it appears by itself.
  const id = await site.api.camera('Talks nonsense');
  const made = await site.api.call<{ ingest_url: string }>('POST', `/api/admin/v1/cameras/${id}/tokens/`, { access: 'ingest' });
  await expect(log).not.toContainText('a delivery was left out');
  expect((await fetch(made.ingest_url, { method: 'POST', body: 'nothing that any camera says' })).status).toBe(200);
  await expect(log).toContainText('a delivery was left out');
  // And no secret with it.
  await expect(log).not.toContainText(made.ingest_url.split('/').at(-1)!);

  // When it is searched, then only what fits is shown.
  await admin.getByRole('searchbox', { name: 'Search log', exact: true }).fill('no line says this');
  await expect(admin.getByText('No line matches.')).toBeVisible();
  await admin.getByRole('searchbox', { name: 'Search log', exact: true }).fill('');
  await choose(admin, admin.getByRole('combobox', { name: 'Level', exact: true }), 'Errors');
  await expect(admin).toHaveURL(/level=error/);
  await admin.reload();
  await expect(admin.getByRole('combobox', { name: 'Level', exact: true })).toHaveValue('Errors');
});

test('the support bundle is a zip without secrets', async ({ admin, site }) => {
  // Given a token that must not be in it.
  const made = await site.api.call<{ token: string }>('POST', `/api/admin/v1/cameras/${site.cameras['Lobby']}/tokens/`, { access: 'ingest' });
  await admin.goto(`${site.server.url}/system`);
  const waiting = admin.waitForEvent('download');
  await admin.getByRole('button', { name: 'Download support bundle', exact: true }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(/\.zip$/);
  const bytes = await readFile(await download.path());
  expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0x50, 0x4b, 0x03, 0x04]));
  expect(bytes.length).toBeGreaterThan(500);
  expect(bytes.includes(Buffer.from(made.token))).toBe(false);
});

test('a part that fails says so and is tried again', async ({ admin, site }) => {
  // Given a server that cannot tell its storage for once.
  let failing = true;
  await admin.route('**/api/admin/v1/storage/', (route) =>
    failing
      ? route.fulfill({ status: 503, contentType: 'application/json', body: '{"errorType":"storage_failed","errorDetail":"storage failed","status":503}' })
      : route.continue(),
  );
  await admin.goto(`${site.server.url}/storage`);
  const alert = admin.getByRole('main').getByRole('alert');
  await expect(alert).toContainText('storage failed');
  failing = false;
  await alert.getByRole('button', { name: 'Try again', exact: true }).click();
  await expect(admin.getByRole('region', { name: 'Disk', exact: true })).toContainText(/used/);
});
