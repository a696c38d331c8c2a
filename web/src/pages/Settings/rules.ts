// Rules that keep the events of a camera or a type longer or shorter than the rest.
import type { Value } from './settings';

/** One rule of `@retention/rules/`: null is any camera, any type; 0 days is for ever. */
export interface Rule {
  camid: number | null;
  name: string | null;
  days: number;
}

/** Most rules. */
export const RULES_MAX = 1_000;
/** Longest time that events are kept, but for ever. */
export const DAYS_MAX = 3_650;

/** What a rule is about: no two rules are about the same. */
export const keyOf = (rule: Pick<Rule, 'camid' | 'name'>): string => `${rule.camid ?? ''} ${rule.name ?? ''}`;

/** The rules with one added (`before` null), changed, or removed (`after` null); the others keep their places. */
export function withRule(rules: readonly Rule[], before: Rule | null, after: Rule | null): Rule[] {
  const at = before ? rules.findIndex((rule) => keyOf(rule) === keyOf(before)) : -1;
  const next = [...rules];
  // One that somebody else removed meanwhile is put back by changing it.
  if (at < 0) return after ? [...next, after] : next;
  next.splice(at, 1, ...(after ? [after] : []));
  return next;
}

/** A rule while it is typed: `camera` a number as text, `type` a name; empty is any. */
export interface Draft {
  camera: string;
  type: string;
  days: Value;
}

/** A rule as the dialog shows it; a new one has no days yet. */
export function draftOf(rule: Rule | null): Draft {
  return { camera: rule?.camid == null ? '' : String(rule.camid), type: rule?.name ?? '', days: rule?.days ?? null };
}

/** The rule that a draft says. */
export function ruleOf(draft: Draft): Rule {
  return { camid: draft.camera === '' ? null : Number(draft.camera), name: draft.type || null, days: Number(draft.days) };
}

export type RuleFault = { field: 'type' | 'days'; what: 'subject' | 'taken' | 'empty' | 'whole' | 'range' };

/** What is wrong with a draft beside the other rules, or null. */
export function ruleFault(draft: Draft, before: Rule | null, rules: readonly Rule[]): RuleFault | null {
  if (!draft.camera && !draft.type) return { field: 'type', what: 'subject' };
  const key = keyOf(ruleOf(draft));
  if (rules.some((rule) => keyOf(rule) === key && !(before && keyOf(before) === key))) return { field: 'type', what: 'taken' };
  if (draft.days === null || draft.days === '') return { field: 'days', what: 'empty' };
  const days = Number(draft.days);
  if (!Number.isInteger(days)) return { field: 'days', what: 'whole' };
  return days < 0 || days > DAYS_MAX ? { field: 'days', what: 'range' } : null;
}

/** Rules as they are read: by camera, those of any camera last; of a camera by type, that of any type last. */
export function ordered(rules: readonly Rule[], camera: (id: number) => string, type: (name: string) => string): Rule[] {
  const by = (a: string | null, b: string | null): number => (a === null || b === null ? Number(a === null) - Number(b === null) : a.localeCompare(b));
  const named = (rule: Rule): string | null => (rule.camid === null ? null : camera(rule.camid));
  const typed = (rule: Rule): string | null => (rule.name === null ? null : type(rule.name));
  return [...rules].sort((a, b) => by(named(a), named(b)) || by(typed(a), typed(b)) || keyOf(a).localeCompare(keyOf(b)));
}
