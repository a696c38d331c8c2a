import { describe, expect, it } from 'vitest';
import { bucketFor } from './buckets';
import { barText, gridText, rangeText, spanText } from './range-text';

const B = 'Europe/Berlin';
const year = new Date().getFullYear();
const at = (month: number, day: number, hour: number, minute = 0): number => Date.UTC(year, month - 1, day, hour, minute);

describe('ranges in words', () => {
  it('name the day once where it is one', () => {
    expect(rangeText(at(6, 22, 11, 40), at(6, 22, 15, 40), B)).toBe('22 Jun 13:40 – 17:40');
    expect(rangeText(at(6, 22, 11, 40), at(6, 22, 15, 40) - 1, B)).toBe('22 Jun 13:40 – 17:40');
    expect(rangeText(at(6, 21, 19, 14), at(6, 22, 19, 14), B)).toBe('21 Jun 21:14 – 22 Jun 21:14');
    expect(rangeText(at(6, 21, 19, 14), null, B)).toBe('since 21 Jun 21:14');
    expect(rangeText(null, null, B)).toBe('all time');
  });

  it('carry the year where it is another, and the offset across a clock change', () => {
    expect(rangeText(Date.UTC(2020, 0, 1), Date.UTC(2020, 0, 2), 'UTC')).toBe('1 Jan 2020 00:00 – 2 Jan 2020 00:00');
    expect(rangeText(Date.UTC(2020, 9, 25, 0, 30), Date.UTC(2020, 9, 25, 1, 30), B)).toBe('25 Oct 2020 02:30 +02:00 – 02:30 +01:00');
  });
});

it('says how long a bar and a range are, and numbers at the grid', () => {
  const H = 3_600_000;
  expect([H, 24 * H, 7 * 24 * H, 30 * 24 * H].map((ms) => barText(bucketFor(ms)))).toEqual(['1 min', '10 min', '1 h', '6 h']);
  expect([4 * H, 4.5 * H, 25 * H, 72 * H, 20_000].map(spanText)).toEqual(['4 h', '4 h 30 min', '1 d 1 h', '3 d', '1 min']);
  expect([4, 800, 1000, 2500, 3e6].map(gridText)).toEqual(['4', '800', '1.0 k', '2.5 k', '3.0 M']);
});
