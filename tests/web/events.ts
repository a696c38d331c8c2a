// What the specs of Events and Live share: parts of the page by name, counts of the API, rows of the grid.
import { ADMIN, enter, expect, type Locator, type Page, type Site } from './site.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const EVENTS = '/api/v2/storage/events/';

export const grid = (page: Page): Locator => page.getByRole('grid', { name: 'Events', exact: true });
/** Rows of events, without the row of heads. */
export const rows = (page: Page): Locator => grid(page).locator('[role=row][data-index]');
export const row = (page: Page, id: number): Locator =>
  rows(page).filter({ has: page.getByRole('checkbox', { name: `Select event ${id}`, exact: true }) });
export const total = (page: Page): Locator => page.getByRole('status', { name: 'Total', exact: true });
export const listState = (page: Page): Locator => page.getByRole('status', { name: 'List state', exact: true });
export const histogram = (page: Page): Locator => page.getByRole('region', { name: 'Histogram', exact: true });
export const box = (page: Page): Locator => page.getByRole('combobox', { name: 'Filter events', exact: true });
export const drawer = (page: Page, id: number): Locator => page.getByRole('complementary', { name: `Event ${id}`, exact: true });
export const selection = (page: Page): Locator => page.getByRole('toolbar', { name: 'Selection', exact: true });
export const connection = (page: Page): Locator => page.getByRole('status', { name: 'Connection', exact: true });

/** "48,213 events". */
export const events = (n: number): string => (n === 1 ? '1 event' : `${n.toLocaleString('en')} events`);

/** Opens Events with a query, and waits until its list, its total and its bars are there. */
export async function open(page: Page, site: Site, query = '', user = ADMIN): Promise<void> {
  await enter(page, site, user, `/events${query}`);
  await ready(page);
}

/** Everything asked for has come. */
export async function ready(page: Page): Promise<void> {
  await expect(total(page)).toHaveText(/^\d[\d,]* events?$/);
  await expect(grid(page)).toHaveAttribute('aria-busy', 'false');
  await expect(histogram(page)).toHaveAttribute('aria-busy', 'false');
}

/** How many events the API finds. */
export async function counted(site: Site, query: Record<string, string | number>): Promise<number> {
  const search = new URLSearchParams({ limit: '1', ...Object.fromEntries(Object.entries(query).map(([k, v]) => [k, String(v)])) });
  return (await site.api.call<{ meta: { total_count: number } }>('GET', `${EVENTS}?${search.toString()}`)).meta.total_count;
}

/** The ids the API finds, page by page, newest first unless told otherwise. */
export async function idsOf(site: Site, query: Record<string, string | number> = {}): Promise<number[]> {
  const ids: number[] = [];
  const search = new URLSearchParams({ limit: '1000', order_by: '-time', ...Object.fromEntries(Object.entries(query).map(([k, v]) => [k, String(v)])) });
  for (let next: string | null = `${EVENTS}?${search.toString()}`; next !== null; ) {
    const page: { meta: { next: string | null }; objects: { id: number }[] } = await site.api.call('GET', next);
    ids.push(...page.objects.map((event) => event.id));
    const link: string | null = page.meta.next;
    next = link === null ? null : new URL(link, site.server.url).pathname + new URL(link, site.server.url).search;
  }
  return ids;
}

/** A camera of the spec's own with events of the given ages, oldest first; their ids in that order. */
export async function ownEvents(
  site: Site,
  name: string,
  ages: readonly number[],
  more: (i: number) => { name?: string; meta?: Record<string, string> } = () => ({}),
): Promise<{ camera: number; ids: number[] }> {
  const camera = await site.api.camera(name);
  const types = new Set(ages.map((_, i) => more(i).name ?? 'motion'));
  for (const type of types) if (type !== 'motion') await site.api.type(camera, type);
  const now = Date.now();
  const ids = await site.api.events(
    ages.map((age, i) => ({ camid: camera, name: 'motion', time: new Date(now - age).toISOString(), ...more(i) })),
  );
  return { camera, ids };
}

/** Ages of `n` events one minute apart, the newest two minutes old. */
export const minutesApart = (n: number): number[] => Array.from({ length: n }, (_, i) => (n - i + 1) * MINUTE);

/** What the address says, by parameter. */
export const query = (page: Page): Record<string, string> => Object.fromEntries(new URL(page.url()).searchParams);

/** Waits for the address to say this, and nothing else. */
export async function expectQuery(page: Page, wanted: Record<string, string | RegExp>): Promise<void> {
  const all = Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, value instanceof RegExp ? expect.stringMatching(value) : value]));
  await expect.poll(() => query(page)).toEqual(all);
}

/** Chooses the zone of all times. */
export async function chooseZone(page: Page, item: RegExp): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: /^Time zone/ }).click();
  await page.getByRole('menuitemradio', { name: item }).click();
}

/** A line of the table "Events per bar". */
export interface BarLine {
  from: string;
  to: string;
  total: number;
}

/** The numbers under the bars; turns the table on if need be. */
export async function bars(page: Page): Promise<BarLine[]> {
  const button = histogram(page).getByRole('button', { name: 'Show as table', exact: true });
  if ((await button.getAttribute('aria-pressed')) !== 'true') await button.click();
  const table = histogram(page).getByRole('table', { name: 'Events per bar', exact: true });
  await expect(table).toBeVisible();
  return table.locator('tbody tr').evaluateAll((lines) =>
    lines.map((line) => {
      const cells = [...line.children].map((cell) => (cell.textContent ?? '').trim());
      return { from: cells[0] ?? '', to: cells[1] ?? '', total: Number((cells.at(-1) ?? '').replaceAll(',', '')) };
    }),
  );
}

export const sum = (lines: BarLine[]): number => lines.reduce((n, line) => n + line.total, 0);

/** What a walk through the list met. */
export interface Walk {
  /** Id by position. */
  ids: (number | null)[];
  /** Most row elements at any time. */
  most: number;
}

/** Scrolls the list by pages from where it is until `upTo` rows were met; every row is read when it is there. */
export async function walk(page: Page, upTo: number): Promise<Walk> {
  return grid(page).evaluate(async (element, goal): Promise<Walk> => {
    let scroller: Element = element;
    while (scroller.parentElement && !(scroller.scrollHeight > scroller.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(scroller).overflowY))) scroller = scroller.parentElement;
    const ids: (number | null)[] = Array.from({ length: goal }, () => null);
    let most = 0;
    const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
    const read = (): boolean => {
      const all = [...element.querySelectorAll<HTMLElement>('[role=row][data-index]')];
      most = Math.max(most, all.length);
      let waiting = false;
      for (const one of all) {
        const name = one.querySelector('input[type=checkbox]')?.getAttribute('aria-label');
        const id = Number(/\d+/.exec(name ?? '')?.[0] ?? 0);
        const index = Number(one.dataset['index']);
        if (id === 0) waiting = true;
        if (id > 0 && index < goal) ids[index] ??= id;
        if (id > 0 && index < goal && ids[index] !== id) throw new Error(`row ${index} was ${ids[index]}, is ${id}`);
      }
      return !waiting;
    };
    for (const until = performance.now() + 120_000; performance.now() < until; ) {
      while (!read() && performance.now() < until) await frame();
      if (!ids.includes(null)) break;
      const before = scroller.scrollTop;
      // Twelve rows above and twelve below the view are drawn too, and read.
      scroller.scrollTop += scroller.clientHeight - 150 + 20 * (element.querySelector('[role=row][data-index]')?.clientHeight ?? 0);
      await frame();
      await frame();
      read();
      if (scroller.scrollTop === before) break;
    }
    return { ids, most };
  }, upTo);
}

/** Adds up how far things jumped since the page began: call before the first navigation, ask later. */
export async function measureShifts(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    Object.assign(window, { __shift: 0 });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (!entry.hadRecentInput) (window as unknown as { __shift: number }).__shift += entry.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  return () => page.evaluate(() => (window as unknown as { __shift: number }).__shift);
}
