// Held events: an administrator sees which they are, and lets go of them.
import { expect, expectNoFailure, test } from './site.ts';

test('held events are listed, let go of, and held again', async ({ admin, site }) => {
  const [first, second] = [site.events[0]!, site.events[7]!];
  const path = (id: number): string => `/api/admin/v1/events/${id}/hold/`;
  const held = async (): Promise<number[]> => (await site.api.call<{ objects: { id: number }[] }>('GET', '/api/admin/v1/holds/')).objects.map(({ id }) => id);
  await admin.goto(`${site.server.url}/storage`);
  const region = admin.getByRole('region', { name: 'Held events', exact: true });
  await expect(region).toContainText('No event is held.');

  for (const id of [first, second]) await site.api.call('PUT', path(id));
  await admin.reload();
  await expect(region).toContainText('2 events are held: nothing deletes them until they are let go.');
  const row = (id: number) => region.getByRole('row').filter({ has: admin.getByRole('link', { name: String(id), exact: true }) });
  await expect(row(first)).toContainText(/Gate North|Loading dock 2|Lobby|Parking P1/);
  await expect(row(first)).toContainText('admin');

  // Let go, and held again by Undo.
  await region.getByRole('button', { name: `Let go of event ${first}`, exact: true }).click();
  await expect(row(first)).toHaveCount(0);
  await expect(region).toContainText('1 event is held: nothing deletes it until it is let go.');
  await expect(region.getByRole('heading', { name: 'Held events', exact: true })).toBeFocused();
  expect(await held()).toEqual([second]);
  await admin.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(row(first)).toBeVisible();
  expect(await held()).toEqual([first, second]);

  // Its number leads to the event, whose switch says the same.
  await row(second).getByRole('link').click();
  const hold = admin.getByRole('switch', { name: 'Hold this event', exact: true });
  await expect(hold).toBeChecked();
  for (const id of [first, second]) await site.api.call('DELETE', path(id));
  await admin.goto(`${site.server.url}/storage`);
  await expect(region).toContainText('No event is held.');
  await expectNoFailure(admin);
});

test('many held events come in steps', async ({ admin, site }) => {
  const ids = site.events.slice(100, 125);
  for (const id of ids) await site.api.call('PUT', `/api/admin/v1/events/${id}/hold/`);
  try {
    await admin.goto(`${site.server.url}/storage`);
    const region = admin.getByRole('region', { name: 'Held events', exact: true });
    await expect(region.getByRole('link')).toHaveCount(20);
    await region.getByRole('button', { name: 'Show more', exact: true }).click();
    await expect(region.getByRole('link')).toHaveCount(25);
    await expect(region.getByRole('button', { name: 'Show more', exact: true })).toHaveCount(0);
  } finally {
    for (const id of ids) await site.api.call('DELETE', `/api/admin/v1/events/${id}/hold/`);
  }
});
