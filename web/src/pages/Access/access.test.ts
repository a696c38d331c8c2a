import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../lib/api';
import { known } from '../../lib/i18n.svelte';
import { auditQuery, exportPath, readFilters, typedTime } from './audit';
import { ACTIONS, lastAdmin, refusal, type User } from './people';

const user = (name: string, role: User['role']): User => ({ name, role, created: '', last_login: null, sessions: 0 });

describe('access', () => {
  it('knows the last administrator', () => {
    const [a, b, c] = [user('a', 'admin'), user('b', 'admin'), user('c', 'viewer')];
    expect(lastAdmin([a, c], a)).toBe(true);
    expect(lastAdmin([a, b], a)).toBe(false);
    expect(lastAdmin([a, c], c)).toBe(false);
  });

  it('says a refusal at the field it belongs to', () => {
    expect(refusal(new ApiError(409, 'exists', 'x')).field).toBe('name');
    expect(refusal(new ApiError(400, 'password_refused', 'x', undefined, { reason: 'common' }))).toEqual({ field: 'password', text: 'That password is too common.' });
    expect(refusal(new ApiError(400, 'password_refused', 'other', undefined, { reason: 'new_reason' })).text).toBe('other');
    expect(refusal(new ApiError(409, 'last_admin', 'detail'))).toEqual({ field: null, text: 'detail' });
  });

  it('keeps the audit filters in the address, and only those that can be read', () => {
    const filters = readFilters(new URLSearchParams('q=gate&from=yesterday&to=2026-11-22T18:00:00Z&x=1'));
    expect(filters).toEqual({ q: 'gate', who: '', action: '', from: '', to: '2026-11-22T18:00:00Z' });
    expect(auditQuery(filters)).toEqual({ q: 'gate', to: '2026-11-22T18:00:00Z' });
    expect(exportPath(filters)).toBe('/api/admin/v1/audit/export/?q=gate&to=2026-11-22T18%3A00%3A00Z');
    expect(exportPath(readFilters(new URLSearchParams()))).toBe('/api/admin/v1/audit/export/');
  });

  it('has words for every action that the server writes, and offers it', () => {
    const src = join(process.cwd(), '../src');
    const written = new Set<string>();
    for (const name of (readdirSync(src, { recursive: true }) as string[]).filter((each) => each.endsWith('.rs'))) {
      const found = readFileSync(join(src, name), 'utf8').matchAll(/(?:\bAct::on\(\s*|\baction: |\bKind::\w+ => )"([a-z]+\.[a-z]+)"/g);
      for (const [, action] of found) written.add(action!);
    }
    expect(written.size).toBeGreaterThan(40);
    expect([...ACTIONS].sort()).toEqual([...written].sort());
    for (const action of written) expect(known(`access.action_${action.replace('.', '_')}`), action).toBe(true);
  });

  it('reads typed times in the zone on screen', () => {
    expect(typedTime('2026-11-22 18:00', 'Europe/Berlin')).toBe('2026-11-22T17:00:00Z');
    expect(typedTime(' ', 'UTC')).toBe('');
    expect(typedTime('soon', 'UTC')).toBeNull();
  });
});
