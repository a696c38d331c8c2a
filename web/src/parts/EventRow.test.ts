import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';

import type { EventObject } from '../lib/types';
import EventRow, { eventCols } from './EventRow.svelte';
import FamilyGlyph from './FamilyGlyph.svelte';
import Picture from './Picture.svelte';
import Sparkline from './Sparkline.svelte';
import TagChips from './TagChips.svelte';
import Time from './Time.svelte';
import { FAMILIES } from '../lib/families';

// jsdom has no layout, and nothing that watches it.
vi.stubGlobal('ResizeObserver', class { observe() {} unobserve() {} disconnect() {} });
afterEach(cleanup);

const event: EventObject = {
  id: 33794119, camid: 7, name: 'line_crossing', time: '2026-11-22T20:12:44.250000', received_at: '2026-11-22T20:53:50', meta: { rule: 'South line' },
};
const columns = ['picture', 'time', 'camera', 'type', 'tags', 'received', 'delay', 'id'];
const zone = 'Europe/Berlin';

test('in a grid every column is a cell', async () => {
  const [onselect, onopen] = [vi.fn(), vi.fn()];
  render(EventRow, { event, columns, zone, onselect, onopen });
  expect(screen.getAllByRole('gridcell')).toHaveLength(columns.length + 1);
  expect(screen.getByText('21:12:44').closest('[role=gridcell]')!.textContent).toBe('2026-11-22 21:12:44');
  expect(screen.getByText('late 41 min')).toBeTruthy();
  await fireEvent.click(screen.getByRole('checkbox', { name: 'Select event 33794119' }), { shiftKey: true });
  expect([onselect.mock.calls[0]![0], onselect.mock.calls[0]![1].shiftKey]).toEqual([event, true]);
  expect(onopen).not.toHaveBeenCalled();
  await fireEvent.click(screen.getByText('rule'));
  expect(onopen).toHaveBeenCalledOnce();
});

test('outside a grid it has no cells and its time is a link', () => {
  render(EventRow, { event, columns, zone, href: '/events/33794119' });
  expect(screen.queryAllByRole('gridcell')).toHaveLength(0);
  expect(screen.getByRole('link').getAttribute('href')).toBe('/events/33794119');
});

test('head and rows have as many columns as cells', () => {
  const parts = (text: string): number => {
    const inner = text.replace(/\([^()]*\)/g, '');
    return inner === text ? text.split(' ').length : parts(inner);
  };
  expect(parts(eventCols(columns, { select: true, actions: true }))).toBe(columns.length + 2);
  expect(eventCols(['time'], { offset: true })).toContain('26ch');
});

test('hostile tags and types are text', () => {
  const meta = { '<img src=x onerror=alert(1)>': '"><script>alert(1)</script>', 'a\u202eb': '\u0000' };
  const { container } = render(EventRow, { event: { ...event, name: '<b>x</b>', meta }, columns, zone });
  expect(container.querySelector('img, script, b')).toBeNull();
  expect(container.textContent).toContain('<b>x</b>');
  expect(container.textContent).toContain('a‹RLO›b ␀');
});

test('two tags that look alike when cut are both there', () => {
  const long = 'x'.repeat(200);
  render(TagChips, { meta: { [`${long}1`]: '', [`${long}2`]: '' } });
  expect(screen.getAllByText(/^x+…$/)).toHaveLength(2);
});

test('a picture says how it stands', async () => {
  const { container, rerender } = render(Picture, { url: null, state: 'none', alt: 'Picture of event 1' });
  expect(container.textContent).toBe('');
  await rerender({ state: 'expected' });
  expect(container.textContent?.trim()).toBe('Picture expected');
  await rerender({ state: 'ready', url: '/p/1' });
  await fireEvent.error(screen.getByRole('img', { name: 'Picture of event 1' }));
  expect(container.textContent?.trim()).toBe('Picture missing');
});

test('a time names the zones it is told in', () => {
  render(Time, { at: Date.parse('2026-11-22T20:12:44Z'), style: 'clock', zone });
  const time = screen.getByText('21:12:44');
  expect(time.getAttribute('datetime')).toBe('2026-11-22T20:12:44.000Z');
  expect(time.title).toContain('2026-11-22 21:12:44 Europe/Berlin');
  expect(time.title).toContain('2026-11-22 20:12:44 UTC');
});

test('something is never drawn as nothing', () => {
  const { container } = render(Sparkline, { values: [0, 1, 10_000], label: '10,001 events' });
  expect([...container.querySelectorAll('.bar')].map((bar) => bar.getAttribute('height'))).toEqual(['1', '24']);
  expect(screen.getByRole('img', { name: '10,001 events' })).toBeTruthy();
});

test('ten families, ten shapes', () => {
  const shapes = FAMILIES.map((family) => render(FamilyGlyph, { family }).container.querySelector('path')!.getAttribute('d'));
  expect(new Set(shapes).size).toBe(10);
});
