// The drawer of one event: from a row or from its own address, its neighbours, its tags, what happened around it.
import { drawer, expectQuery, grid, minutesApart, MINUTE, open, ownEvents, ready, row, rows, total } from './events.ts';
import { enter, expect, expectNoFailure, test, type Page } from './site.ts';

const fact = (page: Page, id: number, name: string): ReturnType<Page['locator']> =>
  drawer(page, id).locator('dl > div').filter({ has: page.getByRole('term').filter({ hasText: new RegExp(`^${name}$`) }) }).getByRole('definition');

test('a row opens its drawer, which tells all there is', async ({ page, site }) => {
  const at = Math.floor(Date.now() / MINUTE) * MINUTE - 50 * MINUTE + 44_250;
  const camera = await site.api.camera('Told gate');
  const [id] = await site.api.events([{ camid: camera, name: 'motion', time: new Date(at).toISOString(), meta: { plate: 'HH-AB 12', note: '' } }]);
  await open(page, site, `?camera=${camera}`);
  await row(page, id!).getByText('Told gate').click();
  await expectQuery(page, { camera: String(camera), event: String(id) });
  const one = drawer(page, id!);
  await expect(one.getByRole('heading', { level: 2, name: 'Motion', exact: true })).toBeVisible();
  await expect(row(page, id!)).toHaveAttribute('aria-current', 'true');
  await expect(fact(page, id!, 'Camera').getByRole('link', { name: 'Told gate', exact: true })).toHaveAttribute('href', `/cameras/${camera}`);
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'medium' }).format(at);
  await expect(fact(page, id!, 'Time')).toContainText(`${local}.250`);
  await expect(fact(page, id!, 'Time')).toContainText('Europe/Berlin');
  // UTC is one press away.
  await fact(page, id!, 'Time').getByRole('button').click();
  await expect(fact(page, id!, 'Time')).toContainText(`${new Date(at).toISOString().slice(0, 23).replace('T', ' ')} UTC`);
  await expect(fact(page, id!, 'Received')).toContainText(/later$/);
  await expect(fact(page, id!, 'Event')).toHaveText(String(id));
  const tags = one.getByRole('table', { name: 'Tags', exact: true });
  await expect(tags).toContainText('HH-AB 12');
  await expect(tags.getByRole('row').filter({ hasText: 'note' })).toContainText('empty');

  // JSON is the event as the API gives it.
  await one.getByRole('button', { name: 'JSON', exact: true }).click();
  await expect(one.getByRole('button', { name: 'JSON', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(one.getByRole('region', { name: 'JSON', exact: true })).toContainText('"HH-AB 12"');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await one.getByRole('button', { name: 'Copy JSON', exact: true }).click();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as { id: number; camid: number; meta: Record<string, string> };
  expect(copied).toMatchObject({ id, camid: camera, meta: { plate: 'HH-AB 12', note: '' } });

  await one.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(one).toBeHidden();
  await expectQuery(page, { camera: String(camera) });
  await expect(row(page, id!)).toBeFocused();
});

test('an event’s own address opens it among its ten minutes', async ({ page, site, context }) => {
  const id = site.events[1_000]!;
  await enter(page, site, 'admin', `/events/${id}`);
  await expect(drawer(page, id)).toBeVisible();
  const { event, from, to } = Object.fromEntries(new URL(page.url()).searchParams);
  expect(event).toBe(String(id));
  expect(Date.parse(to!) - Date.parse(from!)).toBe(10 * MINUTE);
  await ready(page);
  await expect(row(page, id)).toHaveAttribute('aria-current', 'true');
  // The link that is copied is that address.
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await drawer(page, id).getByRole('button', { name: 'Copy link', exact: true }).click();
  await expect(drawer(page, id).getByRole('status').filter({ hasText: 'Copied' })).toBeAttached();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${site.server.url}/events/${id}`);
});

test.describe('without the clipboard that only https has', () => {
  test('the link is copied all the same', async ({ page, site }) => {
    const id = site.events[1_001]!;
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined, configurable: true }));
    await open(page, site, `?last=all&event=${id}`);
    await page.evaluate(() => document.addEventListener('copy', () => Object.assign(window, { __copied: String(getSelection()) || (document.activeElement as HTMLTextAreaElement | null)?.value })));
    await drawer(page, id).getByRole('button', { name: 'Copy link', exact: true }).click();
    await expect.poll(() => page.evaluate(() => (window as unknown as { __copied?: string }).__copied)).toBe(`${site.server.url}/events/${id}`);
    await expect(drawer(page, id).getByRole('status').filter({ hasText: 'Copied' })).toBeAttached();
  });
});

test('previous and next go through the list, across its pages', async ({ page, site }) => {
  test.slow();
  const { camera, ids } = await ownEvents(site, 'Stepped gate', Array.from({ length: 210 }, (_, i) => (220 - i) * 10_000));
  const newest = ids.toReversed();
  await open(page, site, `?camera=${camera}&event=${newest[0]}`);
  const next = (id: number): ReturnType<Page['getByRole']> => drawer(page, id).getByRole('button', { name: 'Next event', exact: true });
  const previous = (id: number): ReturnType<Page['getByRole']> => drawer(page, id).getByRole('button', { name: 'Previous event', exact: true });
  await expect(previous(newest[0]!)).toHaveAttribute('aria-disabled', 'true');
  await next(newest[0]!).click();
  await expect(drawer(page, newest[1]!)).toBeVisible();
  // From near the end of the first page into the second, which nobody has scrolled to.
  await open(page, site, `?camera=${camera}&event=${newest[97]}`);
  for (let i = 97; i < 104; i += 1) {
    await next(newest[i]!).click();
    await expect(drawer(page, newest[i + 1]!)).toBeVisible();
  }
  await expect(row(page, newest[104]!)).toHaveAttribute('aria-current', 'true');
  await expect(row(page, newest[104]!)).toBeInViewport();
  await previous(newest[104]!).click();
  await expect(drawer(page, newest[103]!)).toBeVisible();
  await expectQuery(page, { camera: String(camera), event: String(newest[103]) });
  await expectNoFailure(page);
  // The last of the list has nothing below.
  await page.goto(`${site.server.url}/events?camera=${camera}&order=asc&event=${ids[0]}`);
  await ready(page);
  await expect(previous(ids[0]!)).toHaveAttribute('aria-disabled', 'true');
  await expect(next(ids[0]!)).not.toHaveAttribute('aria-disabled', 'true');
});

test('tags are added, changed and removed, and a removed one comes back by Undo', async ({ page, site }) => {
  const { camera, ids } = await ownEvents(site, 'Tagged gate', minutesApart(2), () => ({ meta: { object: 'dog', 'a/b ü%': 'odd' } }));
  const id = ids[1]!;
  const stored = async (): Promise<Record<string, string>> =>
    (await site.api.call<{ meta: Record<string, string> }>('GET', `/api/v2/storage/events/${id}/?include_meta=true`)).meta;
  await open(page, site, `?camera=${camera}&event=${id}`, 'operator');
  const one = drawer(page, id);
  const line = (tag: string): ReturnType<Page['getByRole']> => one.getByRole('row').filter({ has: page.getByRole('rowheader', { name: tag, exact: true }) });
  // Add.
  await one.getByRole('button', { name: 'Add tag', exact: true }).click();
  const add = page.getByRole('dialog', { name: 'Add a tag', exact: true });
  await add.getByRole('textbox', { name: 'Tag', exact: true }).fill('handled');
  await add.getByRole('textbox', { name: 'Value', exact: true }).fill('<b>yes</b>');
  await add.getByRole('button', { name: 'Add tag', exact: true }).click();
  await expect(line('handled')).toContainText('<b>yes</b>');
  await expect(row(page, id)).toContainText('2 more tags');
  expect(await stored()).toEqual({ object: 'dog', 'a/b ü%': 'odd', handled: '<b>yes</b>' });
  // Edit, also one with an odd name.
  for (const tag of ['object', 'a/b ü%']) {
    await one.getByRole('button', { name: `Edit tag ${tag}`, exact: true }).click();
    const edit = page.getByRole('dialog', { name: `Edit tag ${tag}`, exact: true });
    await edit.getByRole('textbox', { name: 'Value', exact: true }).fill('cat');
    await edit.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(line(tag)).toContainText('cat');
  }
  expect(await stored()).toEqual({ object: 'cat', 'a/b ü%': 'cat', handled: '<b>yes</b>' });
  // Delete and Undo.
  for (const tag of ['handled', 'a/b ü%']) {
    await one.getByRole('button', { name: `Delete tag ${tag}`, exact: true }).click();
    await expect(line(tag)).toHaveCount(0);
    expect(Object.keys(await stored())).not.toContain(tag);
    await page.getByRole('region', { name: 'Messages' }).getByRole('status').filter({ hasText: `Tag ${tag} removed.` }).getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(line(tag)).toHaveCount(1);
  }
  expect(await stored()).toEqual({ object: 'cat', 'a/b ü%': 'cat', handled: '<b>yes</b>' });
  // What is too long is refused before it is sent.
  await one.getByRole('button', { name: 'Add tag', exact: true }).click();
  await add.getByRole('textbox', { name: 'Tag', exact: true }).fill('ü'.repeat(65));
  await add.getByRole('button', { name: 'Add tag', exact: true }).click();
  await expect(add).toContainText('The name is longer than 128 bytes.');
});

test('what happened within a minute is listed, and leads there', async ({ page, site }) => {
  // Given a time at which nothing else happened.
  const at = Date.now() - 50 * 60 * MINUTE;
  const [a, b] = [await site.api.camera('Around A'), await site.api.camera('Around B')];
  const [before, self, after, far] = await site.api.events(
    ([[b, -12_000], [a, 0], [b, 30_000], [b, 61_500]] as const).map(([camid, by]) => ({ camid, name: 'motion', time: new Date(at + by).toISOString() })),
  );
  await open(page, site, `?camera=${a}&last=7d&event=${self}`);
  const list = drawer(page, self!).getByRole('list', { name: 'Within a minute', exact: true });
  await expect(list.getByRole('link', { name: /12 s before/ })).toContainText('Around B');
  await expect(list.getByRole('link', { name: /30 s after/ })).toContainText('Around B');
  await expect(list.locator(`a[href*="event=${far}"]`)).toHaveCount(0);
  await list.locator(`a[href*="event=${after}"]`).click();
  await expect(drawer(page, after!)).toBeVisible();
  await drawer(page, after!).getByRole('list', { name: 'Within a minute', exact: true }).locator(`a[href*="event=${before}"]`).click();
  await expect(drawer(page, before!)).toBeVisible();
  await drawer(page, before!).getByRole('link', { name: 'Show in list', exact: true }).click();
  await ready(page);
  await expect(row(page, before!)).toHaveAttribute('aria-current', 'true');
  await expect(row(page, before!)).toBeInViewport();
  expect(new URL(page.url()).searchParams.has('camera')).toBe(false);
});

test('an event deleted meanwhile says so and its row goes grey', async ({ page, site }) => {
  const { camera, ids } = await ownEvents(site, 'Vanishing gate', minutesApart(3));
  await open(page, site, `?camera=${camera}&event=${ids[1]}`);
  await expect(drawer(page, ids[1]!).getByRole('term').filter({ hasText: 'Received' })).toBeVisible();
  await site.api.call('DELETE', `/api/v2/storage/events/${ids[1]}/`);
  await expect(drawer(page, ids[1]!)).toContainText('This event has been deleted.');
  await expect(drawer(page, ids[1]!).getByRole('button', { name: 'Add tag', exact: true })).toHaveCount(0);
  await expect(row(page, ids[1]!)).toContainText('deleted');
  await expect(total(page)).toHaveText('2 events');
  // By the drawer's own menu it is the same.
  await row(page, ids[0]!).getByText('Vanishing gate').click();
  await drawer(page, ids[0]!).getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Delete event', exact: true }).click();
  await page.getByRole('dialog', { name: `Delete event ${ids[0]}`, exact: true }).getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(drawer(page, ids[0]!)).toContainText('This event has been deleted.');
  await expect(total(page)).toHaveText('1 event');
});

test('an event that never was is “No such event”, whichever way it is asked for', async ({ page, site }) => {
  await open(page, site, '?event=987654321');
  await expect(drawer(page, 987654321)).toContainText('No such event');
  await expect(rows(page).first()).toBeVisible();
  await page.goto(`${site.server.url}/events/987654321`);
  await expect(page.getByRole('main')).toContainText(/No such event|There is no/);
  await expect(grid(page).or(page.getByRole('link', { name: 'Go to Events', exact: true })).first()).toBeVisible();
});
