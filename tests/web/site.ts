// A site for specs: a server with its users, cameras and a day of events; pages logged in.
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { ADMIN, Api, PASSWORD, Server } from './server.ts';

export { expect, type Browser, type Locator, type Page } from '@playwright/test';
export { ADMIN, Api, PASSWORD, Server } from './server.ts';

/** A server with users and data. */
export interface Site {
  server: Server;
  api: Api;
  /** The license key of `api`. */
  key: string;
  /** Cameras by name. */
  cameras: Record<string, number>;
  /** Ids of the events made, in order of storing; the last is the newest. */
  events: number[];
  /** Sessions by user, made once: a log-in costs a second of hashing. A spec that ends sessions makes its own user. */
  cookies: Map<string, { name: string; value: string }>;
}

const CAMERAS = ['Gate North', 'Loading dock 2', 'Lobby', 'Parking P1'];
const TYPES = ['person', 'vehicle', 'line_crossing', 'license_plate'];
const EVENTS = 2_000;
export const SITE = 'Hafen Nord';
export const ZONE = 'Europe/Berlin';

/** Makes three users, four cameras and a day of events, the newest two minutes old. */
export async function makeSite(): Promise<Site> {
  const server = await Server.start();
  await server.user(ADMIN, 'admin');
  await server.user('operator', 'operator');
  await server.user('viewer', 'viewer');
  const key = await server.key();
  const api = new Api(server, key);
  await api.call('PUT', '/api/admin/v1/settings/', { 'site.name': SITE, 'site.time_zone': ZONE });
  const cameras: Record<string, number> = {};
  for (const name of CAMERAS) {
    const id = await api.camera(name);
    cameras[name] = id;
    for (const type of TYPES) await api.type(id, type);
  }
  const ids = Object.values(cameras);
  const day = 86_400_000;
  const now = Date.now() - 120_000;
  const events = await api.events(
    Array.from({ length: EVENTS }, (_, i) => ({
      camid: ids[i % ids.length] ?? 1,
      name: [...TYPES, 'motion'][(i * 7) % 5] ?? 'motion',
      time: new Date(now - Math.round(((EVENTS - 1 - i) / EVENTS) * (day - 600_000))).toISOString(),
      meta: { object: i % 3 === 0 ? 'person' : 'vehicle', confidence: (0.5 + (i % 50) / 100).toFixed(2), n: String(i) },
    })),
  );
  return { server, api, key, cameras, events, cookies: new Map() };
}

/** Logs in by the form. */
export async function logIn(page: Page, server: Server, name = ADMIN, to = '/'): Promise<void> {
  await page.goto(`${server.url}/login?to=${encodeURIComponent(to)}`);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
}

/** Opens a page of ours for a user who is logged in already: the log-in form has specs of its own. */
export async function enter(page: Page, site: Site, name = ADMIN, to = '/'): Promise<void> {
  const cookie = site.cookies.get(name) ?? (await site.server.logIn(name));
  site.cookies.set(name, cookie);
  await page.context().addCookies([{ ...cookie, url: site.server.url, httpOnly: true, sameSite: 'Strict' }]);
  await page.goto(site.server.url + to);
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
}

/** What a page must never do: break its policy, call elsewhere, throw, raise a dialog of the browser's. Ask at the end. */
export function watch(page: Page): { complaints: string[] } {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(`policy: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    // What the browser itself asks on leaving a form that is not saved.
    if (dialog.type() !== 'beforeunload') complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!Server.origins.has(url.origin) && !['data:', 'blob:', 'about:'].includes(url.protocol)) complaints.push(`elsewhere: ${url.href}`);
  });
  return { complaints };
}

/** Puts a region's own trouble into words: an `alert` with Try again on a page that should have none. */
export async function expectNoFailure(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: 'Try again' })).toHaveCount(0);
}

/** Chooses a line of a combobox by its text. */
export async function choose(page: Page, box: Locator, option: string | RegExp): Promise<void> {
  await box.click();
  await page.getByRole('option', { name: option }).first().click();
}

interface PerWorker {
  site: Site;
}
interface PerTest {
  /** A page logged in as the administrator, on Overview. */
  admin: Page;
  operator: Page;
  viewer: Page;
}

/** `site` is shared by a worker's specs: what a spec changes there, it makes itself first. Every page is watched. */
export const test = base.extend<PerTest, PerWorker>({
  site: [
    async ({}, use) => {
      const site = await makeSite();
      await use(site);
      await site.server.destroy();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  page: async ({ page }, use) => {
    const { complaints } = watch(page);
    await use(page);
    expect(complaints).toEqual([]);
  },
  admin: async ({ page, site }, use) => {
    await enter(page, site);
    await use(page);
  },
  operator: async ({ page, site }, use) => {
    await enter(page, site, 'operator');
    await use(page);
  },
  viewer: async ({ page, site }, use) => {
    await enter(page, site, 'viewer');
    await use(page);
  },
});
