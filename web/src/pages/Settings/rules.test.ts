import { describe, expect, it } from 'vitest';
import { draftOf, keyOf, ordered, ruleFault, ruleOf, withRule, type Rule } from './rules';

const rule = (camid: number | null, name: string | null, days = 30): Rule => ({ camid, name, days });
const gate = rule(1, null);
const motion = rule(null, 'motion', 7);
const both = rule(1, 'motion', 0);

describe('a change of the rules', () => {
  it('adds one behind the others', () => {
    expect(withRule([gate], null, motion)).toEqual([gate, motion]);
  });
  it('changes one where it stands, whatever its days are by now', () => {
    expect(withRule([{ ...gate, days: 99 }, motion], gate, both)).toEqual([both, motion]);
  });
  it('removes one, and none that is gone already', () => {
    expect(withRule([gate, motion], gate, null)).toEqual([motion]);
    expect(withRule([motion], gate, null)).toEqual([motion]);
  });
  it('puts back one that was removed meanwhile', () => {
    expect(withRule([motion], gate, { ...gate, days: 3 })).toEqual([motion, { ...gate, days: 3 }]);
  });
  it('leaves the list it was given as it is', () => {
    const given = [gate, motion];
    withRule(given, gate, null);
    expect(given).toEqual([gate, motion]);
  });
});

describe('a rule that is typed', () => {
  it('is the same rule again', () => {
    for (const each of [gate, motion, both]) expect(ruleOf(draftOf(each))).toEqual(each);
  });
  it('is about a camera, a type, or both', () => {
    expect(ruleFault({ camera: '', type: '', days: 5 }, null, [])).toEqual({ field: 'type', what: 'subject' });
    for (const each of [gate, motion, both]) expect(ruleFault(draftOf(each), null, [])).toBeNull();
  });
  it('is about nothing that another rule is about', () => {
    expect(ruleFault(draftOf(both), null, [gate, motion])).toBeNull();
    expect(ruleFault(draftOf(both), null, [gate, both])).toEqual({ field: 'type', what: 'taken' });
    expect(ruleFault({ ...draftOf(both), days: 5 }, both, [gate, both])).toBeNull();
    expect(ruleFault(draftOf(both), gate, [gate, both])).toEqual({ field: 'type', what: 'taken' });
  });
  it('has days that the server takes', () => {
    const typed = (days: number | null) => ruleFault({ camera: '1', type: '', days }, null, []);
    expect(draftOf(null).days).toBeNull();
    expect(typed(null)).toEqual({ field: 'days', what: 'empty' });
    expect(typed(1.5)).toEqual({ field: 'days', what: 'whole' });
    for (const days of [-1, 3_651, Infinity]) expect(typed(days)?.field).toBe('days');
    for (const days of [0, 1, 3_650]) expect(typed(days)).toBeNull();
  });
});

it('rules are read by camera, then type; what is about any comes last', () => {
  const names = ['', 'West', 'East'];
  const list = [rule(null, 'zone'), rule(1, null), motion, both, rule(2, null)];
  const read = ordered(list, (id) => names[id]!, (name) => name).map(keyOf);
  expect(read).toEqual(['2 ', '1 motion', '1 ', ' motion', ' zone']);
});
