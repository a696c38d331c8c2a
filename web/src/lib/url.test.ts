import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAMILIES } from './families';
import type { EventObject } from './types';
import { apiQuery, COLUMNS, eventsHref, isFiltered, matches, noFilters, parseFilters, printFilters, rangeOf, sameSet, SPANS, type Filters } from './url';

const NOW = Date.UTC(2026, 10, 22, 20, 14, 32);
const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('motion', 'a,b', '50%', '%2C', 'Größe ✓', '..%25..', 'family:person'));
const tag = name.filter((text) => !text.startsWith('family:'));
const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const set = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.uniqueArray(value, { maxLength: 5 });

const filters: fc.Arbitrary<Filters> = fc
  .record({
    cameras: set(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    types: set(fc.oneof(tag, fc.constantFrom(...FAMILIES).map((family) => `family:${family}`))),
    tags: set(tag),
    notags: set(tag),
    picture: maybe(fc.boolean()),
    last: fc.constantFrom(...SPANS),
    from: maybe(time),
    to: maybe(time),
    order: fc.constantFrom('desc' as const, 'asc' as const),
    event: maybe(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    cols: maybe(fc.subarray([...COLUMNS], { minLength: 1 })),
  })
  .map((f) => ({ ...f, last: f.from === null && f.to === null ? f.last : null }));

describe('filters in the address', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(filters, (f) => {
        const href = eventsHref(f);
        const back = parseFilters(new URL(href, 'http://x').searchParams);
        expect(back).toEqual({ filters: f, dropped: [] });
      }),
      { numRuns: 500 },
    );
  });

  it('read any address without failing, and print what they read', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('last', 'from', 'camera', 'type', 'cols', 'event')), fc.string())), (pairs) => {
        const { filters: f } = parseFilters(new URLSearchParams(pairs));
        expect(parseFilters(printFilters(f))).toEqual({ filters: f, dropped: [] });
      }),
    );
  });

  it('leave defaults out', () => {
    expect(eventsHref(noFilters())).toBe('/events');
    expect(eventsHref({ ...noFilters(), cameras: [7, 9], types: ['family:person'] })).toBe('/events?camera=7,9&type=family:person');
    expect(eventsHref({ ...noFilters(), last: null, from: Date.UTC(2026, 10, 22) })).toBe('/events?from=2026-11-22T00:00:00Z');
  });

  it('name what they cannot read', () => {
    const read = (text: string) => parseFilters(new URLSearchParams(text));
    expect(read('foo=1&camera=7,x&last=2h&picture=2&event=-1&from=yesterday&cols=time,bogus&type=family:fish').dropped.sort()).toEqual(
      ['camera', 'cols', 'event', 'foo', 'from', 'last', 'picture', 'type'],
    );
    expect(read('camera=7,x').filters.cameras).toEqual([7]);
    expect(read('camera=0,007,1e3,9007199254740993').filters.cameras).toEqual([]);
    expect(read('from=2026-11-22T00:00:00').dropped).toEqual(['from']);
    expect(read('from=2026-11-22T01:00:00%2B01:00').filters.from).toBe(Date.UTC(2026, 10, 22));
    expect(read('last=7d&to=2026-11-22T00:00:00Z').filters).toMatchObject({ last: null, from: null, to: Date.UTC(2026, 10, 22) });
  });
});

describe('what the API is asked', () => {
  it('follows the table', () => {
    expect(apiQuery(noFilters(), NOW)).toMatchObject({ start: '2026-11-21T20:14:32.000Z', end: undefined, camid: undefined, events: undefined });
    expect(apiQuery({ ...noFilters(), last: 'all' }, NOW).start).toBeUndefined();
    expect(
      apiQuery({ ...noFilters(), last: null, to: Date.UTC(2026, 10, 22) - 1, cameras: [7, 9], tags: ['a'], notags: ['b', 'c'], picture: false, types: ['motion'] }, NOW),
    ).toMatchObject({ start: undefined, end: '2026-11-21T23:59:59.999999Z', camid: '7,9', meta: 'a', meta_not: 'b,c', has_thumb: false, events: 'motion' });
  });

  it('unfolds families, and a family without types finds nothing rather than everything', () => {
    expect(String(apiQuery({ ...noFilters(), types: ['family:sound', 'pir'] }, NOW).events).split(',')).toEqual(['sound', 'audio', 'pir']);
    expect(apiQuery({ ...noFilters(), types: ['family:custom'] }, NOW).events).toBe('family:custom');
  });
});

describe('matches', () => {
  const event = (more: Partial<EventObject> = {}): EventObject => ({ id: 1, camid: 7, name: 'person', time: '2026-11-22T20:00:00', ...more });
  const f = (more: Partial<Filters>): Filters => ({ ...noFilters(), ...more });

  it('checks each filter', () => {
    expect(matches(event(), noFilters(), NOW)).toBe(true);
    expect(matches(event(), f({ cameras: [8] }), NOW)).toBe(false);
    expect(matches(event(), f({ types: ['motion'] }), NOW)).toBe(false);
    expect(matches(event(), f({ types: ['family:person'] }), NOW)).toBe(true);
    expect(matches(event({ meta: { a: '1' } }), f({ tags: ['a', 'b'] }), NOW)).toBe(true);
    expect(matches(event({ meta: { a: '1' } }), f({ notags: ['a'] }), NOW)).toBe(false);
    expect(matches(event(), f({ tags: ['toString'] }), NOW)).toBe(false);
    expect(matches(event(), f({ picture: true }), NOW)).toBe(false);
    expect(matches(event(), f({ picture: false }), NOW)).toBe(true);
  });

  it('takes both ends of the range in, by order_time', () => {
    const at = Date.UTC(2026, 10, 22, 20);
    expect(matches(event(), f({ last: null, from: at, to: at }), NOW)).toBe(true);
    expect(matches(event(), f({ last: null, from: at + 1, to: null }), NOW)).toBe(false);
    expect(matches(event({ time: '1970-01-01T00:00:00', order_time: '2026-11-22T20:00:00.000900' }), f({ last: null, from: at, to: at }), NOW)).toBe(true);
    expect(matches(event({ time: '2026-11-20T20:00:00' }), noFilters(), NOW)).toBe(false);
  });

  it('agrees with the range asked of the API', () => {
    fc.assert(
      fc.property(filters, fc.integer({ min: 0, max: 4e12 }), (some, at) => {
        const only = { ...noFilters(), last: some.last, from: some.from, to: some.to };
        const { from, to } = rangeOf(only, NOW);
        const inside = (from === null || at >= from) && (to === null || at <= to);
        expect(matches(event({ time: new Date(at).toISOString() }), only, NOW)).toBe(inside);
      }),
    );
  });
});

it('knows which changes ask for other events', () => {
  expect(sameSet(noFilters(), { ...noFilters(), order: 'asc', event: 4, cols: ['id'] })).toBe(true);
  expect(sameSet(noFilters(), { ...noFilters(), last: '7d' })).toBe(false);
  expect(isFiltered({ ...noFilters(), last: '7d' })).toBe(false);
  expect(isFiltered({ ...noFilters(), picture: false })).toBe(true);
});
