import { describe, expect, it } from 'vitest';
import { meant, narrow } from './combobox';
import { ICONS } from './icons';
import { mask, within } from './mask';
import { Finder, moved } from './menu';
import { place } from './place';
import { offsetText, zoneOptions } from './zones';

describe('a menu', () => {
  it('goes round at both ends', () => {
    expect([moved('ArrowDown', 2, 3), moved('ArrowUp', 0, 3), moved('ArrowUp', -1, 3), moved('Home', 2, 3), moved('End', 0, 3)]).toEqual([0, 2, 2, 0, 2]);
    expect(moved('x', 0, 3)).toBeNull();
    expect(moved('ArrowDown', 0, 0)).toBeNull();
  });

  it('finds lines by their first letters', () => {
    const finder = new Finder();
    const labels = ['Edit', 'Disable', 'Delete'];
    const press = (key: string, at: number, now: number) => finder.find({ key, ctrlKey: false, metaKey: false, altKey: false }, labels, at, now);
    expect(press('d', 0, 0)).toBe(1);
    expect(press('e', 1, 100)).toBe(2);
    expect(press('d', 2, 2000)).toBe(1);
    expect(press('z', 0, 9000)).toBeNull();
    expect(press(' ', 0, 9000)).toBeNull();
  });
});

describe('a combobox', () => {
  const options = ['Europe/Berlin', 'America/New_York', 'Asia/Berliner', 'Europe/Zürich'].map((label) => ({ value: label, label }));

  it('narrows by every word typed, whatever the accents and dashes', () => {
    expect(narrow(options, 'new york').map((option) => option.value)).toEqual(['America/New_York']);
    expect(narrow(options, 'zurich').map((option) => option.value)).toEqual(['Europe/Zürich']);
    expect(narrow(options, 'berlin')).toHaveLength(2);
    expect(narrow(options, '')).toHaveLength(4);
  });

  it('puts first what begins with the text', () => {
    expect(narrow([{ value: '1', label: 'Old admin' }, { value: '2', label: 'Admin' }], 'adm').map((option) => option.value)).toEqual(['2', '1']);
  });

  it('takes a text typed out in full', () => {
    expect(meant(options, 'europe/berlin')?.value).toBe('Europe/Berlin');
    expect(meant(options, 'europe')).toBeUndefined();
  });
});

describe('a popup', () => {
  const view = { width: 400, height: 600 };

  it('goes below, or above where there is more room, and stays inside', () => {
    const size = { width: 200, height: 300 };
    expect(place({ left: 10, right: 50, top: 20, bottom: 50 }, size, view)).toMatchObject({ left: 10, top: 54 });
    expect(place({ left: 10, right: 50, top: 500, bottom: 530 }, size, view).top).toBe(196);
    expect(place({ left: 380, right: 396, top: 20, bottom: 50 }, size, view).left).toBe(192);
    expect(place({ left: 300, right: 350, top: 20, bottom: 50 }, size, view, 'end').left).toBe(150);
  });
});

describe('secrets and labels', () => {
  it('are masked but for the way to them', () => {
    expect(mask('http://10.0.0.1:8080/i/secret')).toMatch(/^http:\/\/10\.0\.0\.1:8080\/i\/•+$/);
    expect(mask('wp.k1.secret')).toMatch(/^•+$/);
    expect(mask('')).toBe('');
  });

  it('fit into a sentence', () => {
    expect(within('Ingest URL', 'en')).toBe('ingest URL');
    expect(within('URL', 'en')).toBe('URL');
    expect(within('Lizenzschlüssel', 'de')).toBe('Lizenzschlüssel');
  });
});

describe('time zones', () => {
  it('have UTC first, the current one even if unknown, and an offset', () => {
    const list = zoneOptions('Nowhere/Land', Date.UTC(2026, 6, 1));
    expect(list.slice(0, 2).map((option) => option.value)).toEqual(['Nowhere/Land', 'UTC']);
    expect(list.find((option) => option.value === 'Europe/Berlin')?.note).toBe('+02:00');
    expect(offsetText('UTC', 0)).toBe('+00:00');
  });
});

describe('icons', () => {
  it('are all there and drawable', () => {
    const names = ('search plus x chevron-down chevron-up chevron-left chevron-right calendar columns download link more clock moon sun help home list live ' +
      'camera key sliders database pulse bolt pencil trash tag copy eye eye-off refresh check warn info send pause play user logout filter arrow-up arrow-down ' +
      'arrow-right minus table shield external upload globe braces volume volume-off check-circle x-circle').split(' ');
    expect(names.filter((name) => !ICONS[name])).toEqual([]);
    expect(Object.values(ICONS).flat().every((d) => /^M[-\d., a-zA-Z]+$/.test(d) && !d.includes('NaN'))).toBe(true);
  });
});
