// The main task of Events without a mouse: find, look, tag, export, delete.
import { readFileSync } from 'node:fs';
import { box, connection, drawer, expectQuery, idsOf, minutesApart, ownEvents, ready, row, selection, total } from './events.ts';
import { enter, expect, test, type Locator, type Page } from './site.ts';

/** Presses Tab until this has the focus. */
async function tabTo(page: Page, goal: Locator, most = 60): Promise<void> {
  for (let i = 0; i < most; i += 1) {
    if (await goal.evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press('Tab');
  }
  await expect(goal).toBeFocused();
}

test('an event is found, looked at, tagged, exported and deleted by keys alone', async ({ page, site }) => {
  test.slow();
  const { camera, ids } = await ownEvents(site, 'Handless gate', minutesApart(5), (i) => ({ meta: { n: String(i) } }));
  const newest = ids.toReversed();
  const { keyboard } = page;
  await enter(page, site, 'admin', '/');
  await expect(connection(page)).toHaveText('Live');
  await keyboard.press('g');
  await keyboard.press('e');
  await expect(page.getByRole('heading', { level: 1, name: 'Events', exact: true })).toBeFocused();
  await ready(page);

  // Find: the box by /, the camera by its name.
  await keyboard.press('/');
  await expect(box(page)).toBeFocused();
  await keyboard.type('handless');
  await expect(page.getByRole('option')).toHaveCount(1);
  await keyboard.press('Enter');
  await expectQuery(page, { camera: String(camera) });
  await expect(total(page)).toHaveText('5 events');
  await keyboard.press('Escape');

  // Look: rows by j, the drawer by Enter.
  await keyboard.press('j');
  await keyboard.press('j');
  await expect(row(page, newest[1]!)).toBeFocused();
  await keyboard.press('Enter');
  await expect(drawer(page, newest[1]!)).toBeVisible();

  // Tag: from the drawer.
  await tabTo(page, drawer(page, newest[1]!).getByRole('button', { name: 'Add tag', exact: true }));
  await keyboard.press('Enter');
  const add = page.getByRole('dialog', { name: 'Add a tag', exact: true });
  await expect(add.getByRole('textbox', { name: 'Tag', exact: true })).toBeFocused();
  await keyboard.type('by-keys');
  await keyboard.press('Tab');
  await keyboard.type('yes');
  await keyboard.press('Enter');
  await expect(add).toBeHidden();
  await expect(drawer(page, newest[1]!).getByRole('table', { name: 'Tags', exact: true })).toContainText('by-keys');
  await expect(drawer(page, newest[1]!).getByRole('button', { name: 'Add tag', exact: true })).toBeFocused();
  await keyboard.press('Escape');
  await expect(drawer(page, newest[1]!)).toBeHidden();
  await expect(row(page, newest[1]!)).toBeFocused();

  // Choose two, export them.
  await keyboard.press('x');
  await keyboard.press('Shift+J');
  await expect(selection(page)).toContainText('2 selected');
  await keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Export events', exact: true });
  await tabTo(page, dialog.getByRole('radio', { name: 'CSV', exact: true }));
  await keyboard.press('ArrowDown');
  await expect(dialog.getByRole('radio', { name: 'NDJSON', exact: true })).toBeChecked();
  await tabTo(page, dialog.getByRole('link', { name: 'Download', exact: true }));
  const [file] = await Promise.all([page.waitForEvent('download'), keyboard.press('Enter')]);
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { id: number }).id).toSorted((a, b) => a - b)).toEqual([newest[2], newest[1]]);

  // Delete them.
  await expect(dialog).toBeHidden();
  await keyboard.press('Delete');
  const sure = page.getByRole('dialog', { name: 'Delete 2 events', exact: true });
  await tabTo(page, sure.getByRole('button', { name: 'Delete', exact: true }));
  await keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('2 events deleted.');
  expect(await idsOf(site, { camid: camera })).toEqual([newest[0], newest[3], newest[4]]);
});

test('Tab goes through the page in reading order, and every stop can be seen', async ({ page, site }) => {
  const { camera } = await ownEvents(site, 'Tabbed gate', minutesApart(3));
  await enter(page, site, 'admin', `/events?camera=${camera}`);
  await ready(page);
  await box(page).focus();
  const stops: string[] = [];
  for (let i = 0; i < 30; i += 1) {
    const stop = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const style = getComputedStyle(element);
      const seen = element.matches(':focus-visible') && element.getBoundingClientRect().width > 0;
      const ringed = [element, element.parentElement!, element.firstElementChild ?? element, element.closest('label,.box') ?? element].some((one) => {
        const ring = getComputedStyle(one);
        return ring.boxShadow !== 'none' || (ring.outlineStyle !== 'none' && ring.outlineWidth !== '0px');
      });
      return { name: element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 40) ?? '', ok: seen && (ringed || style.outlineStyle !== 'none'), grid: element.closest('[role=grid] [role=row][data-index]') !== null };
    });
    expect(stop, JSON.stringify(stop)).toMatchObject({ ok: true });
    stops.push(stop.name);
    if (stop.grid) break;
    await page.keyboard.press('Tab');
  }
  const order = ['Filter events', 'Last 24 hours', 'Custom range', 'Change filter Camera', 'Remove filter Camera', 'Add filter', 'Clear filters', 'Columns', 'Export', 'Only Motion', 'Zoom in', 'Show as table', 'Start of range', 'End of range', 'Select all shown', 'Time: newest first'];
  const at = order.map((name) => stops.findIndex((stop) => stop === name));
  expect(at, stops.join(' | ')).toEqual(at.toSorted((a, b) => a - b));
  expect(Math.min(...at), stops.join(' | ')).toBeGreaterThanOrEqual(0);
});

test('brackets move the range, plus and minus size it', async ({ page, site }) => {
  const to = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 2 * 3_600_000;
  await enter(page, site, 'admin', `/events?from=${new Date(to - 3_600_000).toISOString()}&to=${new Date(to - 1).toISOString()}`);
  await ready(page);
  const range = (): number[] => [...new URL(page.url()).searchParams].map(([, value]) => Math.round((Date.parse(value) - to) / 60_000) + 0);
  await page.keyboard.press('[');
  await expect.poll(range).toEqual([-90, -30]);
  await page.keyboard.press(']');
  await expect.poll(range).toEqual([-60, 0]);
  await page.keyboard.press('+');
  await expect.poll(range).toEqual([-45, -15]);
  await page.keyboard.press('-');
  await expect.poll(range).toEqual([-60, 0]);
});
