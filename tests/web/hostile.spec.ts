// Text that others wrote is shown as text, on every page that shows it, and nothing in it runs.
import { enter, expect, expectNoFailure, makeSite, test as base, watch, type Browser, type Page, type Site } from './site.ts';
import { HOSTILE, shown } from './hostile.ts';

interface Hostile extends Site {
  /** Camera ids, event type names and events, each in the order of `names`. */
  ids: number[];
  types: string[];
  users: string[];
  hits: number[];
  /** The range of the hits, and of nothing else, as the address says it. */
  range: string;
}

/** A site of its own, with every text wherever a name, tag or value may stand. */
const test = base.extend<object, { hostile: Hostile }>({
  hostile: [
    async ({}, use) => {
      const site = await makeSite();
      const ids: number[] = [];
      for (const name of HOSTILE) ids.push((await site.api.call<{ id: number }>('POST', '/api/admin/v1/cameras/', { name })).id);
      const types: string[] = [];
      for (const name of HOSTILE) {
        const made = await site.api.raw('POST', `/api/v2/cameras/${ids[0]}/event_processing/events/`, `LKey ${site.key}`, { name, notify: true });
        if (made.status < 300) types.push(name);
      }
      const users: string[] = [];
      for (const name of HOSTILE) {
        const made = await site.server.manage('POST', 'users/', { name, password: 'correct horse battery', role: 'viewer' });
        if (made.status < 300) users.push(name);
      }
      for (const name of HOSTILE.slice(0, 20)) {
        expect((await site.server.manage('POST', 'keys/', { name })).status).toBe(201);
        await site.api.call('POST', '/api/v3/channel_groups/', { name, channels: ids.slice(0, 5) });
      }
      // Each text once as tag and as value, on a camera of the same name; then one event of each type.
      const before = Date.now();
      const hits = await site.api.events(HOSTILE.map((text, i) => ({ camid: ids[i]!, name: 'motion', age_ms: (HOSTILE.length - i) * 1000, meta: { [text]: text } })));
      const range = `from=${new Date(before - 62_000).toISOString()}&to=${new Date().toISOString()}`;
      await site.api.events(types.map((name) => ({ camid: ids[0]!, name, age_ms: 0, meta: { kind: name } })));
      await site.api.call('PUT', '/api/admin/v1/settings/', { 'site.name': HOSTILE[0] });
      await use({ ...site, ids, types, users, hits, range });
      await site.server.destroy();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

test.setTimeout(240_000);

/** That nothing of it ran: no script, no element of its making, no style. */
async function expectHarmless(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    pwned: (window as unknown as { __pwned?: unknown }).__pwned,
    elements: [...document.querySelectorAll('iframe,base,object,embed,video,math,form[action],body script:not([src^="/"]),[onerror],[onload],[onfocus],[onmouseover],[ontoggle]')].map((element) => element.outerHTML.slice(0, 120)),
    links: [...document.querySelectorAll('a[href]')].map((link) => (link as HTMLAnchorElement).protocol).filter((protocol) => !/^https?:$/.test(protocol)),
    elsewhere: [...document.querySelectorAll('a[href]')].map((link) => (link as HTMLAnchorElement).host).filter((host) => host !== location.host),
  }));
  expect(found).toEqual({ pwned: undefined, elements: [], links: [], elsewhere: [] });
}

/** What stands on the page, as the tree holds it: not what blanks become on screen. */
async function textOf(page: Page, selector = 'body'): Promise<string> {
  return page.locator(selector).first().evaluate((element) => element.textContent ?? '');
}

test('there are sixty, and nearly all are taken as names', async ({ hostile }) => {
  expect(HOSTILE).toHaveLength(60);
  expect(hostile.ids).toHaveLength(60);
  // A comma or a slash is not allowed in a type, nor a slash in a user.
  expect(hostile.types.length).toBeGreaterThan(35);
  expect(hostile.users.length).toBeGreaterThan(35);
});

test('a script that got in would be stopped and seen', async ({ browser, hostile }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const { complaints } = watch(page);
  await enter(page, hostile);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.__pwned = 1';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<img src="http://evil.example/x.png" onerror="window.__pwned = 2">');
  });
  await expect.poll(() => complaints.filter((complaint) => complaint.startsWith('policy: ')).length).toBeGreaterThanOrEqual(2);
  await expect(expectHarmless(page)).rejects.toThrow('onerror');
  expect(await page.evaluate(() => (window as unknown as { __pwned?: unknown }).__pwned)).toBeUndefined();
  await context.close();
});

test('Cameras shows each name as text', async ({ page, hostile }) => {
  await enter(page, hostile, 'admin', '/cameras');
  const table = page.getByRole('table', { name: 'Cameras', exact: true });
  await expect(table.getByRole('row')).toHaveCount(HOSTILE.length + 5);
  const names = await table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.querySelector('a')?.textContent ?? ''));
  for (const name of HOSTILE) expect(names).toContain(shown(name));
  await expectHarmless(page);
  // So do its menus and dialogs, in names too.
  for (const name of [HOSTILE[0]!, HOSTILE[3]!, HOSTILE[23]!, HOSTILE[46]!]) {
    const row = table.getByRole('row').filter({ has: page.locator(`a[href="/cameras/${hostile.ids[HOSTILE.indexOf(name)]}"]`) });
    const actions = row.getByRole('button');
    expect(await actions.getAttribute('aria-label')).toBe(`Actions for ${shown(name)}`);
    await actions.click();
    await page.getByRole('menuitem', { name: 'Remove', exact: true }).click();
    expect(await textOf(page, 'dialog h2')).toBe(`Remove ${shown(name)}`);
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel', exact: true }).click();
  }
  await expectHarmless(page);
});

test('each camera’s own page shows its name as text', async ({ page, hostile }) => {
  await enter(page, hostile, 'admin', '/cameras');
  const wrong: string[] = [];
  for (const [i, name] of HOSTILE.entries()) {
    await page.goto(`${hostile.server.url}/cameras/${hostile.ids[i]}`);
    await expect(page.getByText(`id ${hostile.ids[i]}`, { exact: true })).toBeVisible();
    await expect(page.getByRole('region', { name: 'Recent events', exact: true }).getByRole('listitem').first()).toBeVisible();
    const heading = await textOf(page, 'h1');
    if (heading !== shown(name)) wrong.push(`h1 of ${JSON.stringify(name)}: ${JSON.stringify(heading)}`);
    // Its newest event has the text as tag and value.
    const recent = await textOf(page, 'section[aria-labelledby=recent-title] ul');
    if (i > 0 && !recent.includes(`${shown(name, 64)} ${shown(name, 120)}`)) wrong.push(`recent of ${JSON.stringify(name)}: ${JSON.stringify(recent)}`);
    await expectHarmless(page);
  }
  expect(wrong).toEqual([]);
  await expectNoFailure(page);
});

test('event types of every name are shown as text', async ({ page, hostile }) => {
  await enter(page, hostile, 'admin', `/cameras/${hostile.ids[0]}`);
  const table = page.getByRole('table', { name: 'Event types', exact: true });
  await expect(table).toBeVisible();
  const labels = await table.locator('.chip .label').evaluateAll((all) => all.map((label) => label.textContent ?? ''));
  for (const name of hostile.types) expect(labels).toContain(shown(name));
  await expectHarmless(page);
  await page.goto(`${hostile.server.url}/storage`);
  const types = page.getByRole('table', { name: 'By type', exact: true });
  await expect(types).toBeVisible();
  const stored = await types.locator('.chip .label').evaluateAll((all) => all.map((label) => label.textContent ?? ''));
  for (const name of hostile.types) expect(stored).toContain(shown(name));
  const cameras = await page.getByRole('table', { name: 'By camera', exact: true }).locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.querySelector('a')?.textContent ?? ''));
  for (const name of HOSTILE) expect(cameras).toContain(shown(name));
  await expectHarmless(page);
});

test('a type of any name is switched and deleted', async ({ page, hostile }) => {
  await enter(page, hostile, 'admin', `/cameras/${hostile.ids[0]}`);
  for (const name of hostile.types.filter((type) => /[<%?#$&{]/.test(type)).slice(0, 8)) {
    const notify = page.getByRole('switch', { name: `Notify ${name}`, exact: true });
    await expect(notify).toBeChecked();
    await notify.click();
    await expect(notify).not.toBeChecked();
    const path = `/api/v2/cameras/${hostile.ids[0]}/event_processing/events/${encodeURIComponent(name)}/`;
    await expect.poll(async () => (await hostile.api.call<{ notify: boolean }>('GET', path)).notify, name).toBe(false);
  }
  await expectHarmless(page);
});

test('users, keys, groups and the audit of every name are shown as text', async ({ page, hostile }) => {
  await enter(page, hostile, 'admin', '/access/users');
  const names = async (label: string): Promise<string[]> => {
    const table = page.getByRole('table', { name: label, exact: true });
    await expect(table).toBeVisible();
    return table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.querySelector('[dir=auto]')?.textContent ?? ''));
  };
  const users = await names('Users');
  for (const name of hostile.users) expect(users).toContain(shown(name));
  await expectHarmless(page);
  await page.goto(`${hostile.server.url}/access/keys`);
  const keys = await names('License keys');
  for (const name of HOSTILE.slice(0, 20)) expect(keys).toContain(shown(name));
  await expectHarmless(page);
  await page.goto(`${hostile.server.url}/access/groups`);
  const groups = await names('Groups');
  for (const name of HOSTILE.slice(0, 20)) expect(groups).toContain(shown(name));
  await expectHarmless(page);
  await page.goto(`${hostile.server.url}/access/audit`);
  await expect(page.getByRole('table', { name: 'Audit', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Show older', exact: true }).click();
  await expect(page.getByText(/^200 of /)).toBeVisible();
  const audit = await textOf(page, 'table');
  for (const name of HOSTILE.slice(0, 20)) expect(audit).toContain(shown(name));
  await expectHarmless(page);
});

test('a user of any name is changed and logs in', async ({ browser, page, hostile }) => {
  await enter(page, hostile, 'admin', '/access/users');
  const name = hostile.users.find((user) => user.includes('<img'))!;
  const row = page.getByRole('table', { name: 'Users', exact: true }).getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
  await row.getByRole('button', { name: `Actions for ${name}`, exact: true }).click();
  await page.getByRole('menuitem', { name: 'Change role', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: `Change the role of ${name}`, exact: true });
  await dialog.getByRole('combobox', { name: 'Role', exact: true }).click();
  await page.getByRole('option', { name: 'Operator', exact: true }).click();
  await dialog.getByRole('button', { name: 'Change role', exact: true }).click();
  await expect(row).toContainText('Operator');
  await expectHarmless(page);
  // The name stands in the user's own shell.
  const { page: own, close } = await alone(browser);
  await enter(own, hostile, name, '/account');
  await expect(own.getByRole('main')).toContainText(name);
  await expectHarmless(own);
  await close();
});

/** A page with a browser context of its own, watched. */
async function alone(browser: Browser): Promise<{ page: Page; close: () => Promise<void> }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const { complaints } = watch(page);
  return {
    page,
    close: async () => {
      await context.close();
      expect(complaints).toEqual([]);
    },
  };
}

test('Overview and Live show what comes as text', async ({ page, hostile }) => {
  await enter(page, hostile, 'admin', '/');
  await expect(page.getByRole('status', { name: 'Connection', exact: true })).toHaveText('Live', { timeout: 30_000 });
  await expect(page).toHaveTitle(`Overview · ${HOSTILE[0]}`);
  /** Ten events: a text each as camera, tag and value; or a type each. */
  const texts = async (from: number): Promise<unknown> =>
    hostile.api.events(HOSTILE.slice(from, from + 10).map((text, i) => ({ camid: hostile.ids[from + i]!, name: 'motion', age_ms: 0, meta: { [text]: text } })));
  const kinds = async (from: number): Promise<unknown> =>
    hostile.api.events(hostile.types.slice(from, from + 10).map((name) => ({ camid: hostile.ids[0]!, name, age_ms: 0 })));
  const latest = (): Promise<string> => textOf(page, 'section[aria-labelledby=latest-title] ul');
  for (let from = 0; from < HOSTILE.length; from += 10) {
    await texts(from);
    for (const text of HOSTILE.slice(from, from + 10)) await expect.poll(latest, text).toContain(shown(text, 64));
    await expect(page.getByRole('region', { name: 'Latest events', exact: true }).getByRole('listitem')).toHaveCount(10);
    await expectHarmless(page);
  }
  for (let from = 0; from < hostile.types.length; from += 10) {
    await kinds(from);
    for (const name of hostile.types.slice(from, from + 10)) await expect.poll(latest, name).toContain(shown(name));
    await expectHarmless(page);
  }
  // Needs attention has those that never sent anything; here all did.
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Live', exact: true }).click();
  const log = page.getByRole('log', { name: 'Live events', exact: true });
  await expect(page.getByRole('heading', { level: 1, name: 'Live', exact: true })).toBeVisible();
  const live = (): Promise<string> => log.evaluate((element) => element.textContent ?? '');
  for (let from = 0; from < HOSTILE.length; from += 10) {
    await texts(from);
    await kinds(from);
    for (const text of HOSTILE.slice(from, from + 10)) await expect.poll(live, text).toContain(shown(text, 64));
    for (const name of hostile.types.slice(from, from + 10)) await expect.poll(live, name).toContain(shown(name));
  }
  await expectHarmless(page);
});

test('Events shows each text in its row, its drawer and its JSON', async ({ page, hostile }) => {
  // From the newest to the oldest, row by row.
  await enter(page, hostile, 'admin', `/events?${hostile.range}&event=${hostile.hits.at(-1)}`);
  await expect(page.getByRole('grid', { name: 'Events', exact: true })).toBeVisible();
  const wrong: string[] = [];
  for (const [i, text] of [...HOSTILE.entries()].toReversed()) {
    const drawer = page.getByRole('complementary', { name: `Event ${hostile.hits[i]}`, exact: true });
    const tags = drawer.getByRole('table', { name: 'Tags', exact: true });
    await expect(tags).toBeVisible();
    const [tag, value] = await tags.locator('tbody tr').first().evaluate((row) => [row.children[0]?.textContent ?? '', row.children[1]?.textContent?.trim() ?? '']);
    if (tag !== shown(text)) wrong.push(`tag ${JSON.stringify(text)}: ${JSON.stringify(tag)}`);
    if (value !== shown(text)) wrong.push(`value ${JSON.stringify(text)}: ${JSON.stringify(value)}`);
    await expect.poll(() => drawer.locator('dd').first().evaluate((element) => element.textContent), text).toBe(shown(text));
    if (i % 10 === 0) {
      await drawer.getByRole('button', { name: 'JSON', exact: true }).click();
      await expect(drawer.getByRole('region', { name: 'JSON', exact: true })).toBeVisible();
      await expectHarmless(page);
      await drawer.getByRole('button', { name: 'JSON', exact: true }).click();
    }
    await expectHarmless(page);
    if (i > 0) await drawer.getByRole('button', { name: 'Next event', exact: true }).click();
  }
  expect(wrong).toEqual([]);
});

test('texts in the address are shown as text too', async ({ page, hostile }) => {
  await enter(page, hostile, 'admin', '/');
  for (const text of HOSTILE.slice(0, 12)) {
    await page.goto(`${hostile.server.url}/cameras?q=${encodeURIComponent(text)}`);
    await expect(page.getByRole('searchbox', { name: 'Search cameras', exact: true })).toHaveValue(text);
    await page.goto(`${hostile.server.url}/no-such/${encodeURIComponent(text)}`);
    await expect(page.getByRole('heading', { level: 1, name: 'Not found', exact: true })).toBeVisible();
    await page.goto(`${hostile.server.url}/access/audit?q=${encodeURIComponent(text)}&who=${encodeURIComponent(text)}`);
    await expect(page.getByRole('searchbox', { name: 'Search audit', exact: true })).toHaveValue(text);
    await page.goto(`${hostile.server.url}/events?tag=${encodeURIComponent(text)}&type=${encodeURIComponent(text)}&from=${encodeURIComponent(text)}`);
    await expect(page.getByRole('heading', { level: 1, name: 'Events', exact: true })).toBeVisible();
    await expectHarmless(page);
  }
});
