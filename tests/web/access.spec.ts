// Who may use the server, and what they did.
import { readFile } from 'node:fs/promises';
import { choose, expect, logIn, PASSWORD, test, type Page } from './site.ts';

async function act(page: Page, name: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${name}`, exact: true }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

test('a user is added, gets another role, and is removed', async ({ browser, admin, site }) => {
  await admin.goto(`${site.server.url}/access`);
  const table = admin.getByRole('table', { name: 'Users', exact: true });
  await expect(table.getByRole('row').filter({ hasText: 'viewer' }).first()).toContainText('Viewer');

  // When a user is added, with a password that is refused first.
  await admin.getByRole('button', { name: 'Add user', exact: true }).click();
  const dialog = admin.getByRole('dialog', { name: 'Add user', exact: true });
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('m.krause');
  await dialog.getByLabel('Password', { exact: true }).fill('short');
  await dialog.getByRole('button', { name: 'Add user', exact: true }).click();
  await expect(dialog.getByText('That is too short: 12 characters or more.')).toBeVisible();
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await choose(admin, dialog.getByRole('combobox', { name: 'Role', exact: true }), 'Operator');
  await dialog.getByRole('button', { name: 'Add user', exact: true }).click();
  const row = table.getByRole('row').filter({ hasText: 'm.krause' });
  await expect(row).toContainText('Operator');
  await expect(row).toContainText('never');

  // Then the user logs in.
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await logIn(other, site.server, 'm.krause');

  // A second one of the name is refused.
  await admin.getByRole('button', { name: 'Add user', exact: true }).click();
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('M.Krause');
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Add user', exact: true }).click();
  await expect(dialog.getByText('There is one of this name already.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();

  // When the role changes, then the table says so and the user's session is over.
  await act(admin, 'm.krause', 'Change role');
  const role = admin.getByRole('dialog', { name: 'Change the role of m.krause', exact: true });
  await choose(admin, role.getByRole('combobox', { name: 'Role', exact: true }), 'Administrator');
  await role.getByRole('button', { name: 'Change role', exact: true }).click();
  await expect(row).toContainText('Administrator');
  await other.reload();
  await expect(other.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
  await logIn(other, site.server, 'm.krause');
  await expect(other.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings', exact: true })).toBeVisible();

  // When the user is removed, then the password opens nothing.
  await admin.reload();
  await act(admin, 'm.krause', 'Remove');
  await admin.getByRole('dialog', { name: 'Remove m.krause', exact: true }).getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(row).toHaveCount(0);
  await other.goto(`${site.server.url}/login`);
  await other.getByRole('textbox', { name: 'Name', exact: true }).fill('m.krause');
  await other.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await other.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(other.getByRole('alert')).toHaveText('Name or password is wrong.');
  await elsewhere.close();
});

test('the last administrator must stay one, and the page says why', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/access/users`);
  const names = await site.server.command<{ objects: { name: string; role: string }[] }>(['user', 'list']);
  expect(names.objects.filter(({ role }) => role === 'admin').map(({ name }) => name)).toEqual(['admin']);
  await admin.getByRole('button', { name: 'Actions for admin', exact: true }).click();
  for (const item of ['Remove', 'Change role']) {
    const line = admin.getByRole('menuitem', { name: item, exact: true });
    await expect(line).toHaveAttribute('aria-disabled', 'true');
    await expect(line).toHaveAccessibleDescription('The last administrator must stay one.');
  }
});

test('a new password and ended sessions log a user out', async ({ browser, admin, site }) => {
  await site.server.user('to.log.out', 'viewer');
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await logIn(other, site.server, 'to.log.out');
  await admin.goto(`${site.server.url}/access/users`);
  await act(admin, 'to.log.out', 'End sessions');
  await admin.getByRole('dialog', { name: 'End the sessions of to.log.out', exact: true }).getByRole('button', { name: 'End sessions', exact: true }).click();
  await expect(admin.getByText('The sessions of to.log.out have ended.')).toBeVisible();
  await other.reload();
  await expect(other.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();

  await act(admin, 'to.log.out', 'New password');
  const dialog = admin.getByRole('dialog', { name: 'New password for to.log.out', exact: true });
  await dialog.getByLabel('New password', { exact: true }).fill('another horse, another staple');
  await dialog.getByRole('button', { name: 'Set password', exact: true }).click();
  await expect(admin.getByText('to.log.out has a new password.')).toBeVisible();
  await other.getByRole('textbox', { name: 'Name', exact: true }).fill('to.log.out');
  await other.getByLabel('Password', { exact: true }).fill('another horse, another staple');
  await other.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(other.getByRole('navigation', { name: 'Main' })).toBeVisible();
  await elsewhere.close();
});

test('a new license key opens the API until it is revoked', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/access`);
  await admin.getByRole('navigation', { name: 'Access sections', exact: true }).getByRole('link', { name: 'License keys', exact: true }).click();
  await expect(admin).toHaveURL(/\/access\/keys$/);
  await admin.getByRole('button', { name: 'New key', exact: true }).click();
  const dialog = admin.getByRole('dialog', { name: 'New license key', exact: true });
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Video management');
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click();
  const secret = dialog.getByRole('textbox', { name: 'License key', exact: true });
  await expect(dialog.getByRole('button', { name: 'Copy license key', exact: true })).toBeVisible();
  const key = await secret.inputValue();
  await dialog.getByRole('button', { name: 'Done', exact: true }).click();
  expect((await site.api.raw('GET', '/api/v2/cameras/', `LKey ${key}`)).status).toBe(200);
  // It is not shown again, and the table says that it was used.
  await expect(admin.getByText(key)).toHaveCount(0);
  await admin.reload();
  const row = admin.getByRole('table', { name: 'License keys', exact: true }).getByRole('row').filter({ hasText: 'Video management' });
  await expect(row).toContainText('127.0.0.1');
  await act(admin, 'Video management', 'Revoke');
  await admin.getByRole('dialog', { name: 'Revoke Video management', exact: true }).getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(row).toHaveCount(0);
  expect((await site.api.raw('GET', '/api/v2/cameras/', `LKey ${key}`)).status).toBe(401);
});

test('a group gets a token for its cameras only', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/access/groups`);
  await admin.getByRole('button', { name: 'New group', exact: true }).click();
  const dialog = admin.getByRole('dialog', { name: 'New group', exact: true });
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('North side');
  await dialog.getByRole('checkbox', { name: 'Gate North', exact: true }).check();
  await dialog.getByRole('button', { name: 'Create group', exact: true }).click();
  const made = admin.getByRole('dialog', { name: 'North side was created', exact: true });
  const token = await made.getByRole('textbox', { name: 'Token', exact: true }).inputValue();
  await made.getByRole('button', { name: 'Done', exact: true }).click();
  const table = admin.getByRole('table', { name: 'Groups', exact: true });
  await expect(table.getByRole('row').filter({ hasText: 'North side' })).toContainText('Gate North');
  const count = async (): Promise<number[]> => {
    const answer = await site.api.raw('GET', '/api/v2/storage/events/?limit=200', `Acc ${token}`);
    expect(answer.status, answer.text).toBe(200);
    return [...new Set((JSON.parse(answer.text) as { objects: { camid: number }[] }).objects.map(({ camid }) => camid))];
  };
  expect(await count()).toEqual([site.cameras['Gate North']]);
  // When another camera comes in, then the token sees it.
  await act(admin, 'North side', 'Edit');
  const edit = admin.getByRole('dialog', { name: 'Edit North side', exact: true });
  await edit.getByRole('checkbox', { name: 'Lobby', exact: true }).check();
  await edit.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(table.getByRole('row').filter({ hasText: 'North side' })).toContainText('Lobby');
  expect((await count()).toSorted()).toEqual([site.cameras['Gate North'], site.cameras['Lobby']].toSorted());
  await act(admin, 'North side', 'Remove');
  await admin.getByRole('dialog', { name: 'Remove North side', exact: true }).getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(table).toHaveCount(0);
  expect((await site.api.raw('GET', '/api/v2/storage/events/?limit=1', `Acc ${token}`)).status).toBe(401);
});

test('the audit log tells what was done, its chain is whole, and it goes out as CSV', async ({ admin, site }) => {
  // Given something done that can be found again.
  await site.api.camera('Seen by the audit');
  await admin.goto(`${site.server.url}/access/audit`);
  await expect(admin.getByRole('status', { name: 'Chain', exact: true })).toHaveText(/^\s*[\d,]+ entries, chain whole$/);
  const table = admin.getByRole('table', { name: 'Audit', exact: true });
  await expect(table.getByText('User added').first()).toBeVisible();
  await expect(table.getByText('Server started').first()).toBeVisible();

  // When it is searched, then only what fits is left, and the address keeps it.
  await admin.getByRole('searchbox', { name: 'Search audit', exact: true }).fill('Seen by the audit');
  await expect(table.getByRole('row')).toHaveCount(2);
  await expect(table.getByRole('row').nth(1)).toContainText('Camera added');
  await expect(table.getByRole('row').nth(1)).toContainText('127.0.0.1');
  await admin.reload();
  await expect(table.getByRole('row')).toHaveCount(2);

  // Then the export has the same.
  const waiting = admin.waitForEvent('download');
  await admin.getByRole('button', { name: 'Export', exact: true }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(/\.csv$/);
  const csv = await readFile(await download.path(), 'utf8');
  const lines = csv.trim().split(/\r?\n/);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('camera.create');
});

test('what the page does stands in the audit under the user who did it', async ({ page, site }) => {
  await site.server.user('second.admin', 'admin');
  try {
    await logIn(page, site.server, 'second.admin', '/access/audit?who=second.admin');
    const table = page.getByRole('table', { name: 'Audit', exact: true });
    await expect(table.getByRole('row').nth(1)).toContainText('Logged in');
    await expect(table.getByRole('row').nth(1)).toContainText('second.admin');
  } finally {
    await site.server.command(['user', 'remove', 'second.admin']);
  }
});

test('one’s other sessions can be ended', async ({ browser, page, site }) => {
  await site.server.user('at.two.desks', 'viewer');
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await logIn(other, site.server, 'at.two.desks');
  await logIn(page, site.server, 'at.two.desks', '/account');
  await page.getByRole('button', { name: 'End other sessions', exact: true }).click();
  await expect(page.getByText('Your other sessions have ended.', { exact: true })).toBeVisible();
  await other.reload();
  await expect(other.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
  await elsewhere.close();
});
