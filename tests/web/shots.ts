// What every page looks like, on data as a site would have it: one picture per page and layout.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN, enter, expect, PASSWORD, Server, test, type Page, type Site } from './site.ts';

const DIR = join(import.meta.dirname, 'shots');
const LAYOUTS = [
  { name: 'light', theme: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'dark', theme: 'dark', viewport: { width: 1440, height: 900 } },
  { name: 'phone', theme: 'light', viewport: { width: 390, height: 844 } },
] as const;

async function shoot(page: Page, file: string): Promise<void> {
  // Fonts, what fades in, and the first answers are there; the clock is the only thing that goes on.
  await page.evaluate(() => Promise.all([document.fonts.ready, ...document.getAnimations().map((one) => one.finished.catch(() => {}))]));
  await page.screenshot({ path: join(DIR, file) });
}

function pages(site: Site): [name: string, path: string, ready: (page: Page) => Promise<void>][] {
  const shows = (selector: string) => (page: Page) => expect(page.getByRole('main').locator(selector).first()).toBeVisible();
  const id = site.events.at(-1);
  return [
    ['overview', '/', (page) => expect(page.getByRole('region', { name: 'Latest events' }).getByRole('listitem').first()).toBeVisible()],
    ['events', '/events', shows('[role=row] >> nth=3')],
    ['event', `/events?event=${id}`, (page) => expect(page.getByRole('table', { name: 'Tags' })).toBeVisible()],
    ['live', '/live', shows('[role=log]')],
    ['cameras', '/cameras', shows('table tbody tr')],
    ['camera', `/cameras/${site.cameras['Gate North']}`, shows('[aria-labelledby=tokens-title]')],
    ['users', '/access/users', shows('table tbody tr')],
    ['keys', '/access/keys', shows('table tbody tr')],
    ['groups', '/access/groups', shows('table tbody tr')],
    ['audit', '/access/audit', shows('table tbody tr')],
    ['account', '/account', shows('table tbody tr')],
    ['settings', '/settings', shows('form')],
    ['storage', '/storage', shows('table tbody tr')],
    ['system', '/system', shows('[role=log]')],
    ['not-found', '/nothing/here', shows('a')],
  ];
}

for (const { name, theme, viewport } of LAYOUTS) {
  test.describe(name, () => {
    const phone = viewport.width < 641;
    test.use({ viewport, hasTouch: phone, isMobile: phone, deviceScaleFactor: phone ? 2 : 1 });

    test(`pages, ${name}`, async ({ page, site }) => {
      mkdirSync(DIR, { recursive: true });
      const groups = await site.api.call<{ objects: unknown[] }>('GET', '/api/v3/channel_groups/');
      if (groups.objects.length === 0) {
        await site.api.call('POST', '/api/v3/channel_groups/', { name: 'North side', channels: [site.cameras['Gate North'], site.cameras['Parking P1']] });
      }
      await page.addInitScript((wanted) => localStorage.setItem('wp.theme', wanted), theme);
      await page.goto(`${site.server.url}/login`);
      await expect(page.getByRole('button', { name: 'Log in', exact: true })).toBeVisible();
      await shoot(page, `login-${name}.png`);
      await enter(page, site);
      for (const [what, path, ready] of pages(site)) {
        await page.goto(site.server.url + path);
        await ready(page);
        if (what === 'live') {
          await expect(page.getByRole('status', { name: 'Connection', exact: true })).toHaveText('Live');
          const cameras = Object.values(site.cameras);
          const made = await site.api.events(Array.from({ length: 12 }, (_, i) => ({
            camid: cameras[i % cameras.length]!, name: ['person', 'vehicle', 'line_crossing'][i % 3]!, age_ms: 0, meta: { object: i % 2 ? 'vehicle' : 'person' },
          })));
          await expect(page.getByRole('article', { name: `Event ${made.at(-1)}`, exact: true })).toBeVisible();
        }
        await shoot(page, `${what}-${name}.png`);
      }
      await enter(page, site, 'viewer', '/settings');
      await shoot(page, `forbidden-${name}.png`);
    });

    test(`set-up, ${name}`, async ({ page }) => {
      mkdirSync(DIR, { recursive: true });
      await page.addInitScript((wanted) => localStorage.setItem('wp.theme', wanted), theme);
      const server = await Server.start();
      try {
        await page.goto(server.url);
        await page.getByRole('textbox', { name: 'Set-up code', exact: true }).fill(server.setupCode());
        await page.getByRole('textbox', { name: 'Name', exact: true }).fill(ADMIN);
        await shoot(page, `setup-1-${name}.png`);
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await page.getByLabel('Repeat password', { exact: true }).fill(PASSWORD);
        await page.getByRole('button', { name: 'Create administrator', exact: true }).click();
        await expect(page.getByRole('textbox', { name: 'Site name', exact: true })).toBeVisible();
        await shoot(page, `setup-2-${name}.png`);
        await page.getByRole('button', { name: 'Skip', exact: true }).click();
        await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Gate North');
        await page.getByRole('button', { name: 'Add camera', exact: true }).click();
        await page.getByRole('button', { name: 'Send a test event', exact: true }).click();
        await expect(page.getByText(/^Event \d+ arrived\.$/)).toBeVisible();
        await shoot(page, `setup-3-${name}.png`);
      } finally {
        await server.destroy();
      }
    });
  });
}
