/** What came by the stream: as items, in batches of one per frame, and the newest of them kept. */

import type { SseMessage } from './sse';
import type { EventObject } from './types';

/** One thing the stream tells. `gap`: so many events, ids `from` to `to`, that will not come. */
export type StreamItem =
  | { kind: 'event'; event: EventObject }
  | { kind: 'updated'; event: EventObject }
  | { kind: 'removed'; id: number }
  | { kind: 'gap'; count: number; from: number; to: number };

/** What Live begins with. */
const RECENT_MAX = 500;
/** A tab in the background has no frames. */
const NO_FRAME_MS = 250;

type Listener = (items: StreamItem[]) => void;
const listeners = new Set<Listener>();
let recent: StreamItem[] = [];
let queue: StreamItem[] = [];
let frame: { raf: number; timer: ReturnType<typeof setTimeout> } | null = null;

class Unseen {
  /** Events since Live was last open: its badge. */
  n = $state(0);
  /** Live is open: nothing is unseen. */
  watched = false;
}

/** The count on Live's badge. Reactive. */
export const unseen = new Unseen();

/** Hands over every batch, once per animation frame. The answer ends it. */
export function subscribe(fn: Listener): () => void {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** The newest events and gaps since the app began, oldest first, as they are now. */
export function recentItems(): StreamItem[] {
  return recent;
}

/** Forgets everything: on log-out. */
export function forget(): void {
  recent = [];
  queue = [];
  unseen.n = 0;
}

/** Puts an item into the next batch. */
export function deliver(item: StreamItem): void {
  queue.push(item);
  frame ??= {
    raf: typeof requestAnimationFrame === 'function' ? requestAnimationFrame(flush) : 0,
    timer: setTimeout(flush, NO_FRAME_MS),
  };
}

/** A message as an item; null for one that is not known, or not what it should be. */
export function itemOf({ event, data }: SseMessage): StreamItem | null {
  try {
    const body = JSON.parse(data) as Record<string, unknown>;
    if (event === 'event' || event === 'updated') {
      const whole = typeof body.id === 'number' && typeof body.camid === 'number';
      if (!whole || typeof body.name !== 'string' || typeof body.time !== 'string') return null;
      return { kind: event, event: body as unknown as EventObject };
    }
    if (event === 'removed' && typeof body.id === 'number') return { kind: 'removed', id: body.id };
    if (event === 'gap' && typeof body.to === 'number') {
      return { kind: 'gap', count: Number(body.count) || 0, from: Number(body.from) || 0, to: body.to };
    }
  } catch {
    // Not JSON.
  }
  return null;
}

function flush(): void {
  if (frame) {
    if (frame.raf) cancelAnimationFrame(frame.raf);
    clearTimeout(frame.timer);
  }
  frame = null;
  const items = queue;
  queue = [];
  if (items.length === 0) return;
  remember(items);
  for (const listener of [...listeners]) {
    try {
      listener(items);
    } catch (error) {
      console.error(error);
    }
  }
}

function remember(items: StreamItem[]): void {
  const added = items.filter((item) => item.kind === 'event' || item.kind === 'gap');
  if (!unseen.watched) unseen.n += added.reduce((n, item) => n + (item.kind === 'gap' ? item.count : 1), 0);
  recent = recent.concat(added).slice(-RECENT_MAX);
  for (const item of items) {
    if (item.kind === 'updated') {
      recent = recent.map((old) => (old.kind === 'event' && old.event.id === item.event.id ? { ...old, event: item.event } : old));
    } else if (item.kind === 'removed') {
      recent = recent.filter((old) => old.kind !== 'event' || old.event.id !== item.id);
    }
  }
}
