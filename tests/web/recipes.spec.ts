// Recipes: a camera without an agent is given a device, a way to trigger it, and asked.
import { choose, enter, expect, test } from './site.ts';

test('a type is given a recipe, and a door asks whether it is meant', async ({ page, site }) => {
  const id = await site.api.camera('Recipes');
  await enter(page, site, 'admin', `/cameras/${id}`);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const edit = page.getByRole('dialog', { name: 'Edit Recipes', exact: true });
  await edit.getByRole('textbox', { name: 'Address', exact: true }).fill('127.0.0.1');
  await edit.getByRole('spinbutton', { name: 'Port', exact: true }).fill('8123');
  await edit.getByRole('textbox', { name: 'User name', exact: true }).fill('watch');
  await edit.getByLabel('Password', { exact: true }).fill('Geheim-7731-Tor');
  await edit.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(edit).toBeHidden();
  // It is kept and not shown; an edit of something else leaves it.
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await expect(edit.getByRole('textbox', { name: 'User name', exact: true })).toHaveValue('watch');
  await expect(edit.getByLabel('Password', { exact: true })).toHaveValue('');
  await expect(edit.getByText('One is kept.')).toBeVisible();
  await edit.getByRole('textbox', { name: 'Name', exact: true }).fill('Recipes too');
  await edit.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Recipes too', exact: true })).toBeVisible();
  const { device } = (await site.api.call('GET', `/api/admin/v1/cameras/${id}/`)) as { device: object };
  expect(device).toMatchObject({ port: 8123, username: 'watch', has_password: true });

  await page.getByRole('button', { name: 'Actions for motion', exact: true }).click();
  await page.getByRole('menuitem', { name: 'How to trigger it…', exact: true }).click();
  const recipe = page.getByRole('dialog', { name: 'How motion is triggered', exact: true });
  await choose(page, recipe.getByRole('combobox', { name: 'Device', exact: true }), 'Dahua, alarm output');
  await recipe.getByRole('spinbutton', { name: 'Number', exact: true }).fill('65');
  await recipe.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(recipe.getByRole('alert')).toContainText('output must be 1 to 64');
  await recipe.getByRole('spinbutton', { name: 'Number', exact: true }).fill('2');
  await recipe.getByRole('spinbutton', { name: 'Set back after (seconds)', exact: true }).fill('3');
  await expect(recipe.getByRole('switch', { name: 'Ask for a confirmation, and keep it in the audit trail' })).toBeChecked();
  await recipe.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(recipe).toBeHidden();
  const kept = await site.api.call('GET', `/api/admin/v1/cameras/${id}/event-types/motion/recipe/`);
  expect(kept).toMatchObject({ kind: 'dahua_output', output: 2, hold_ms: 3000, confirm: true });

  await page.getByRole('button', { name: 'Trigger motion', exact: true }).click();
  const trigger = page.getByRole('dialog', { name: 'Trigger an event', exact: true });
  await trigger.getByRole('button', { name: 'Trigger', exact: true }).click();
  const result = trigger.getByRole('status', { name: 'Trigger result' });
  await expect(result).toContainText('This may open a door or sound a siren.');
  await trigger.getByRole('button', { name: 'Trigger it', exact: true }).click();
  await expect(result).toContainText('may not be used'); // the machine itself is no camera
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Actions for motion', exact: true }).click();
  await page.getByRole('menuitem', { name: 'How to trigger it…', exact: true }).click();
  await recipe.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(recipe).toBeHidden();
  await expect(page.getByRole('button', { name: 'Trigger motion', exact: true })).toBeHidden();
});

test('a recipe can be changed only once it is known', async ({ page, site }) => {
  const id = await site.api.camera('Late recipes');
  const device = { address: '127.0.0.1', port: 8123 };
  await site.api.call('PUT', `/api/admin/v1/cameras/${id}/`, device);
  const path = `/api/admin/v1/cameras/${id}/event-types/motion/recipe/`;
  const door = { kind: 'dahua_output', output: 7, hold_ms: 3000, confirm: true, echo_event: null, echo_wait_ms: 4000, no_echo: 'report' };
  await site.api.call('PUT', path, door);
  const kept = await site.api.call('GET', path);
  await enter(page, site, 'admin', `/cameras/${id}`);
  const show = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Actions for motion', exact: true }).click();
    await page.getByRole('menuitem', { name: 'How to trigger it…', exact: true }).click();
  };
  const recipe = page.getByRole('dialog', { name: 'How motion is triggered', exact: true });
  const save = recipe.getByRole('button', { name: 'Save', exact: true });

  // It cannot be read: this is said, and there is nothing to save.
  await page.route(`**${path}`, (route) => route.fulfill({ status: 503, contentType: 'application/json', body: '{"errorType":"busy","errorDetail":"Not now."}' }));
  await show();
  await expect(recipe.getByRole('alert')).toHaveText('Not now.');
  await expect(recipe.getByRole('switch')).toHaveCount(0);
  await expect(save).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(recipe).toBeHidden();
  await page.unroute(`**${path}`);

  // Its answer is late: until then there is nothing to fill in or to save.
  let answer = (): void => {};
  const late = new Promise<void>((resolve) => (answer = resolve));
  await page.route(`**${path}`, async (route) => {
    await late;
    await route.continue();
  });
  const asked = page.waitForRequest(`**${path}`);
  await show();
  await asked;
  await expect(recipe).toHaveCount(0);
  answer();
  await expect(recipe.getByRole('spinbutton', { name: 'Number', exact: true })).toHaveValue('7');
  await page.unroute(`**${path}`);
  await save.click();
  await expect(recipe).toBeHidden();
  expect(await site.api.call('GET', path)).toEqual(kept);
});
