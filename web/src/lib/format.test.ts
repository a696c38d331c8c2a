import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';

// Random text is slow to make on a busy machine.
vi.setConfig({ testTimeout: 30_000 });


import { bytes, count, percent, safe } from './format';
import { setLang } from './i18n.svelte';

afterEach(() => setLang('en'));

describe('numbers', () => {
  test('are grouped as the language does', async () => {
    expect(count(48_213)).toBe('48,213');
    await setLang('de');
    expect(count(48_213)).toBe('48.213');
  });

  test('sizes have three digits or fewer before the unit', () => {
    const nbsp = (text: string) => text.replace(' ', '\u00a0');
    expect([0, 1023, 1024, 1536, 1024 ** 3 * 195, 1024 ** 2 - 1].map(bytes)).toEqual(
      ['0 B', '1,023 B', '1.0 KiB', '1.5 KiB', '195 GiB', '1.0 MiB'].map(nbsp),
    );
  });

  test('something is not 0 %, not all is not 100 %', () => {
    expect([0, 0.0001, 0.614, 0.9999, 1].map((x) => percent(x).replace('\u00a0', ' '))).toEqual(['0 %', '1 %', '61 %', '99 %', '100 %']);
  });
});

describe('safe', () => {
  test('shows what steers or hides', () => {
    expect(safe('a\u0000b\nc\u007f')).toBe('a␀b␊c␡');
    expect(safe('abc\u202etxt.exe')).toBe('abc‹RLO›txt.exe');
    expect(safe('\u2066x\u2069\ufeff\u0085\u200b')).toBe('‹LRI›x‹PDI›‹BOM›‹0085›‹ZWSP›');
    expect(safe('\ud800!')).toBe('\ufffd!');
  });

  test('leaves scripts and emoji as they are', () => {
    for (const text of ['Tor Nord', 'بوابة', '東門', 'é', '👩‍👧']) expect(safe(text)).toBe(text);
  });

  test('cuts at characters, not in them', () => {
    expect(safe('x'.repeat(200))).toHaveLength(200);
    expect(safe('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`);
    expect(safe('😀'.repeat(5), 3)).toBe('😀😀😀…');
    expect(safe('😀😀😀', 3)).toBe('😀😀😀');
  });

  test('takes anything', () => {
    expect(safe(undefined)).toBe('');
    expect(safe(42)).toBe('42');
  });

  test('never lets a steering character through, never grows beyond its marks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 250 }), (text, max) => {
        const shown = safe(text, max);
        // eslint-disable-next-line no-control-regex
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        expect(Array.from(shown).length).toBeLessThanOrEqual(max * 6 + 1);
      }),
    );
  });
});
