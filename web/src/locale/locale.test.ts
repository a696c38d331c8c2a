// Both languages say the same things, with the same gaps to fill; and every key the code names exists.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry, Language } from '../lib/i18n.svelte';
import german from './de.json';
import english from './en.json';

const en: Language = english;
const de: Language = german;

const gaps = (entry: Entry) => (typeof entry === 'string' ? [entry] : [entry.other]).flatMap((text) => text.match(/\{\w+\}/g) ?? []).sort();

it('both languages have the same areas', () => {
  expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
});

describe.each(Object.keys(en))('%s', (area) => {
  it('has the same keys', () => {
    expect(Object.keys(de[area] ?? {}).sort()).toEqual(Object.keys(en[area]!).sort());
  });
  it('has the same placeholders and forms', () => {
    for (const [name, entry] of Object.entries(en[area]!)) {
      const other = de[area]?.[name];
      if (!other) continue;
      expect(gaps(other), name).toEqual(gaps(entry));
      expect(typeof other, name).toBe(typeof entry);
    }
  });
  it('is calm', () => {
    for (const language of [en, de]) {
      for (const entry of Object.values(language[area] ?? {})) expect(JSON.stringify(entry)).not.toMatch(/![^=]|\bplease\b|\bbitte\b/i);
    }
  });
});

it.each(['en', 'de'])('%s.json is written one key a line', (name) => {
  const text = readFileSync(join(process.cwd(), 'src/locale', `${name}.json`), 'utf8');
  expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
});

it('both files have the same order', () => {
  expect(Object.keys(de)).toEqual(Object.keys(en));
  for (const area of Object.keys(en)) expect(Object.keys(de[area]!), area).toEqual(Object.keys(en[area]!));
});

it('every key named in the code has a text', () => {
  const src = join(process.cwd(), 'src');
  const missing = new Set<string>();
  for (const name of readdirSync(src, { recursive: true }) as string[]) {
    if (!/\.(svelte|ts)$/.test(name) || name.endsWith('.test.ts')) continue;
    for (const [, area, key] of readFileSync(join(src, name), 'utf8').matchAll(/\bt\(\s*'(\w+)\.([\w.]+)'/g)) {
      if (en[area!]?.[key!] === undefined) missing.add(`${area}.${key} (${name})`);
    }
  }
  expect([...missing]).toEqual([]);
});
