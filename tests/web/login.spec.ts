// Coming in and going out.
import { expect, logIn, PASSWORD, test, type Page } from './site.ts';

async function fill(page: Page, name: string, password: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

test('a user logs in and out', async ({ page, site }) => {
  await site.server.user('in.and.out', 'viewer');
  // When the user logs in, then the site is there.
  await page.goto(site.server.url);
  await expect(page).toHaveURL(/\/login$/);
  await fill(page, 'in.and.out', PASSWORD);
  await expect(page.getByRole('heading', { level: 1, name: 'Overview', exact: true })).toBeVisible();

  // The cookie is not for scripts, nor for other sites.
  const [cookie] = (await page.context().cookies()).filter(({ name }) => name === 'wp_session');
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });

  // When the user logs out, then the session is over on the server too.
  await page.getByRole('button', { name: 'Account', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Log out', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
  await page.context().addCookies([{ ...cookie!, url: site.server.url, domain: undefined as never, path: undefined as never }]);
  await page.goto(`${site.server.url}/cameras`);
  await expect(page.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
});

test('every wrong pair gets the same answer', async ({ page, site }) => {
  await site.server.user('real.user', 'viewer');
  await page.goto(`${site.server.url}/login`);
  for (const name of ['real.user', 'nobody.of.this.name']) {
    await fill(page, name, 'not the password');
    await expect(page.getByRole('alert')).toHaveText('Name or password is wrong.');
    await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
  }
});

test('too many wrong passwords have to wait, and the page counts down', async ({ page, site }) => {
  await site.server.user('guessed', 'viewer');
  await page.goto(`${site.server.url}/login`);
  const button = page.getByRole('button', { name: 'Log in', exact: true });
  // When somebody guesses on, then the server stops listening for a while.
  for (let i = 0; i < 5; i += 1) {
    const answer = page.waitForResponse((response) => response.url().endsWith('/session/') && response.request().method() === 'POST');
    await fill(page, 'guessed', `guess number ${i}`);
    expect((await answer).status()).toBe(401);
  }
  await fill(page, 'guessed', PASSWORD);
  await expect(page.getByRole('alert')).toHaveText(/^Too many attempts\. Try again in \d+ min\.$/);
  await expect(button).toBeDisabled();
});

test('an address asked for before the log-in is there after it', async ({ page, site }) => {
  await page.goto(`${site.server.url}/cameras?status=disabled&q=gate`);
  await expect(page).toHaveURL(/\/login\?to=/);
  await fill(page, 'viewer', PASSWORD);
  await expect(page.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
  await expect(page).toHaveURL(`${site.server.url}/cameras?status=disabled&q=gate`);
});

test('the log-in leads nowhere else', async ({ page, site }) => {
  for (const to of ['//example.com/', '/\\example.com', 'https://example.com/', 'javascript:alert(1)', '/login?to=/login']) {
    await page.context().clearCookies();
    await logIn(page, site.server, 'viewer', to);
    await expect(page).toHaveURL(`${site.server.url}/`);
  }
});

test('who is logged in already does not see the log-in', async ({ viewer, site }) => {
  await viewer.goto(`${site.server.url}/login?to=/cameras`);
  await expect(viewer.getByRole('heading', { level: 1, name: 'Cameras', exact: true })).toBeVisible();
});

test('a session ended elsewhere asks for the password, and the page goes on', async ({ page, site }) => {
  // Given a user at work.
  await site.server.user('night.shift', 'viewer');
  await logIn(page, site.server, 'night.shift', '/cameras?q=Gate');
  await expect(page.getByRole('link', { name: 'Gate North', exact: true })).toBeVisible();

  // When an administrator ends the sessions and the user goes on.
  await site.server.manage('DELETE', 'users/night.shift/sessions/');
  await page.getByRole('link', { name: 'Gate North', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Session ended', exact: true });
  await expect(dialog).toBeVisible();
  await expect(dialog).toContainText('Your session has ended. Log in to go on where you were.');

  // A wrong password keeps the dialog.
  await dialog.getByLabel('Password', { exact: true }).fill('not the password');
  await dialog.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(dialog.getByRole('alert')).toHaveText('Name or password is wrong.');

  // Then the right one brings what was asked for.
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('heading', { level: 1, name: 'Gate North', exact: true })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Summary', exact: true })).toBeVisible();
  await expect(page.getByRole('status', { name: 'Connection', exact: true })).toHaveText('Live');
});

test('a password is changed, and the other sessions end', async ({ browser, page, site }) => {
  await site.server.user('changer', 'operator');
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await logIn(other, site.server, 'changer');
  await logIn(page, site.server, 'changer', '/account');
  await expect(page.getByRole('heading', { level: 1, name: 'Account', exact: true })).toBeVisible();

  // A wrong current password is said at its field.
  const change = async (current: string): Promise<void> => {
    await page.getByLabel('Current password', { exact: true }).fill(current);
    await page.getByLabel('New password', { exact: true }).fill('a staple for every battery');
    await page.getByLabel('Repeat new password', { exact: true }).fill('a staple for every battery');
    await page.getByRole('button', { name: 'Change password', exact: true }).click();
  };
  await change('not the password');
  await expect(page.getByText('The current password is wrong.')).toBeVisible();
  await change(PASSWORD);
  await expect(page.getByText('Password changed. Your other sessions have ended.')).toBeVisible();

  // This session goes on, the other one does not.
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Account', exact: true })).toBeVisible();
  await other.reload();
  await expect(other.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
  await elsewhere.close();
});
