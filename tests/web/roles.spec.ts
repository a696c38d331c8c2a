// What a role may not, it neither sees nor gets.
import { enter, expect, expectNoFailure, test, type Page } from './site.ts';

const ADMIN_PAGES = ['Access', 'Settings', 'Storage', 'System'];
const ADMIN_PATHS = ['/access', '/access/users', '/access/keys', '/access/groups', '/access/audit', '/settings', '/storage', '/system'];
/** What only an administrator may read or change. */
const FORBIDDEN: [method: string, path: string, body?: unknown][] = [
  ['GET', 'settings/'],
  ['PUT', 'settings/', { 'site.name': 'Mine now' }],
  ['GET', 'users/'],
  ['POST', 'users/', { name: 'intruder', password: 'correct horse battery', role: 'admin' }],
  ['DELETE', 'users/admin/'],
  ['DELETE', 'users/admin/sessions/'],
  ['GET', 'keys/'],
  ['POST', 'keys/', { name: 'intruder' }],
  ['GET', 'audit/'],
  ['GET', 'audit/export/'],
  ['GET', 'storage/'],
  ['GET', 'system/'],
  ['GET', 'logs/'],
  ['GET', 'support-bundle/'],
  ['GET', 'retention/'],
  ['GET', 'retention/preview/?days=1'],
  ['POST', 'retention/preview/', { rules: [] }],
  ['GET', 'retention/rules/'],
  ['PUT', 'retention/rules/', { objects: [] }],
  ['GET', 'holds/'],
  ['POST', 'cameras/', { name: 'Mine' }],
  ['PUT', 'cameras/1/', { name: 'Mine' }],
  ['DELETE', 'cameras/1/?events=delete'],
  ['GET', 'cameras/1/tokens/'],
  ['POST', 'cameras/1/tokens/', { access: 'all' }],
  ['POST', 'tokens/1/show/'],
  ['POST', 'tokens/1/rotate/', { overlap_s: 0 }],
  ['DELETE', 'tokens/1/'],
];

/** Calls the admin API from inside the page, with its cookie: statuses by call. */
async function call(page: Page, calls: [string, string, unknown?][], prefix = '/api/admin/v1/'): Promise<Record<string, number>> {
  return page.evaluate(
    async ([all, base]) => {
      const statuses: Record<string, number> = {};
      for (const [method, path, body] of all) {
        const answer = await fetch(base + path, {
          method,
          ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
        });
        statuses[`${method} ${path}`] = answer.status;
      }
      return statuses;
    },
    [calls, prefix] as const,
  );
}

for (const role of ['viewer', 'operator'] as const) {
  test(`the navigation of a ${role} has no administration`, async ({ page, site }) => {
    await enter(page, site, role);
    const main = page.getByRole('navigation', { name: 'Main', exact: true });
    for (const name of ['Overview', 'Events', 'Live', 'Cameras']) await expect(main.getByRole('link', { name, exact: true })).toBeVisible();
    await expect(main.getByRole('link')).toHaveCount(4);
    for (const name of ADMIN_PAGES) await expect(main.getByRole('link', { name, exact: true })).toHaveCount(0);
    await expect(main.getByText('Administration')).toHaveCount(0);
    // Nor do its keys lead there.
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await expect(page.getByRole('heading', { level: 1, name: 'Overview', exact: true })).toBeVisible();
  });

  test(`a ${role} is told that the pages of administration are not for the role`, async ({ page, site }) => {
    await enter(page, site, role);
    const asked: string[] = [];
    page.on('response', (response) => {
      if (response.status() === 403) asked.push(response.url());
    });
    for (const path of ADMIN_PATHS) {
      await page.goto(site.server.url + path);
      await expect(page.getByRole('heading', { level: 1, name: 'Not for your role', exact: true })).toBeVisible();
      await expect(page.getByRole('main')).toContainText(`This page is for administrators. You are logged in as ${role}.`);
    }
    expect(asked, 'the page asks for nothing it may not have').toEqual([]);
    await page.getByRole('link', { name: 'Go to Events', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Events', exact: true })).toBeVisible();
  });

  test(`the server refuses a ${role} what the page does not offer`, async ({ page, site }) => {
    await enter(page, site, role);
    const statuses = await call(page, FORBIDDEN);
    expect(statuses).toEqual(Object.fromEntries(FORBIDDEN.map(([method, path]) => [`${method} ${path}`, 403])));
    // Deleting is for administrators on the event API too.
    const [event] = site.events;
    expect(await call(page, [['DELETE', `${event}/`]], '/api/v2/storage/events/')).toEqual({ [`DELETE ${event}/`]: 403 });
    const cameras = await page.evaluate(async () => (await fetch('/api/admin/v1/cameras/')).json());
    expect(JSON.stringify(cameras)).not.toContain('"address"');
  });

  test(`no page of a ${role} fails for want of rights`, async ({ page, site }) => {
    await enter(page, site, role);
    const refused: string[] = [];
    page.on('response', (response) => {
      if (response.status() === 403) refused.push(response.url());
    });
    for (const [path, name] of [
      ['/', 'Overview'], ['/events', 'Events'], ['/live', 'Live'], ['/cameras', 'Cameras'], [`/cameras/${site.cameras['Lobby']}`, 'Lobby'], ['/account', 'Account'],
    ] as const) {
      await page.goto(site.server.url + path);
      await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
      await expect(page.getByRole('status', { name: 'Connection', exact: true })).toHaveText('Live');
      await expectNoFailure(page);
    }
    expect(refused).toEqual([]);
  });
}

test('a viewer sees a camera and changes nothing', async ({ viewer, site }) => {
  await viewer.goto(`${site.server.url}/cameras`);
  await expect(viewer.getByRole('table', { name: 'Cameras', exact: true })).toBeVisible();
  await expect(viewer.getByRole('button', { name: 'Add camera', exact: true })).toHaveCount(0);
  await expect(viewer.getByRole('button', { name: /^Actions for / })).toHaveCount(0);
  await expect(viewer.getByRole('columnheader', { name: 'Address', exact: true })).toHaveCount(0);
  await viewer.getByRole('link', { name: 'Lobby', exact: true }).click();
  await expect(viewer.getByRole('table', { name: 'Event types', exact: true })).toBeVisible();
  await expect(viewer.getByRole('switch')).toHaveCount(0);
  for (const name of ['Connect', 'Tokens']) await expect(viewer.getByRole('region', { name, exact: true })).toHaveCount(0);
  for (const name of ['Edit', 'More', 'Custom type', 'Send a test event', 'Trigger']) {
    await expect(viewer.getByRole('main').getByRole('button', { name, exact: true })).toHaveCount(0);
  }
});

test('an operator sees how to connect a camera, without the secret', async ({ operator, site }) => {
  await operator.goto(`${site.server.url}/cameras/${site.cameras['Lobby']}`);
  const connect = operator.getByRole('region', { name: 'Connect', exact: true });
  await expect(connect.getByRole('textbox', { name: 'Ingest URL', exact: true })).toHaveValue(/•/);
  for (const name of ['Show ingest URL', 'Copy ingest URL']) await expect(connect.getByRole('button', { name, exact: true })).toHaveCount(0);
  await expect(operator.getByRole('region', { name: 'Tokens', exact: true })).toHaveCount(0);
  await expect(operator.getByRole('switch')).toHaveCount(0);
});

test('an operator adds a tag, a viewer reads it', async ({ browser, operator, site }) => {
  // Given an event of this spec's own.
  const [id] = await site.api.events([{ camid: site.cameras['Lobby']!, name: 'person', age_ms: 0 }]);
  await operator.goto(`${site.server.url}/events/${id}`);
  const drawer = operator.getByRole('complementary', { name: `Event ${id}`, exact: true });
  await drawer.getByRole('button', { name: 'Add tag', exact: true }).click();
  const dialog = operator.getByRole('dialog', { name: 'Add a tag', exact: true });
  await dialog.getByRole('textbox', { name: 'Tag', exact: true }).fill('seen_by');
  await dialog.getByRole('textbox', { name: 'Value', exact: true }).fill('operator');
  await dialog.getByRole('button', { name: 'Add tag', exact: true }).click();
  await expect(drawer.getByRole('table', { name: 'Tags', exact: true })).toContainText('seen_by');
  await drawer.getByRole('button', { name: 'More', exact: true }).click();
  await expect(operator.getByRole('menuitem', { name: 'Delete event', exact: true })).toHaveCount(0);

  // When a viewer looks, then it is there and cannot be touched.
  const elsewhere = await browser.newContext();
  const viewer = await elsewhere.newPage();
  await enter(viewer, site, 'viewer', `/events/${id}`);
  const read = viewer.getByRole('complementary', { name: `Event ${id}`, exact: true });
  await expect(read.getByRole('table', { name: 'Tags', exact: true })).toContainText('operator');
  for (const name of ['Add tag', 'Edit tag seen_by', 'Delete tag seen_by']) await expect(read.getByRole('button', { name, exact: true })).toHaveCount(0);
  const statuses = await call(viewer, [['POST', `${id}/meta/`, { tag: 'by', data: 'viewer' }], ['DELETE', `${id}/meta/seen_by/`]], '/api/v2/storage/events/');
  expect(statuses).toEqual({ [`POST ${id}/meta/`]: 403, [`DELETE ${id}/meta/seen_by/`]: 403 });
  await elsewhere.close();
});

test('a page elsewhere cannot use the session', async ({ admin, site }) => {
  // Given a request that carries the cookie but comes from another origin.
  const [cookie] = (await admin.context().cookies()).filter(({ name }) => name.endsWith('wp_session'));
  const send = async (headers: Record<string, string>): Promise<number> =>
    (
      await fetch(`${site.server.url}/api/admin/v1/settings/`, {
        method: 'PUT',
        headers: { Cookie: `${cookie!.name}=${cookie!.value}`, ...headers },
        body: '{"site.name":"Hijacked"}',
      })
    ).status;
  expect(await send({ Origin: 'http://evil.example', 'Content-Type': 'application/json' })).toBe(403);
  expect(await send({ Origin: site.server.url, 'Content-Type': 'text/plain' })).toBe(415);
});
