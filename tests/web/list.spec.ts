// The list of Events: a grid of any length, its rows, its keys, and what can be done with those that are chosen.
import { readFileSync } from 'node:fs';
import {
  counted, drawer, expectQuery, grid, idsOf, listState, minutesApart, MINUTE, open, ownEvents, query, ready, row, rows, selection, total, walk,
} from './events.ts';
import { enter, expect, expectNoFailure, test, type Page } from './site.ts';

/** Ticks the rows of these events. */
async function tick(page: Page, ids: number[]): Promise<void> {
  for (const id of ids) await page.getByRole('checkbox', { name: `Select event ${id}`, exact: true }).check();
}

const exportDialog = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('dialog', { name: 'Export events', exact: true });

/** Downloads by the dialog's link; the file's text. */
async function download(page: Page, format: 'CSV' | 'NDJSON'): Promise<{ name: string; text: string }> {
  await exportDialog(page).getByRole('radiogroup', { name: 'Format', exact: true }).getByRole('radio', { name: format, exact: true }).check();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    exportDialog(page).getByRole('link', { name: 'Download', exact: true }).click(),
  ]);
  await expect(exportDialog(page)).toBeHidden(); // until then keys are the dialog's
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
}

const idsOfCsv = (text: string): number[] => {
  const [head = '', ...lines] = text.replace(/^\uFEFF/, '').trim().split(/\r?\n/);
  const at = head.split(',').findIndex((name) => name.replaceAll('"', '') === 'id');
  return lines.map((line) => Number(line.split(',')[at]));
};
const idsOfNdjson = (text: string): number[] => text.trim().split('\n').map((line) => (JSON.parse(line) as { id: number }).id);

test.describe('the grid', () => {
  test('it says how many rows there are and what its columns are', async ({ page, site }) => {
    const { camera, ids } = await ownEvents(site, 'Grid gate', minutesApart(7));
    await open(page, site, `?camera=${camera}`);
    await expect(grid(page)).toHaveAttribute('aria-rowcount', '8');
    await expect(grid(page)).toHaveAttribute('aria-multiselectable', 'true');
    await expect(rows(page)).toHaveCount(7);
    await expect(row(page, ids[6]!)).toHaveAttribute('aria-rowindex', '2');
    await expect(row(page, ids[6]!)).toHaveAttribute('aria-selected', 'false');
    await expect(row(page, ids[6]!)).toContainText('Grid gate');
    await expect(row(page, ids[6]!)).toContainText('Motion');
    // A list without pictures gives them no room.
    await expect(grid(page).getByRole('columnheader', { name: 'Picture', exact: true })).toHaveCount(0);
    for (const name of ['Time', 'Camera', 'Type', 'Tags']) await expect(grid(page).getByRole('columnheader', { name, exact: true })).toHaveCount(1);
    await expect(grid(page).getByRole('columnheader', { name: 'Time', exact: true })).toContainText('Europe/Berlin');
    await expect(grid(page).getByRole('button', { name: `Actions for event ${ids[6]!}`, exact: true })).toHaveCount(1);
    await expect(listState(page)).toHaveText('All 7 events shown.');
    // The other order.
    await grid(page).getByRole('button', { name: 'Time: newest first', exact: true }).click();
    await expectQuery(page, { camera: String(camera), order: 'asc' });
    await expect(row(page, ids[0]!)).toHaveAttribute('aria-rowindex', '2');
    await grid(page).getByRole('button', { name: 'Time: oldest first', exact: true }).click();
    await expect(row(page, ids[0]!)).toHaveAttribute('aria-rowindex', '8');
  });

  test('two thousand rows are scrolled by pages: none is skipped, none comes twice, few are in the document', async ({ page, site }) => {
    test.slow();
    const asked: string[] = [];
    page.on('request', (request) => void (/events\/\?.*order_by/.test(request.url()) && /limit=100\b/.test(request.url()) && asked.push(request.url())));
    await open(page, site, '?last=all');
    const wanted = await idsOf(site);
    expect(wanted.length).toBeGreaterThanOrEqual(2_000);
    await expect(grid(page)).toHaveAttribute('aria-rowcount', String(wanted.length + 1));
    const { ids, most } = await walk(page, wanted.length);
    expect(ids).toEqual(wanted);
    expect(new Set(ids).size).toBe(ids.length);
    expect(most).toBeLessThan(80);
    await expect(listState(page)).toHaveText(`All ${wanted.length.toLocaleString('en')} events shown.`);
    // Each page was asked for once, and the pages that followed were anchored.
    expect(asked.length).toBeLessThanOrEqual(Math.ceil(wanted.length / 100) + 2);
    expect(asked.slice(1).every((url) => /before_id=\d+/.test(url))).toBe(true);
    await expectNoFailure(page);
  });

  test('the columns are chosen in a menu, and stand in the address', async ({ page, site }) => {
    const { camera, ids } = await ownEvents(site, 'Columned gate', minutesApart(3));
    await open(page, site, `?camera=${camera}`);
    await page.getByRole('button', { name: 'Columns', exact: true }).click();
    const menu = page.getByRole('menu', { name: 'Columns', exact: true });
    await menu.getByRole('menuitemcheckbox', { name: 'Event id', exact: true }).click();
    await menu.getByRole('menuitemcheckbox', { name: 'Tags', exact: true }).click();
    await page.keyboard.press('Escape');
    await expect(menu).toBeHidden();
    await expectQuery(page, { camera: String(camera), cols: 'picture,time,camera,type,id' });
    await expect(grid(page).getByRole('columnheader', { name: 'Event', exact: true })).toBeVisible();
    await expect(grid(page).getByRole('columnheader', { name: 'Tags', exact: true })).toHaveCount(0);
    await expect(row(page, ids.at(-1)!)).toContainText(String(ids.at(-1)));
    // The browser remembers them.
    await page.goto(`${site.server.url}/events`);
    await ready(page);
    await expect(grid(page).getByRole('columnheader', { name: 'Event', exact: true })).toBeVisible();
    await page.evaluate(() => localStorage.removeItem('wp.cols'));
  });

  test('new events are announced above the rows and shown when asked for', async ({ page, site }) => {
    const { camera, ids } = await ownEvents(site, 'Busy gate', minutesApart(3));
    const elsewhere = await site.api.camera('Elsewhere gate');
    await open(page, site, `?camera=${camera}`);
    await expect(page.getByRole('status', { name: 'Connection', exact: true })).toHaveText('Live');
    const first = await site.api.events([{ camid: camera, name: 'motion', age_ms: 0 }, { camid: elsewhere, name: 'motion', age_ms: 0 }]);
    await expect(page.getByRole('button', { name: '1 new event', exact: true })).toBeVisible();
    await expect(rows(page)).toHaveCount(3);
    const second = await site.api.events([{ camid: camera, name: 'motion', age_ms: 0 }]);
    await expect(page.getByRole('button', { name: '2 new events', exact: true })).toBeVisible();
    await page.keyboard.press('.');
    await expect(rows(page)).toHaveCount(5);
    await expect(row(page, second[0]!)).toHaveAttribute('aria-rowindex', '2');
    await expect(row(page, first[0]!)).toHaveAttribute('aria-rowindex', '3');
    await expect(total(page)).toHaveText('5 events');
    await expect(page.getByRole('button', { name: /new event/ })).toHaveCount(0);

    // A tag that changes elsewhere changes in place; an event that is removed stays, greyed.
    await site.api.call('POST', `/api/v2/storage/events/${ids[1]}/meta/`, { tag: 'seen', data: 'by-api' });
    await expect(row(page, ids[1]!)).toContainText('by-api');
    await site.api.call('DELETE', `/api/v2/storage/events/${ids[0]}/`);
    await expect(row(page, ids[0]!)).toContainText('deleted');
    await expect(rows(page)).toHaveCount(5);
    // Oldest first nothing is new on top.
    await page.getByRole('button', { name: 'Time: newest first', exact: true }).click();
    await ready(page);
    const third = await site.api.events([{ camid: camera, name: 'motion', age_ms: 0 }]);
    await expect.poll(() => counted(site, { camid: camera })).toBe(5);
    await expect(page.getByRole('button', { name: /new event/ })).toHaveCount(0);
    await page.getByRole('button', { name: 'Time: oldest first', exact: true }).click();
    await expect(row(page, third[0]!)).toHaveAttribute('aria-rowindex', '2');
  });

  test('the keyboard walks, chooses, opens and closes', async ({ page, site }) => {
    const { camera, ids } = await ownEvents(site, 'Keyed gate', minutesApart(6));
    const newest = ids.toReversed();
    await open(page, site, `?camera=${camera}`);
    const { keyboard } = page;
    await keyboard.press('j');
    await expect(row(page, newest[0]!)).toBeFocused();
    await keyboard.press('j');
    await expect(row(page, newest[1]!)).toBeFocused();
    await keyboard.press('ArrowDown');
    await keyboard.press('k');
    await expect(row(page, newest[1]!)).toBeFocused();
    await keyboard.press('x');
    await expect(row(page, newest[1]!)).toHaveAttribute('aria-selected', 'true');
    await expect(selection(page)).toContainText('1 selected');
    await keyboard.press('Shift+J');
    await keyboard.press('Shift+J');
    await expect(selection(page)).toContainText('3 selected');
    await keyboard.press('Shift+K');
    await expect(selection(page)).toContainText('2 selected');
    await keyboard.press('a');
    await expect(selection(page)).toContainText('6 selected');
    await expect(page.getByRole('checkbox', { name: 'Select all shown', exact: true })).toBeChecked();
    await keyboard.press('Escape');
    await expect(selection(page)).toBeHidden();
    // Enter opens, the drawer follows the rows, Esc closes and the row has the keyboard again.
    await keyboard.press('Enter');
    await expect(drawer(page, newest[2]!)).toBeVisible();
    await keyboard.press('j');
    await expect(drawer(page, newest[3]!)).toBeVisible();
    await expectQuery(page, { camera: String(camera), event: String(newest[3]) });
    await keyboard.press('Escape');
    await expect(page.getByRole('complementary', { name: /^Event / })).toBeHidden();
    await expect(row(page, newest[3]!)).toBeFocused();
    await expectQuery(page, { camera: String(camera) });
  });

  test('a row’s menu filters by what the row is', async ({ page, site }) => {
    const { camera, ids } = await ownEvents(site, 'Menu gate', minutesApart(2), (i) => (i === 0 ? { name: 'vehicle', meta: { plate: 'HH-AB 1' } } : {}));
    await open(page, site, `?camera=${camera}`);
    const menu = async (item: string): Promise<void> => {
      await row(page, ids[0]!).hover();
      await page.getByRole('button', { name: `Actions for event ${ids[0]}`, exact: true }).click();
      await page.getByRole('menuitem', { name: item, exact: true }).click();
    };
    await menu('Filter by this type');
    await expectQuery(page, { camera: String(camera), type: 'vehicle' });
    await menu('Filter by tag plate');
    await expectQuery(page, { camera: String(camera), type: 'vehicle', tag: 'plate' });
    await menu('Export this event');
    await expect(exportDialog(page).getByRole('radio', { name: '1 selected', exact: true })).toBeChecked();
    expect(idsOfCsv((await download(page, 'CSV')).text)).toEqual([ids[0]]);
  });
});

test.describe('the selection', () => {
  test('those that are picked are tagged, exported and deleted, and no others', async ({ page, site }) => {
    test.slow();
    const { camera, ids } = await ownEvents(site, 'Picked gate', minutesApart(8));
    const picked = [ids[0]!, ids[2]!, ids[3]!, ids[6]!];
    await open(page, site, `?camera=${camera}`);
    await tick(page, picked);
    await expect(selection(page)).toContainText('4 selected');
    for (const id of ids) await expect(row(page, id)).toHaveAttribute('aria-selected', String(picked.includes(id)));

    // Tag.
    await selection(page).getByRole('button', { name: 'Tag', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a tag', exact: true });
    await dialog.getByRole('button', { name: 'Add tag', exact: true }).click();
    await expect(dialog).toContainText('A tag needs a name.');
    await dialog.getByRole('textbox', { name: 'Tag', exact: true }).fill('checked');
    await dialog.getByRole('textbox', { name: 'Value', exact: true }).fill('by m.krause');
    await dialog.getByRole('button', { name: 'Add tag', exact: true }).click();
    await expect(page.getByRole('region', { name: 'Messages' })).toContainText('Tag checked added to 4 events.');
    expect(await idsOf(site, { camid: camera, meta: 'checked' })).toEqual(picked.toReversed());
    for (const id of picked) await expect(row(page, id)).toContainText('by m.krause');

    // Export: exactly those, in both forms; or all that match.
    await selection(page).getByRole('button', { name: 'Export', exact: true }).click();
    await expect(exportDialog(page).getByRole('radio', { name: '4 selected', exact: true })).toBeChecked();
    const csv = await download(page, 'CSV');
    expect(csv.name).toMatch(/^events.*\.csv$/);
    expect(idsOfCsv(csv.text).toSorted((a, b) => a - b)).toEqual(picked);
    await page.keyboard.press('e');
    const ndjson = await download(page, 'NDJSON');
    expect(ndjson.name).toMatch(/\.ndjson$/);
    expect(idsOfNdjson(ndjson.text).toSorted((a, b) => a - b)).toEqual(picked);
    await page.keyboard.press('e');
    await exportDialog(page).getByRole('radio', { name: '8 that match', exact: true }).check();
    expect(idsOfNdjson((await download(page, 'NDJSON')).text).toSorted((a, b) => a - b)).toEqual(ids);

    // Delete: asked, cancelled, asked again.
    await selection(page).getByRole('button', { name: 'Delete', exact: true }).click();
    const sure = page.getByRole('dialog', { name: 'Delete 4 events', exact: true });
    await expect(sure).toContainText('This cannot be undone.');
    await expect(sure.getByRole('textbox')).toHaveCount(0);
    await sure.getByRole('button', { name: 'Cancel', exact: true }).click();
    expect(await counted(site, { camid: camera })).toBe(8);
    await page.keyboard.press('Delete');
    await sure.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(page.getByRole('region', { name: 'Messages' })).toContainText('4 events deleted.');
    await expect(page.getByRole('button', { name: 'Undo', exact: true })).toHaveCount(0);
    await expect(selection(page)).toBeHidden();
    for (const id of picked) await expect(row(page, id)).toContainText('deleted');
    await expect(total(page)).toHaveText('4 events');
    expect(await idsOf(site, { camid: camera })).toEqual(ids.filter((id) => !picked.includes(id)).toReversed());
    // A greyed row cannot be chosen any more.
    await page.keyboard.press('a');
    await expect(selection(page)).toContainText('4 selected');
  });

  test('all that match are deleted but for those left out, after the number is typed', async ({ page, site }) => {
    test.slow();
    const ages = Array.from({ length: 250 }, (_, i) => (260 - i) * 2_000);
    const { camera, ids } = await ownEvents(site, 'Emptied gate', ages);
    const kept = [ids[249]!, ids[240]!, ids[239]!];
    await open(page, site, `?camera=${camera}`);
    await expect(total(page)).toHaveText('250 events');
    await page.getByRole('checkbox', { name: 'Select all shown', exact: true }).check();
    await expect(selection(page)).toContainText(/^\s*(100|200) selected/);
    await selection(page).getByRole('button', { name: 'Select all 250 that match', exact: true }).click();
    await expect(selection(page)).toContainText('250 selected');
    for (const id of kept) await page.getByRole('checkbox', { name: `Select event ${id}`, exact: true }).uncheck();
    await expect(selection(page)).toContainText('247 selected');
    // It survives scrolling, and what arrives later does not belong to it.
    const [late] = await site.api.events([{ camid: camera, name: 'motion', age_ms: 0 }]);
    await expect(page.getByRole('button', { name: '1 new event', exact: true })).toBeVisible();

    await selection(page).getByRole('button', { name: 'Export', exact: true }).click();
    await expect(exportDialog(page).getByRole('radio', { name: '247 selected', exact: true })).toBeChecked();
    await exportDialog(page).getByRole('button', { name: 'Cancel', exact: true }).click();

    await selection(page).getByRole('button', { name: 'Delete', exact: true }).click();
    const sure = page.getByRole('dialog', { name: 'Delete 247 events', exact: true });
    const button = sure.getByRole('button', { name: 'Delete', exact: true });
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await sure.getByRole('textbox', { name: 'Type 247 to confirm', exact: true }).fill('250');
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await sure.getByRole('textbox', { name: 'Type 247 to confirm', exact: true }).fill('247');
    await button.click();
    await expect(page.getByRole('region', { name: 'Messages' })).toContainText('247 events deleted.');
    await expect(total(page)).toHaveText('4 events');
    expect((await idsOf(site, { camid: camera })).toSorted((a, b) => a - b)).toEqual([...kept, late!].toSorted((a, b) => a - b));
  });

  test('a long deletion shows how far it is, and can be stopped', async ({ page, site }) => {
    const { camera } = await ownEvents(site, 'Slow gate', minutesApart(120));
    await open(page, site, `?camera=${camera}`);
    // Given a server that answers with a job at its own pace.
    let asked = 0;
    let stopped = false;
    const job = (): string => JSON.stringify({ id: 9, kind: 'delete_events', done: Math.min(40 * asked, 40), total: 120, state: stopped ? 'stopped' : 'running' });
    await page.route(/\/api\/v2\/storage\/events\/\?/, (route) =>
      route.request().method() === 'DELETE' ? route.fulfill({ status: 202, contentType: 'application/json', body: job() }) : route.fallback());
    await page.route(/\/api\/admin\/v1\/jobs\/9\//, (route) => {
      if (route.request().method() === 'DELETE') stopped = true;
      else asked += 1;
      return route.fulfill({ status: 200, contentType: 'application/json', body: job() });
    });
    await page.getByRole('checkbox', { name: 'Select all shown', exact: true }).check();
    await selection(page).getByRole('button', { name: 'Select all 120 that match', exact: true }).click();
    await selection(page).getByRole('button', { name: 'Delete', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete 120 events', exact: true });
    await dialog.getByRole('textbox').fill('120');
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    const progress = dialog.getByRole('progressbar', { name: 'Deleting', exact: true });
    await expect(progress).toHaveAttribute('aria-valuenow', '40');
    await expect(dialog).toContainText('40 of 120');
    await dialog.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(page.getByRole('region', { name: 'Messages' })).toContainText('Stopped after 40 events were deleted.');
  });

  test('Shift takes a range, and a change of filters lets the selection go', async ({ page, site }) => {
    const { camera, ids } = await ownEvents(site, 'Ranged gate', minutesApart(6), (i) => (i === 0 ? { name: 'vehicle' } : {}));
    await open(page, site, `?camera=${camera}`);
    await page.getByRole('checkbox', { name: `Select event ${ids[5]}`, exact: true }).click();
    await page.getByRole('checkbox', { name: `Select event ${ids[2]}`, exact: true }).click({ modifiers: ['Shift'] });
    await expect(selection(page)).toContainText('4 selected');
    await selection(page).getByRole('button', { name: 'Clear selection', exact: true }).click();
    await expect(selection(page)).toBeHidden();
    await page.keyboard.press('a');
    await expect(selection(page)).toContainText('6 selected');
    expect(query(page)).toEqual({ camera: String(camera) });
    await page.getByRole('radio', { name: 'Last hour', exact: true }).check();
    await expect(selection(page)).toBeHidden();
  });

  test('a viewer may export, an operator may tag, and only an administrator may delete', async ({ site, browser }) => {
    const { camera, ids } = await ownEvents(site, 'Roles gate', [5 * MINUTE]);
    for (const [user, names] of [
      ['viewer', ['Export', 'Clear selection']],
      ['operator', ['Tag', 'Export', 'Clear selection']],
      ['admin', ['Tag', 'Export', 'Delete', 'Clear selection']],
    ] as const) {
      const context = await browser.newContext();
      const one = await context.newPage();
      await enter(one, site, user, `/events?camera=${camera}&event=${ids[0]}`);
      await tick(one, ids);
      const buttons = await selection(one).getByRole('button').evaluateAll((all) => all.map((button) => button.getAttribute('aria-label') ?? button.textContent?.trim()));
      expect(buttons).toEqual(names);
      await expect(drawer(one, ids[0]!).getByRole('button', { name: 'Add tag', exact: true })).toHaveCount(user === 'viewer' ? 0 : 1);
      await drawer(one, ids[0]!).getByRole('button', { name: 'More', exact: true }).click();
      await expect(one.getByRole('menuitem', { name: 'Copy link', exact: true })).toBeVisible();
      await expect(one.getByRole('menuitem', { name: 'Delete event', exact: true })).toHaveCount(user === 'admin' ? 1 : 0);
      await context.close();
    }
  });
});
