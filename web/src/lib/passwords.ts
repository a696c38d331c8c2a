// Why the server refuses a password, in words.
import { ApiError } from './api';
import { known, t } from './i18n.svelte';

/** What the rule under a password field says. */
export const PASSWORD_MIN = 12;

/** The words for a refused password; null when the error is about something else. */
export function refusedPassword(error: unknown): string | null {
  if (!(error instanceof ApiError) || error.code !== 'password_refused') return null;
  const key = `common.pw_${String(error.body['reason'])}`;
  return known(key) ? t(key) : t('common.pw_other');
}

/** What can be said before asking the server: null when nothing. */
export function checkPasswords(password: string, repeated: string): { password?: string; repeated?: string } | null {
  if ([...password].length < PASSWORD_MIN) return { password: t('common.pw_too_short') };
  if (password !== repeated) return { repeated: t('common.pw_differ') };
  return null;
}
