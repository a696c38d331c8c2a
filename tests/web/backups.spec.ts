// Backups on the Storage page: made, downloaded, put back by a command, deleted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, expectNoFailure, test } from './site.ts';
import { BINARY } from './server.ts';

test('a backup is made, downloaded, restored and deleted', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/storage`);
  const region = admin.getByRole('region', { name: 'Backups', exact: true });
  await expect(region).toContainText('No backups yet.');
  await expect(region).toContainText('None is made by itself.');

  // When it is asked for, then it is there with what it holds.
  await region.getByRole('button', { name: 'Back up now', exact: true }).click();
  await expect(admin.getByText('The backup is made and proved.')).toBeVisible();
  const table = region.getByRole('table', { name: 'Backups', exact: true });
  const row = table.getByRole('row').nth(1);
  const { events } = await site.api.call<{ events: { count: number } }>('GET', '/api/admin/v1/storage/');
  await expect(row).toContainText(events.count.toLocaleString('en'));
  await expect(row).toContainText('by hand');
  await expectNoFailure(admin);

  // What is downloaded is a backup: it can be restored.
  const menu = row.getByRole('button', { name: /^Actions for watchpost-.*-manual\.backup$/ });
  await menu.click();
  const waiting = admin.waitForEvent('download');
  await admin.getByRole('menuitem', { name: 'Download', exact: true }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(/^watchpost-\d{8}T\d{6}Z-manual\.backup$/);
  const dir = mkdtempSync(join(tmpdir(), 'watchpost-restored-'));
  try {
    const done = spawnSync(BINARY, ['restore', await download.path(), '--data-dir', dir, '--json'], { encoding: 'utf8' });
    expect(done.stderr).not.toContain('error');
    expect((JSON.parse(done.stdout) as { backup: { events: number } }).backup.events).toBe(events.count);
    expect(readFileSync(await download.path()).subarray(0, 8).toString()).toBe('wpbackup');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }

  // The page tells the command for the server's own file.
  await menu.click();
  await admin.getByRole('menuitem', { name: 'Restore…', exact: true }).click();
  const dialog = admin.getByRole('dialog', { name: 'Restore a backup', exact: true });
  await expect(dialog.getByLabel('Command', { exact: true })).toHaveValue(/^watchpost restore .*\/backups\/watchpost-.*-manual\.backup$/);
  await admin.keyboard.press('Escape');

  await menu.click();
  await admin.getByRole('menuitem', { name: 'Delete', exact: true }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(region).toContainText('No backups yet.');
});

test('a backup that failed is told', async ({ admin, site }) => {
  await admin.route('**/api/admin/v1/backups/', (route) =>
    route.fulfill({
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify({
        objects: [], unreadable: [], running: { done: 61, total: 100 }, folder: '/mnt/backup', next: '2026-11-24T05:00:00Z',
        failure: { time: '2026-11-23T05:00:00Z', text: 'there is too little room on the disk' },
      }),
    }),
  );
  await admin.goto(`${site.server.url}/storage`);
  const region = admin.getByRole('region', { name: 'Backups', exact: true });
  await expect(region.getByRole('alert')).toContainText('there is too little room on the disk');
  await expect(region.getByRole('progressbar', { name: 'Backing up…', exact: true })).toHaveAttribute('aria-valuenow', '61');
  await expect(region).toContainText('The next one is made');
});

test('a backup of the schedule is followed to its end, also past a question without an answer', async ({ admin, site }) => {
  const body = { objects: [], unreadable: [], failure: null, folder: '/mnt/backup', next: '2026-11-24T05:00:00Z' };
  let asked = 0;
  await admin.route('**/api/admin/v1/backups/', (route) => {
    asked += 1;
    if (asked === 2) return route.abort();
    const running = asked < 4 ? { done: asked * 20, total: 100 } : null;
    return route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify({ ...body, running }) });
  });
  await admin.goto(`${site.server.url}/storage`);
  const region = admin.getByRole('region', { name: 'Backups', exact: true });
  const bar = region.getByRole('progressbar', { name: 'Backing up…', exact: true });
  await expect(bar).toHaveAttribute('aria-valuenow', '60');
  await expect(bar).toBeHidden();
  await expect(region.getByRole('button', { name: 'Back up now', exact: true })).toBeEnabled();
  expect(asked).toBe(4);
});
