import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { crossesChange, instantOf, localOf, offsetAt, offsetText, parseLocal, parseVxg, startOf, type Unit } from './zones';

const BERLIN = 'Europe/Berlin';
const YORK = 'America/New_York';
const at = (text: string): number => Date.parse(text);
const HOUR = 3_600_000;

/** The four nights on which the clocks of the two zones change in 2026, told by the instant of the change. */
const NIGHTS = [
  { zone: BERLIN, change: at('2026-03-29T01:00:00Z'), before: 60, after: 120 },
  { zone: BERLIN, change: at('2026-10-25T01:00:00Z'), before: 120, after: 60 },
  { zone: YORK, change: at('2026-03-08T07:00:00Z'), before: -300, after: -240 },
  { zone: YORK, change: at('2026-11-01T06:00:00Z'), before: -240, after: -300 },
];

describe('offsets', () => {
  test.each(NIGHTS)('change to the second: $zone $before → $after', ({ zone, change, before, after }) => {
    expect(offsetAt(change - 1, zone)).toBe(before);
    expect(offsetAt(change, zone)).toBe(after);
    expect(crossesChange(change - HOUR, change, zone)).toBe(true);
    expect(crossesChange(change - HOUR, change - 1, zone)).toBe(false);
    expect(crossesChange(change, change + HOUR, zone)).toBe(false);
  });

  test('a whole year crosses although both ends have one offset', () => {
    expect(crossesChange(at('2026-01-15T00:00:00Z'), at('2027-01-15T00:00:00Z'), BERLIN)).toBe(true);
    expect(crossesChange(at('2026-01-15T00:00:00Z'), at('2027-01-15T00:00:00Z'), 'Asia/Tokyo')).toBe(false);
  });

  test('are written with sign and two digits', () => {
    expect([offsetText(120), offsetText(-300), offsetText(345), offsetText(0)]).toEqual(['+02:00', '-05:00', '+05:45', '+00:00']);
  });

  test('of an unknown zone are those of UTC', () => {
    expect(offsetAt(at('2026-07-01T00:00:00Z'), 'Mars/Olympus')).toBe(0);
  });
});

describe('local time', () => {
  test.each(NIGHTS)('an hour begins where it began on the wall: $zone $before → $after', ({ zone, change }) => {
    for (const minutes of [-90, -61, -60, -31, -1, 0, 1, 59, 60, 89]) {
      const instant = change + minutes * 60_000;
      const start = startOf('hour', instant, zone);
      expect(start).toBe(Math.floor(instant / HOUR) * HOUR);
      expect(localOf(start, zone).minute).toBe(0);
    }
  });

  test('days of the change have 23 and 25 hours', () => {
    const hours = (zone: string, noon: string) => {
      const start = startOf('day', at(noon), zone);
      return (startOf('day', start + 30 * HOUR, zone) - start) / HOUR;
    };
    expect(hours(BERLIN, '2026-03-29T12:00:00Z')).toBe(23);
    expect(hours(BERLIN, '2026-10-25T12:00:00Z')).toBe(25);
    expect(hours(YORK, '2026-03-08T17:00:00Z')).toBe(23);
    expect(hours(YORK, '2026-11-01T17:00:00Z')).toBe(25);
  });

  test('a midnight that is skipped is the instant of the change; one that comes twice is the first', () => {
    // Cairo moves from 00:00 to 01:00; Havana from 01:00 back to 00:00.
    expect(startOf('day', at('2026-04-24T12:00:00Z'), 'Africa/Cairo')).toBe(at('2026-04-23T22:00:00Z'));
    expect(startOf('day', at('2026-11-01T17:00:00Z'), 'America/Havana')).toBe(at('2026-11-01T04:00:00Z'));
  });

  test('weeks begin on Monday, months on the first', () => {
    expect(startOf('week', at('2026-11-22T12:00:00Z'), BERLIN)).toBe(at('2026-11-15T23:00:00Z'));
    expect(startOf('week', at('2026-11-23T12:00:00Z'), BERLIN)).toBe(at('2026-11-22T23:00:00Z'));
    expect(startOf('month', at('2026-03-31T23:00:00Z'), BERLIN)).toBe(at('2026-03-31T22:00:00Z'));
  });

  const zones = fc.constantFrom(BERLIN, YORK, 'UTC', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia');
  const instants = fc.integer({ min: 0, max: at('2100-01-01T00:00:00Z') });

  test('a start is not after its instant and is its own start', () => {
    fc.assert(
      fc.property(fc.constantFrom<Unit>('hour', 'day', 'week', 'month'), instants, zones, (unit, instant, zone) => {
        const start = startOf(unit, instant, zone);
        expect(start).toBeLessThanOrEqual(instant);
        expect(startOf(unit, start, zone)).toBe(start);
      }),
      { numRuns: 300 },
    );
  });

  test('what the wall shows leads back to the instant, or to its twin an hour or less before', () => {
    fc.assert(
      fc.property(instants, zones, (instant, zone) => {
        const l = localOf(instant, zone);
        const back = instantOf(Date.UTC(l.year, l.month - 1, l.day, l.hour, l.minute, l.second, l.ms), zone);
        expect([0, HOUR / 2, HOUR]).toContain(instant - back);
      }),
      { numRuns: 300 },
    );
  });
});

describe('reading', () => {
  test.each([
    ['2026-11-22', '2026-11-21T23:00:00Z'],
    ['2026-11-22 18:00', '2026-11-22T17:00:00Z'],
    ['2026-11-22T18:00:07', '2026-11-22T17:00:07Z'],
    [' 22.11.2026 18:00 ', '2026-11-22T17:00:00Z'],
    ['22.11.2026, 18:00:07', '2026-11-22T17:00:07Z'],
    ['2026-11-22T18:00:00Z', '2026-11-22T18:00:00Z'],
    ['2026-11-22T18:00:00+05:30', '2026-11-22T12:30:00Z'],
    ['2026-11-22 18:00 -0500', '2026-11-22T23:00:00Z'],
    ['2026-10-25 02:30', '2026-10-25T00:30:00Z'], // twice: the first
    ['2026-03-29 02:30', '2026-03-29T01:30:00Z'], // never: as late as on a clock nobody moved
  ])('%s', (text, instant) => expect(parseLocal(text, BERLIN)).toBe(at(instant)));

  test.each(['', 'now', '2026-02-30', '2026-13-01', '2026-11-22 24:00', '2026-11-22 12:60', '26-11-22', '2026-11-22 12', '31.04.2026'])(
    'nothing in %j',
    (text) => expect(parseLocal(text, BERLIN)).toBeNull(),
  );

  test("the server's times are UTC, down to the microsecond", () => {
    expect(parseVxg('2021-09-23T16:30:00')).toBe(at('2021-09-23T16:30:00Z'));
    expect(parseVxg('2021-09-23T16:30:00.250000')).toBe(at('2021-09-23T16:30:00.250Z'));
    expect(parseVxg('2021-09-23T16:30:00.000250')).toBe(at('2021-09-23T16:30:00Z') + 0.25);
    expect(parseVxg('2021-09-23T18:30:00.25+02:00')).toBe(at('2021-09-23T16:30:00.250Z'));
    expect(parseVxg('1970-01-01T00:00:00')).toBe(0);
    expect(parseVxg('9999-12-31T23:59:59.999999')).toBe(at('9999-12-31T23:59:59Z') + 999.999);
    expect(parseVxg('soon')).toBeNaN();
  });

  test('what is printed is read again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        const iso = new Date(ms).toISOString();
        expect(parseVxg(iso)).toBe(ms);
        expect(parseVxg(`${iso.slice(0, -1)}000`)).toBe(ms);
      }),
    );
  });
});
