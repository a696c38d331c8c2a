// Events and Live on a phone: cards instead of columns, a sheet of filters, the drawer as a screen of its own.
import { connection, DAY, events, expectQuery, grid, idsOf, minutesApart, open, ownEvents, ready, row, rows, selection, total, walk } from './events.ts';
import { enter, expect, expectNoFailure, test, type Locator, type Page } from './site.ts';

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

const sheet = (page: Page): Locator => page.getByRole('dialog', { name: 'Filters', exact: true });

/** Nothing is wider than the screen. */
async function expectFits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
}

/** A finger that rests. */
async function longPress(page: Page, goal: Locator): Promise<void> {
  const spot = (await goal.boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const point = { x: spot.x + spot.width / 2, y: spot.y + spot.height / 2 };
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] });
  await expect(selection(page)).toBeVisible();
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await session.detach();
}

test('events are cards, a tap opens one as a screen of its own, Back closes it', async ({ page, site }) => {
  const { camera, ids } = await ownEvents(site, 'Phone gate', minutesApart(6), () => ({ meta: { plate: 'HH-AB 1' } }));
  await open(page, site, `?camera=${camera}`);
  await expectFits(page);
  await expect(total(page)).toHaveText('6 events');
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '7');
  await expect(row(page, ids[5]!)).toContainText('Phone gate');
  await expect(row(page, ids[5]!)).toContainText('HH-AB 1');
  await expect(grid(page)).toContainText('Europe/Berlin');
  await row(page, ids[5]!).getByText('Phone gate').tap();
  const drawer = page.getByRole('dialog', { name: `Event ${ids[5]}`, exact: true });
  await expect(drawer).toBeVisible();
  const size = (await drawer.boundingBox())!;
  expect(size.width).toBe(390);
  await drawer.getByRole('button', { name: 'Next event', exact: true }).tap();
  const second = page.getByRole('dialog', { name: `Event ${ids[4]}`, exact: true });
  await expect(second).toContainText('HH-AB 1');
  await page.goBack();
  await expect(second).toBeHidden();
  await expectQuery(page, { camera: String(camera) });
  await expectNoFailure(page);
});

test('all filters are in one sheet', async ({ page, site }) => {
  const { camera } = await ownEvents(site, 'Sheet gate', [3 * DAY, ...minutesApart(4)], (i) => (i % 2 ? { name: 'vehicle' } : {}));
  await open(page, site);
  await page.getByRole('button', { name: 'Filters', exact: true }).tap();
  await sheet(page).getByRole('radio', { name: 'Last 7 days', exact: true }).tap();
  await sheet(page).getByRole('button', { name: 'Camera', exact: true }).tap();
  const cameras = page.getByRole('dialog', { name: 'Filter by camera', exact: true });
  await cameras.getByRole('searchbox', { name: 'Search', exact: true }).fill('Sheet');
  await cameras.getByRole('checkbox', { name: 'Sheet gate', exact: true }).tap();
  await cameras.getByRole('button', { name: 'Apply', exact: true }).tap();
  await expect(cameras).toBeHidden();
  await sheet(page).getByRole('button', { name: 'Done', exact: true }).tap();
  await expect(sheet(page)).toBeHidden();
  await expectQuery(page, { last: '7d', camera: String(camera) });
  await expect(total(page)).toHaveText('5 events');
  const chips = page.getByRole('list', { name: 'Filters', exact: true });
  await expect(chips.getByRole('button', { name: 'Change filter Range', exact: true })).toContainText('7 d');
  await expect(chips.getByRole('button', { name: 'Change filter Camera', exact: true })).toContainText('Sheet gate');
  await chips.getByRole('button', { name: 'Remove filter Range', exact: true }).tap();
  await expectQuery(page, { camera: String(camera) });
  await expect(total(page)).toHaveText('4 events');
  await expectFits(page);
});

test('a long press selects, a tap then adds, and the bar at the bottom acts', async ({ page, site }) => {
  const { camera, ids } = await ownEvents(site, 'Pressed gate', minutesApart(5));
  await open(page, site, `?camera=${camera}`);
  await longPress(page, row(page, ids[4]!));
  await expect(selection(page)).toContainText('1 selected');
  await row(page, ids[3]!).getByText('Pressed gate').tap();
  await expect(selection(page)).toContainText('2 selected');
  await expect(page.getByRole('dialog', { name: /^Event / })).toHaveCount(0);
  await selection(page).getByRole('button', { name: 'Delete', exact: true }).tap();
  await page.getByRole('dialog', { name: 'Delete 2 events', exact: true }).getByRole('button', { name: 'Delete', exact: true }).tap();
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('2 events deleted.');
  expect(await idsOf(site, { camid: camera })).toEqual([ids[2], ids[1], ids[0]]);
});

test('the page scrolls through days whose heads name the zone, and few rows are in the document', async ({ page, site }) => {
  test.slow();
  const { camera } = await ownEvents(site, 'Long gate', Array.from({ length: 300 }, (_, i) => (301 - i) * 0.02 * DAY));
  await open(page, site, `?camera=${camera}&last=7d`);
  const wanted = await idsOf(site, { camid: camera });
  const { ids, most } = await walk(page, 300);
  expect(ids).toEqual(wanted);
  expect(most).toBeLessThan(80);
  await expectFits(page);
  await expect(grid(page).getByRole('columnheader', { name: 'Time', exact: true })).toContainText(/\d.*Europe\/Berlin/);
});

test('what can be pressed is big enough for a finger', async ({ page, site }) => {
  await open(page, site, `?camera=${site.cameras['Lobby']}`);
  const small = await page.evaluate(() => {
    const reach = (element: Element): { w: number; h: number } => {
      const own = element.getBoundingClientRect();
      const more = getComputedStyle(element, '::after');
      const label = element.closest('label')?.getBoundingClientRect();
      const grown = more.content !== 'none' && more.position === 'absolute' ? { w: parseFloat(more.width), h: parseFloat(more.height) } : { w: 0, h: 0 };
      return { w: Math.max(own.width, grown.w, label?.width ?? 0), h: Math.max(own.height, grown.h, label?.height ?? 0) };
    };
    return [...document.querySelectorAll('button,a[href],input,[role=slider]')]
      .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getBoundingClientRect().width > 2 && !element.closest('[inert]'))
      .filter((element) => element.getAttribute('role') !== 'slider' && getComputedStyle(element).pointerEvents !== 'none' && element.closest('.legend, .tools') === null)
      .map((element) => ({ name: element.getAttribute('aria-label') ?? element.textContent?.trim(), ...reach(element) }))
      .filter(({ w, h }) => w < 24 || h < 24);
  });
  expect(small).toEqual([]);
});

test('Live on a phone shows what comes', async ({ page, site }) => {
  await enter(page, site, 'viewer', '/live');
  await expect(connection(page)).toHaveText('Live');
  await site.api.events([{ camid: site.cameras['Lobby']!, name: 'person', age_ms: 0, meta: { who: 'guard' } }]);
  const log = page.getByRole('log', { name: 'Live events', exact: true });
  await expect(log.getByRole('article').first()).toContainText('Lobby');
  await expect(log.getByRole('article').first()).toContainText('guard');
  await expectFits(page);
});

test('a page opened anew on a phone is the one of the address', async ({ page, site }) => {
  const id = site.events.at(-1)!;
  await enter(page, site, 'admin', `/events?camera=${Object.values(site.cameras)[(2_000 - 1) % 4]}&event=${id}`);
  await expect(page.getByRole('dialog', { name: `Event ${id}`, exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('dialog', { name: `Event ${id}`, exact: true })).toBeVisible();
  await page.getByRole('dialog', { name: `Event ${id}`, exact: true }).getByRole('button', { name: 'Close', exact: true }).tap();
  await ready(page);
  await expect(rows(page).first()).toBeVisible();
  expect(await total(page).innerText()).toBe(events(Number((await total(page).innerText()).replace(/\D/g, ''))));
});
