// The Events page: its filters and its range, on screen and in the address.
import {
  box, chooseZone, counted, DAY, drawer, events, expectQuery, histogram, HOUR, listState, measureShifts, MINUTE, open, ownEvents, ready, row, total,
} from './events.ts';
import { enter, expect, expectNoFailure, test, watch, ZONE, type Page, type Site } from './site.ts';

/** The day of an instant in a zone. */
const dayIn = (at: number, zone: string): string => new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(at);

/** Twelve events of one camera: two types, three tags, now and then. */
async function varied(site: Site, name: string): Promise<{ camera: number; ids: number[] }> {
  return ownEvents(site, name, [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9].map((n) => n * MINUTE), (i) => ({
    name: i % 3 === 0 ? 'vehicle' : 'motion',
    meta: { object: 'x', ...(i % 4 === 0 ? { ignored: '1' } : {}), ...(i === 5 ? { 'rare%2C': 'percent' } : {}) },
  }));
}

async function add(page: Page, kind: string, values: string[]): Promise<void> {
  await page.getByRole('button', { name: 'Add filter', exact: true }).click();
  await page.getByRole('menuitem', { name: kind, exact: true }).click();
  const dialog = page.getByRole('dialog', { name: `Filter by ${kind === 'Without tag' ? 'missing tag' : kind.toLowerCase()}`, exact: true });
  for (const value of values) {
    await dialog.getByRole('searchbox', { name: 'Search', exact: true }).fill(value);
    await dialog.getByRole('checkbox', { name: value, exact: true }).check();
  }
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect(dialog).toBeHidden();
}

const chip = (page: Page, name: string): ReturnType<Page['getByRole']> =>
  page.getByRole('list', { name: 'Filters', exact: true }).getByRole('button', { name: `Change filter ${name}`, exact: true });

test('words of the filter box become filters, and the total is the API’s count', async ({ page, site }) => {
  test.slow();
  const { camera, ids } = await varied(site, 'Grammar gate');
  const midnight = Date.parse(`${dayIn(Date.now(), ZONE)}T00:00:00Z`);
  const lobby = site.cameras['Lobby']!;
  // Names are known once the cameras are: a filter of its own, as other tests' events may be newer.
  await open(page, site, `?camera=${camera}`);
  await expect(row(page, ids.at(-1)!)).toContainText('Grammar gate');
  for (const [typed, wanted, asked] of [
    ['camera:"Grammar gate"', { camera: String(camera) }, { camid: camera }],
    [`camera:${camera}`, { camera: String(camera) }, { camid: camera }],
    ['type:vehicle', { type: 'vehicle' }, { events: 'vehicle' }],
    ['type:family:boundary', { type: 'family:boundary' }, { events: 'line_crossing' }],
    ['tag:ignored', { tag: 'ignored' }, { meta: 'ignored' }],
    ['-tag:ignored', { notag: 'ignored' }, { meta_not: 'ignored' }],
    ['has:picture', { picture: '1' }, { has_thumb: 'true' }],
    ['-has:picture', { picture: '0' }, { has_thumb: 'false' }],
    [`camera:"Grammar gate" type:vehicle -tag:ignored`, { camera: String(camera), type: 'vehicle', notag: 'ignored' }, { camid: camera, events: 'vehicle', meta_not: 'ignored' }],
    ['lobby', { camera: String(lobby) }, { camid: lobby }],
  ] as [string, Record<string, string>, Record<string, string | number>][]) {
    await test.step(typed, async () => {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Events', exact: true }).click();
      await expectQuery(page, {});
      await box(page).fill(typed);
      await box(page).press('Enter');
      await expectQuery(page, wanted);
      await expect(box(page)).toHaveValue('');
      await expect(total(page)).toHaveText(events(await counted(site, { ...asked, start: new Date(Date.now() - DAY).toISOString() })));
    });
  }
  // Times: a moving range, a day, an instant of the zone on screen, an event.
  for (const [typed, wanted] of [
    ['last:7d', { last: '7d' }],
    [`from:${dayIn(midnight, 'UTC')}`, { from: /T2[23]:00:00Z$/ }],
    [`to:${dayIn(midnight, 'UTC')}T18:00`, { to: /T1[67]:00:00Z$/ }],
    [`#${ids[0]}`, { event: String(ids[0]) }],
  ] as [string, Record<string, string | RegExp>][]) {
    await test.step(typed, async () => {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Events', exact: true }).click();
      await box(page).fill(typed);
      await box(page).press('Enter');
      await expectQuery(page, wanted);
    });
  }
  await expect(drawer(page, ids[0]!)).toBeVisible();
  await expectNoFailure(page);
});

test('the filter box suggests what there is, and Backspace takes the last chip away', async ({ page, site }) => {
  await varied(site, 'Suggested gate');
  await open(page, site);
  await box(page).click();
  const list = page.getByRole('listbox', { name: 'Suggestions', exact: true });
  await expect(list.getByRole('group', { name: 'Cameras', exact: true })).toBeVisible();
  await expect(list.getByRole('group', { name: 'Time', exact: true })).toBeVisible();
  await box(page).pressSequentially('sugg');
  await expect(list.getByRole('option')).toHaveCount(1);
  await expect(list.getByRole('option')).toContainText('Suggested gate');
  await box(page).press('Enter');
  await expect(chip(page, 'Camera')).toContainText('Suggested gate');
  await box(page).pressSequentially('ignored');
  await box(page).press('ArrowDown');
  await box(page).press('ArrowUp');
  await box(page).press('Enter');
  await expect(chip(page, 'Tag')).toContainText('ignored');
  await expect(total(page)).toHaveText('3 events');
  await box(page).press('Backspace');
  await expect(chip(page, 'Tag')).toBeHidden();
  await expect(total(page)).toHaveText('12 events');
  // What is not known is said, and nothing changes.
  await box(page).pressSequentially('nothing-like-this');
  await expect(page.getByText('Nothing matches “nothing-like-this”.')).toBeVisible();
  await box(page).press('Escape');
  await box(page).press('Escape');
  await expect(box(page)).toHaveValue('');
});

test('filters are added by dialogs, changed at their chips, and taken away', async ({ page, site }) => {
  const { camera } = await varied(site, 'Dialog gate');
  const since = { start: new Date(Date.now() - DAY).toISOString() };
  await open(page, site);

  await add(page, 'Camera', ['Dialog gate']);
  await expectQuery(page, { camera: String(camera) });
  await expect(chip(page, 'Camera')).toContainText('Dialog gate');
  await expect(total(page)).toHaveText('12 events');
  await add(page, 'Type', ['Vehicle']);
  await expect(total(page)).toHaveText('4 events');
  await add(page, 'Tag', ['object']);
  await add(page, 'Without tag', ['ignored']);
  await expect(total(page)).toHaveText(events(await counted(site, { ...since, camid: camera, events: 'vehicle', meta: 'object', meta_not: 'ignored' })));
  // A tag that was never seen lately can be asked for all the same.
  await add(page, 'Tag', ['rare%2C']);
  await expectQuery(page, { camera: String(camera), type: 'vehicle', tag: 'object,rare%252C', notag: 'ignored' });
  await page.getByRole('button', { name: 'Remove filter Type', exact: true }).click();
  await page.getByRole('button', { name: 'Remove filter Without tag', exact: true }).click();
  await expect(total(page)).toHaveText('12 events');
  await chip(page, 'Tag').click();
  const tags = page.getByRole('dialog', { name: 'Filter by tag', exact: true });
  await tags.getByRole('checkbox', { name: 'object', exact: true }).uncheck();
  await tags.getByRole('button', { name: 'Apply', exact: true }).click();
  await expectQuery(page, { camera: String(camera), tag: 'rare%252C' });
  await expect(total(page)).toHaveText('1 event');

  // The chip's dialog knows what is chosen, and counts.
  await page.getByRole('button', { name: 'Remove filter Tag', exact: true }).click();
  await chip(page, 'Camera').click();
  const cameras = page.getByRole('dialog', { name: 'Filter by camera', exact: true });
  await expect(cameras.getByRole('checkbox', { name: 'Dialog gate', exact: true })).toBeChecked();
  await expect(cameras.getByRole('listitem').filter({ hasText: 'Dialog gate' })).toContainText('12');
  await cameras.getByRole('checkbox', { name: 'Lobby', exact: true }).check();
  await cameras.getByRole('button', { name: 'Apply', exact: true }).click();
  await expectQuery(page, { camera: `${camera},${site.cameras['Lobby']}` });
  await expect(chip(page, 'Camera')).toContainText('Dialog gate');
  await expect(total(page)).toHaveText(events(await counted(site, { ...since, camid: `${camera},${site.cameras['Lobby']}` })));

  // Picture.
  await page.getByRole('button', { name: 'Add filter', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Picture', exact: true }).click();
  const picture = page.getByRole('dialog', { name: 'Filter by picture', exact: true });
  await picture.getByRole('radio', { name: 'Without a picture', exact: true }).check();
  await picture.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect(chip(page, 'Picture')).toContainText('No picture');

  // Cancel changes nothing; Clear filters leaves the range alone.
  await chip(page, 'Camera').click();
  await cameras.getByRole('checkbox', { name: 'Lobby', exact: true }).uncheck();
  await cameras.getByRole('button', { name: 'Cancel', exact: true }).click();
  await expectQuery(page, { camera: `${camera},${site.cameras['Lobby']}`, picture: '0' });
  await page.getByRole('radiogroup', { name: 'Range', exact: true }).getByRole('radio', { name: 'Last 7 days', exact: true }).check();
  await page.getByRole('button', { name: 'Clear filters', exact: true }).click();
  await expectQuery(page, { last: '7d' });
  await expect(page.getByRole('list', { name: 'Filters', exact: true }).getByRole('button')).toHaveCount(0);
});

test('a reload, a copied link and Back restore what was shown', async ({ page, site, context }) => {
  const { camera, ids } = await varied(site, 'Restored gate');
  const from = new Date(Math.floor(Date.now() / MINUTE) * MINUTE - HOUR).toISOString().replace('.000', '');
  await open(page, site);
  await add(page, 'Camera', ['Restored gate']);
  await add(page, 'Type', ['Vehicle']);
  await box(page).fill(`from:${from}`);
  await box(page).press('Enter');
  await page.getByRole('button', { name: 'Time: newest first', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Time: oldest first', exact: true })).toBeVisible();
  await row(page, ids[3]!).getByRole('gridcell').nth(4).click();
  const wanted = { camera: String(camera), type: 'vehicle', from, order: 'asc', event: String(ids[3]) };
  await expectQuery(page, wanted);

  const shown = async (one: Page): Promise<void> => {
    await expect(total(one)).toHaveText('4 events');
    await expect(chip(one, 'Camera')).toContainText('Restored gate');
    await expect(chip(one, 'Type')).toContainText('Vehicle');
    await expect(one.getByRole('button', { name: 'Custom range', exact: true })).toHaveAttribute('aria-pressed', 'true');
    await expect(one.getByRole('button', { name: 'Time: oldest first', exact: true })).toBeVisible();
    await expect(drawer(one, ids[3]!)).toBeVisible();
    await expect(row(one, ids[3]!)).toHaveAttribute('aria-current', 'true');
    await expect(row(one, ids[0]!)).toHaveAttribute('aria-rowindex', '2');
  };
  await shown(page);
  await page.reload();
  await shown(page);
  const other = await context.newPage();
  const { complaints } = watch(other);
  await other.goto(page.url());
  await shown(other);
  expect(complaints).toEqual([]);
  await other.close();

  // Back takes one change back at a time, Forward brings it again.
  await page.goBack();
  await expectQuery(page, { camera: String(camera), type: 'vehicle', from, order: 'asc' });
  await page.goBack();
  await expectQuery(page, { camera: String(camera), type: 'vehicle', from });
  await page.goBack();
  await expectQuery(page, { camera: String(camera), type: 'vehicle' });
  await page.goBack();
  await expectQuery(page, { camera: String(camera) });
  await expect(total(page)).toHaveText('12 events');
  await page.goForward();
  await expect(total(page)).toHaveText('4 events');
});

test('what the address says and nobody understands is dropped, and named', async ({ page, site }) => {
  await open(page, site, `?camera=${site.cameras['Lobby']}&colour=red&last=9y&picture=maybe&type=family:unicorn`);
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText(/This address has 4 parts that could not be read: colour, /);
  await expectQuery(page, { camera: String(site.cameras['Lobby']) });
  await expect(page.getByRole('radio', { name: 'Last 24 hours', exact: true })).toBeChecked();
  // Hostile parameters are text.
  await page.goto(`${site.server.url}/events?${encodeURIComponent('<img src=x onerror=alert(1)>')}=1`);
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('<img src=x onerror=alert(1)>');
  await expectQuery(page, {});
});

test('each range shows what lies in it', async ({ page, site }) => {
  const { camera } = await ownEvents(site, 'Old gate', [60 * DAY, 20 * DAY, 3 * DAY, 2 * HOUR, 50 * MINUTE, 10 * MINUTE]);
  await open(page, site, `?camera=${camera}`);
  const range = page.getByRole('radiogroup', { name: 'Range', exact: true });
  const custom = page.getByRole('button', { name: 'Custom range', exact: true });
  await expect(custom).toHaveAttribute('aria-pressed', 'false');
  for (const [name, last, n] of [
    ['Last hour', '1h', 2],
    ['Last 7 days', '7d', 4],
    ['Last 30 days', '30d', 5],
    ['All time', 'all', 6],
    ['Last 24 hours', null, 3],
  ] as const) {
    await range.getByRole('radio', { name, exact: true }).check();
    await expectQuery(page, { camera: String(camera), ...(last === null ? {} : { last }) });
    await expect(total(page)).toHaveText(events(n));
    await expect(listState(page)).toHaveText(`All ${n} events shown.`);
    await expect(range.getByRole('radio', { checked: true })).toHaveCount(1);
  }
  await expectNoFailure(page);
});

test('a custom range is read in the zone on screen', async ({ page, site }) => {
  const day = dayIn(Date.now() - 2 * DAY, ZONE);
  const local = (clock: string, zone: string): number => {
    const guess = Date.parse(`${day}T${clock}:00Z`);
    const there = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(guess);
    return guess - (Date.parse(`${there.replace(' ', 'T')}Z`) - guess);
  };
  const iso = (ms: number): string => new Date(ms).toISOString().replace('.000', '');
  const noon = local('12:00', ZONE);
  const { camera } = await ownEvents(site, 'Noon gate', [Date.now() - noon + HOUR, Date.now() - noon - 1000, Date.now() - noon - HOUR]);
  await open(page, site, `?camera=${camera}`);
  const custom = page.getByRole('button', { name: 'Custom range', exact: true });
  const dialog = page.getByRole('dialog', { name: 'Custom range', exact: true });

  // Given Berlin on screen.
  await custom.click();
  await expect(dialog).toContainText(`Time in ${ZONE}.`);
  await dialog.getByRole('textbox', { name: 'From', exact: true }).fill(`${day} 12:00`);
  await dialog.getByRole('textbox', { name: 'To', exact: true }).fill(`${day} 11:00`);
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect(dialog).toContainText('The end lies before the start.');
  await dialog.getByRole('textbox', { name: 'To', exact: true }).fill('half past nonsense');
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect(dialog).toContainText('Not a time');
  await dialog.getByRole('textbox', { name: 'To', exact: true }).fill(`${day} 12:30`);
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await expectQuery(page, { camera: String(camera), from: iso(noon), to: iso(noon + HOUR / 2 - 1) });
  await expect(total(page)).toHaveText('1 event');
  await expect(custom).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('radiogroup', { name: 'Range', exact: true }).getByRole('radio', { checked: true })).toHaveCount(0);

  // When UTC is chosen, then the same instants are told in UTC, and what is typed is UTC.
  await chooseZone(page, /^UTC/);
  await custom.click();
  await expect(dialog).toContainText('Time in UTC.');
  await expect(dialog.getByRole('textbox', { name: 'From', exact: true })).toHaveValue(iso(noon).replace('T', ' ').replace('Z', ''));
  await dialog.getByRole('textbox', { name: 'From', exact: true }).fill(`${day} 12:00`);
  await dialog.getByRole('textbox', { name: 'To', exact: true }).fill('');
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await expectQuery(page, { camera: String(camera), from: `${day}T12:00:00Z` });
  await chooseZone(page, /^Site/);
});

test('the legend shows one family alone, and all again', async ({ page, site }) => {
  const since = { start: new Date(Date.now() - DAY).toISOString() };
  await open(page, site);
  const all = (await total(page).textContent())!;
  const only = histogram(page).getByRole('list', { name: 'Legend', exact: true }).getByRole('button', { name: 'Only Person', exact: true });
  await only.click();
  await expectQuery(page, { type: 'family:person' });
  await expect(only).toHaveAttribute('aria-pressed', 'true');
  await expect(total(page)).toHaveText(events(await counted(site, { ...since, events: 'person' })));
  await only.click();
  await expectQuery(page, {});
  await expect(total(page)).toHaveText(all);
  // A family nobody uses finds nothing.
  await page.goto(`${site.server.url}/events?type=family:sound`);
  await expect(total(page)).toHaveText('0 events');
});

test('an empty list says why, and what to do', async ({ page, site }) => {
  const { camera } = await ownEvents(site, 'Quiet gate', [3 * DAY]);
  await open(page, site, `?camera=${camera}&type=vehicle&last=7d`);
  await expect(listState(page)).toHaveText('No events match these filters.');
  await page.getByRole('button', { name: 'Clear filters', exact: true }).click();
  await expectQuery(page, { last: '7d' });
  await expect(total(page)).not.toHaveText('0 events');
  const [from, to] = [40 * DAY, 39 * DAY].map((age) => new Date(Date.now() - age).toISOString());
  await page.goto(`${site.server.url}/events?from=${from}&to=${to}`);
  await expect(listState(page)).toHaveText(/^No events in this range\. The newest is from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d Europe\/Berlin\.$/);
  await page.getByRole('button', { name: 'Show all time', exact: true }).click();
  await expectQuery(page, { last: 'all' });
  await expect(total(page)).toHaveText(events(await counted(site, {})));
});

test('nothing jumps while the page loads', async ({ page, site }) => {
  const shifts = await measureShifts(page);
  await open(page, site);
  await expect(page.getByRole('navigation', { name: 'Main' })).toContainText('Live');
  const first = await shifts();
  await page.goto(`${site.server.url}/events?event=${site.events.at(-1)}`);
  await ready(page);
  await expect(drawer(page, site.events.at(-1)!).getByRole('table', { name: 'Tags', exact: true })).toBeVisible();
  const second = await shifts();
  console.log(`layout shift: Events ${first.toFixed(4)}, with a drawer ${second.toFixed(4)}`);
  expect(Math.max(first, second)).toBeLessThan(0.1);
});

test('a list that cannot be loaded says so, keeps its filters, and tries again', async ({ page, site }) => {
  await enter(page, site);
  const list = /\/api\/v2\/storage\/events\/\?.*order_by=-time/;
  await page.route(list, (route) => route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ status: 503, errorType: 'storage_failed', errorDetail: 'the disk does not answer' }) }));
  await page.goto(`${site.server.url}/events?camera=${site.cameras['Lobby']}`);
  await expect(page.getByRole('main').getByRole('alert')).toContainText('the disk does not answer');
  await expect(chip(page, 'Camera')).toContainText('Lobby');
  await page.unroute(list);
  await page.getByRole('main').getByRole('button', { name: 'Try again', exact: true }).click();
  await expect(total(page)).toHaveText(/^\d[\d,]* events$/);
  await expectNoFailure(page);
});
