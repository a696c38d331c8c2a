// Days of 23 and 25 hours: in the strip, the list, the drawer and the dialog.
import { bars, chooseZone, drawer, grid, histogram, HOUR, open, rows, sum, total } from './events.ts';
import { expect, expectNoFailure, test, type Site } from './site.ts';

interface Night {
  zone: string;
  /** The day of the change. */
  day: string;
  hours: 23 | 25;
  /** First and last instant of it. */
  from: string;
  to: string;
  before: string;
  after: string;
}

const NIGHTS: Night[] = [
  { zone: 'Europe/Berlin', day: '2026-10-25', hours: 25, from: '2026-10-24T22:00:00Z', to: '2026-10-25T22:59:59.999Z', before: '+02:00', after: '+01:00' },
  { zone: 'Europe/Berlin', day: '2026-03-29', hours: 23, from: '2026-03-28T23:00:00Z', to: '2026-03-29T21:59:59.999Z', before: '+01:00', after: '+02:00' },
  { zone: 'America/New_York', day: '2026-11-01', hours: 25, from: '2026-11-01T04:00:00Z', to: '2026-11-02T04:59:59.999Z', before: '-04:00', after: '-05:00' },
  { zone: 'America/New_York', day: '2026-03-08', hours: 23, from: '2026-03-08T05:00:00Z', to: '2026-03-09T03:59:59.999Z', before: '-05:00', after: '-04:00' },
];

/** The minus of a typeset offset is its own sign. */
const plain = (text: string): string => text.replaceAll('−', '-');

/** Lets events of last spring be kept, and shows them in this zone. */
async function prepare(site: Site, zone: string): Promise<void> {
  await site.api.call('PUT', '/api/admin/v1/settings/', { 'site.time_zone': zone, 'retention.days': 3_650 });
}

test.afterAll(async ({ site }) => {
  await prepare(site, 'Europe/Berlin');
});

for (const { zone, day, hours, from, to, before, after } of NIGHTS) {
  test(`${day} in ${zone} has ${hours} hours, each in its place`, async ({ page, site }) => {
    test.slow();
    await prepare(site, zone);
    // Given one event in the middle of each hour of that day, and one just outside at either end.
    const camera = await site.api.camera(`Night ${day}`, zone);
    const first = Date.parse(from);
    const ids = await site.api.events(
      Array.from({ length: hours + 2 }, (_, i) => ({ camid: camera, name: 'motion', time: new Date(first + (i - 0.5) * HOUR).toISOString() })),
    );

    await test.step('the strip in bars of half an hour', async () => {
      await open(page, site, `?camera=${camera}&from=${from}&to=${to}`);
      await expect(total(page)).toHaveText(`${hours} events`);
      const lines = await bars(page);
      expect(sum(lines)).toBe(hours);
      expect(lines).toHaveLength(hours);
      const froms = lines.map((line) => plain(line.from));
      // Each hour of the clock once; the repeated one twice, told apart by its offset; the skipped one never.
      expect(new Set(froms).size).toBe(hours);
      const clock = froms.map((text) => Number(text.slice(11, 13)));
      const change = zone === 'Europe/Berlin' ? 2 : hours === 25 ? 1 : 2;
      expect(clock.filter((hour) => hour === change)).toHaveLength(hours === 25 ? 2 : 0);
      expect(froms[0]).toBe(`${day} 00:30:00 ${before}`);
      expect(froms.at(-1)).toBe(`${day} 23:30:00 ${after}`);
    });

    await test.step('the list carries the offset', async () => {
      await expect(rows(page).first()).toContainText('23:30:00');
      expect(plain(await rows(page).first().innerText())).toContain(after);
      await page.getByRole('button', { name: 'Time: newest first', exact: true }).click();
      await expect(rows(page).first()).toContainText('00:30:00');
      expect(plain(await rows(page).first().innerText())).toContain(before);
      await page.goBack();
      await expect(grid(page).getByRole('columnheader', { name: 'Time', exact: true })).toContainText(zone);
    });

    await test.step('the sliders say the offset and the zone', async () => {
      await histogram(page).getByRole('button', { name: 'Show as table', exact: true }).click();
      const text = async (name: string): Promise<string> => plain((await histogram(page).getByRole('slider', { name, exact: true }).getAttribute('aria-valuetext')) ?? '');
      expect(await text('Start of range')).toBe(`${day} 00:00:00 ${before} ${zone}`);
      expect(await text('End of range')).toMatch(new RegExp(`00:00:00 \\${after.slice(0, 1)}${after.slice(1)} ${zone}$`));
    });

    await test.step('the strip in bars of a day', async () => {
      const [start, end] = [first - 20 * 24 * HOUR, Date.parse(to) + 1 + 20 * 24 * HOUR].map((ms) => new Date(ms).toISOString());
      await open(page, site, `?camera=${camera}&from=${start}&to=${end}`);
      const line = (await bars(page)).find((one) => one.from.startsWith(day));
      expect(line?.total).toBe(hours);
      expect(plain(line?.from ?? '')).toBe(`${day} 00:00:00 ${before}`);
      expect(plain(line?.to ?? '')).toMatch(new RegExp(`00:00:00 \\${after.slice(0, 1)}${after.slice(1)}$`));
      expect((await bars(page)).map((one) => one.total)).toEqual([1, hours, 1]);
    });

    await test.step('the drawer tells the twin hours apart', async () => {
      const twin = zone === 'Europe/Berlin' ? 3 : 2;
      await open(page, site, `?camera=${camera}&from=${from}&to=${to}&event=${ids[twin]}`);
      const text = plain(await drawer(page, ids[twin]!).locator('dl').innerText());
      expect(text).toMatch(/[+-]0\d:00/);
      expect(text).toContain(zone);
    });
    await expectNoFailure(page);
  });
}

test('the dialog says what a clock change makes of a time', async ({ page, site }) => {
  await prepare(site, 'Europe/Berlin');
  await open(page, site);
  await page.getByRole('button', { name: 'Custom range', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Custom range', exact: true });
  await dialog.getByRole('textbox', { name: 'From', exact: true }).fill('2026-10-25 02:30');
  await expect(dialog).toContainText('this time comes twice. Taken as 2026-10-25 02:30:00 +02:00; write +01:00 for the second.');
  await dialog.getByRole('textbox', { name: 'From', exact: true }).fill('2026-03-29 02:30');
  await expect(dialog).toContainText('this time does not exist');
  await dialog.getByRole('textbox', { name: 'From', exact: true }).fill('2026-10-25 02:30 +01:00');
  await dialog.getByRole('textbox', { name: 'To', exact: true }).fill('2026-10-25 04:00');
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect.poll(() => Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ from: '2026-10-25T01:30:00Z', to: '2026-10-25T02:59:59.999Z' });
  // In UTC the same range is the same instants.
  await chooseZone(page, /^UTC/);
  await page.getByRole('button', { name: 'Custom range', exact: true }).click();
  await expect(dialog.getByRole('textbox', { name: 'From', exact: true })).toHaveValue('2026-10-25 01:30:00');
  await expect(dialog.getByRole('textbox', { name: 'To', exact: true })).toHaveValue('2026-10-25 03:00:00');
  await page.keyboard.press('Escape');
  await chooseZone(page, /^Site/);
});
