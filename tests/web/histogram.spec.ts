// The strip over the list: its numbers, and every way to change the range with it.
import {
  bars, counted, events, expectQuery, grid, histogram, HOUR, listState, MINUTE, open, ownEvents, query, ready, sum, total,
} from './events.ts';
import { expect, expectNoFailure, test, ZONE, type Locator, type Page, type Site } from './site.ts';

const canvas = (page: Page): Locator => histogram(page).getByRole('img', { name: 'Events over time', exact: true });
const tool = (page: Page, name: string): Locator => histogram(page).getByRole('button', { name, exact: true });

/** Three hours that ended a while ago, on a half hour: ninety bars of two minutes. */
function threeHours(): { from: number; to: number; search: string } {
  const to = Math.floor(Date.now() / (30 * MINUTE)) * 30 * MINUTE - 6 * HOUR;
  const from = to - 3 * HOUR;
  return { from, to, search: `?from=${new Date(from).toISOString()}&to=${new Date(to - 1).toISOString()}` };
}

/** The range in the address. */
async function range(page: Page): Promise<{ from: number; to: number }> {
  const { from, to } = query(page);
  return { from: Date.parse(from ?? ''), to: to === undefined ? Number.NaN : Date.parse(to) + 1 };
}

/** A place on the strip, by its share of the width. */
async function place(page: Page, share: number): Promise<{ x: number; y: number }> {
  const box = (await canvas(page).boundingBox())!;
  return { x: box.x + box.width * share, y: box.y + box.height * 0.4 };
}

/** The total is what the API counts in the range of the address. */
async function expectCount(page: Page, site: Site): Promise<void> {
  const { from, to } = await range(page);
  const n = await counted(site, {
    start: new Date(from).toISOString(),
    ...(Number.isNaN(to) ? {} : { end: new Date(to - 1).toISOString().replace('Z', '999Z') }),
  });
  await expect(total(page)).toHaveText(events(n));
}

test('the bars add up to the total', async ({ page, site }) => {
  await open(page, site);
  const lines = await bars(page);
  expect(lines.length).toBeGreaterThan(100);
  await expect(total(page)).toHaveText(events(sum(lines)));
  for (const search of ['?last=1h', '?last=7d', '?last=30d', '?last=all', `?camera=${site.cameras['Lobby']}&type=family:vehicle`, threeHours().search]) {
    await open(page, site, search);
    await expect(total(page)).toHaveText(events(sum(await bars(page))));
  }
  await expectNoFailure(page);
});

test('the table has a column for each family, and its numbers add up', async ({ page, site }) => {
  const { camera } = await ownEvents(site, 'Family gate', [5 * MINUTE, 4 * MINUTE, 3 * MINUTE], (i) => ({ name: i === 0 ? 'motion' : 'vehicle' }));
  await open(page, site, `?camera=${camera}&last=1h`);
  await bars(page);
  const table = histogram(page).getByRole('table', { name: 'Events per bar', exact: true });
  const heads = await table.getByRole('columnheader').allTextContents();
  expect(heads[0]).toBe(`From ${ZONE}`);
  expect(heads[1]).toBe('To');
  expect(heads.at(-1)).toBe('Total');
  expect(heads.slice(2, -1)).toEqual(['Motion', 'Vehicle']);
  for (const line of await table.locator('tbody tr').all()) {
    const numbers = (await line.locator('td.num').allTextContents()).map(Number);
    expect(numbers.slice(0, -1).reduce((a, b) => a + b, 0)).toBe(numbers.at(-1));
  }
  // The canvas comes back.
  await tool(page, 'Show as table').click();
  await expect(canvas(page)).toBeVisible();
});

test('dragging over bars chooses them, Esc leaves it, Back takes it back', async ({ page, site }) => {
  const whole = threeHours();
  await open(page, site, whole.search);
  const before = query(page);
  const [a, b] = [await place(page, 0.25), await place(page, 0.5)];
  await page.mouse.move(a.x, a.y);
  await page.mouse.down();
  await page.mouse.move(b.x, b.y, { steps: 5 });
  await expect(histogram(page)).toContainText(/\d+ of \d+ events/);
  await page.keyboard.press('Escape');
  await page.mouse.up();
  expect(query(page)).toEqual(before);
  await expect(histogram(page)).not.toContainText(/\d+ of \d+ events/);

  await page.mouse.move(a.x, a.y);
  await page.mouse.down();
  await page.mouse.move(b.x, b.y, { steps: 5 });
  const told = Number(/([\d,]+) of [\d,]+ events/.exec(await histogram(page).innerText())?.[1]?.replaceAll(',', ''));
  await page.mouse.up();
  await expect.poll(() => query(page)).not.toEqual(before);
  const chosen = await range(page);
  // Edges lie on bars of two minutes, near where the pointer was.
  for (const [edge, share] of [[chosen.from, 0.25], [chosen.to, 0.5]] as const) {
    expect(edge % (2 * MINUTE)).toBe(0);
    expect(Math.abs(edge - (whole.from + share * 3 * HOUR))).toBeLessThanOrEqual(2 * MINUTE);
  }
  await expectCount(page, site);
  await expect(total(page)).toHaveText(events(told));
  await page.goBack();
  await expect.poll(() => query(page)).toEqual(before);
});

test('a click chooses one bar, and the bar tells its numbers first', async ({ page, site }) => {
  const whole = threeHours();
  await open(page, site, whole.search);
  const lines = await bars(page);
  const line = lines[Math.floor(lines.length / 2)]!;
  await tool(page, 'Show as table').click();
  const local = (ms: number): string => new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' }).format(ms);
  const from = Array.from({ length: 90 }, (_, i) => whole.from + i * 2 * MINUTE).find((ms) => local(ms) === line.from)!;
  const at = await place(page, (from + MINUTE - whole.from) / (3 * HOUR));
  await page.mouse.move(at.x, at.y);
  await expect(histogram(page)).toContainText(new RegExp(`${ZONE}`));
  await page.mouse.click(at.x, at.y);
  await expect.poll(() => range(page)).toEqual({ from, to: from + 2 * MINUTE });
  await expect(total(page)).toHaveText(events(line.total));
});

test('a double click zooms out three times about the place', async ({ page, site }) => {
  const { from, to } = threeHours();
  await open(page, site, `?from=${new Date(from + HOUR).toISOString()}&to=${new Date(to - HOUR - 1).toISOString()}`);
  const middle = await place(page, 0.5);
  await page.mouse.dblclick(middle.x, middle.y);
  await expect.poll(async () => (await range(page)).to - (await range(page)).from).toBe(3 * HOUR);
  expect(Math.abs((await range(page)).from - from)).toBeLessThanOrEqual(2 * MINUTE);
  await expectCount(page, site);
});

test('the buttons move and zoom the range', async ({ page, site }) => {
  const whole = threeHours();
  await open(page, site, whole.search);
  const expectRange = async (from: number, to: number): Promise<void> => {
    await expect.poll(() => range(page)).toEqual({ from, to });
    await expectCount(page, site);
  };
  await tool(page, 'Zoom in').click();
  await expectRange(whole.from + 0.75 * HOUR, whole.to - 0.75 * HOUR);
  await tool(page, 'Earlier').click();
  await expectRange(whole.from, whole.to - 1.5 * HOUR);
  await tool(page, 'Later').click();
  await expectRange(whole.from + 0.75 * HOUR, whole.to - 0.75 * HOUR);
  await tool(page, 'Zoom out').click();
  await expectRange(whole.from, whole.to);
  // A range that ends now cannot go later, and says why.
  await page.getByRole('radio', { name: 'Last hour', exact: true }).check();
  await ready(page);
  await expect(tool(page, 'Later')).toHaveAttribute('aria-disabled', 'true');
  await expect(tool(page, 'Later')).toHaveAttribute('title', /The range already ends now\./);
  await page.getByRole('radio', { name: 'All time', exact: true }).check();
  await ready(page);
  await expect(tool(page, 'Earlier')).toHaveAttribute('aria-disabled', 'true');
  await expect(tool(page, 'Zoom out')).toHaveAttribute('aria-disabled', 'true');
});

test('the wheel zooms about the pointer, and one history entry stands for it', async ({ page, site }) => {
  const whole = threeHours();
  await open(page, site, whole.search);
  const before = await page.evaluate(() => history.length);
  const middle = await place(page, 0.5);
  await page.mouse.move(middle.x, middle.y);
  for (let i = 0; i < 3; i += 1) await page.mouse.wheel(0, -100);
  await expect.poll(async () => Math.round(((await range(page)).to - (await range(page)).from) / MINUTE)).toBeLessThan(120);
  const zoomed = await range(page);
  expect(Math.abs((zoomed.from + zoomed.to) / 2 - (whole.from + whole.to) / 2)).toBeLessThan(4 * MINUTE);
  await expectCount(page, site);
  expect(await page.evaluate(() => history.length)).toBe(before);
});

test('the ends of the range are sliders that the keyboard moves', async ({ page, site }) => {
  const whole = threeHours();
  await open(page, site, whole.search);
  const before = query(page);
  const start = histogram(page).getByRole('slider', { name: 'Start of range', exact: true });
  const end = histogram(page).getByRole('slider', { name: 'End of range', exact: true });
  const text = (ms: number): RegExp => {
    const local = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' }).format(ms);
    return new RegExp(`^${local} \\+0[12]:00 ${ZONE}$`);
  };
  await expect(start).toHaveAttribute('aria-valuetext', text(whole.from));
  await expect(end).toHaveAttribute('aria-valuetext', text(whole.to));
  // Tab goes from the buttons to the handles.
  await tool(page, 'Show as table').focus();
  await page.keyboard.press('Tab');
  await expect(start).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(start).toHaveAttribute('aria-valuetext', text(whole.from + 2 * MINUTE));
  await page.keyboard.press('Shift+ArrowRight');
  await expect(start).toHaveAttribute('aria-valuetext', text(whole.from + 22 * MINUTE));
  await page.keyboard.press('Escape');
  await expect(start).toHaveAttribute('aria-valuetext', text(whole.from));
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Tab');
  await expect(end).toBeFocused();
  await expect(start).toHaveAttribute('aria-valuetext', text(whole.from + 20 * MINUTE));
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(end).toHaveAttribute('aria-valuetext', text(whole.to - 4 * MINUTE));
  await page.keyboard.press('Home');
  await expect(end).toHaveAttribute('aria-valuetext', text(whole.from + 22 * MINUTE));
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  expect(query(page)).toEqual(before);
  await page.keyboard.press('Enter');
  await expect.poll(() => range(page)).toEqual({ from: whole.from + 20 * MINUTE, to: whole.to - 2 * MINUTE });
  await expectCount(page, site);
});

test('an event that arrives is added to its bar without asking again', async ({ page, site }) => {
  const { camera } = await ownEvents(site, 'Growing gate', [3 * MINUTE]);
  await open(page, site, `?camera=${camera}&last=1h`);
  expect(sum(await bars(page))).toBe(1);
  const asked: string[] = [];
  page.on('request', (request) => void (/histogram/.test(request.url()) && /bucket=60/.test(request.url()) && asked.push(request.url())));
  const minute = new Date().getUTCMinutes();
  await site.api.events([{ camid: camera, name: 'motion', age_ms: 0 }, { camid: camera, name: 'motion', age_ms: 3 * MINUTE }]);
  await expect.poll(async () => sum(await bars(page))).toBe(3);
  // At the edge of a bar the numbers are asked for anew: then this says nothing.
  if (new Date().getUTCMinutes() === minute) expect(asked).toEqual([]);
});

test('a strip that cannot be counted says so and leaves the list alone', async ({ page, site }) => {
  const counts = /\/histogram\/\?/;
  await page.route(counts, (route) => route.abort());
  await open(page, site, `?camera=${site.cameras['Lobby']}`);
  await expect(histogram(page)).toContainText('The counts could not be loaded.');
  await expect(grid(page).getByRole('row')).not.toHaveCount(1);
  await page.unroute(counts);
  await histogram(page).getByRole('button', { name: 'Try again', exact: true }).click();
  await expect(canvas(page)).toBeVisible();
  await expect(total(page)).toHaveText(events(sum(await bars(page))));
  await expect(listState(page)).toHaveText(/shown\.$/);
  await expectQuery(page, { camera: String(site.cameras['Lobby']) });
});
