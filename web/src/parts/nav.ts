// Where the navigation leads.
import type { RouteName } from '../router.svelte';

export type NavItem = { name: RouteName; href: string; icon: string; letter: string };

/** For every role, in order. */
export const PAGES: readonly NavItem[] = [
  { name: 'Overview', href: '/', icon: 'home', letter: 'o' },
  { name: 'Events', href: '/events', icon: 'list', letter: 'e' },
  { name: 'Live', href: '/live', icon: 'live', letter: 'l' },
  { name: 'Cameras', href: '/cameras', icon: 'camera', letter: 'c' },
];

/** For administrators. */
export const ADMIN_PAGES: readonly NavItem[] = [
  { name: 'Access', href: '/access', icon: 'key', letter: 'a' },
  { name: 'Settings', href: '/settings', icon: 'sliders', letter: 's' },
  { name: 'Storage', href: '/storage', icon: 'database', letter: 'd' },
  { name: 'System', href: '/system', icon: 'pulse', letter: 'y' },
];

/** Which item is lit: a camera's own page belongs to Cameras. */
export function lit(name: string): string {
  if (name === 'CameraDetail') return 'Cameras';
  return name === 'EventLink' ? 'Events' : name;
}

/** Up to two letters for a person: "m.krause" becomes MK, "admin" AD. */
export function initials(name: string): string {
  const words = name.split(/[\s._\-@]+/).filter(Boolean);
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => [...word][0] ?? '') : [...(words[0] ?? '')].slice(0, 2);
  return letters.join('').toUpperCase();
}
