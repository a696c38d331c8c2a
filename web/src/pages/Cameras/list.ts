import type { Camera } from '../../lib/types';

/** Statuses that ask for somebody: all but "reports as it should" and "switched off on purpose". */
export const ATTENTION: readonly string[] = ['quiet', 'clock', 'rejecting', 'offline'];
export const STATUSES: readonly string[] = ['online', ...ATTENTION, 'disabled'];

export type Show = 'all' | 'attention' | 'disabled';
export type SortBy = 'name' | 'last' | 'count';

/** What the address of the page says: `?q=&status=&sort=`. */
export interface ListState {
  q: string;
  show: Show;
  /** One exact status, or none. */
  status: string | null;
  sort: SortBy;
}

/** Reads the state of the list from a query; what is unknown is the default. */
export function readState(query: URLSearchParams): ListState {
  const status = query.get('status') ?? '';
  const sort = query.get('sort') ?? '';
  return {
    q: query.get('q') ?? '',
    show: status === 'attention' ? 'attention' : status === 'disabled' ? 'disabled' : 'all',
    status: status !== 'disabled' && isStatus(status) ? normal(status) : null,
    sort: sort === 'last' || sort === 'count' ? sort : 'name',
  };
}

const normal = (status: string) => (status === 'ok' ? 'online' : status);
const isStatus = (status: string) => STATUSES.includes(normal(status));

/** The cameras to show, in order. `compare` sorts names in the reader's language. */
export function choose(
  cameras: Iterable<Camera>,
  state: ListState,
  compare: (a: string, b: string) => number,
): Camera[] {
  const wanted = state.q.trim().toLocaleLowerCase();
  const chosen = [...cameras].filter((camera) => {
    if (state.show === 'attention' && !ATTENTION.includes(camera.status)) return false;
    if (state.show === 'disabled' && camera.status !== 'disabled') return false;
    if (state.status !== null && camera.status !== state.status) return false;
    if (wanted === '') return true;
    return [camera.name, camera.address ?? '', camera.vendor ?? '', camera.model ?? '', `${camera.id}`]
      .some((text) => text.toLocaleLowerCase().includes(wanted));
  });
  const byName = (a: Camera, b: Camera) => compare(a.name, b.name) || a.id - b.id;
  const last = (camera: Camera) => camera.last_event?.time ?? '';
  const orders: Record<SortBy, (a: Camera, b: Camera) => number> = {
    name: byName,
    last: (a, b) => (last(b) < last(a) ? -1 : last(b) > last(a) ? 1 : byName(a, b)),
    count: (a, b) => b.count_24h - a.count_24h || byName(a, b),
  };
  return chosen.sort(orders[state.sort]);
}
