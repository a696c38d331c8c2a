// The table of roles and accessible names (ui.md section 6), as far as these pages go. Events and Live have their own.
import { enter, expect, Server, test, type Locator, type Page } from './site.ts';

type Role = Parameters<Page['getByRole']>[0];

/** Each role with its names, exactly, within `where`. */
async function has(where: Page | Locator, names: Partial<Record<Role, readonly string[]>>): Promise<void> {
  for (const [role, all] of Object.entries(names) as [Role, readonly string[]][]) {
    for (const name of all) await expect.soft(where.getByRole(role, { name, exact: true }), `${role} "${name}"`).toHaveCount(1);
  }
}

/** Fields that a label names: passwords have no role. */
async function labelled(where: Page | Locator, labels: readonly string[]): Promise<void> {
  for (const label of labels) await expect.soft(where.getByLabel(label, { exact: true }), `label "${label}"`).toHaveCount(1);
}

test('shell', async ({ admin }) => {
  await has(admin, { link: ['Skip to content'], navigation: ['Main'], region: ['Messages'], status: ['Connection'] });
  await expect(admin.getByRole('main')).toHaveCount(1);
  const main = admin.getByRole('navigation', { name: 'Main', exact: true });
  await has(main, { link: ['Overview', 'Events', 'Live', 'Cameras', 'Access', 'Settings', 'Storage', 'System'] });
  await expect(main.getByRole('link', { name: 'Overview', exact: true })).toHaveAttribute('aria-current', 'page');
  await has(admin.getByRole('banner'), { heading: ['Overview'], button: ['Time zone: Europe/Berlin', 'Theme', 'Help', 'Account'] });
  await expect(admin.getByRole('status', { name: 'Connection', exact: true })).toHaveText(/^\s*(Live|Reconnecting…|Offline|Paused)$/);
});

test('shell menus', async ({ admin }) => {
  const banner = admin.getByRole('banner');
  await banner.getByRole('button', { name: 'Time zone: Europe/Berlin', exact: true }).click();
  await has(admin.getByRole('menu', { name: 'Time zone', exact: true }), { menuitemradio: ['Site: Europe/Berlin', 'Browser: Europe/Berlin', 'UTC'] });
  await admin.keyboard.press('Escape');
  await banner.getByRole('button', { name: 'Theme', exact: true }).click();
  await has(admin.getByRole('menu', { name: 'Theme', exact: true }), { menuitemradio: ['Auto', 'Light', 'Dark'] });
  await admin.keyboard.press('Escape');
  await banner.getByRole('button', { name: 'Account', exact: true }).click();
  await has(admin.getByRole('menu', { name: 'Account', exact: true }), { menuitem: ['Account settings', 'Log out'], menuitemradio: ['English', 'Deutsch'] });
  await admin.keyboard.press('Escape');
  await banner.getByRole('button', { name: 'Help', exact: true }).click();
  await has(admin, { dialog: ['Keyboard shortcuts'] });
});

test('shell states', async ({ page, site }) => {
  await site.server.user('named.states', 'admin');
  try {
    const cookie = await site.server.logIn('named.states');
    await page.context().addCookies([{ ...cookie, url: site.server.url, httpOnly: true, sameSite: 'Strict' }]);
    // Notices stand in a region; what the page did is told in Messages.
    await page.route('**/api/admin/v1/session/', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const response = await route.fetch();
      if (!response.ok()) return route.fulfill({ response });
      const body = (await response.json()) as object;
      return route.fulfill({ response, json: { ...body, notices: [{ code: 'clock_suspect', level: 'warn', params: {} }] } });
    });
    await page.goto(`${site.server.url}/cameras/${site.cameras['Lobby']}`);
    await expect(page.getByRole('region', { name: 'Notices', exact: true })).toContainText(
      'The server clock looks wrong. Events are kept; deletion by age is stopped.',
    );
    await page.getByRole('switch', { name: 'Receive motion', exact: true }).click();
    const messages = page.getByRole('region', { name: 'Messages', exact: true });
    await has(messages, { button: ['Undo', 'Close message'] });
    await expect(messages.getByRole('status')).toHaveCount(1);
    await messages.getByRole('button', { name: 'Undo', exact: true }).click();
    // A refusal is an alert.
    await page.route('**/event_processing/events/motion/', (route) =>
      route.fulfill({ status: 503, contentType: 'application/json', body: '{"errorType":"storage_failed","errorDetail":"storage failed","status":503}' }),
    );
    await page.getByRole('switch', { name: 'Notify motion', exact: true }).click();
    await expect(messages.getByRole('alert')).toContainText('storage_failed');
    // A session that is over asks in a dialog.
    await site.server.manage('DELETE', 'users/named.states/sessions/');
    await page.getByRole('link', { name: 'Show events', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Session ended', exact: true });
    await expect(dialog).toBeVisible();
    await has(dialog, { textbox: ['Name'], button: ['Log in', 'Cancel'] });
    await labelled(dialog, ['Password']);
  } finally {
    await site.server.manage('DELETE', 'users/named.states/');
  }
});

test('set-up', async ({ page }) => {
  const server = await Server.start();
  try {
    await page.goto(server.url);
    await expect(page.getByRole('heading', { level: 1, name: 'Set up Watchpost', exact: true })).toBeVisible();
    await has(page, { textbox: ['Set-up code', 'Name'], button: ['Show password', 'Create administrator'] });
    await labelled(page, ['Password', 'Repeat password']);
    await page.getByRole('textbox', { name: 'Set-up code', exact: true }).fill(server.setupCode());
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await page.getByLabel('Repeat password', { exact: true }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Create administrator', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Your site', exact: true })).toBeVisible();
    await has(page, { textbox: ['Site name'], combobox: ['Time zone'], spinbutton: ['Keep events for (days)'], button: ['Save and continue', 'Skip'] });
    await page.getByRole('button', { name: 'Skip', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Your first camera', exact: true })).toBeVisible();
    await has(page, { textbox: ['Name'], button: ['Add camera'] });
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Gate North');
    await page.getByRole('button', { name: 'Add camera', exact: true }).click();
    const connect = page.getByRole('region', { name: 'Connect', exact: true });
    await expect(connect.getByRole('textbox', { name: 'Ingest URL', exact: true })).toBeVisible();
    await has(connect, { button: ['Copy ingest URL', 'Send a test event'] });
    await has(page, { button: ['Open Watchpost'] });
  } finally {
    await server.destroy();
  }
});

test('log-in', async ({ page, site }) => {
  await page.goto(`${site.server.url}/login`);
  await expect(page.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
  await has(page, { textbox: ['Name'], button: ['Log in'] });
  await labelled(page, ['Password']);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByRole('alert')).toHaveCount(1);
});

test('Overview', async ({ admin }) => {
  await expect(admin.getByRole('heading', { level: 1, name: 'Overview', exact: true })).toBeVisible();
  await has(admin, { region: ['Events per minute', 'Today', 'Cameras', 'Disk', 'Needs attention', 'Latest events'] });
});

test('Cameras', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/cameras`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
  const table = admin.getByRole('table', { name: 'Cameras', exact: true });
  await expect(table).toBeVisible();
  await has(admin, { searchbox: ['Search cameras'], radiogroup: ['Show'], button: ['Add camera', 'Actions for Lobby'] });
  await has(admin.getByRole('radiogroup', { name: 'Show', exact: true }), { radio: ['All', 'Needs attention', 'Disabled'] });
  await has(table, { columnheader: ['Name', 'Status', 'Last event', 'Last 24 h', 'Clock', 'Address'], link: ['Lobby'] });
  await admin.getByRole('button', { name: 'Add camera', exact: true }).click();
  const dialog = admin.getByRole('dialog', { name: 'Add camera', exact: true });
  await has(dialog, { textbox: ['Name', 'Address'], combobox: ['Time zone'], spinbutton: ['Quiet after (minutes)'], button: ['Add camera', 'Cancel'] });
  await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
  await admin.getByRole('button', { name: 'Actions for Lobby', exact: true }).click();
  await has(admin, { menuitem: ['Edit', 'Disable', 'Show events', 'Remove'] });
  await admin.getByRole('menuitem', { name: 'Remove', exact: true }).click();
  await has(admin.getByRole('dialog', { name: 'Remove Lobby', exact: true }), { radio: ['Keep its events', 'Delete its events'], button: ['Remove', 'Cancel'] });
});

test('camera', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/cameras/${site.cameras['Gate North']}`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Gate North', exact: true })).toBeVisible();
  await has(admin, { navigation: ['Breadcrumb'], status: ['Camera status'], region: ['Summary', 'Event types', 'Recent events', 'Connect', 'Tokens'] });
  await expect(admin.getByRole('status', { name: 'Camera status', exact: true })).toHaveText(/^\s*(Online|Quiet|Clock off|Rejecting|Offline|Disabled)/);
  await has(admin.getByRole('main'), { link: ['Show events'], button: ['Edit', 'More', 'Custom type'] });
  const table = admin.getByRole('table', { name: 'Event types', exact: true });
  await expect(table).toBeVisible();
  await has(table, {
    switch: ['Receive motion', 'Notify motion', 'Record motion', 'Picture motion'],
    spinbutton: ['Every (seconds) snapshot'],
    button: ['Actions for motion'],
  });
  await admin.getByRole('button', { name: 'Custom type', exact: true }).click();
  await has(admin.getByRole('dialog', { name: 'New custom type', exact: true }), { textbox: ['Name'], switch: ['Notify'], button: ['Create type', 'Cancel'] });
});

test('Connect and Tokens', async ({ page, site }) => {
  const id = await site.api.camera('With names');
  const made = await site.api.call<{ token_id: number }>('POST', `/api/admin/v1/cameras/${id}/tokens/`, { access: 'ingest' });
  const n = made.token_id;
  await enter(page, site, 'admin', `/cameras/${id}`);
  const connect = page.getByRole('region', { name: 'Connect', exact: true });
  await expect(connect.getByRole('textbox', { name: 'Ingest URL', exact: true })).toHaveAttribute('readonly');
  await has(connect, { button: ['Show ingest URL', 'Copy ingest URL', 'Copy curl', 'Send a test event'], tablist: ['Examples'], tab: ['curl', 'Hikvision', 'Dahua', 'Axis', 'Other makes', 'VXG agent'], status: ['Test result'] });
  await expect(connect.getByRole('tabpanel')).toHaveCount(1);
  await connect.getByRole('button', { name: 'Send a test event', exact: true }).click();
  await has(connect, { link: ['Open'] });

  const tokens = page.getByRole('region', { name: 'Tokens', exact: true });
  await has(tokens, { table: ['Tokens'], button: ['New token', `Show token ${n}`, `Rotate token ${n}`, `Revoke token ${n}`] });
  await tokens.getByRole('button', { name: 'New token', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'New token', exact: true });
  await has(dialog, { radiogroup: ['Access'], radio: ['Read and write', 'Read only', 'Deliver only'], combobox: ['Expires'], button: ['Create token', 'Cancel'] });
  await dialog.getByRole('button', { name: 'Create token', exact: true }).click();
  await has(dialog, { textbox: ['Token'], button: ['Copy token', 'Done'] });
  await dialog.getByRole('button', { name: 'Done', exact: true }).click();
  await tokens.getByRole('button', { name: `Rotate token ${n}`, exact: true }).click();
  const rotate = page.getByRole('dialog', { name: `Rotate token ${n}`, exact: true });
  await has(rotate, { combobox: ['Old token works for'], button: ['Rotate', 'Cancel'] });
  await rotate.getByRole('button', { name: 'Cancel', exact: true }).click();
  await tokens.getByRole('button', { name: `Revoke token ${n}`, exact: true }).click();
  await has(page.getByRole('dialog', { name: `Revoke token ${n}`, exact: true }), { button: ['Revoke', 'Cancel'] });
});

test('Access', async ({ admin, site }) => {
  await site.api.call('POST', '/api/v3/channel_groups/', { name: 'Named group', channels: [site.cameras['Lobby']] });
  for (const [path, section, button] of [
    ['users', 'Users', 'Add user'], ['keys', 'License keys', 'New key'], ['groups', 'Groups', 'New group'], ['audit', 'Audit', 'Export'],
  ] as const) {
    await admin.goto(`${site.server.url}/access/${path}`);
    await expect(admin.getByRole('heading', { level: 1, name: 'Access', exact: true })).toBeVisible();
    await has(admin.getByRole('navigation', { name: 'Access sections', exact: true }), { link: ['Users', 'License keys', 'Groups', 'Audit'] });
    await has(admin, { table: [section], button: [button] });
  }
  await has(admin, { searchbox: ['Search audit'], status: ['Chain'] });
  await admin.goto(`${site.server.url}/access/users`);
  await has(admin, { button: ['Actions for viewer'] });
  await admin.getByRole('button', { name: 'Add user', exact: true }).click();
  const dialog = admin.getByRole('dialog', { name: 'Add user', exact: true });
  await has(dialog, { textbox: ['Name'], combobox: ['Role'], button: ['Add user', 'Cancel'] });
  await labelled(dialog, ['Password']);
  await admin.goto(`${site.server.url}/access/keys`);
  await admin.getByRole('button', { name: 'New key', exact: true }).click();
  const key = admin.getByRole('dialog', { name: 'New license key', exact: true });
  await has(key, { textbox: ['Name'], button: ['Create key', 'Cancel'] });
  await key.getByRole('textbox', { name: 'Name', exact: true }).fill('Named');
  await key.getByRole('button', { name: 'Create key', exact: true }).click();
  await has(key, { textbox: ['License key'], button: ['Copy license key'] });
});

test('Account', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/account`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Account', exact: true })).toBeVisible();
  await labelled(admin, ['Current password', 'New password', 'Repeat new password']);
  await has(admin, { button: ['Change password'] });
});

test('Settings', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/settings`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Settings', exact: true })).toBeVisible();
  for (const form of ['Site', 'Time zone', 'Retention', 'Limits', 'Addresses', 'Log-in']) {
    await has(admin, { form: [form] });
    await has(admin.getByRole('form', { name: form, exact: true }), { button: ['Save'] });
  }
  await has(admin.getByRole('form', { name: 'Retention', exact: true }), { spinbutton: ['Keep events for (days)'], status: ['Retention preview'] });
  await admin.getByRole('textbox', { name: 'Site name', exact: true }).fill('Changed');
  await admin.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Storage', exact: true }).click();
  await has(admin, { dialog: ['Unsaved changes'] });
});

test('Storage', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/storage`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Storage', exact: true })).toBeVisible();
  await admin.getByRole('button', { name: 'Back up now', exact: true }).click();
  await expect(admin.getByRole('table', { name: 'Backups', exact: true })).toBeVisible();
  await has(admin, { region: ['Disk', 'Forecast', 'Backups'], table: ['By camera', 'By type', 'Backups'], button: ['Back up now'] });
  // Other specs of this worker begin without one.
  const backups = await site.api.call<{ objects: { name: string }[] }>('GET', '/api/admin/v1/backups/');
  for (const { name } of backups.objects) await site.api.call('DELETE', `/api/admin/v1/backups/${name}/`);
});

test('System', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/system`);
  await expect(admin.getByRole('heading', { level: 1, name: 'System', exact: true })).toBeVisible();
  await has(admin, {
    region: ['Version', 'Checks', 'Links', 'Log'],
    log: ['Log'],
    combobox: ['Level'],
    searchbox: ['Search log'],
    switch: ['Follow'],
    link: ['API reference', 'OpenAPI document', 'Metrics'],
    button: ['Download support bundle'],
  });
});

test('others', async ({ page, site }) => {
  await enter(page, site, 'admin', '/nothing/here');
  await expect(page.getByRole('heading', { level: 1, name: 'Not found', exact: true })).toBeVisible();
  await has(page, { link: ['Go to Events'] });
  await page.route('**/api/admin/v1/storage/', (route) => route.abort());
  await page.goto(`${site.server.url}/storage`);
  await has(page.getByRole('main').getByRole('alert'), { button: ['Try again'] });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });
  test('the bar', async ({ admin }) => {
    const main = admin.getByRole('navigation', { name: 'Main', exact: true });
    await has(main, { link: ['Overview', 'Events', 'Live', 'Cameras'], button: ['More'] });
    await has(admin.getByRole('banner'), { heading: ['Overview'], status: ['Connection'] });
    await main.getByRole('button', { name: 'More', exact: true }).click();
    await has(admin.getByRole('dialog', { name: 'More', exact: true }), { link: ['Access', 'Settings', 'Storage', 'System'] });
  });
});
