// Live: events as they come, in their order, each once, whatever happens to the connection.
import { box, connection, expectQuery, HOUR, idsOf, total } from './events.ts';
import { enter, expect, test, type Locator, type Page, type Site } from './site.ts';

const log = (page: Page): Locator => page.getByRole('log', { name: 'Live events', exact: true });

/** Ids on the page, newest first. */
const shown = async (page: Page): Promise<number[]> =>
  (await log(page).getByRole('article').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? ''))).map((name) =>
    Number(/^Event (\d+)$/.exec(name)?.[1]),
  );

async function openLive(page: Page, site: Site, query = '', user = 'admin'): Promise<void> {
  await enter(page, site, user, `/live${query}`);
  await expect(connection(page)).toHaveText('Live');
  await expect(log(page)).toBeVisible();
}

/** Stores `n` events one after the other; their ids. */
async function arrive(site: Site, n: number, camera = site.cameras['Lobby']!, name = 'motion', meta?: Record<string, string>): Promise<number[]> {
  const ids: number[] = [];
  for (let i = 0; i < n; i += 1) {
    ids.push(...(await site.api.events([{ camid: camera, name, age_ms: 0, ...(meta ? { meta } : {}) }])));
  }
  return ids;
}

test('events appear as they come, newest first, each once', async ({ page, site }) => {
  await openLive(page, site);
  await expect(log(page)).toHaveAttribute('aria-live', 'off');
  await expect(log(page)).toContainText('Waiting for events.');
  const ids = await arrive(site, 12, site.cameras['Gate North'], 'person', { who: 'guard' });
  await expect.poll(() => shown(page)).toEqual(ids.toReversed());
  const newest = log(page).getByRole('article', { name: `Event ${ids.at(-1)}`, exact: true });
  await expect(newest).toContainText('Gate North');
  await expect(newest).toContainText('Person');
  await expect(newest).toContainText('guard');
  // An event that happened long ago stays where it came in, with a word about it.
  const [late] = await site.api.events([{ camid: site.cameras['Lobby']!, name: 'motion', age_ms: 2 * HOUR }]);
  await expect.poll(async () => (await shown(page))[0]).toBe(late);
  await expect(log(page).getByRole('article').first()).toContainText(/late 2 h/);
  // A tag that changes changes there; an event that is removed stays, greyed.
  await site.api.call('POST', `/api/v2/storage/events/${ids[3]}/meta/`, { tag: 'who', data: 'visitor' });
  await expect(log(page).getByRole('article', { name: `Event ${ids[3]}`, exact: true })).toContainText('visitor');
  await site.api.call('DELETE', `/api/v2/storage/events/${ids[4]}/`);
  await expect(log(page).getByRole('article', { name: `Event ${ids[4]}`, exact: true })).toContainText('deleted');
  expect(await shown(page)).toEqual([late, ...ids.toReversed()]);
  // A row opens its event.
  await log(page).getByRole('article', { name: `Event ${ids[5]}`, exact: true }).getByRole('link').click();
  await expect(page.getByRole('complementary', { name: `Event ${ids[5]}`, exact: true })).toBeVisible();
});

test('somebody who listens hears how many came, at most every ten seconds', async ({ page, site }) => {
  await openLive(page, site);
  await arrive(site, 5);
  const summary = page.getByRole('status', { name: 'Live summary', exact: true });
  await expect(summary).toHaveText('5 new events', { timeout: 15_000 });
});

test('pause holds the view and keeps what comes; resume shows it all', async ({ page, site }) => {
  await openLive(page, site);
  const first = await arrive(site, 2);
  await expect.poll(() => shown(page)).toEqual(first.toReversed());
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(connection(page)).toHaveText('Paused');
  const second = await arrive(site, 3);
  await expect(page.getByRole('button', { name: '3 new', exact: true })).toBeVisible();
  await expect(page).toHaveTitle(/^\(3\) Live · /);
  expect(await shown(page)).toEqual(first.toReversed());
  // The pill shows them, and the pause goes on.
  await page.getByRole('button', { name: '3 new', exact: true }).click();
  await expect.poll(() => shown(page)).toEqual([...first, ...second].toReversed());
  const third = await arrive(site, 1);
  await expect(page.getByRole('button', { name: '1 new', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect.poll(() => shown(page)).toEqual([...first, ...second, ...third].toReversed());
  await expect(connection(page)).toHaveText('Live');
  // p does the same.
  await page.keyboard.press('p');
  await expect(page.getByRole('button', { name: 'Resume', exact: true })).toBeVisible();
  await page.keyboard.press('p');
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
});

test('what finds no place while paused leaves a gap that leads to Events', async ({ page, site }) => {
  test.slow();
  await openLive(page, site);
  await arrive(site, 1);
  await expect.poll(async () => (await shown(page)).length).toBe(1);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const ids = await site.api.events(Array.from({ length: 2_300 }, () => ({ camid: site.cameras['Parking P1']!, name: 'motion', age_ms: 0 })));
  await expect(page.getByRole('button', { name: '2,300 new', exact: true })).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  const gap = log(page).getByRole('note', { name: 'Gap', exact: true });
  await expect(gap).toHaveCount(1);
  // At most 500 rows are kept: the newest, then the gap, whose number and rows are all there were.
  await expect(gap).toContainText('1,801 events were not shown live.');
  expect(await shown(page)).toEqual(ids.toReversed().slice(0, 499));
  await gap.getByRole('link', { name: 'Load them in Events', exact: true }).click();
  await expect(page).toHaveURL(/\/events\?from=.*&to=/);
  await expect(total(page)).toHaveText(/^\d[\d,]* events$/);
  const n = Number((await total(page).innerText()).replace(/\D/g, ''));
  expect(n).toBeGreaterThanOrEqual(1_801);
});

test('filters are those of Events, and stand in the address', async ({ page, site }) => {
  await openLive(page, site, `?camera=${site.cameras['Lobby']}`);
  const [lobby] = await arrive(site, 1, site.cameras['Lobby']);
  await arrive(site, 1, site.cameras['Gate North']);
  const [second] = await arrive(site, 1, site.cameras['Lobby'], 'person');
  await expect.poll(() => shown(page)).toEqual([second, lobby]);
  await box(page).fill('type:person');
  await box(page).press('Enter');
  await expectQuery(page, { camera: String(site.cameras['Lobby']), type: 'person' });
  // What is known already is shown anew by the new filter.
  await expect.poll(() => shown(page)).toEqual([second]);
  await page.getByRole('button', { name: 'Remove filter Camera', exact: true }).click();
  const [third] = await arrive(site, 1, site.cameras['Gate North'], 'person');
  await expect.poll(() => shown(page)).toEqual([third, second]);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Change filter Type', exact: true })).toContainText('Person');
});

test('the sound is off until it is wanted, and the choice stays', async ({ page, site }) => {
  await openLive(page, site);
  const sound = page.getByRole('switch', { name: 'Sound', exact: true });
  await expect(sound).toHaveAttribute('aria-checked', 'false');
  await sound.click();
  await expect(sound).toHaveAttribute('aria-checked', 'true');
  await page.reload();
  await expect(sound).toHaveAttribute('aria-checked', 'true');
  await page.evaluate(() => localStorage.removeItem('wp.sound'));
});

test('the badge counts what came since Live was last open', async ({ page, site }) => {
  await enter(page, site, 'viewer', '/cameras');
  await expect(connection(page)).toHaveText('Live');
  const link = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Live', exact: true });
  await arrive(site, 3);
  await expect(link).toHaveAttribute('title', /3/);
  await link.click();
  await expect.poll(async () => (await shown(page)).length).toBe(3);
  await expect(link).not.toHaveAttribute('title', /3/);
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`across a restart by ${signal} nothing is lost or doubled`, async ({ page, site }) => {
    test.slow();
    await openLive(page, site);
    const before = await arrive(site, 5);
    await expect.poll(() => shown(page)).toEqual(before.toReversed());
    // When the server goes, then it is a reconnect: what is there stays.
    await site.server.stop(signal);
    await expect(connection(page)).toHaveText('Reconnecting…');
    expect(await shown(page)).toEqual(before.toReversed());
    await site.server.start();
    // Events that came before the page was back belong to it too.
    const during = await arrive(site, 7);
    await expect(connection(page)).toHaveText('Live', { timeout: 30_000 });
    const after = await arrive(site, 5);
    await expect.poll(() => shown(page)).toEqual([...before, ...during, ...after].toReversed());
    const stored = (await idsOf(site, { after_id: before[0]! - 1 })).toSorted((a, b) => b - a);
    expect(await shown(page)).toEqual(stored);
    await expect(log(page).getByRole('note', { name: 'Gap', exact: true })).toHaveCount(0);
  });
}

test('events that stream in while the server is killed twice all arrive, in order', async ({ page, site }) => {
  test.slow();
  await openLive(page, site);
  const first = await arrive(site, 1);
  await expect.poll(() => shown(page)).toEqual(first);
  // Given somebody who goes on sending, five a second: slowly enough that a reconnect is no burst to be folded.
  let stop = false;
  const sender = (async () => {
    while (!stop) {
      await arrive(site, 1).catch(() => undefined);
      await new Promise((done) => setTimeout(done, 200));
    }
  })();
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const n = (await shown(page)).length;
    await expect.poll(async () => (await shown(page)).length).toBeGreaterThan(n + 2);
    await site.server.stop(signal);
    await expect(connection(page)).toHaveText('Reconnecting…');
    await site.server.start();
    await expect(connection(page)).toHaveText('Live', { timeout: 30_000 });
  }
  const n = (await shown(page)).length;
  await expect.poll(async () => (await shown(page)).length).toBeGreaterThan(n + 2);
  stop = true;
  await sender;
  const stored = (await idsOf(site, { after_id: first[0]! - 1 })).toSorted((a, b) => b - a);
  await expect.poll(() => shown(page)).toEqual(stored);
});

test('scrolling down holds the view; going back to the top shows what came', async ({ page, site }) => {
  await openLive(page, site);
  const first = await site.api.events(Array.from({ length: 45 }, () => ({ camid: site.cameras['Lobby']!, name: 'motion', age_ms: 0 })));
  await expect.poll(() => shown(page)).toEqual(first.toReversed());
  await log(page).evaluate((element) => element.scrollTo({ top: 300 }));
  const second = await arrive(site, 2);
  await expect(page.getByRole('button', { name: '2 new', exact: true })).toBeVisible();
  expect(await shown(page)).toEqual(first.toReversed());
  expect(await log(page).evaluate((element) => element.scrollTop)).toBe(300);
  await page.keyboard.press('.');
  await expect.poll(() => shown(page)).toEqual([...first, ...second].toReversed());
});

test('a burst is drawn in one go: the newest rows, and a line for the rest', async ({ page, site }) => {
  await openLive(page, site);
  const ids = await site.api.events(Array.from({ length: 400 }, () => ({ camid: site.cameras['Lobby']!, name: 'motion', age_ms: 0 })));
  await expect.poll(async () => (await shown(page))[0]).toBe(ids.at(-1));
  const folded = (await log(page).getByRole('link', { name: /^\+[\d,]+ events? in this second$/ }).allTextContents()).map((text) => Number(text.replace(/\D/g, '')));
  expect((await shown(page)).length + folded.reduce((a, b) => a + b, 0)).toBe(400);
  expect(folded.length).toBeGreaterThan(0);
});
