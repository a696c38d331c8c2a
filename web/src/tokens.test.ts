// Recomputes both tables of the design from tokens.css, and keeps everything else on its tokens.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contrast, deltaE, simulate, type Vision } from './test-colours';

const SRC = join(process.cwd(), 'src');
const css = readFileSync(join(SRC, 'tokens.css'), 'utf8');

type Tokens = Record<string, string>;
/** The declarations of the first block with this selector. */
function block(selector: string): Tokens {
  const start = css.indexOf(selector);
  expect(start, selector).toBeGreaterThan(-1);
  const body = css.slice(css.indexOf('{', start) + 1, css.indexOf('}', start));
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name!, value!.trim()]));
}
const light = block(':root,[data-theme=light]');
const dark = block('[data-theme=dark]{');
const FAMILIES = ['motion', 'person', 'vehicle', 'boundary', 'object', 'sound', 'access', 'alarm', 'device', 'custom'].map((name) => `c-${name}`);
const SURFACES = ['surface', 'bg', 'sunken', 'hover', 'raised', 'accent-soft'];

/** Token, its grounds, the figures of the design for light and dark, what is needed. */
const ROWS: [string, string[], number, number, number][] = [
  ['text', SURFACES, 15.14, 12.18, 4.5], ['text-2', SURFACES, 6.01, 6.4, 4.5], ['text-3', SURFACES, 4.65, 4.83, 4.5],
  ['text', ['ok-soft', 'warn-soft', 'danger-soft', 'info-soft'], 14.8, 12.54, 4.5], ['accent', SURFACES, 5.91, 7.22, 4.5],
  ['on-accent', ['accent'], 6.75, 8.06, 4.5], ['on-accent', ['accent-hover'], 9.13, 10.04, 4.5],
  ['ok', ['ok-soft', 'surface', 'bg'], 5.34, 7.53, 4.5], ['warn', ['warn-soft', 'surface', 'bg'], 5.66, 8.19, 4.5],
  ['danger', ['danger-soft', 'surface', 'bg'], 5.66, 6.97, 4.5], ['info', ['info-soft', 'surface', 'bg'], 5.76, 7.48, 4.5],
  ['line-strong', ['surface', 'bg', 'sunken', 'raised'], 3.22, 3.48, 3],
  ...FAMILIES.map((name, i): [string, string[], number, number, number] => [
    name, ['surface', 'bg', 'hover', 'accent-soft'], [5.18, 3.06, 5.16, 9.04, 7.88, 3.12, 3.15, 6.06, 5.12, 4.43][i]!,
    [6.05, 6.02, 3.37, 3.1, 10.67, 3.3, 11.37, 3.1, 6.91, 10.07][i]!, 3,
  ]),
];

describe('contrast', () => {
  it.each(ROWS)('%s on %s', (name, grounds, inLight, inDark, need) => {
    for (const [tokens, figure] of [[light, inLight], [dark, inDark]] as const) {
      const least = Math.min(...grounds.map((ground) => contrast(tokens[name]!, tokens[ground]!)));
      expect(least).toBeGreaterThanOrEqual(need);
      expect(least).toBeCloseTo(figure, 1);
    }
  });
  it('the dark block stands twice, word for word', () => {
    expect(block(':root:not([data-theme=light])')).toEqual(dark);
  });
});

describe('the ten family colours stay apart', () => {
  const CASES: [Vision, number, number][] = [['normal', 17.7, 21.6], ['protan', 10.3, 13.5], ['deutan', 10.1, 13.2], ['tritan', 12.6, 15.5]];
  it.each(CASES)('%s', (vision, inLight, inDark) => {
    for (const [tokens, figure] of [[light, inLight], [dark, inDark]] as const) {
      const colours = FAMILIES.map((name) => simulate(tokens[name]!, vision));
      const distances = colours.flatMap((a, i) => colours.slice(i + 1).map((b) => deltaE(a, b)));
      expect(Math.min(...distances)).toBeCloseTo(figure, 0);
      expect(Math.min(...distances)).toBeGreaterThan(10);
    }
  });
});

/** The text of `<style>` blocks and of css files, without comments and media conditions. */
function styles(file: string): string {
  const text = readFileSync(file, 'utf8');
  const css = file.endsWith('.css') ? text : [...text.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/g)].map(([, body]) => body).join('\n');
  return css.replace(/\/\*[\s\S]*?\*\//g, '').replace(/@(media|container)[^{]*\{/g, '{');
}
const files = (readdirSync(SRC, { recursive: true }) as string[]).filter((name) => /\.(svelte|css)$/.test(name) && name !== 'tokens.css');
const LITERALS: [string, RegExp][] = [
  ['a colour', /#[0-9a-f]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|oklch|lab)\(|:\s*(?:white|black|red|green|blue|gr[ae]y|orange|yellow)\b/i],
  ['a size', /(?<![\w.#-])(?!(?:0|1|1\.5|2|-1|-2)px)-?\d*\.?\d+px\b|(?<![\w.#-])(?!1rem)\d*\.?\d+rem\b/],
  ['a duration', /(?<![\w.#-])(?!0m?s)\d*\.?\d+m?s\b/],
];

describe('no literals outside tokens.css', () => {
  it.each(files)('%s', (name) => {
    for (const [what, pattern] of LITERALS) {
      const line = styles(join(SRC, name)).split('\n').find((each) => pattern.test(each));
      expect(line && `${what}: ${line.trim()}`).toBeUndefined();
    }
  });
  it.each(files.filter((name) => name.endsWith('.svelte')))('%s has no style attribute, and says what it is', (name) => {
    const text = readFileSync(join(SRC, name), 'utf8');
    const markup = text.replace(/<script[\s\S]*?<\/script>|<style[\s\S]*<\/style>/g, '');
    expect(/<[a-z][\w-]*\s[^<>]*\bstyle="[^"]*"/.exec(markup)?.[0], 'style attribute').toBeUndefined();
    expect(text.startsWith('<!--'), 'first line is a comment').toBe(true);
    expect(text.split('\n').length, 'lines').toBeLessThanOrEqual(250);
  });
});
