// What retention would remove, as the server counts it.
import { admin, api } from '../../lib/api';
import { t } from '../../lib/i18n.svelte';
import { fmt, zone } from '../../lib/time';
import type { Schema, Told } from '../../lib/types';
import type { Rule } from './rules';

/** The answer of `@retention/preview/`. */
export type Preview = Told<Schema<'RetentionPreviewBody'>>;

/** What these rules would remove in place of those in force. Rules are about age alone, so nothing else is counted. */
export function tryRules(rules: readonly Rule[], signal?: AbortSignal): Promise<Preview> {
  return api.post<Preview>(admin('retention/preview/'), { max_bytes: 0, room_percent: 0, rules }, signal ? { signal } : {});
}

/** What these settings would remove; as they are set where nothing is given. */
export function trySettings(asked: { days?: number; max_bytes?: number; room_percent?: number }, signal?: AbortSignal): Promise<Preview> {
  return api.get<Preview>(admin('retention/preview/'), asked, signal ? { signal } : {});
}

/** "Removes 120,431 events, the oldest from …" */
export function sentence(preview: Preview): string {
  if (preview.count === 0) return t('settings.preview_none');
  const when = preview.oldest ? `${fmt(Date.parse(preview.oldest), 'full')} ${zone()}` : '';
  // By size and for room it is reckoned from what an event takes.
  const exact = preview.exact && preview.count === preview.by_age;
  const key = exact ? 'settings.preview_removes' : 'settings.preview_about';
  return t(key, { n: preview.count }) + (when ? t('settings.preview_oldest', { time: when }) : t('settings.preview_end'));
}
