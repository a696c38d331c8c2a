// The server's folder of backups, and the command that puts one back.
import type { Schema, Told } from '../../lib/types';

/** One backup. */
export type Backup = Told<Schema<'BackupBody'>>;

/** The answer of `@backups/`. */
export type BackupsBody = Omit<Told<Schema<'BackupsBody'>>, 'objects' | 'running' | 'failure'> & {
  objects: Backup[];
  running: Told<Schema<'RunningBody'>> | null;
  failure: Told<Schema<'FailureBody'>> | null;
};

/** What to type on the server's machine. A path with other signs than these is quoted for the shell. */
export function restoreCommand(folder: string, name: string): string {
  const path = `${folder.replace(/\/$/, '')}/${name}`;
  const quoted = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
  return `watchpost restore ${quoted}`;
}
