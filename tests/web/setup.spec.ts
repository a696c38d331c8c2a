// The first start: from the code in a file to the first event, without a terminal in between.
import { ADMIN, choose, expect, PASSWORD, Server, test, type Page } from './site.ts';

let server: Server;
test.beforeEach(async () => {
  server = await Server.start();
});
test.afterEach(async () => {
  await server.destroy();
});

async function fillAdmin(page: Page, code: string, password = PASSWORD, repeated = password): Promise<void> {
  await page.getByRole('textbox', { name: 'Set-up code', exact: true }).fill(code);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(ADMIN);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Repeat password', { exact: true }).fill(repeated);
  await page.getByRole('button', { name: 'Create administrator', exact: true }).click();
}

/** A code that is not this one. */
function otherThan(code: string): string {
  return code.replace(/[0-9]/g, (digit) => String((Number(digit) + 1) % 10)).replace(/[a-z]/gi, (letter) => (letter === 'A' || letter === 'a' ? 'B' : 'A'));
}

test('a new server is set up in the browser up to its first event', async ({ page }) => {
  // Given a server that nobody has set up: whatever is asked for, the set-up comes.
  await page.goto(`${server.url}/events?last=7d`);
  await expect(page).toHaveURL(/\/setup$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Set up Watchpost', exact: true })).toBeVisible();

  // When a wrong code is tried, then the page says how many tries are left.
  await fillAdmin(page, otherThan(server.setupCode()));
  await expect(page.getByRole('alert')).toHaveText(/That code is wrong\. \d+ tries left\./);
  const left = async (): Promise<number> => Number(/(\d+) tries/.exec(await page.getByRole('alert').innerText())?.[1]);
  const first = await left();
  await page.getByRole('button', { name: 'Create administrator', exact: true }).click();
  await expect.poll(left).toBe(first - 1);

  // When the code of the file is given, then the site is asked for.
  await page.getByRole('textbox', { name: 'Set-up code', exact: true }).fill(server.setupCode());
  await page.getByRole('button', { name: 'Create administrator', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Your site', exact: true })).toBeVisible();
  await page.getByRole('textbox', { name: 'Site name', exact: true }).fill('Hafen Nord');
  await expect(page.getByRole('combobox', { name: 'Time zone', exact: true })).toHaveValue(/Europe\/Berlin/);
  await choose(page, page.getByRole('combobox', { name: 'Time zone', exact: true }), /America\/New_York/);
  await page.getByRole('spinbutton', { name: 'Keep events for (days)', exact: true }).fill('30');
  await page.getByRole('button', { name: 'Save and continue', exact: true }).click();

  // When a camera is added and a test event sent, then the page turns to success.
  await expect(page.getByRole('heading', { name: 'Your first camera', exact: true })).toBeVisible();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Gate North');
  await page.getByRole('button', { name: 'Add camera', exact: true }).click();
  const connect = page.getByRole('region', { name: 'Connect', exact: true });
  await expect(connect.getByRole('textbox', { name: 'Ingest URL', exact: true })).toHaveValue(new RegExp(`^${server.url}/i/[\\w.]+$`));
  await expect(connect.getByText('Waiting for the first event…')).toBeVisible();
  await connect.getByRole('button', { name: 'Send a test event', exact: true }).click();
  await expect(connect.getByText(/^Event \d+ arrived\.$/)).toBeVisible();

  // Then Watchpost opens, and everything said is there.
  await page.getByRole('button', { name: 'Open Watchpost', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Overview', exact: true })).toBeVisible();
  await expect(page).toHaveTitle('Overview · Hafen Nord');
  await expect(page.getByRole('banner').getByRole('button', { name: 'Time zone: America/New_York', exact: true })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Latest events', exact: true }).getByText('Gate North')).toBeVisible();
  await page.goto(`${server.url}/settings`);
  await expect(page.getByRole('spinbutton', { name: 'Keep events for (days)', exact: true })).toHaveValue('30');
});

test('the page turns to success by itself when the camera sends its first event', async ({ page }) => {
  // Given the third step, without a word about the site.
  await page.goto(server.url);
  await fillAdmin(page, server.setupCode());
  await page.getByRole('button', { name: 'Skip', exact: true }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Gate North');
  await page.getByRole('button', { name: 'Add camera', exact: true }).click();
  const connect = page.getByRole('region', { name: 'Connect', exact: true });
  const url = await connect.getByRole('textbox', { name: 'Ingest URL', exact: true }).inputValue();
  await expect(connect.getByText('Waiting for the first event…')).toBeVisible();

  // When a camera posts to the ingest URL.
  expect((await fetch(url, { method: 'POST', body: JSON.stringify({ name: 'motion' }) })).status).toBe(200);

  // Then the page says so, untouched; a reload says it again and makes no second URL.
  await expect(connect.getByText(/^Event \d+ arrived\.$/)).toBeVisible();
  await page.reload();
  await expect(connect.getByText(/^Event \d+ arrived\.$/)).toBeVisible();
  await expect(connect.getByRole('textbox', { name: 'Ingest URL', exact: true })).toHaveValue(url);
});

test('a password that is refused is explained under its field', async ({ page }) => {
  await page.goto(server.url);
  for (const [password, repeated, reason] of [
    ['short', 'short', 'The password is too short: 12 characters or more.'],
    [PASSWORD, `${PASSWORD}!`, 'The two passwords differ.'],
    ['password1234', 'password1234', 'This password is too common. Choose one that nobody would guess.'],
  ] as const) {
    await fillAdmin(page, server.setupCode(), password, repeated);
    await expect(page.getByText(reason)).toBeVisible();
  }
});

test('a server that was set up meanwhile asks to log in', async ({ page }) => {
  // Given the set-up on screen.
  await page.goto(server.url);
  await expect(page.getByRole('heading', { level: 1, name: 'Set up Watchpost', exact: true })).toBeVisible();
  // When somebody else finishes it first.
  await server.user('first', 'admin');
  await fillAdmin(page, '000000');
  // Then the log-in comes, and stays.
  await expect(page.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
  await page.goto(`${server.url}/setup`);
  await expect(page.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
});
