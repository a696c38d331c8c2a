// What the filter box and the filter dialogs can offer: cameras, types, families, and the tags seen lately.
import { SvelteMap } from 'svelte/reactivity';
import { api } from './api';
import { serverNow } from './clock.svelte';
import { directory } from './directory.svelte';
import { FAMILIES, familyLabel, familyOf, labelOf } from './families';
import type { Known } from './filterbox';
import { safe } from './format';
import { t } from './i18n.svelte';
import { zone } from './time';
import type { EventObject, Page } from './types';
import { SPANS } from './url';

/** The API has no list of tags: their names come from this many of the newest events. */
export const TAG_SAMPLE = 500;
const FRESH_MS = 60_000;

/** Tag name to how many of the sampled events have it, most first. */
export const tagsSeen = new SvelteMap<string, number>();
let loadedAt = -Infinity;
let loading: Promise<void> | null = null;

/** Reads the tags of the newest events unless that happened a minute ago. Failure leaves the old ones. */
export function loadTags(): Promise<void> {
  if (serverNow() - loadedAt < FRESH_MS) return Promise.resolve();
  loading ??= api
    .get<Page<EventObject>>('/api/v2/storage/events/', { order_by: '-time', limit: TAG_SAMPLE, include_meta: true })
    .then((page) => {
      const counts = new Map<string, number>();
      for (const event of page.objects) for (const tag of Object.keys(event.meta ?? {})) counts.set(tag, (counts.get(tag) ?? 0) + 1);
      tagsSeen.clear();
      for (const [tag, n] of [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))) tagsSeen.set(tag, n);
      loadedAt = serverNow();
    })
    .catch(() => undefined)
    .finally(() => (loading = null));
  return loading;
}

/** Everything there is to suggest now. Reactive. */
export function known(): Known {
  const families = FAMILIES.filter((family) => [...directory.types.keys()].some((name) => familyOf(name) === family));
  return {
    cameras: [...directory.cameras.values()].map((camera) => ({ id: camera.id, name: camera.name })),
    types: [...directory.types.values()]
      .toSorted((a, b) => b.count - a.count)
      .map((type) => ({ name: type.name, label: labelOf(type.name) })),
    families: families.map((name) => ({ name, label: t('events.family', { name: familyLabel(name) }) })),
    tags: [...tagsSeen.keys()],
    spans: SPANS.map((last) => ({ last, label: t(`events.last_${last}`) })),
    zone: zone(),
    now: serverNow(),
  };
}

/** What a value of the parameter `type` is called: a type's label, or its family's. */
export function typeText(value: string): string {
  const family = FAMILIES.find((name) => value === `family:${name}`);
  return family === undefined ? labelOf(value) : safe(familyLabel(family));
}
