// axe-core finds nothing serious, on any page, in either theme, on desk and phone.
import { AxeBuilder } from '@axe-core/playwright';
import { enter, expect, Server, test, type Page, type Site } from './site.ts';

const LAYOUTS = [
  { name: 'light on a desk', theme: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'dark on a desk', theme: 'dark', viewport: { width: 1440, height: 900 } },
  { name: 'light on a phone', theme: 'light', viewport: { width: 390, height: 844 } },
  { name: 'dark on a phone', theme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

/** The pages, with what is there once they are. */
function pages(site: Site): [path: string, ready: (page: Page) => Promise<void>][] {
  const shows = (selector: string) => (page: Page) => expect(page.getByRole('main').locator(selector).first()).toBeVisible();
  return [
    ['/', (page) => expect(page.getByRole('region', { name: 'Latest events' }).getByRole('listitem').first()).toBeVisible()],
    ['/events', shows('[role=row] >> nth=3')],
    [`/events?event=${site.events.at(-1)}`, (page) => expect(page.getByRole('table', { name: 'Tags' })).toBeVisible()],
    ['/live', shows('[role=log]')],
    ['/cameras', shows('table tbody tr')],
    [`/cameras/${site.cameras['Gate North']}`, shows('table[aria-label=Tokens], [aria-labelledby=tokens-title] p')],
    ['/cameras/4000000', shows('a')],
    ['/access/users', shows('table tbody tr')],
    ['/access/keys', shows('table tbody tr')],
    ['/access/groups', shows('.card, table')],
    ['/access/audit', shows('table tbody tr')],
    ['/account', shows('table tbody tr')],
    ['/settings', async (page) => {
      await expect(page.getByRole('region', { name: 'Retention rules', exact: true }).getByRole('button', { name: 'Add rule', exact: true })).toBeVisible();
      await expect(page.getByRole('status', { name: 'Retention preview', exact: true })).toHaveAttribute('aria-busy', 'false');
    }],
    ['/storage', shows('table tbody tr')],
    ['/system', shows('[role=log]')],
    ['/nothing', shows('a')],
  ];
}

/** What axe finds serious or worse, one line each. */
async function issues(page: Page, where: string): Promise<string[]> {
  // What fades in is not yet what is read.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${where}: ${id}: ${node.target.join(' ')}: ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}`));
}

test.setTimeout(240_000);

test('what is wrong would be found', async ({ admin }) => {
  await admin.evaluate(() => document.querySelector('main')?.append(new Image()));
  expect((await issues(admin, '/')).join('\n')).toContain('image-alt');
});

for (const { name, theme, viewport } of LAYOUTS) {
  test.describe(name, () => {
    test.use({ viewport, hasTouch: viewport.width < 641, isMobile: viewport.width < 641 });
    test.beforeEach(async ({ page }) => {
      await page.addInitScript((wanted) => localStorage.setItem('wp.theme', wanted), theme);
    });

    test(`no page has a serious issue, ${name}`, async ({ page, site }) => {
      const found: string[] = [];
      await enter(page, site);
      for (const [path, ready] of pages(site)) {
        await page.goto(site.server.url + path);
        await ready(page);
        found.push(...(await issues(page, path)));
      }
      expect(found).toEqual([]);
    });

    test(`no dialog or menu has a serious issue, ${name}`, async ({ page, site }) => {
      const found: string[] = [];
      await enter(page, site, 'admin', '/cameras');
      const phone = viewport.width < 641;
      const look = async (what: string, role: 'dialog' | 'menu'): Promise<void> => {
        await expect(page.getByRole(role)).toBeVisible();
        found.push(...(await issues(page, what)));
        await page.keyboard.press('Escape');
        await expect(page.getByRole(role)).toHaveCount(0);
      };
      await page.getByRole('button', { name: 'Add camera', exact: true }).click();
      await look('Add camera', 'dialog');
      await page.getByRole('button', { name: 'Actions for Lobby', exact: true }).click();
      await look('Actions for a camera', 'menu');
      await page.keyboard.press('?');
      await look('Keyboard shortcuts', 'dialog');
      if (phone) {
        await page.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: 'More', exact: true }).click();
        await look('More', 'dialog');
      } else {
        await page.getByRole('banner').getByRole('button', { name: 'Account', exact: true }).click();
        await look('Account', 'menu');
      }
      await page.getByRole('button', { name: /^Time zone: / }).click();
      await look('Time zone', 'menu');
      await page.goto(`${site.server.url}/cameras/${site.cameras['Lobby']}`);
      await page.getByRole('button', { name: 'New token', exact: true }).click();
      await look('New token', 'dialog');
      await page.getByRole('button', { name: 'Custom type', exact: true }).click();
      await look('Custom type', 'dialog');
      await page.goto(`${site.server.url}/access/users`);
      await page.getByRole('button', { name: 'Add user', exact: true }).click();
      await page.getByRole('dialog').getByRole('combobox', { name: 'Role', exact: true }).click();
      found.push(...(await issues(page, 'Add user with its list of roles')));
      await page.keyboard.press('Escape');
      await look('Add user', 'dialog');
      await page.goto(`${site.server.url}/settings`);
      await page.getByRole('button', { name: 'Add rule', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
      await look('Add rule, with what is wrong', 'dialog');
      expect(found).toEqual([]);
    });

    test(`set-up, log-in and the pages of other roles have no serious issue, ${name}`, async ({ page, site }) => {
      const found: string[] = [];
      await page.goto(`${site.server.url}/login`);
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('nobody');
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      await page.getByRole('button', { name: 'Log in', exact: true }).click();
      await expect(page.getByRole('alert')).toBeVisible();
      found.push(...(await issues(page, '/login')));
      await enter(page, site, 'viewer', '/settings');
      await expect(page.getByRole('heading', { level: 1, name: 'Not for your role', exact: true })).toBeVisible();
      found.push(...(await issues(page, 'forbidden')));
      await page.goto(`${site.server.url}/cameras/${site.cameras['Lobby']}`);
      await expect(page.getByRole('table', { name: 'Event types', exact: true })).toBeVisible();
      found.push(...(await issues(page, 'a camera as a viewer')));

      const server = await Server.start();
      try {
        await page.goto(server.url);
        await expect(page.getByRole('heading', { level: 1, name: 'Set up Watchpost', exact: true })).toBeVisible();
        found.push(...(await issues(page, 'set-up 1')));
        await page.getByRole('textbox', { name: 'Set-up code', exact: true }).fill(server.setupCode());
        await page.getByRole('textbox', { name: 'Name', exact: true }).fill('admin');
        await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
        await page.getByLabel('Repeat password', { exact: true }).fill('correct horse battery');
        await page.getByRole('button', { name: 'Create administrator', exact: true }).click();
        await expect(page.getByRole('heading', { name: 'Your site', exact: true })).toBeVisible();
        found.push(...(await issues(page, 'set-up 2')));
        await page.getByRole('button', { name: 'Skip', exact: true }).click();
        await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Gate North');
        await page.getByRole('button', { name: 'Add camera', exact: true }).click();
        await page.getByRole('button', { name: 'Send a test event', exact: true }).click();
        await expect(page.getByText(/^Event \d+ arrived\.$/)).toBeVisible();
        found.push(...(await issues(page, 'set-up 3')));
      } finally {
        await server.destroy();
      }
      expect(found).toEqual([]);
    });
  });
}
