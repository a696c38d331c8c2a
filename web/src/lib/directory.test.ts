import { afterEach, expect, test } from 'vitest';

import { cameraName, directory, needsAttention, withEvents } from './directory.svelte';
import { FAMILIES, familyOf, labelOf, namesOf } from './families';
import { setLang } from './i18n.svelte';
import { lateness, latenessText } from './lateness';
import { pictureOf, type Camera, type EventObject } from './types';

const NOW = Date.parse('2026-11-22T20:14:07Z');
const camera: Camera = {
  id: 7, name: 'Gate North', time_zone: 'Europe/Berlin', status: 'quiet', enabled: true, connection: 'http', connected_since: null,
  vendor: null, model: null, firmware: null, last_event: null, count_24h: 5, sparkline: Array.from({ length: 48 }, () => 0),
  skew_ms: null, skew_samples: 0, quiet_after_s: 7200, rejected_24h: {}, can_trigger: false,
};
const event = (id: number, time: string, more: Partial<EventObject> = {}): EventObject => ({ id, camid: 7, name: 'motion', time, ...more });

afterEach(async () => {
  directory.clear();
  await setLang('en');
});

test('an event wakes a quiet camera, counts and becomes its last', () => {
  const after = withEvents(camera, [event(1, '2026-11-22T20:14:00'), event(2, '2026-11-22T19:30:00')], NOW);
  expect([after.status, after.count_24h, after.sparkline.slice(-3)]).toEqual(['online', 7, [0, 1, 1]]);
  expect(after.last_event).toEqual({ id: 1, name: 'motion', time: '2026-11-22T20:14:00.000Z' });
});

test('an event of last week counts for nothing, one ahead of now for the last bar', () => {
  expect(withEvents(camera, [event(1, '2026-11-15T20:14:00')], NOW)).toMatchObject({ status: 'quiet', count_24h: 5 });
  expect(withEvents(camera, [event(1, '2026-11-22T21:00:00')], NOW).sparkline.at(-1)).toBe(1);
});

test('an agent that went away stays offline, whoever reports for it', () => {
  const away: Camera = { ...camera, status: 'offline', connection: 'agent' };
  expect(withEvents(away, [event(1, '2026-11-22T20:14:00')], NOW).status).toBe('offline');
});

test('attention is for all but the well and the switched off', () => {
  const statuses = ['online', 'quiet', 'clock', 'rejecting', 'offline', 'disabled'] as const;
  expect(statuses.filter((status) => needsAttention({ ...camera, status }))).toEqual(['quiet', 'clock', 'rejecting', 'offline']);
  directory.cameras.set(7, camera);
  directory.cameras.set(8, { ...camera, id: 8, status: 'online' });
  expect(directory.attention).toBe(1);
});

test('a camera nobody knows has its number for a name; a hostile name is made harmless', () => {
  expect(cameraName(12345)).toBe('Camera 12345');
  directory.cameras.set(7, { ...camera, name: 'a\u202eb' });
  expect(cameraName(7)).toBe('a‹RLO›b');
});

test('families: ten, the table for what is not known, and the server wins', async () => {
  expect(FAMILIES).toHaveLength(10);
  expect(['pir', 'face', 'license_plate', 'linecross', 'animal', 'audio', 'doorbell', 'fire', 'qos-report', 'forklift'].map(familyOf)).toEqual(
    [...FAMILIES],
  );
  expect(labelOf('forklift')).toBe('forklift');
  directory.types.set('forklift', { name: 'forklift', label: { en: 'Forklift', de: 'Stapler' }, family: 'vehicle', custom: true, count: 1 });
  expect([familyOf('forklift'), labelOf('forklift'), namesOf('vehicle')]).toEqual(['vehicle', 'Forklift', ['forklift']]);
  await setLang('de');
  expect(labelOf('forklift')).toBe('Stapler');
});

test('a family the page does not know is custom', () => {
  directory.types.set('x', { name: 'x', label: {}, family: 'weather' as 'custom', custom: true, count: 1 });
  expect([familyOf('x'), labelOf('x'), familyOf('constructor'), familyOf('__proto__')]).toEqual(['custom', 'x', 'custom', 'custom']);
});

test('late and ahead, with a minute of grace', () => {
  const chip = (received_at: string) => {
    const late = lateness(event(1, '2026-11-22T20:00:00', { received_at }));
    return late === null ? null : latenessText(late);
  };
  expect(['2026-11-22T20:01:00', '2026-11-22T20:41:00', '2026-11-22T17:00:00'].map(chip)).toEqual([null, 'late 41 min', 'ahead 3 h']);
  expect(lateness(event(1, '2026-11-22T20:00:00'))).toBeNull();
});

test('pictures come from this server only', () => {
  const picture = (url: string | undefined, more: Partial<EventObject> = {}) =>
    pictureOf(event(1, 't', { thumb: url === undefined ? {} : { url }, ...more }));
  expect(picture('http://elsewhere.example:9/p/1?sig=x')).toEqual({ url: '/p/1?sig=x', full: '/p/1?sig=x', state: 'ready' });
  expect(picture('/p/1')).toEqual({ url: '/p/1', full: '/p/1', state: 'ready' });
  const both = { thumb: { url: '/p/1', full_url: 'http://elsewhere.example:9/p/1?of=full' } };
  expect(picture('/p/1', both)).toEqual({ url: '/p/1', full: '/p/1?of=full', state: 'ready' });
  expect(picture('javascript:alert(1)')).toEqual({ url: null, full: null, state: 'failed' });
  expect(picture(undefined)).toEqual({ url: null, full: null, state: 'none' });
  expect(picture(undefined, { picture: 'expected' })).toEqual({ url: null, full: null, state: 'expected' });
  expect(pictureOf(event(1, 't', { thumb: null }))).toEqual({ url: null, full: null, state: 'none' });
});
