// What the pages of Access get from the server, and what they say about it.
import { ApiError } from '../../lib/api';
import { known, t } from '../../lib/i18n.svelte';
import type { Role, Schema, Told } from '../../lib/types';

/** A user of `@users/`. */
export type User = Told<Schema<'UserBody'>>;

/** A license key of `@keys/`; the secret itself is only in the answer that made it. */
export type Key = Told<Schema<'KeyBody'>>;

/** A group of cameras with a token of its own. */
export type Group = Schema<'GroupBody'>;

/** An entry of the audit log. */
export type Entry = Schema<'EntryBody'>;

/** A page of the audit log. */
export type AuditPage = Schema<'AuditBody'>;

export const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

/** Every action of the audit log, as it is written there. */
export const ACTIONS: readonly string[] = [
  ...['session.create', 'session.failed', 'session.delete', 'setup.done', 'setup.failed'],
  ...['user.create', 'user.change', 'user.remove', 'user.password'],
  ...['token.create', 'token.show', 'token.rotate', 'token.revoke', 'key.create', 'key.revoke'],
  ...['group.create', 'group.change', 'group.remove', 'camera.create', 'camera.change', 'camera.remove'],
  ...['settings.change', 'events.delete', 'events.export', 'server.start', 'server.unclean', 'clock.step'],
  ...['clock.confirm', 'type.create', 'type.change', 'type.remove', 'audit.export', 'settings.reload', 'retention.change'],
  ...['backup.create', 'backup.delete', 'backup.download', 'backup.restore', 'recipe.set', 'recipe.remove'],
  ...['events.hold', 'events.release', 'event.trigger', 'event.release'],
];

/** Whether this is the only administrator: it must stay one. */
export function lastAdmin(users: readonly User[], user: User): boolean {
  return user.role === 'admin' && users.filter((each) => each.role === 'admin').length === 1;
}

/** Why the server refused a form, in the page's words where it has some, and the field it belongs to. */
export function refusal(error: unknown): { field: 'name' | 'password' | null; text: string } {
  if (!(error instanceof ApiError)) return { field: null, text: error instanceof Error ? error.message : String(error) };
  if (error.code === 'password_refused') {
    const key = `access.password_${String(error.body['reason'] ?? '')}`;
    return { field: 'password', text: known(key) ? t(key) : error.detail };
  }
  if (error.code === 'exists') return { field: 'name', text: t('access.exists') };
  if (error.code === 'bad_parameter') return { field: 'name', text: error.detail };
  return { field: null, text: error.detail };
}
