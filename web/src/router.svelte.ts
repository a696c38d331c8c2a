// The address bar is the state of the page.

export type RouteName =
  | 'Overview' | 'Events' | 'EventLink' | 'Live' | 'Cameras' | 'CameraDetail' | 'Access' | 'Account'
  | 'Settings' | 'Storage' | 'System' | 'Login' | 'Setup' | 'NotFound';
export type Route = { name: RouteName; params: Record<string, string>; query: URLSearchParams; path: string; hash: string };
/** Says whether the page may be left for `href`. */
export type Guard = (href: string) => boolean | Promise<boolean>;

const ROUTES: readonly [RegExp, RouteName, ...string[]][] = [
  [/^\/$/, 'Overview'],
  [/^\/events$/, 'Events'],
  [/^\/events\/(\d+)$/, 'EventLink', 'id'],
  [/^\/live$/, 'Live'],
  [/^\/cameras$/, 'Cameras'],
  [/^\/cameras\/(\d+)$/, 'CameraDetail', 'id'],
  [/^\/access$/, 'Access'],
  [/^\/access\/(users|keys|groups|audit)$/, 'Access', 'section'],
  [/^\/account$/, 'Account'],
  [/^\/settings$/, 'Settings'],
  [/^\/storage$/, 'Storage'],
  [/^\/system$/, 'System'],
  [/^\/login$/, 'Login'],
  [/^\/setup$/, 'Setup'],
];

/** Paths of the server's own, which a click must really load. */
const SERVER_PATHS = /^\/(api|docs|metrics|healthz|readyz)(\/|$)/;

/** The route of a path with query: one trailing slash is forgiven. */
export function match(url: URL): Route {
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname;
  const rest = { query: url.searchParams, path, hash: url.hash };
  for (const [pattern, name, ...names] of ROUTES) {
    const found = pattern.exec(path);
    if (!found) continue;
    const params = Object.fromEntries(names.map((key, i) => [key, found[i + 1] ?? '']));
    if (name === 'Access' && !params['section']) params['section'] = 'users';
    return { name, params, ...rest };
  }
  return { name: 'NotFound', params: {}, ...rest };
}

let current = $state.raw<Route>(match(new URL(location.href)));

/** Where we are. Reactive, member by member. */
export const route = {
  get name(): RouteName {
    return current.name;
  },
  get params(): Record<string, string> {
    return current.params;
  },
  get query(): URLSearchParams {
    return current.query;
  },
  get path(): string {
    return current.path;
  },
  get hash(): string {
    return current.hash;
  },
};

const guards = new Set<Guard>();
/** Place in the session history, to undo a Back that a guard refuses. */
let place = 0;

async function mayLeave(href: string): Promise<boolean> {
  for (const guard of [...guards]) if (!(await guard(href))) return false;
  return true;
}

/** Goes to a path of ours. Asks the guards when the path (not only the query) changes. */
export async function go(href: string, { replace = false }: { replace?: boolean } = {}): Promise<void> {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin) return;
  if (guards.size > 0 && match(url).path !== current.path && !(await mayLeave(url.pathname + url.search))) return;
  if (!replace) place += 1;
  history[replace ? 'replaceState' : 'pushState']({ place }, '', url);
  current = match(url);
}

/** Changes some parameters of the query, in the address bar at once; null removes one. */
export function setQuery(params: Record<string, string | null>, { replace = false }: { replace?: boolean } = {}): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(params)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href !== location.href) void go(readable(url), { replace });
}

/** Commas and colons stay readable in the address bar. */
function readable(url: URL): string {
  return url.pathname + url.search.replace(/%2C/gi, ',').replace(/%3A/gi, ':') + url.hash;
}

/** Has `guard` asked before the page is left; it answers true to let go. Returns how to stop. */
export function beforeLeave(guard: Guard): () => void {
  guards.add(guard);
  return () => guards.delete(guard);
}

async function popped(event: PopStateEvent): Promise<void> {
  const url = new URL(location.href);
  if (event.state === null) history.replaceState({ place: ++place }, ''); // a #fragment was followed
  const to = (history.state as { place: number }).place;
  if (guards.size > 0 && match(url).path !== current.path) {
    const back = place - to;
    history.go(back);
    if (!(await mayLeave(url.pathname + url.search))) return;
    guards.clear();
    history.go(-back);
    return;
  }
  place = to;
  current = match(url);
}

function clicked(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href, location.href);
  if (url.origin !== location.origin || SERVER_PATHS.test(url.pathname)) return;
  // A bare #fragment is the browser's to follow.
  if (url.hash && url.pathname === location.pathname && url.search === location.search) return;
  event.preventDefault();
  void go(url.href, { replace: url.href === location.href });
}

/** Listens to the browser. Called once. */
export function startRouter(): void {
  place = (history.state as { place?: number } | null)?.place ?? 0;
  history.replaceState({ place }, '');
  addEventListener('popstate', (event) => void popped(event));
  addEventListener('hashchange', () => (current = match(new URL(location.href))));
  document.addEventListener('click', clicked);
}

/** A path that `?to=` may name: our own, never another host. */
export function safePath(to: string | null): string {
  if (!to || !to.startsWith('/') || /^\/[/\\]/.test(to)) return '/';
  const url = new URL(to, location.origin);
  return url.origin === location.origin && url.pathname !== '/login' ? url.pathname + url.search + url.hash : '/';
}
