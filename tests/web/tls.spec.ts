// The page over TLS, with a certificate by the server's own CA.
import { ADMIN, expect, expectNoFailure, logIn, Server, test, watch } from './site.ts';

// The browser of this machine has not been told to trust it.
test.use({ ignoreHTTPSErrors: true });

test('people work over TLS, and the System page says whom to trust', async ({ page }) => {
  const server = await Server.start(['--tls', 'own-ca', '--tls-names', 'nvr.example']);
  try {
    expect(server.url).toMatch(/^https:/);
    await server.user(ADMIN, 'admin');
    const { complaints } = watch(page);
    await logIn(page, server, ADMIN, '/system');

    // The cookie stays with this host, and with TLS.
    const [cookie] = (await page.context().cookies()).filter(({ name }) => name.endsWith('wp_session'));
    expect(cookie).toMatchObject({ name: '__Host-wp_session', secure: true, httpOnly: true, sameSite: 'Strict', path: '/' });

    const { fingerprint_sha256: print, pem } = await server.command<{ fingerprint_sha256: string; pem: string }>(['ca']);
    const tls = page.getByRole('region', { name: 'TLS', exact: true });
    await expect(tls).toContainText('by the server’s own CA');
    await expect(tls).toContainText('nvr.example');
    await expect(tls).toContainText(print);
    await expect(page.getByRole('region', { name: 'Checks', exact: true }).getByRole('listitem').filter({ hasText: 'Certificate' })).toContainText(/\bok\b/);
    const downloading = page.waitForEvent('download');
    await tls.getByRole('link', { name: 'Download the CA', exact: true }).click();
    const stream = await (await downloading).createReadStream();
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect(text).toBe(pem);

    // What changes something is taken from this page, and the live feed runs.
    await page.goto(`${server.url}/live`);
    await expect(page.getByRole('status', { name: 'Connection', exact: true }).first()).toContainText('Live');
    await page.getByRole('button', { name: 'Account', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Log out', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Log in', exact: true })).toBeVisible();
    expect((await page.context().cookies()).filter(({ name }) => name.endsWith('wp_session'))).toEqual([]);
    await expectNoFailure(page);
    expect(complaints).toEqual([]);
  } finally {
    await server.destroy();
  }
});
