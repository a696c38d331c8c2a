// Keys that mean the same on every page.
import { shortcut } from '../lib/keys';
import { prefs, type ZoneChoice } from '../lib/prefs.svelte';
import { go } from '../router.svelte';
import { ADMIN_PAGES, PAGES } from './nav';

const ZONES: readonly ZoneChoice[] = ['site', 'browser', 'utc'];

/** The zone after this one, round and round. */
export function nextZone(zone: ZoneChoice): ZoneChoice {
  return ZONES[(ZONES.indexOf(zone) + 1) % ZONES.length] ?? 'site';
}

/** Registers them; returns how to end. */
export function shellKeys({ admin, help }: { admin: boolean; help: () => void }): () => void {
  const pages = admin ? [...PAGES, ...ADMIN_PAGES] : PAGES;
  const ends = [
    ...pages.map(({ letter, href }) => shortcut(`g ${letter}`, () => void go(href))),
    shortcut('?', help),
    shortcut('z', () => (prefs.zone = nextZone(prefs.zone))),
  ];
  return () => ends.forEach((end) => end());
}
