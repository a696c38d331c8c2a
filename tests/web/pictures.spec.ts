// Pictures of events on the page: in the list, in the drawer, full screen, and when they come later.
import { deflateSync } from 'node:zlib';
import { counted, drawer, minutesApart, open, ownEvents, row, rows, total } from './events.ts';
import { expect, expectNoFailure, test, type Locator, type Site } from './site.ts';

/** A PNG of one grey. */
function png(width: number, height: number): Uint8Array<ArrayBuffer> {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (kind: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    let crc = 0xffffffff;
    for (const byte of body) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const rowsOf = Buffer.alloc((width + 1) * height, 0x80);
  for (let y = 0; y < height; y++) rowsOf[y * (width + 1)] = 0;
  const file = [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rowsOf)), chunk('IEND', Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat(file));
}

async function attach(site: Site, id: number): Promise<void> {
  const answer = await fetch(`${site.server.url}/api/v2/storage/events/${id}/thumb/`, {
    method: 'PUT', headers: { Authorization: `LKey ${site.key}`, 'Content-Type': 'image/png' }, body: png(960, 540),
  });
  expect(answer.status, await answer.text()).toBeLessThan(300);
}

/** How wide the picture is that an image shows, once it is there. */
const width = (image: Locator): Promise<number> => image.evaluate((it) => (it as HTMLImageElement).naturalWidth);

test('an event shows its picture in the list, in the drawer and full screen', async ({ page, site }) => {
  // Given three events of which one has a picture.
  const { camera, ids } = await ownEvents(site, 'Pictured gate', minutesApart(3));
  const id = ids[1]!;
  await attach(site, id);
  await open(page, site, `?camera=${camera}`);
  await expect(rows(page)).toHaveCount(3);
  const small = row(page, id).locator('img');
  await expect.poll(() => width(small)).toBe(320);
  await expect(row(page, ids[0]!).locator('img')).toHaveCount(0);
  // When it is opened, and its picture pressed.
  await row(page, id).getByText('Pictured gate').click();
  const image = drawer(page, id).getByRole('img', { name: `Picture of event ${id}`, exact: true });
  await expect.poll(() => width(image)).toBe(320);
  await drawer(page, id).getByTitle('Show picture full screen').click();
  // Then it fills the screen as it was sent, and Esc closes it alone.
  const whole = page.getByRole('dialog', { name: `Picture of event ${id}`, exact: true });
  await expect.poll(() => width(whole.getByRole('img'))).toBe(960);
  await page.keyboard.press('Escape');
  await expect(whole).toHaveCount(0);
  await expect(drawer(page, id)).toBeVisible();
  await expectNoFailure(page);
});

test('the picture filter finds it, and a picture that comes later fills in by itself', async ({ page, site }) => {
  const { camera, ids } = await ownEvents(site, 'Later gate', minutesApart(3));
  await attach(site, ids[0]!);
  await open(page, site, `?camera=${camera}&picture=1`);
  await expect(total(page)).toHaveText('1 event');
  expect(await counted(site, { camid: camera, has_thumb: 'true' })).toBe(1);
  await open(page, site, `?camera=${camera}&event=${ids[2]}`);
  await expect(drawer(page, ids[2]!)).toBeVisible();
  await expect(drawer(page, ids[2]!).locator('img')).toHaveCount(0);
  await attach(site, ids[2]!);
  await expect.poll(() => width(drawer(page, ids[2]!).getByRole('img', { name: `Picture of event ${ids[2]}`, exact: true }))).toBe(320);
  await expect.poll(() => width(row(page, ids[2]!).locator('img'))).toBe(320);
});
