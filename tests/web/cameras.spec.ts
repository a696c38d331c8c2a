// Cameras: the list, a camera of its own, its types, its tokens.
import { choose, enter, expect, expectNoFailure, test, type Page, type Site } from './site.ts';

/** A camera of the spec's own, on its page. */
async function own(page: Page, site: Site, name: string): Promise<number> {
  const id = await site.api.camera(name);
  await enter(page, site, 'admin', `/cameras/${id}`);
  await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
  return id;
}

/** Posts an event with a credential; the status. */
async function post(site: Site, authorization: string, camid: number): Promise<number> {
  return (await site.api.raw('POST', '/api/v2/storage/events/', authorization, { camid, name: 'motion', age_ms: 0 })).status;
}

test.describe('the list', () => {
  test('a camera is added, and its page opens at Connect', async ({ admin }) => {
    await admin.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Cameras', exact: true }).click();
    await admin.getByRole('button', { name: 'Add camera', exact: true }).click();
    const dialog = admin.getByRole('dialog', { name: 'Add camera', exact: true });
    // Without a name nothing is sent.
    await dialog.getByRole('button', { name: 'Add camera', exact: true }).click();
    await expect(dialog.getByText('A camera needs a name.')).toBeVisible();
    // Given all of it, then the camera is there.
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Added in the page');
    await dialog.getByRole('textbox', { name: 'Address', exact: true }).fill('10.20.4.31');
    await choose(admin, dialog.getByRole('combobox', { name: 'Time zone', exact: true }), /America\/New_York/);
    await dialog.getByRole('spinbutton', { name: 'Quiet after (minutes)', exact: true }).fill('30');
    await dialog.getByRole('button', { name: 'Add camera', exact: true }).click();

    await expect(admin.getByRole('heading', { level: 1, name: 'Added in the page', exact: true })).toBeVisible();
    await expect(admin).toHaveURL(/\/cameras\/\d+#connect$/);
    await expect(admin.getByRole('region', { name: 'Connect', exact: true })).toBeFocused();
    await expect(admin.getByRole('main')).toContainText('10.20.4.31');
    await expect(admin.getByRole('main')).toContainText('America/New_York');
    await expect(admin.getByRole('region', { name: 'Summary', exact: true })).toContainText('quiet limit 30 min');
    await admin.getByRole('navigation', { name: 'Breadcrumb', exact: true }).getByRole('link', { name: 'Cameras', exact: true }).click();
    await expect(admin.getByRole('table', { name: 'Cameras', exact: true }).getByRole('link', { name: 'Added in the page', exact: true })).toBeVisible();
  });

  test('a camera is added by the keyboard alone', async ({ admin }) => {
    const { keyboard } = admin;
    await keyboard.press('g');
    await keyboard.press('c');
    await expect(admin.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeFocused();
    const add = admin.getByRole('button', { name: 'Add camera', exact: true });
    for (let i = 0; i < 20 && !(await add.evaluate((element) => element === document.activeElement)); i += 1) await keyboard.press('Tab');
    await expect(add).toBeFocused();
    await keyboard.press('Enter');
    const dialog = admin.getByRole('dialog', { name: 'Add camera', exact: true });
    await expect(dialog.getByRole('textbox', { name: 'Name', exact: true })).toBeFocused();
    // Esc gives the focus back to the button.
    await keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(add).toBeFocused();
    await keyboard.press('Enter');
    await keyboard.type('Added by keys');
    await keyboard.press('Tab');
    await keyboard.type('cam.example');
    await keyboard.press('Tab');
    // The list of zones is opened, narrowed and taken.
    await keyboard.press('ControlOrMeta+a');
    await keyboard.type('Tokyo');
    await expect(admin.getByRole('option').first()).toContainText('Asia/Tokyo');
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    await keyboard.type('15');
    await keyboard.press('Enter');
    await expect(admin.getByRole('heading', { level: 1, name: 'Added by keys', exact: true })).toBeVisible();
    await expect(admin.getByRole('main')).toContainText('Asia/Tokyo');
    // On the camera's page the test event is within reach too.
    await expect(admin.getByRole('region', { name: 'Connect', exact: true })).toBeFocused();
    const test = admin.getByRole('button', { name: 'Send a test event', exact: true });
    for (let i = 0; i < 20 && !(await test.evaluate((element) => element === document.activeElement)); i += 1) await keyboard.press('Tab');
    await keyboard.press('Enter');
    await expect(admin.getByRole('status', { name: 'Test result', exact: true })).toContainText(/Stored as event \d+ in \d+ ms\./);
  });

  test('what is searched, shown and sorted stands in the address', async ({ admin, site }) => {
    await admin.goto(`${site.server.url}/cameras`);
    const table = admin.getByRole('table', { name: 'Cameras', exact: true });
    await admin.getByRole('searchbox', { name: 'Search cameras', exact: true }).fill('gate n');
    await expect(table.getByRole('row')).toHaveCount(2);
    await expect(admin).toHaveURL(/\?q=gate/);
    await admin.reload();
    await expect(table.getByRole('row')).toHaveCount(2);
    await expect(admin.getByRole('searchbox', { name: 'Search cameras', exact: true })).toHaveValue('gate n');
    await admin.getByRole('searchbox', { name: 'Search cameras', exact: true }).fill('nothing of this name');
    await expect(admin.getByText('No camera matches.')).toBeVisible();
    await admin.getByRole('button', { name: 'Clear', exact: true }).click();
    await admin.getByRole('radiogroup', { name: 'Show', exact: true }).getByRole('radio', { name: 'Disabled', exact: true }).check({ force: true });
    await expect(admin).toHaveURL(/status=disabled/);
    await admin.reload();
    await expect(admin.getByRole('radio', { name: 'Disabled', exact: true })).toBeChecked();
  });

  test('the list says of each camera what came last and how much', async ({ admin, site }) => {
    await admin.goto(`${site.server.url}/cameras?q=Parking`);
    const row = admin.getByRole('table', { name: 'Cameras', exact: true }).getByRole('row').nth(1);
    await expect(row).toContainText('Parking P1');
    await expect(row).toContainText('Online');
    await expect(row).toContainText(/ago/);
    await expect(row.getByRole('link', { name: /^\d+ events in the last 24 hours$/ })).toBeVisible();
  });

  test('a camera is edited, disabled, enabled and removed', async ({ page, site }) => {
    const id = await site.api.camera('To be changed');
    await enter(page, site, 'admin', '/cameras?q=to be');
    const act = async (name: string, item: string): Promise<void> => {
      await page.getByRole('button', { name: `Actions for ${name}`, exact: true }).click();
      await page.getByRole('menuitem', { name: item, exact: true }).click();
    };
    const row = page.getByRole('table', { name: 'Cameras', exact: true }).getByRole('row').nth(1);

    await act('To be changed', 'Edit');
    const dialog = page.getByRole('dialog', { name: 'Edit To be changed', exact: true });
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('To be renamed');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(row).toContainText('To be renamed');

    await act('To be renamed', 'Disable');
    await expect(row).toContainText('Disabled');
    // What was just done can be undone where it is told.
    await page.getByRole('region', { name: 'Messages', exact: true }).getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(row).toContainText('Offline');
    await act('To be renamed', 'Disable');
    await expect(row).toContainText('Disabled');
    await act('To be renamed', 'Enable');
    await expect(row).toContainText('Offline');

    await act('To be renamed', 'Remove');
    const remove = page.getByRole('dialog', { name: 'Remove To be renamed', exact: true });
    await expect(remove.getByRole('radio', { name: 'Keep its events', exact: true })).toBeChecked();
    await remove.getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(page.getByText('No camera matches.')).toBeVisible();
    // Its own page says that it is gone.
    await page.goto(`${site.server.url}/cameras/${id}`);
    await expect(page.getByText('Removed', { exact: true })).toBeVisible();
  });

  test('a menu opened while the list is still scrolling stays open, and closes when its button scrolls away', async ({ page, site }) => {
    for (let i = 1; i <= 15; i += 1) await site.api.camera(`Far down ${i}`);
    const name = 'Far down 8';
    await page.setViewportSize({ width: 1440, height: 320 });
    await enter(page, site, 'admin', '/cameras?q=far down');
    const actions = page.getByRole('button', { name: `Actions for ${name}`, exact: true });
    await expect(actions).toBeAttached();
    // In one task, so that the browser tells of the scrolling only after the click.
    const moved = await actions.evaluate((button: HTMLElement) => {
      const before = button.getBoundingClientRect().top;
      button.scrollIntoView({ block: 'center', behavior: 'instant' });
      button.click();
      return before - button.getBoundingClientRect().top;
    });
    expect(Math.abs(moved)).toBeGreaterThan(0);
    const menu = page.getByRole('menu');
    await expect(menu).toBeVisible();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await expect(menu).toBeVisible();
    await actions.evaluate((button: HTMLElement) => button.scrollIntoView({ block: 'start', behavior: 'instant' }));
    await expect(menu).toBeHidden();
  });

  test('removing a camera with many events asks for their number', async ({ page, site }) => {
    const id = await site.api.camera('Full of events');
    await site.api.events(Array.from({ length: 150 }, (_, i) => ({ camid: id, name: 'motion', age_ms: i * 1000 })));
    await enter(page, site, 'admin', '/cameras?q=full of');
    await page.getByRole('button', { name: 'Actions for Full of events', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Remove', exact: true }).click();
    const remove = page.getByRole('dialog', { name: 'Remove Full of events', exact: true });
    await expect(remove).toContainText('It has 150 events.');
    await remove.getByRole('radio', { name: 'Delete its events', exact: true }).check();
    await remove.getByRole('button', { name: 'Remove', exact: true }).click();
    const confirm = page.getByRole('dialog', { name: 'Delete 150 events', exact: true });
    await expect(confirm.getByRole('button', { name: 'Remove', exact: true })).toBeDisabled();
    await confirm.getByRole('textbox', { name: 'Type 150 to confirm', exact: true }).fill('150');
    await confirm.getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(page.getByText('No camera matches.')).toBeVisible();
    await expect
      .poll(async () => (await site.api.call<{ meta: { total_count: number } }>('GET', `/api/v2/storage/events/?camid=${id}&limit=1`)).meta.total_count)
      .toBe(0);
  });
});

test.describe('a camera', () => {
  test('a camera that does not exist is not found', async ({ admin, site }) => {
    await admin.goto(`${site.server.url}/cameras/4000000`);
    await expect(admin.getByRole('heading', { level: 1, name: 'Not found', exact: true })).toBeVisible();
  });

  test('a switch acts at once and is kept', async ({ page, site }) => {
    const id = await own(page, site, 'With switches');
    const types = page.getByRole('table', { name: 'Event types', exact: true });
    const record = types.getByRole('switch', { name: 'Record motion', exact: true });
    const receive = types.getByRole('switch', { name: 'Receive motion', exact: true });
    await expect(receive).toBeChecked();
    const before = await record.isChecked();
    // When two are turned, then the server has them and a reload shows them.
    await record.click();
    await expect(record).toBeChecked({ checked: !before });
    await receive.click();
    await expect(receive).not.toBeChecked();
    await expect(page.getByText('events from this camera will be counted but not stored.')).toBeVisible();
    await expect
      .poll(() => site.api.call<{ record: boolean; receive: boolean }>('GET', `/api/v2/cameras/${id}/event_processing/events/motion/`))
      .toMatchObject({ record: !before, receive: false });
    await page.reload();
    await expect(record).toBeChecked({ checked: !before });
    await expect(receive).not.toBeChecked();
  });

  test('switching Receive off can be undone where it is told', async ({ page, site }) => {
    await own(page, site, 'With an undo');
    const receive = page.getByRole('switch', { name: 'Receive motion', exact: true });
    await receive.click();
    await expect(receive).not.toBeChecked();
    await page.getByRole('region', { name: 'Messages', exact: true }).getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(receive).toBeChecked();
  });

  test('a period is kept', async ({ page, site }) => {
    const id = await own(page, site, 'With a period');
    const every = page.getByRole('spinbutton', { name: 'Every (seconds) snapshot', exact: true });
    await every.fill('300');
    await every.blur();
    await expect
      .poll(() => site.api.call<{ period: number }>('GET', `/api/v2/cameras/${id}/event_processing/events/snapshot/`))
      .toMatchObject({ period: 300 });
    await page.reload();
    await expect(every).toHaveValue('300');
  });

  test('a custom type is made, takes events, and goes', async ({ page, site }) => {
    const id = await own(page, site, 'With a type of its own');
    await page.getByRole('button', { name: 'Custom type', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'New custom type', exact: true });
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('gate_ajar');
    await expect(dialog.getByRole('switch', { name: 'Notify', exact: true })).toBeChecked();
    await dialog.getByRole('switch', { name: 'Notify', exact: true }).click();
    await dialog.getByRole('button', { name: 'Create type', exact: true }).click();
    await expect(dialog).toBeHidden();
    const types = page.getByRole('table', { name: 'Event types', exact: true });
    // What arrives by the camera's own ways is stored once Receive is on; what programs create is stored anyway.
    await expect(types.getByRole('switch', { name: 'Receive gate_ajar', exact: true })).not.toBeChecked();
    await expect(types.getByRole('switch', { name: 'Notify gate_ajar', exact: true })).not.toBeChecked();
    // Its events appear among the newest by themselves.
    await site.api.events([{ camid: id, name: 'gate_ajar', age_ms: 0 }]);
    await expect(page.getByRole('region', { name: 'Recent events', exact: true }).getByText('gate_ajar')).toBeVisible();
    // A name that cannot be one is refused, with the reason.
    await page.getByRole('button', { name: 'Custom type', exact: true }).click();
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('not,allowed');
    await dialog.getByRole('button', { name: 'Create type', exact: true }).click();
    await expect(dialog).toContainText(/comma/);
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();

    await types.getByRole('button', { name: 'Actions for gate_ajar', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Delete type', exact: true }).click();
    await expect(types.getByRole('switch', { name: 'Receive gate_ajar', exact: true })).toHaveCount(0);
  });

  test('a test event is stored, told and shown', async ({ page, site }) => {
    await own(page, site, 'Tested');
    await expect(page.getByRole('status', { name: 'Camera status', exact: true })).toHaveText('Offline');
    await page.getByRole('button', { name: 'Send a test event', exact: true }).click();
    const result = page.getByRole('status', { name: 'Test result', exact: true });
    await expect(result).toContainText(/Stored as event \d+ in \d+ ms\./);
    const id = /event (\d+)/.exec(await result.innerText())?.[1];
    await expect(page.getByRole('link', { name: `Open event ${id}`, exact: true })).toBeVisible();
    await expect(page.getByRole('status', { name: 'Camera status', exact: true })).toHaveText('Online', { timeout: 15_000 });
    // What was told stays while the camera's facts are renewed.
    await result.getByRole('link', { name: 'Open', exact: true }).click();
    await expect(page.getByRole('complementary', { name: `Event ${id}`, exact: true })).toBeVisible();
  });

  test('the ingest URL is hidden until it is shown, and works as pasted', async ({ page, site }) => {
    const id = await own(page, site, 'To be connected');
    const connect = page.getByRole('region', { name: 'Connect', exact: true });
    const url = connect.getByRole('textbox', { name: 'Ingest URL', exact: true });
    await expect(url).toHaveValue(/\/i\/•+$/);
    await connect.getByRole('button', { name: 'Show ingest URL', exact: true }).click();
    await expect(url).toHaveValue(new RegExp(`^${site.server.url}/i/[\\w.]+$`));
    const secret = (await url.inputValue()).split('/').at(-1)!;
    expect(await post(site, `Bearer ${secret}`, id)).toBe(201);
    // The examples carry the same address.
    const examples = connect.getByRole('tablist', { name: 'Examples', exact: true });
    for (const tab of ['curl', 'Hikvision', 'Dahua', 'Axis', 'Other makes']) {
      await examples.getByRole('tab', { name: tab, exact: true }).click();
      await expect(connect.getByRole('tabpanel')).toContainText(secret);
    }
    await examples.getByRole('tab', { name: 'VXG agent', exact: true }).click();
    await expect(connect.getByRole('tabpanel')).toContainText('access token');
  });

  test('what a camera says in unknown words is shown as it came', async ({ page, site }) => {
    const id = await site.api.camera('Of an unknown make');
    const { objects } = await site.api.call<{ objects: { access: string; token_id: number }[] }>('GET', `/api/admin/v1/cameras/${id}/tokens/`);
    const ingest = objects.find(({ access }) => access === 'ingest')!;
    const { token } = await site.api.call<{ token: string }>('POST', `/api/admin/v1/tokens/${ingest.token_id}/show/`);
    await enter(page, site, 'admin', `/cameras/${id}`);
    const connect = page.getByRole('region', { name: 'Connect', exact: true });
    await expect(connect.getByRole('button', { name: 'Send a test event', exact: true })).toBeVisible();
    const show = connect.getByRole('button', { name: 'Show what came', exact: true });
    await expect(show).toBeHidden();
    for (const body of ['<Alarm>16</Alarm>', '<Alarm>17</Alarm>', '<Alarm>17</Alarm>']) {
      const { status } = await fetch(`${site.server.url}/i/${token}`, { method: 'POST', headers: { 'Content-Type': 'application/xml' }, body });
      expect(status).toBe(200);
    }
    // The page finds out by itself.
    await expect(show).toBeVisible({ timeout: 20_000 });
    await expect(connect.getByRole('status', { name: 'Not understood', exact: true })).toContainText('3 messages of the last 24 h were not understood.');
    await show.click();
    const list = connect.getByRole('tablist', { name: 'Not understood', exact: true });
    await expect(list.getByRole('tab')).toHaveCount(2);
    const panel = connect.getByRole('tabpanel').last();
    await expect(panel).toContainText('<Alarm>17</Alarm>');
    await expect(panel).toContainText('× 2');
    await list.getByRole('tab').last().click();
    await expect(panel).toContainText('<Alarm>16</Alarm>');
    await connect.getByRole('button', { name: 'Hide what came', exact: true }).click();
    await expect(list).toBeHidden();
  });

  test('what is copied is the whole address, on plain HTTP too', async ({ page, site }) => {
    const id = await site.api.camera('To be copied');
    const { objects } = await site.api.call<{ objects: { access: string; token_id: number }[] }>('GET', `/api/admin/v1/cameras/${id}/tokens/`);
    const ingest = objects.find(({ access }) => access === 'ingest')!;
    const { token } = await site.api.call<{ token: string }>('POST', `/api/admin/v1/tokens/${ingest.token_id}/show/`);
    // A page on a LAN address has no clipboard of its own.
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
      document.addEventListener('copy', () => Object.assign(window, { __copied: String(getSelection() || (document.activeElement as HTMLTextAreaElement).value) }));
    });
    await enter(page, site, 'admin', `/cameras/${id}`);
    await page.getByRole('button', { name: 'Copy ingest URL', exact: true }).click();
    await expect(page.getByRole('region', { name: 'Connect', exact: true }).getByText('Copied', { exact: true }).first()).toBeVisible();
    const copied = await page.evaluate(() => (window as unknown as { __copied?: string }).__copied);
    expect(copied).toBe(`${site.server.url}/i/${token}`);
  });

  test('a token is made, shown, rotated and revoked, and the API follows', async ({ page, site }) => {
    const id = await own(page, site, 'With tokens');
    const tokens = page.getByRole('table', { name: 'Tokens', exact: true });
    const shown = page.getByRole('dialog').getByRole('textbox', { name: 'Token', exact: true });
    // When a token is made.
    await page.getByRole('button', { name: 'New token', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'New token', exact: true });
    await dialog.getByRole('radiogroup', { name: 'Access', exact: true }).getByRole('radio', { name: 'Read and write', exact: true }).check();
    await choose(page, dialog.getByRole('combobox', { name: 'Expires', exact: true }), 'In 30 days');
    const answer = page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith('/tokens/'));
    await dialog.getByRole('button', { name: 'Create token', exact: true }).click();
    const { token_id: n } = (await (await answer).json()) as { token_id: number };
    await expect(dialog.getByRole('button', { name: 'Copy token', exact: true })).toBeVisible();
    const first = await shown.inputValue();
    await dialog.getByRole('button', { name: 'Done', exact: true }).click();
    // Then the API takes it.
    expect(await post(site, `Acc ${first}`, id)).toBe(201);
    await expect(tokens).toContainText(/ends \d{4}-\d\d-\d\d/);

    // It can be shown again.
    await tokens.getByRole('button', { name: `Show token ${n}`, exact: true }).click();
    await expect(page.getByRole('dialog', { name: `Show token ${n}`, exact: true })).toContainText('Anyone with this token can act as this camera.');
    await expect(shown).toHaveValue(first);
    await page.getByRole('dialog').getByRole('button', { name: 'Done', exact: true }).click();

    // When it is rotated with an overlap, then both work.
    await tokens.getByRole('button', { name: `Rotate token ${n}`, exact: true }).click();
    const rotate = page.getByRole('dialog', { name: `Rotate token ${n}`, exact: true });
    await choose(page, rotate.getByRole('combobox', { name: 'Old token works for', exact: true }), '1 hour');
    await rotate.getByRole('button', { name: 'Rotate', exact: true }).click();
    await expect(page.getByText(/New token made\. The old one works until \d{4}-/)).toBeVisible();
    const second = await shown.inputValue();
    expect(second).not.toBe(first);
    await rotate.getByRole('button', { name: 'Done', exact: true }).click();
    expect([await post(site, `Acc ${first}`, id), await post(site, `Acc ${second}`, id)]).toEqual([201, 201]);
    await expect(tokens).toContainText(/old one works until/);

    // When it is rotated without one, then only the newest works.
    await tokens.getByRole('button', { name: `Rotate token ${n}`, exact: true }).click();
    await choose(page, rotate.getByRole('combobox', { name: 'Old token works for', exact: true }), 'Not at all');
    await rotate.getByRole('button', { name: 'Rotate', exact: true }).click();
    await expect(rotate.getByRole('button', { name: 'Done', exact: true })).toBeVisible();
    const third = await shown.inputValue();
    await rotate.getByRole('button', { name: 'Done', exact: true }).click();
    expect(await post(site, `Acc ${second}`, id)).toBe(401);
    expect(await post(site, `Acc ${third}`, id)).toBe(201);

    // When it is revoked, then nothing works.
    await tokens.getByRole('button', { name: `Revoke token ${n}`, exact: true }).click();
    await page.getByRole('dialog', { name: `Revoke token ${n}`, exact: true }).getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect(page.getByRole('button', { name: `Show token ${n}`, exact: true })).toHaveCount(0);
    expect(await post(site, `Acc ${third}`, id)).toBe(401);
    await expectNoFailure(page);
  });

  test('a trigger comes back as an event, and a camera that went away says so', async ({ page, site }) => {
    // Given a camera that keeps a connection and can be asked for `door_open`.
    const camera = await site.api.camera('Back door');
    const { token } = await site.api.call<{ token: string }>('POST', `/api/admin/v1/cameras/${camera}/tokens/`, { access: 'ingest' });
    const simulated = site.server.simulateCamera(token, 'door_open');
    try {
      await enter(page, site, 'admin', `/cameras/${camera}`);
      const trigger = page.getByRole('button', { name: 'Trigger door_open', exact: true });
      await expect(async () => {
        await page.reload();
        await expect(trigger).toBeVisible({ timeout: 2_000 });
      }).toPass();
      // When the trigger is pressed.
      await trigger.click();
      const dialog = page.getByRole('dialog', { name: 'Trigger an event', exact: true });
      await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
      // Then the event that came of it is named, and is in the list.
      const result = dialog.getByRole('status', { name: 'Trigger result', exact: true });
      await expect(result).toContainText(/Done: event \d+\./);
      const id = /event (\d+)/.exec((await result.textContent()) ?? '')?.[1];
      const event = await site.api.call<{ name: string; camid: number }>('GET', `/api/v2/storage/events/${id}/`);
      expect(event).toMatchObject({ name: 'door_open', camid: camera });
      // And when the camera goes away.
      await simulated.stop();
      await expect(async () => {
        await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
        await expect(result).toContainText('The camera is offline.', { timeout: 2_000 });
      }).toPass();
    } finally {
      await simulated.stop();
    }
  });
});
