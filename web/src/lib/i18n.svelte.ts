// The words of the page: every visible string comes from here.
import english from '../locale/en.json';

/** A text, or the forms chosen by `n`. */
export type Entry = string | { one: string; other: string };
/** Area name to its entries, as in `locale/*.json`. */
export type Language = Record<string, Record<string, Entry>>;
export type Lang = 'en' | 'de';
export type Params = Record<string, string | number>;

/** The languages, each by its own name. */
export const LANGUAGES: readonly { id: Lang; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'de', name: 'Deutsch' },
];

/** Part of the first load, since every other language falls back to it. */
const en: Language = english;
const loaded: Partial<Record<Lang, Language>> = { en };
let current = $state<Lang>('en');
let wanted: Lang = 'en';

/** The language on screen. Reactive. */
export function lang(): Lang {
  return current;
}

/** Shows `next` once its strings are here; the old language stays until then. */
export async function setLang(next: Lang): Promise<void> {
  wanted = next;
  if (next === 'de') loaded.de ??= (await import('../locale/de.json')).default;
  if (wanted !== next) return;
  current = next;
  document.documentElement.lang = next;
}

/** The language chosen earlier on this browser, else the browser's own. */
export function initialLang(): Lang {
  let saved: string | null = null;
  try {
    saved = localStorage.getItem('wp.lang');
  } catch {
    // Storage can be forbidden.
  }
  if (saved === 'en' || saved === 'de') return saved;
  return typeof navigator !== 'undefined' && navigator.language.startsWith('de') ? 'de' : 'en';
}

/** Resolves when the first language is loaded; a failed load leaves English. */
export const languageReady: Promise<void> = setLang(initialLang()).catch(() => {});

const numbers: Partial<Record<Lang, Intl.NumberFormat>> = {};
const plurals: Partial<Record<Lang, Intl.PluralRules>> = {};

function grouped(n: number): string {
  return (numbers[current] ??= new Intl.NumberFormat(current)).format(n);
}

function lookUp(language: Language | undefined, key: string): Entry | undefined {
  const dot = key.indexOf('.');
  return language?.[key.slice(0, dot)]?.[key.slice(dot + 1)];
}

/** The text of `area.name`, with `{param}`s filled in; numbers are grouped as the language does. Reactive. */
export function t(key: string, params: Params = {}): string {
  const entry = lookUp(loaded[current], key) ?? lookUp(en, key);
  if (entry === undefined) {
    if (import.meta.env.DEV) console.warn(`no text for ${key}`);
    return key;
  }
  let text: string;
  if (typeof entry === 'string') text = entry;
  else {
    const rule = (plurals[current] ??= new Intl.PluralRules(current)).select(Number(params['n'] ?? 0));
    text = rule === 'one' ? entry.one : entry.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : typeof value === 'number' ? grouped(value) : value;
  });
}

/** Whether there is a text for `key`: for codes that come from the server. */
export function known(key: string): boolean {
  return lookUp(en, key) !== undefined;
}
