// What the disk holds, as the server counts it.
import type { Schema, Told } from '../../lib/types';

/** Events of one camera or one type. */
export type Share = Told<Schema<'TypeShareBody'>> & { camid?: number };

/** The answer of `@storage/`. */
export type StorageBody = Omit<Told<Schema<'StorageBody'>>, 'events' | 'by_camera' | 'by_type'> & {
  events: Told<Schema<'EventsBody'>>;
  by_camera: Share[];
  by_type: Share[];
};

/** The pieces of the disk's bar; the reserve is part of what is free, so it is taken out of it. */
export function diskParts({ disk, files }: StorageBody): { kind: string; bytes: number }[] {
  const reserve = Math.min(disk.reserve, disk.free);
  const known = files.events + files.pictures + files.journal;
  // What this server does not own is the rest of the disk, whatever the server says of it.
  const other = Math.max(0, disk.total - disk.free - known);
  return [
    { kind: 'events', bytes: files.events },
    { kind: 'pictures', bytes: files.pictures },
    { kind: 'journal', bytes: files.journal },
    { kind: 'other', bytes: other },
    { kind: 'free', bytes: disk.free - reserve },
    { kind: 'reserve', bytes: reserve },
  ];
}

/** Whether events will be gone before the days that were asked for. */
export function tooSmall(body: StorageBody): boolean {
  return body.days_fit !== null && body.retention_days > 0 && body.days_fit < body.retention_days;
}

/** Shares sorted by a column; a leading "-" means downwards. Unknown columns leave the order. */
export function sorted(shares: readonly Share[], by: string, label: (share: Share) => string): Share[] {
  const down = by.startsWith('-');
  const column = down ? by.slice(1) : by;
  const time = (text: string | null): number => (text ? Date.parse(text) : Infinity);
  const order = (a: Share, b: Share): number => {
    if (column === 'name') return label(a).localeCompare(label(b));
    if (column === 'count') return a.count - b.count;
    if (column === 'bytes') return a.bytes - b.bytes;
    if (column === 'oldest') return time(a.oldest) - time(b.oldest);
    return 0;
  };
  return [...shares].sort((a, b) => (down ? order(b, a) : order(a, b)));
}
