import { afterEach, expect, it, vi } from 'vitest';
import { beforeLeave, go, match, route, safePath, setQuery } from './router.svelte';

const at = (path: string) => match(new URL(path, 'http://watchpost.lan'));

afterEach(() => go('/', { replace: true }));

it('finds the page of a path, forgiving one slash at the end', () => {
  expect([at('/').name, at('/events').name, at('/events/').name, at('/cameras/7/').name]).toEqual(['Overview', 'Events', 'Events', 'CameraDetail']);
  expect(at('/cameras/7#connect')).toMatchObject({ params: { id: '7' }, hash: '#connect' });
  expect(at('/access').params).toEqual({ section: 'users' });
  expect(at('/access/audit').params).toEqual({ section: 'audit' });
  expect([at('/cameras/x').name, at('/access/x').name, at('/nowhere').name]).toEqual(['NotFound', 'NotFound', 'NotFound']);
});

it('never leads to another host after a log-in', () => {
  for (const bad of [null, '', 'https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/login?to=/']) expect(safePath(bad)).toBe('/');
  expect(safePath('/events?last=7d#x')).toBe('/events?last=7d#x');
});

it('keeps the query in the address bar, readable', () => {
  void go('/events?last=7d');
  setQuery({ camera: '7,8', last: null });
  expect(location.search).toBe('?camera=7,8');
  expect(route.query.get('camera')).toBe('7,8');
});

it('asks before the page is left, not when only the query changes', async () => {
  await go('/settings');
  const guard = vi.fn(() => false);
  const end = beforeLeave(guard);
  await go('/settings?x=1');
  expect(guard).not.toHaveBeenCalled();
  await go('/events');
  expect([guard.mock.calls.length, route.path]).toEqual([1, '/settings']);
  end();
  await go('/events');
  expect(route.path).toBe('/events');
});
