import { afterEach, expect, it } from 'vitest';
import { known, lang, setLang, t } from './i18n.svelte';

afterEach(() => setLang('en'));

it('fills in, groups numbers and chooses the form, in the language on screen', async () => {
  expect(t('setup.wrong_code', { n: 1 })).toBe('That code is wrong. 1 try left.');
  expect(t('setup.wrong_code', { n: 4 })).toBe('That code is wrong. 4 tries left.');
  expect(t('shell.badge_live', { n: 48213 })).toBe('48,213 events since Live was last open');
  await setLang('de');
  expect([lang(), document.documentElement.lang]).toEqual(['de', 'de']);
  expect(t('shell.badge_live', { n: 48213 })).toBe('48.213 Ereignisse, seit Live zuletzt offen war');
});

it('leaves what it does not know visible', () => {
  expect(t('shell.no_such_text')).toBe('shell.no_such_text');
  expect([known('shell.live'), known('shell.n_brand_new')]).toEqual([true, false]);
  expect(t('shell.n_offline')).toContain('{t}');
});
