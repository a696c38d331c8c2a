import { describe, expect, it } from 'vitest';
import { noFilters, type Filters } from '../../lib/url';
import { chipsOf, without } from './chips';

const f = (more: Partial<Filters>): Filters => ({ ...noFilters(), ...more });
const texts = (filters: Filters, phone = false): string[] =>
  chipsOf(filters, phone, 'UTC').map((chip) => `${chip.word} ${chip.value}${chip.more > 0 ? ` +${chip.more}` : ''}`.trim());

describe('chips', () => {
  it('are one per parameter, two values by name where they fit', () => {
    expect(texts(f({ cameras: [7, 9, 12, 13], tags: ['a', 'b'], notags: ['ignored'], picture: true }))).toEqual([
      'Camera Camera 7, Camera 9 +2',
      'Tag a, b',
      'Without tag ignored',
      'Has picture',
    ]);
    expect(texts(f({ tags: ['a very long name of a tag', 'b', 'c'] }))).toEqual(['Tag a very long name of a tag +2']);
  });

  it('show hostile names as marks', () => {
    expect(texts(f({ tags: ['a\u202eb\u0000'] }))[0]).not.toMatch(/[\u202e\u0000]/);
  });

  it('hold the range on a phone only, and only a chosen one can be removed', () => {
    expect(texts(noFilters())).toEqual([]);
    expect(texts(noFilters(), true)).toEqual(['Last 24 h']);
    expect(chipsOf(noFilters(), true, 'UTC')[0]?.removable).toBe(false);
    const custom = f({ last: null, from: Date.UTC(2020, 0, 1) });
    expect(chipsOf(custom, true, 'UTC')[0]).toMatchObject({ value: 'since 1 Jan 2020 00:00', removable: true });
    expect(without(custom, 'range')).toEqual(noFilters());
  });

  it('go one by one', () => {
    const all = f({ cameras: [1], types: ['motion'], tags: ['a'], notags: ['b'], picture: false });
    const left = (['camera', 'type', 'tag', 'notag', 'picture'] as const).reduce(without, all);
    expect(left).toEqual(noFilters());
  });
});
