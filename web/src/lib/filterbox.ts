// The language of the filter box: words into tokens, tokens into changes of the filters, and suggestions.
import { parseLocal, startOf, type Zone } from './zones';
import { SPANS, type Filters, type Last } from './url';

/** What the box knows to suggest. */
export interface Known {
  cameras: { id: number; name: string }[];
  types: { name: string; label: string }[];
  families: { name: string; label: string }[];
  tags: string[];
  spans: { last: Last; label: string }[];
  zone: Zone;
  now: number;
}

/** One change of the filters, as a chip or a range. */
export type Change =
  | { kind: 'camera'; id: number }
  | { kind: 'type' | 'tag' | 'notag'; name: string }
  | { kind: 'picture'; has: boolean }
  | { kind: 'last'; last: Last }
  | { kind: 'from' | 'to'; at: number }
  | { kind: 'day'; from: number; to: number }
  | { kind: 'event'; id: number };

export type Group = 'cameras' | 'types' | 'tags' | 'time';

/** A line of the suggestion list; `text` is shown as it is, `hint` is a word of the grammar. */
export interface Suggestion {
  group: Group;
  text: string;
  hint: string;
  change: Change;
}

/** A piece of the input: `key` with its sign, or a bare word. */
export interface Token {
  key: 'camera' | 'type' | 'tag' | '-tag' | 'has' | '-has' | 'last' | 'from' | 'to' | '#' | null;
  value: string;
}

const KEYS = ['camera', 'type', 'tag', '-tag', 'has', '-has', 'last', 'from', 'to'] as const;
const DAY = 24 * 3_600_000;
const PER_GROUP = 6;

/** Parts the input at blanks; quotes hold a value together, `\"` is a quote inside. */
export function tokens(text: string): Token[] {
  const out: Token[] = [];
  const pattern = /(-?[a-z]+:)?(?:"((?:[^"\\]|\\.)*)"?|(\S+))/gi;
  // A key alone ("camera:") is a token too: it asks for suggestions.
  for (const part of text.matchAll(new RegExp(`${pattern.source}|(-?[a-z]+:)(?=\\s|$)`, 'gi'))) {
    const key = (part[1] ?? part[4] ?? '').slice(0, -1).toLowerCase();
    const value = part[2] !== undefined ? part[2].replace(/\\(.)/g, '$1') : (part[3] ?? '');
    const known = KEYS.find((k) => k === key);
    if (known !== undefined) out.push({ key: known, value });
    else if (part[1] === undefined && part[2] === undefined && KEYS.some((k) => `${k}:` === value.toLowerCase())) {
      out.push({ key: KEYS.find((k) => `${k}:` === value.toLowerCase())!, value: '' });
    } else if (/^#\d+$/.test(value) && part[1] === undefined) out.push({ key: '#', value: value.slice(1) });
    else if (part[1] !== undefined || value !== '') out.push({ key: null, value: (part[1] ?? '') + value });
  }
  return out;
}

/** A value as it has to be written in the box. */
export function quoted(value: string): string {
  return /^[^\s"\\]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** The change a token means by itself, without choosing a suggestion; null if it is not complete. */
export function exactly(token: Token, known: Known): Change | null {
  const value = token.value;
  const same = (a: string): boolean => a.toLowerCase() === value.toLowerCase();
  switch (token.key) {
    case '#':
      return Number.isSafeInteger(Number(value)) && Number(value) > 0 ? { kind: 'event', id: Number(value) } : null;
    case 'camera': {
      const hit = known.cameras.find((c) => same(c.name)) ?? known.cameras.find((c) => String(c.id) === value);
      return hit === undefined ? null : { kind: 'camera', id: hit.id };
    }
    case 'type': {
      const hit = known.types.find((type) => type.name === value) ?? known.types.find((type) => same(type.name) || same(type.label));
      const family = known.families.find((f) => same(`family:${f.name}`));
      if (family !== undefined) return { kind: 'type', name: `family:${family.name}` };
      return hit === undefined ? null : { kind: 'type', name: hit.name };
    }
    case 'tag':
    case '-tag':
      // Tags compare exactly, and a name nobody has seen yet may still come.
      return value === '' ? null : { kind: token.key === 'tag' ? 'tag' : 'notag', name: value };
    case 'has':
    case '-has':
      return same('picture') ? { kind: 'picture', has: token.key === 'has' } : null;
    case 'last': {
      const last = SPANS.find(same);
      return last === undefined ? null : { kind: 'last', last };
    }
    case 'from':
    case 'to': {
      const at = readTime(value, known.zone, token.key === 'to');
      return at === null ? null : { kind: token.key, at };
    }
    case null:
      return null;
  }
}

/** Suggestions for the token being typed, grouped, best first. An empty text gives a few of each. */
export function suggest(token: Token | null, known: Known): Suggestion[] {
  const key = token?.key ?? null;
  const word = (token?.value ?? '').toLowerCase();
  if (key === '#') return [{ group: 'time', text: `#${token!.value}`, hint: '#', change: { kind: 'event', id: Number(token!.value) } }];
  const out: Suggestion[] = [];
  const most = key === null && word === '' ? 4 : key === null ? PER_GROUP : 20;
  if (key === null || key === 'camera') {
    const hits = ranked(known.cameras, word, (c) => [c.name, ...(key === 'camera' ? [String(c.id)] : [])]);
    for (const c of hits.slice(0, most)) out.push({ group: 'cameras', text: c.name, hint: 'camera', change: { kind: 'camera', id: c.id } });
  }
  if (key === null || key === 'type') {
    const all = [
      ...known.types.map((type) => ({ ...type, hint: type.name.replaceAll('_', ' ').toLowerCase() === type.label.toLowerCase() ? 'type' : type.name })),
      ...(word === '' ? [] : known.families.map((f) => ({ name: `family:${f.name}`, label: f.label, hint: `family:${f.name}` }))),
    ];
    const hits = ranked(all, word, (type) => [type.label, type.name]);
    for (const type of hits.slice(0, most)) out.push({ group: 'types', text: type.label, hint: type.hint, change: { kind: 'type', name: type.name } });
  }
  if (key === null || key === 'tag' || key === '-tag') {
    const kind = key === '-tag' ? 'notag' : 'tag';
    const names = [...known.tags];
    if (key !== null && token!.value !== '' && !names.includes(token!.value)) names.push(token!.value);
    for (const name of ranked(names, word, (n) => [n]).slice(0, most)) out.push({ group: 'tags', text: name, hint: key ?? 'tag', change: { kind, name } });
  }
  if (key === 'has' || key === '-has' || (key === null && word !== '' && 'picture'.startsWith(word))) {
    out.push({ group: 'tags', text: 'picture', hint: key ?? 'has', change: { kind: 'picture', has: key !== '-has' } });
  }
  out.push(...times(key, token?.value ?? '', known));
  return out;
}

function times(key: Token['key'], value: string, known: Known): Suggestion[] {
  const out: Suggestion[] = [];
  const word = value.toLowerCase();
  if (key === null || key === 'last') {
    for (const s of known.spans) {
      if (s.last.startsWith(word) || s.label.toLowerCase().includes(word)) out.push({ group: 'time', text: s.label, hint: `last:${s.last}`, change: { kind: 'last', last: s.last } });
    }
  }
  if (key === null && /^\d{4}-\d\d-\d\d$/.test(value)) {
    const from = readTime(value, known.zone, false);
    const to = readTime(value, known.zone, true);
    if (from !== null && to !== null) out.unshift({ group: 'time', text: value, hint: 'day', change: { kind: 'day', from, to } });
  }
  if (key === 'from' || key === 'to') {
    const at = readTime(value, known.zone, key === 'to');
    if (at !== null) out.push({ group: 'time', text: value, hint: key, change: { kind: key, at } });
  }
  return out;
}

/** A time as typed: with a zone, or in the zone on screen; a bare date as an end means its last millisecond. */
export function readTime(text: string, zone: Zone, end: boolean): number | null {
  const trimmed = text.trim();
  if (/\d[Tt ]\d\d:\d\d.*([Zz]|[+-]\d\d:\d\d)$/.test(trimmed)) {
    const at = Date.parse(trimmed.replace(' ', 'T').replace(/ (?=[+-]|[Zz]$)/, '').toUpperCase());
    return Number.isNaN(at) || at < 0 ? null : at;
  }
  const at = parseLocal(trimmed, zone);
  if (at === null || at < 0) return null;
  const bareDate = /^(\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4})$/.test(trimmed);
  return end && bareDate ? startOf('day', startOf('day', at, zone) + 1.25 * DAY, zone) - 1 : at;
}

// Those that begin with the word first, then those with a word that does, then those that hold it.
function ranked<T>(all: T[], word: string, texts: (item: T) => string[]): T[] {
  if (word === '') return all;
  const rank = (item: T): number => {
    let best = 9;
    for (const text of texts(item)) {
      const at = text.toLowerCase().indexOf(word);
      if (at >= 0) best = Math.min(best, at === 0 ? 0 : /\W|_/.test(text[at - 1]!) ? 1 : 2);
    }
    return best;
  };
  return all
    .map((item) => ({ item, rank: rank(item) }))
    .filter((entry) => entry.rank < 9)
    .sort((a, b) => a.rank - b.rank)
    .map((entry) => entry.item);
}

/** The filters after a change; what is there already stays once. */
export function apply(f: Filters, change: Change): Filters {
  const add = <T>(list: T[], value: T): T[] => (list.includes(value) ? list : [...list, value]);
  switch (change.kind) {
    case 'camera':
      return { ...f, cameras: add(f.cameras, change.id) };
    case 'type':
      return { ...f, types: add(f.types, change.name) };
    case 'tag':
      return { ...f, tags: add(f.tags, change.name), notags: f.notags.filter((n) => n !== change.name) };
    case 'notag':
      return { ...f, notags: add(f.notags, change.name), tags: f.tags.filter((n) => n !== change.name) };
    case 'picture':
      return { ...f, picture: change.has };
    case 'last':
      return { ...f, last: change.last, from: null, to: null };
    case 'from':
      return { ...f, last: null, from: change.at, to: f.to !== null && f.to < change.at ? null : f.to };
    case 'to':
      return { ...f, last: null, to: change.at, from: f.from !== null && f.from > change.at ? null : f.from };
    case 'day':
      return { ...f, last: null, from: change.from, to: change.to };
    case 'event':
      return { ...f, event: change.id };
  }
}
