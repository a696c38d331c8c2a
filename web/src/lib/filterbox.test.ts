import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply, exactly, quoted, readTime, suggest, tokens, type Known } from './filterbox';
import { noFilters } from './url';

const known: Known = {
  cameras: [{ id: 7, name: 'Gate North' }, { id: 9, name: 'Lobby' }, { id: 12, name: 'North fence' }],
  types: [{ name: 'motion', label: 'Motion' }, { name: 'line_crossing', label: 'Line crossing' }, { name: 'person', label: 'Person' }],
  families: [{ name: 'person', label: 'Person: all types' }],
  tags: ['Person', 'ignored', 'plate'],
  spans: [{ last: '7d', label: 'Last 7 days' }, { last: 'all', label: 'All time' }],
  zone: 'Europe/Berlin',
  now: 0,
};
const change = (text: string) => exactly(tokens(text)[0]!, known);

describe('the language of the box', () => {
  it('parts words, keys and quotes', () => {
    expect(tokens('camera:"Gate North" type:motion -tag:ignored has:picture #33794128 lobby')).toEqual([
      { key: 'camera', value: 'Gate North' },
      { key: 'type', value: 'motion' },
      { key: '-tag', value: 'ignored' },
      { key: 'has', value: 'picture' },
      { key: '#', value: '33794128' },
      { key: null, value: 'lobby' },
    ]);
    expect(tokens('camera:')).toEqual([{ key: 'camera', value: '' }]);
    expect(tokens('camera:"Gate N')).toEqual([{ key: 'camera', value: 'Gate N' }]);
    expect(tokens('12:30 foo:bar')).toEqual([{ key: null, value: '12:30' }, { key: null, value: 'foo:bar' }]);
  });

  it('reads back every value it writes', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }).filter((s) => s.trim() !== ''), fc.constantFrom('tag', '-tag', 'camera'), (value, key) => {
        expect(tokens(`${key}:${quoted(value)} x`)[0]).toEqual({ key, value });
      }),
      { numRuns: 500 },
    );
  });

  it('never fails', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const token of tokens(text)) exactly(token, known);
        suggest(tokens(text).at(-1) ?? null, known);
      }),
    );
  });

  it('turns whole tokens into changes', () => {
    expect(change('camera:"gate north"')).toEqual({ kind: 'camera', id: 7 });
    expect(change('camera:9')).toEqual({ kind: 'camera', id: 9 });
    expect(change('type:"line crossing"')).toEqual({ kind: 'type', name: 'line_crossing' });
    expect(change('type:family:person')).toEqual({ kind: 'type', name: 'family:person' });
    expect(change('tag:Person')).toEqual({ kind: 'tag', name: 'Person' });
    expect(change('-tag:ignored')).toEqual({ kind: 'notag', name: 'ignored' });
    expect(change('-has:picture')).toEqual({ kind: 'picture', has: false });
    expect(change('last:7d')).toEqual({ kind: 'last', last: '7d' });
    expect(change('#33794128')).toEqual({ kind: 'event', id: 33794128 });
    expect(change('from:2026-11-22')).toEqual({ kind: 'from', at: Date.UTC(2026, 10, 21, 23) });
    expect(change('to:2026-11-22T18:00')).toEqual({ kind: 'to', at: Date.UTC(2026, 10, 22, 17) });
    expect(change('to:2026-11-22')).toEqual({ kind: 'to', at: Date.UTC(2026, 10, 22, 23) - 1 });
    expect(change('from:2026-11-22T18:00Z')).toEqual({ kind: 'from', at: Date.UTC(2026, 10, 22, 18) });
    expect([change('camera:nowhere'), change('last:2h'), change('from:soon'), change('has:hat'), change('lobby')]).toEqual([null, null, null, null, null]);
  });

  it('ends a date of 23 or 25 hours where it ends', () => {
    expect(readTime('2026-03-29', 'Europe/Berlin', true)).toBe(Date.UTC(2026, 2, 29, 22) - 1);
    expect(readTime('2026-10-25', 'Europe/Berlin', true)).toBe(Date.UTC(2026, 9, 25, 23) - 1);
    expect(readTime('2026-10-25 02:30 +01:00', 'Europe/Berlin', false)).toBe(Date.UTC(2026, 9, 25, 1, 30));
    expect(readTime('2026-10-25 02:30', 'Europe/Berlin', false)).toBe(Date.UTC(2026, 9, 25, 0, 30));
  });
});

describe('suggestions', () => {
  const texts = (text: string) => suggest(tokens(text)[0] ?? null, known).map((s) => `${s.group} ${s.text}`);

  it('match bare words against cameras, types, tags and times, beginnings first', () => {
    expect(texts('north')).toEqual(['cameras North fence', 'cameras Gate North']);
    expect(texts('per')).toEqual(['types Person', 'types Person: all types', 'tags Person']);
    expect(texts('7')).toEqual(['time Last 7 days']);
    expect(texts('2026-11-22')).toEqual(['time 2026-11-22']);
    expect(texts('#12')).toEqual(['time #12']);
    expect(texts('zzz')).toEqual([]);
  });

  it('keep to the key', () => {
    expect(texts('camera:no')).toEqual(['cameras North fence', 'cameras Gate North']);
    expect(texts('-tag:ig')).toEqual(['tags ignored', 'tags ig']);
    expect(texts('')).toHaveLength(3 + 3 + 3 + 2);
  });
});

describe('changes', () => {
  it('add to what is there', () => {
    let f = apply(noFilters(), { kind: 'camera', id: 7 });
    f = apply(f, { kind: 'camera', id: 7 });
    f = apply(f, { kind: 'tag', name: 'a' });
    f = apply(f, { kind: 'notag', name: 'a' });
    expect(f).toMatchObject({ cameras: [7], tags: [], notags: ['a'], last: '24h' });
    f = apply(f, { kind: 'from', at: 100 });
    expect(f).toMatchObject({ last: null, from: 100, to: null });
    f = apply(f, { kind: 'to', at: 50 });
    expect(f).toMatchObject({ from: null, to: 50 });
    expect(apply(f, { kind: 'last', last: '7d' })).toMatchObject({ last: '7d', from: null, to: null });
    expect(apply(f, { kind: 'event', id: 4 }).event).toBe(4);
  });
});
