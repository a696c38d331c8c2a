// Rules of retention: what they would remove is told before they are made, and then it goes.
import { ADMIN, Api, choose, enter, expect, expectNoFailure, Server, SITE, test as base, type Locator, type Page, type Site } from './site.ts';

const MOTION = 150;
const PERSON = 30;
const DAYS = 40;

/** A site whose events are forty days old. */
const test = base.extend<{ old: Site }>({
  old: async ({}, use, info) => {
    const server = await Server.start();
    try {
      await server.user(ADMIN, 'admin');
      const key = await server.key();
      const api = new Api(server, key);
      await api.call('PUT', '/api/admin/v1/settings/', { 'site.name': SITE });
      const cameras = { 'Gate North': await api.camera('Gate North'), Lobby: await api.camera('Lobby') };
      await api.type(cameras.Lobby, 'person');
      const of = (n: number, camid: number, name: string) => Array.from({ length: n }, () => ({ camid, name, age_ms: 0 }));
      const events = await api.events([...of(MOTION, cameras['Gate North'], 'motion'), ...of(PERSON, cameras.Lobby, 'person')]);
      info.skip(!(await server.later(DAYS)), 'faketime is missing: nothing here can be old');
      await use({ server, api, key, cameras, events, cookies: new Map() });
    } finally {
      await server.destroy();
    }
  },
});

const rules = (page: Page): Locator => page.getByRole('region', { name: 'Retention rules', exact: true });
const dialog = (page: Page, name: string | RegExp): Locator => page.getByRole('dialog', { name, exact: true });
const stored = async (site: Site): Promise<unknown> => (await site.api.call<{ objects: unknown[] }>('GET', '/api/admin/v1/retention/rules/')).objects;
const count = async (site: Site): Promise<number> =>
  (await site.api.call<{ meta: { total_count: number } }>('GET', '/api/v2/storage/events/?limit=1')).meta.total_count;

test('a rule tells what it would remove, is made, changed and removed', async ({ page, old }) => {
  test.slow();
  await enter(page, old, ADMIN, '/settings');
  const region = rules(page);
  await expect(region).toContainText('No rules yet.');
  const days = page.getByRole('form', { name: 'Retention', exact: true }).getByRole('status', { name: 'Retention preview', exact: true });
  await expect(days).toHaveText('Removes nothing: events are kept for ever.');

  // What is missing is said, and nothing is counted yet.
  await region.getByRole('button', { name: 'Add rule', exact: true }).click();
  const add = dialog(page, 'Add rule');
  const preview = add.getByRole('status', { name: 'Retention preview', exact: true });
  await expect(preview).toHaveText('Choose what the rule is about and for how many days: then what it removes is counted.');
  await add.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(add.getByText('Choose a camera or a type. For all events the days above count.')).toBeVisible();
  await choose(page, add.getByRole('combobox', { name: 'Type', exact: true }), /^Motion/);
  await add.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(add.getByText('This cannot be empty.')).toBeVisible();

  // What it would remove is told as it is typed, and asked about by its count.
  const field = add.getByRole('spinbutton', { name: 'Keep for (days)', exact: true });
  await field.fill(String(DAYS + 1));
  await expect(preview).toHaveText('Removes nothing now.');
  await field.fill('30');
  await expect(preview).toHaveText(new RegExp(`^Removes ${MOTION} events, the oldest from \\d{4}-\\d\\d-\\d\\d [\\d:]{8} \\S+\\.$`));
  await add.getByRole('button', { name: 'Save', exact: true }).click();
  const sure = dialog(page, `Remove ${MOTION} events`);
  await expect(sure).toContainText('This cannot be undone.');
  const go = sure.getByRole('button', { name: 'Save and remove', exact: true });
  await expect(go).toBeDisabled();
  await sure.getByRole('button', { name: 'Cancel', exact: true }).click();
  expect([await stored(old), await count(old)]).toEqual([[], MOTION + PERSON]);
  await add.getByRole('button', { name: 'Save', exact: true }).click();
  await sure.getByRole('textbox', { name: `Type ${MOTION} to confirm`, exact: true }).fill(String(MOTION));
  await go.click();
  await expect(page.getByText('The rule for All cameras · Motion was saved.')).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);

  // Then it stands there, also after a reload, and does what it said.
  const row = region.getByRole('row').filter({ hasText: 'Motion' });
  await page.reload();
  await expect(row).toContainText('All cameras');
  await expect(row).toContainText('30 days');
  await expect.poll(() => count(old), { timeout: 60_000 }).toBe(PERSON);

  // The same once more is refused before anything is sent.
  await region.getByRole('button', { name: 'Add rule', exact: true }).click();
  await choose(page, add.getByRole('combobox', { name: 'Type', exact: true }), /^Motion/);
  await field.fill('5');
  await add.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(add.getByText('There is a rule for this camera and type already.')).toBeVisible();
  await add.getByRole('button', { name: 'Cancel', exact: true }).click();

  // Changed: what removes nothing is not asked about.
  const actions = region.getByRole('button', { name: 'Actions for All cameras · Motion', exact: true });
  await actions.click();
  await page.getByRole('menuitem', { name: 'Edit', exact: true }).click();
  const edit = dialog(page, 'Edit rule');
  await choose(page, edit.getByRole('combobox', { name: 'Camera', exact: true }), /^Gate North/);
  await edit.getByRole('spinbutton', { name: 'Keep for (days)', exact: true }).fill('0');
  await edit.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(row).toContainText('Gate North');
  await expect(row).toContainText('for ever');
  expect(await stored(old)).toEqual([{ camid: old.cameras['Gate North'], name: 'motion', days: 0 }]);

  // Removed: others have changed meanwhile what is not shown here yet, and that stays.
  await old.api.call('PUT', '/api/admin/v1/retention/rules/', { objects: [{ camid: old.cameras['Gate North'], name: 'motion', days: 0 }, { camid: null, name: 'net', days: 9 }] });
  await region.getByRole('button', { name: 'Actions for Gate North · Motion', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Remove…', exact: true }).click();
  const remove = dialog(page, 'Remove the rule for Gate North · Motion');
  await expect(remove).toContainText('Removes nothing now.');
  await remove.getByRole('button', { name: 'Remove rule', exact: true }).click();
  await expect(row).toHaveCount(0);
  await expect(region.getByRole('row').filter({ hasText: '9 days' })).toBeVisible();
  expect(await stored(old)).toEqual([{ camid: null, name: 'net', days: 9 }]);
  await expectNoFailure(page);
});

test('fewer days for all events are asked about by their count too', async ({ page, old }) => {
  await enter(page, old, ADMIN, '/settings');
  const form = page.getByRole('form', { name: 'Retention', exact: true });
  await form.getByRole('spinbutton', { name: 'Keep events for (days)', exact: true }).fill('30');
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  const sure = dialog(page, `Remove ${MOTION + PERSON} events`);
  await sure.getByRole('button', { name: 'Cancel', exact: true }).click();
  expect(await count(old)).toBe(MOTION + PERSON);
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await sure.getByRole('textbox').fill(String(MOTION + PERSON));
  await page.keyboard.press('Enter');
  await expect(page.getByText('Retention was saved.')).toBeVisible();
  await expect.poll(() => count(old), { timeout: 40_000 }).toBe(0);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  /** Presses Tab until this has the focus. */
  async function tabTo(page: Page, goal: Locator): Promise<void> {
    await expect(goal).toBeVisible();
    for (let i = 0; i < 80; i += 1) {
      if (await goal.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    await expect(goal).toBeFocused();
  }

  test('a rule is made and removed by keys alone', async ({ page, old }) => {
    await enter(page, old, ADMIN, '/settings');
    const { keyboard } = page;
    const region = rules(page);
    const make = region.getByRole('button', { name: 'Add rule', exact: true });
    await tabTo(page, make);
    await keyboard.press('Enter');
    const add = dialog(page, 'Add rule');
    await expect(add.getByRole('combobox', { name: 'Camera', exact: true })).toBeFocused();
    await keyboard.type('lob');
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    await keyboard.type('pers');
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    await keyboard.type('30');
    await expect(add.getByRole('status', { name: 'Retention preview', exact: true })).toContainText(`Removes ${PERSON} events`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await keyboard.press('Enter');
    // A hundred or fewer are asked about without typing their number.
    const sure = dialog(page, `Remove ${PERSON} events`);
    await expect(sure).toBeVisible();
    await tabTo(page, sure.getByRole('button', { name: 'Save and remove', exact: true }));
    await keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(make).toBeFocused();
    const row = region.getByRole('row').filter({ hasText: 'Lobby' });
    await expect(row).toContainText('Person');
    await expect(row).toContainText('30 days');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);

    await keyboard.press('Shift+Tab');
    await expect(region.getByRole('button', { name: 'Actions for Lobby · Person', exact: true })).toBeFocused();
    await keyboard.press('Enter');
    await keyboard.press('ArrowDown');
    await expect(page.getByRole('menuitem', { name: 'Remove…', exact: true })).toBeFocused();
    await keyboard.press('Enter');
    const remove = dialog(page, 'Remove the rule for Lobby · Person');
    await tabTo(page, remove.getByRole('button', { name: 'Remove rule', exact: true }));
    await expect(remove).toContainText('Removes nothing now.');
    await keyboard.press('Enter');
    await expect(region).toContainText('No rules yet.');
    await expect(region.getByRole('heading', { name: 'Retention rules', exact: true })).toBeFocused();
    expect(await stored(old)).toEqual([]);
  });
});
