// The frame around every page: navigation, choices, keyboard, phone.
import { enter, expect, test, ZONE, type Page } from './site.ts';

/** Opens a menu of the header or the account and chooses. */
async function pick(page: Page, button: string | RegExp, item: string, role: 'menuitem' | 'menuitemradio' = 'menuitemradio'): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: button, exact: true }).click();
  await page.getByRole(role, { name: item, exact: true }).click();
}

test('each link of the navigation leads to its page', async ({ admin }) => {
  const main = admin.getByRole('navigation', { name: 'Main', exact: true });
  for (const name of ['Events', 'Live', 'Cameras', 'Access', 'Settings', 'Storage', 'System', 'Overview']) {
    await main.getByRole('link', { name, exact: true }).click();
    await expect(admin.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
    await expect(main.getByRole('link', { name, exact: true })).toHaveAttribute('aria-current', 'page');
    await expect(admin).toHaveTitle(new RegExp(`${name} · `));
  }
  // Back goes the same way.
  await admin.goBack();
  await expect(admin.getByRole('heading', { level: 1, name: 'System', exact: true })).toBeVisible();
});

test('a page that is reached has the focus at its heading', async ({ admin }) => {
  await admin.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Cameras', exact: true }).click();
  await expect(admin.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeFocused();
});

test('a path that leads nowhere says so', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/no/such/<page>`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Not found', exact: true })).toBeVisible();
  await expect(admin.getByRole('main')).toContainText('There is no page at /no/such/<page>.');
  await admin.getByRole('link', { name: 'Go to Events', exact: true }).click();
  await expect(admin.getByRole('heading', { level: 1, name: 'Events', exact: true })).toBeVisible();
});

test('the theme is chosen, and a reload shows nothing else before it', async ({ admin, site }) => {
  const html = admin.locator('html');
  await expect(html).not.toHaveAttribute('data-theme');
  const light = await admin.evaluate(() => getComputedStyle(document.body).backgroundColor);
  // When dark is chosen, then the page is dark at once.
  await pick(admin, 'Theme', 'Dark');
  await expect(html).toHaveAttribute('data-theme', 'dark');
  await expect.poll(() => admin.evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe(light);

  // When the page is loaded anew, then the theme stands before anything is painted: at the first element of the body.
  await admin.addInitScript(() => {
    const seen: (string | undefined)[] = [];
    Object.assign(window, { __themes: seen });
    new MutationObserver(() => {
      if (document.body) seen.push(document.documentElement.dataset['theme']);
    }).observe(document, { childList: true, subtree: true });
    const frame = (): void => {
      if (document.body) seen.push(document.documentElement.dataset['theme']);
      if (seen.length < 50) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await admin.goto(`${site.server.url}/cameras`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
  const seen = await admin.evaluate(() => (window as unknown as { __themes: (string | undefined)[] }).__themes);
  expect(seen.length).toBeGreaterThan(0);
  expect(new Set(seen)).toEqual(new Set(['dark']));

  // When the choice is left to the system, then the system rules.
  await pick(admin, 'Theme', 'Auto');
  await expect(html).not.toHaveAttribute('data-theme');
  await admin.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(() => admin.evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe(light);
});

test('German is one choice away and stays', async ({ admin }) => {
  await expect(admin.locator('html')).toHaveAttribute('lang', 'en');
  await pick(admin, 'Account', 'Deutsch');
  await expect(admin.locator('html')).toHaveAttribute('lang', 'de');
  await expect(admin.getByRole('heading', { level: 1, name: 'Übersicht', exact: true })).toBeVisible();
  await admin.reload();
  await expect(admin.locator('html')).toHaveAttribute('lang', 'de');
  await expect(admin.getByRole('heading', { level: 1, name: 'Übersicht', exact: true })).toBeVisible();
  await admin.getByRole('banner').getByRole('button', { name: 'Konto', exact: true }).click();
  await admin.getByRole('menuitemradio', { name: 'English', exact: true }).click();
  await expect(admin.getByRole('heading', { level: 1, name: 'Overview', exact: true })).toBeVisible();
});

test.describe('in a browser far away', () => {
  test.use({ timezoneId: 'America/New_York' });
  test('another time zone changes every time on the page at once', async ({ admin, site }) => {
    await admin.goto(`${site.server.url}/access/audit`);
    const table = admin.getByRole('table', { name: 'Audit', exact: true });
    const time = table.locator('time').first();
    const instant = Date.parse((await time.getAttribute('datetime')) ?? '');
    const inZone = (zone: string): string =>
      new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(instant);
    // Given the zone of the site, then each choice rewrites what is there.
    await expect(time).toHaveText(inZone(ZONE));
    for (const [item, zone] of [
      ['Browser: America/New_York', 'America/New_York'],
      ['UTC', 'UTC'],
      [`Site: ${ZONE}`, ZONE],
    ] as const) {
      await admin.getByRole('banner').getByRole('button', { name: /^Time zone: / }).click();
      await expect(admin.getByRole('menu', { name: 'Time zone', exact: true })).toBeVisible();
      await admin.getByRole('menuitemradio', { name: item, exact: true }).click();
      await expect(time).toHaveText(inZone(zone));
      await expect(table.getByRole('columnheader', { name: /Time/ })).toContainText(zone);
      await expect(admin.getByRole('banner').getByRole('button', { name: `Time zone: ${zone}`, exact: true })).toBeVisible();
    }
    // The keyboard goes round too.
    await admin.keyboard.press('z');
    await expect(time).toHaveText(inZone('America/New_York'));
    // And the choice is kept.
    await admin.reload();
    await expect(time).toHaveText(inZone('America/New_York'));
  });
});

test('keys lead to every page, and one lists them', async ({ admin }) => {
  for (const [key, name] of [
    ['c', 'Cameras'], ['e', 'Events'], ['l', 'Live'], ['a', 'Access'], ['s', 'Settings'], ['d', 'Storage'], ['y', 'System'], ['o', 'Overview'],
  ] as const) {
    await admin.keyboard.press('g');
    await admin.keyboard.press(key);
    await expect(admin.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
  }
  await admin.keyboard.press('?');
  const dialog = admin.getByRole('dialog', { name: 'Keyboard shortcuts', exact: true });
  await expect(dialog).toBeVisible();
  // Keys of the page do nothing behind the dialog.
  await admin.keyboard.press('g');
  await admin.keyboard.press('c');
  await expect(admin.getByRole('heading', { level: 1, name: 'Overview', exact: true, includeHidden: true })).toBeVisible();
  await admin.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('keys are text while somebody types', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/cameras`);
  await admin.getByRole('searchbox', { name: 'Search cameras', exact: true }).click();
  await admin.keyboard.type('g e ?');
  await expect(admin.getByRole('searchbox', { name: 'Search cameras', exact: true })).toHaveValue('g e ?');
  await expect(admin.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
  await expect(admin.getByRole('dialog')).toHaveCount(0);
});

test('the first Tab reaches the link that skips to the content', async ({ admin, site }) => {
  await admin.goto(`${site.server.url}/cameras`);
  await expect(admin.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
  await admin.keyboard.press('Tab');
  const skip = admin.getByRole('link', { name: 'Skip to content', exact: true });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await admin.keyboard.press('Enter');
  await expect(admin.getByRole('main')).toBeFocused();
});

test('a menu is run by keys and gives the focus back', async ({ admin }) => {
  const button = admin.getByRole('banner').getByRole('button', { name: 'Theme', exact: true });
  await button.focus();
  await admin.keyboard.press('ArrowDown');
  await expect(admin.getByRole('menuitemradio', { name: 'Auto', exact: true })).toBeFocused();
  await admin.keyboard.press('End');
  await expect(admin.getByRole('menuitemradio', { name: 'Dark', exact: true })).toBeFocused();
  await admin.keyboard.press('Escape');
  await expect(admin.getByRole('menu')).toHaveCount(0);
  await expect(button).toBeFocused();
});

test('the connection is live, and a server that is away is told and found again', async ({ page, site }) => {
  await enter(page, site);
  const connection = page.getByRole('status', { name: 'Connection', exact: true });
  await expect(connection).toHaveText('Live');
  await site.server.stop();
  await expect(connection).toHaveText('Reconnecting…');
  await site.server.start();
  await expect(connection).toHaveText('Live', { timeout: 20_000 });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('the bar at the bottom leads on, and More has the rest', async ({ admin }) => {
    const main = admin.getByRole('navigation', { name: 'Main', exact: true });
    for (const name of ['Events', 'Live', 'Cameras', 'Overview']) {
      const link = main.getByRole('link', { name, exact: true });
      const box = await link.boundingBox();
      expect(box && box.y + box.height, 'at the bottom').toBeGreaterThan(780);
      expect(box?.height, 'high enough for a finger').toBeGreaterThanOrEqual(44);
      await link.click();
      await expect(admin.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
    }
    for (const name of ['Access', 'Settings', 'Storage', 'System']) {
      await main.getByRole('button', { name: 'More', exact: true }).click();
      const sheet = admin.getByRole('dialog', { name: 'More', exact: true });
      await expect(sheet).toBeVisible();
      await sheet.getByRole('link', { name, exact: true }).click();
      await expect(sheet).toBeHidden();
      await expect(admin.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
    }
  });

  test('More has the choices of the header', async ({ admin }) => {
    await admin.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: 'More', exact: true }).click();
    const sheet = admin.getByRole('dialog', { name: 'More', exact: true });
    await sheet.getByRole('radio', { name: 'Dark', exact: true }).check();
    await expect(admin.locator('html')).toHaveAttribute('data-theme', 'dark');
    await sheet.getByRole('radio', { name: 'Deutsch', exact: true }).check();
    await expect(admin.locator('html')).toHaveAttribute('lang', 'de');
  });

  test('no page is wider than the screen', async ({ admin, site }) => {
    const camera = site.cameras['Gate North'];
    for (const path of ['/', '/events', '/live', '/cameras', `/cameras/${camera}`, '/access/users', '/access/keys', '/access/groups', '/access/audit', '/account', '/settings', '/storage', '/system']) {
      await admin.goto(site.server.url + path);
      await expect(admin.getByRole('heading', { level: 1 })).not.toHaveText('');
      await admin.waitForLoadState('load');
      const over = await admin.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(over, path).toBeLessThanOrEqual(0);
      const main = await admin.getByRole('main').evaluate((element) => element.scrollWidth - element.clientWidth);
      expect(main, `main of ${path}`).toBeLessThanOrEqual(0);
    }
  });
});
