import { describe, expect, it } from 'vitest';
import { restoreCommand } from './backups';

describe('the command that restores', () => {
  it('is as it is typed', () => {
    expect(restoreCommand('/var/lib/watchpost/backups', 'a.backup')).toBe('watchpost restore /var/lib/watchpost/backups/a.backup');
    expect(restoreCommand('/mnt/nas/', 'a.backup')).toBe('watchpost restore /mnt/nas/a.backup');
  });
  it('quotes what a shell would take apart', () => {
    expect(restoreCommand("/mnt/it's here", 'a.backup')).toBe(`watchpost restore '/mnt/it'\\''s here/a.backup'`);
  });
});
