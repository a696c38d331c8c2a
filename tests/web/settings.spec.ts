// The settings, and what they change.
import { choose, expect, expectNoFailure, SITE, test, ZONE } from './site.ts';

test.afterEach(async ({ site }) => {
  await site.api.call('PUT', '/api/admin/v1/settings/', {
    'site.name': SITE, 'site.time_zone': ZONE, 'retention.days': 0, 'session.idle_hours': 12, 'ingest.camera_rate': 200, 'http.public_url': '',
  });
});

test('each form is saved by itself and keeps what it was told', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/settings`);
  // Given nothing changed, then there is nothing to save.
  const form = admin.getByRole('form', { name: 'Site', exact: true });
  await expect(form.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();

  // When the site gets a name, then it stands everywhere at once.
  await form.getByRole('textbox', { name: 'Site name', exact: true }).fill('Hafen Süd');
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(admin.getByText('Site was saved.')).toBeVisible();
  await expect(admin).toHaveTitle('Settings · Hafen Süd');
  await expect(admin.getByRole('navigation', { name: 'Main' })).toContainText('Hafen Süd');

  // When it gets another zone, then the clock goes by it.
  const zone = admin.getByRole('form', { name: 'Time zone', exact: true });
  await choose(admin, zone.getByRole('combobox', { name: 'Time zone', exact: true }), /Asia\/Tokyo/);
  await zone.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(admin.getByRole('banner').getByRole('button', { name: 'Time zone: Asia/Tokyo', exact: true })).toBeVisible();

  const limits = admin.getByRole('form', { name: 'Limits', exact: true });
  await limits.getByRole('spinbutton', { name: 'Events a second from one camera', exact: true }).fill('150');
  await limits.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(admin.getByText('Limits was saved.')).toBeVisible();
  const log_in = admin.getByRole('form', { name: 'Log-in', exact: true });
  await log_in.getByRole('spinbutton', { name: 'End an idle session after', exact: true }).fill('8');
  await log_in.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(admin.getByText('Log-in was saved.')).toBeVisible();

  // Then a reload has all of it.
  await admin.reload();
  await expect(form.getByRole('textbox', { name: 'Site name', exact: true })).toHaveValue('Hafen Süd');
  await expect(zone.getByRole('combobox', { name: 'Time zone', exact: true })).toHaveValue(/Asia\/Tokyo/);
  await expect(limits.getByRole('spinbutton', { name: 'Events a second from one camera', exact: true })).toHaveValue('150');
  await expect(log_in.getByRole('spinbutton', { name: 'End an idle session after', exact: true })).toHaveValue('8');
  await expectNoFailure(admin);
});

test('retention shows what it would remove before it does', async ({ admin, site }) => {
  // Given two events of long ago: they arrived just now, so nothing is old yet.
  await admin.goto(`${site.server.url}/settings`);
  const form = admin.getByRole('form', { name: 'Retention', exact: true });
  const preview = form.getByRole('status', { name: 'Retention preview', exact: true });
  const days = form.getByRole('spinbutton', { name: 'Keep events for (days)', exact: true });
  await expect(days).toHaveValue('0');
  await expect(preview).toHaveText('Removes nothing: events are kept for ever.');
  const { count } = await site.api.call<{ count: number }>('GET', '/api/admin/v1/retention/preview/?days=1');
  await days.fill('1');
  await expect(preview).toHaveText(count === 0 ? 'Removes nothing now.' : new RegExp(`^Removes (about )?${count.toLocaleString('en')} events?`));
  await days.fill('-1');
  await expect(preview).toHaveText('No preview for this number.');
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(form.getByText('It must be 0 to 3,650.').or(form.getByText('It must be 0 to 3650.'))).toBeVisible();
  await days.fill('3650');
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(admin.getByText('Retention was saved.')).toBeVisible();
  await admin.reload();
  await expect(days).toHaveValue('3650');
});

test('leaving with unsaved changes asks', async ({ admin, site }) => {
  // Reached inside the page: then Back is the page's to ask about; a reload is the browser's.
  await admin.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings', exact: true }).click();
  const name = admin.getByRole('textbox', { name: 'Site name', exact: true });
  await name.fill('Not to be saved');
  const dialog = admin.getByRole('dialog', { name: 'Unsaved changes', exact: true });
  const leave = () => admin.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Cameras', exact: true }).click();
  // Cancel keeps the page and what was typed.
  await leave();
  await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
  await expect(admin).toHaveURL(/\/settings$/);
  await expect(name).toHaveValue('Not to be saved');
  // So does Back.
  await admin.goBack();
  await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
  await expect(name).toHaveValue('Not to be saved');
  // Discard goes.
  await leave();
  await dialog.getByRole('button', { name: 'Discard changes', exact: true }).click();
  await expect(admin.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
  await admin.goto(`${site.server.url}/settings`);
  await expect(name).toHaveValue(SITE);
});

test('the public address stands in ingest URLs', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/settings`);
  const form = admin.getByRole('form', { name: 'Addresses', exact: true });
  const address = form.getByRole('textbox', { name: 'Public address', exact: true });
  await address.fill('not an address');
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(form.getByText('An address that begins with http:// or https:// is needed.')).toBeVisible();
  await address.fill('https://events.example.com');
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(admin.getByText('Addresses was saved.')).toBeVisible();
  const id = site.cameras['Lobby'];
  const made = await site.api.call<{ ingest_url: string }>('POST', `/api/admin/v1/cameras/${id}/tokens/`, { access: 'ingest' });
  expect(made.ingest_url).toMatch(/^https:\/\/events\.example\.com\/i\//);
});
