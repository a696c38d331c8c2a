import { describe, expect, it } from 'vitest';
import { changes, fault, fixed, grouped, type Setting } from './settings';

const days: Setting = {
  key: 'retention.days', form: 'retention', kind: 'integer', value: 90, default: 0, unit: 'days', min: 0, max: 3650, source: 'settings', restart: false,
};
const site: Setting = { ...days, key: 'site.name', form: 'site', kind: 'text', value: 'Hafen', default: 'Watchpost', unit: null, min: null, max: null };
const bytes: Setting = { ...days, key: 'retention.max_bytes', kind: 'bytes', value: 0, unit: 'bytes', min: 2 ** 24, max: 2 ** 44 };
const url: Setting = { ...site, key: 'http.public_url', form: 'addresses', kind: 'url', value: '' };

describe('settings', () => {
  it('come in the order of the page, unknown forms last', () => {
    const odd = { ...site, key: 'x', form: 'other' };
    expect(grouped([odd, days, site]).map((group) => group.form)).toEqual(['site', 'retention', 'other']);
  });

  it('know what is wrong with a value', () => {
    expect(fault(days, null)).toBe('empty');
    expect(fault(days, 1.5)).toBe('whole');
    expect(fault(days, 3651)).toBe('range');
    expect(fault(days, -1)).toBe('range');
    expect(fault(days, 0)).toBeNull();
    expect(fault(bytes, 0)).toBeNull();
    expect(fault(bytes, 2 ** 24)).toBeNull();
    expect(fault(bytes, 500)).toBe('range_or_0');
    expect(fault(bytes, null)).toBe('empty');
    expect(fault(site, '  ')).toBe('empty');
    expect(fault(url, '')).toBeNull();
    expect(fault(url, 'javascript:alert(1)')).toBe('url');
    expect(fault(url, 'https://events.example:8443')).toBeNull();
  });

  it('send only what changed and may be changed', () => {
    const file: Setting = { ...days, key: 'ingest.camera_burst', source: 'file' };
    expect(fixed(file)).toBe(true);
    expect(changes([days, site, file], { 'retention.days': 90, 'site.name': ' Hafen ', 'ingest.camera_burst': 1 })).toEqual({});
    expect(changes([days, site], { 'retention.days': 30, 'site.name': 'Dock' })).toEqual({ 'retention.days': 30, 'site.name': 'Dock' });
  });
});
