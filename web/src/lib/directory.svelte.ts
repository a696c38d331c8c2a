/** One shared copy of the site's cameras and event types, kept fresh by the stream. */

import { SvelteMap } from 'svelte/reactivity';

import { admin, api } from './api';
import { serverNow } from './clock.svelte';
import { safe } from './format';
import { t } from './i18n.svelte';
import { subscribe, type StreamItem } from './stream.svelte';
import type { Camera, EventObject, EventType, Objects } from './types';
import { parseVxg } from './zones';

/** How old the copy may get: a status such as "quiet" changes without any event. */
const FRESH_MS = 60_000;
/** A camera or type nobody knows makes the copy old, but not more often than this. */
const UNKNOWN_MS = 5_000;
/** How often what the stream brings is taken over. */
const APPLY_MS = 1_000;
const HALF_HOUR = 1_800_000;

class Directory {
  /** By id, in the server's order. */
  readonly cameras = new SvelteMap<number, Camera>();
  /** By name. */
  readonly types = new SvelteMap<string, EventType>();
  /** Whether both were there once. */
  loaded = $state(false);
  /** Why the last load failed; null after one that did not. */
  error = $state<unknown>(null);
  #loading: Promise<void> | null = null;
  #loadedAt = 0;
  #following = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending: EventObject[] = [];
  #applying: ReturnType<typeof setTimeout> | undefined;

  /** How many cameras need somebody to look after them. */
  get attention(): number {
    let n = 0;
    for (const camera of this.cameras.values()) if (needsAttention(camera)) n += 1;
    return n;
  }

  /** Reads both lists, unless a read is under way. From then on the stream keeps them fresh. */
  load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => (this.#loading = null));
    return this.#loading;
  }

  /** Reads them unless that happened within the last minute. */
  fresh(): Promise<void> {
    return Date.now() - this.#loadedAt < FRESH_MS ? Promise.resolve() : this.load();
  }

  /** Forgets everything: another user may see other things. */
  clear(): void {
    this.cameras.clear();
    this.types.clear();
    this.#pending = [];
    this.loaded = false;
    this.#loadedAt = 0;
  }

  async #read(): Promise<void> {
    this.#follow();
    try {
      const [cameras, types] = await Promise.all([
        api.get<Objects<Camera>>(admin('cameras/')),
        api.get<Objects<EventType>>(admin('event-types/')),
      ]);
      // These counts have what was still to be added.
      this.#pending = [];
      replace(this.cameras, cameras.objects.map((camera) => [camera.id, camera]));
      replace(this.types, types.objects.map((type) => [type.name, type]));
      this.loaded = true;
      this.error = null;
      this.#loadedAt = Date.now();
    } catch (error) {
      this.error = error;
    }
  }

  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    subscribe((items) => this.#take(items));
    if (typeof document !== 'undefined') {
      setInterval(() => {
        if (!document.hidden && this.loaded) void this.fresh();
      }, FRESH_MS / 4);
    }
  }

  /** Every list on screen reads names from here: not every frame may change it. */
  #take(items: StreamItem[]): void {
    if (!this.loaded) return;
    for (const item of items) if (item.kind === 'event') this.#pending.push(item.event);
    if (this.#pending.length === 0) return;
    this.#applying ??= setTimeout(() => {
      this.#applying = undefined;
      this.#apply(this.#pending.splice(0));
    }, APPLY_MS);
  }

  #apply(events: readonly EventObject[]): void {
    const byCamera = new Map<number, EventObject[]>();
    const byType = new Map<string, number>();
    for (const event of events) {
      byType.set(event.name, (byType.get(event.name) ?? 0) + 1);
      const list = byCamera.get(event.camid);
      if (list) list.push(event);
      else byCamera.set(event.camid, [event]);
    }
    const unknown = [...byType.keys()].some((name) => !this.types.has(name)) || [...byCamera.keys()].some((id) => !this.cameras.has(id));
    for (const [name, n] of byType) {
      const type = this.types.get(name);
      if (type) this.types.set(name, { ...type, count: type.count + n });
    }
    for (const [id, own] of byCamera) {
      const camera = this.cameras.get(id);
      if (camera) this.cameras.set(id, withEvents(camera, own, serverNow()));
    }
    if (unknown && this.#timer === undefined) {
      const wait = Math.max(0, this.#loadedAt + UNKNOWN_MS - Date.now());
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        void this.load();
      }, wait);
    }
  }
}

/** Keeps the entries that did not change as they are, so that only what changed is drawn again. */
function replace<K, V>(map: SvelteMap<K, V>, entries: [K, V][]): void {
  const keys = new Set(entries.map(([key]) => key));
  for (const key of [...map.keys()]) if (!keys.has(key)) map.delete(key);
  for (const [key, value] of entries) {
    if (JSON.stringify(map.get(key)) !== JSON.stringify(value)) map.set(key, value);
  }
}

/** A camera as it is after these events: what `@cameras/` would say, but for the statuses that need a look back. */
export function withEvents(camera: Camera, events: EventObject[], now: number): Camera {
  let last = camera.last_event;
  let lately = 0;
  const sparkline = [...camera.sparkline];
  for (const event of events) {
    const at = parseVxg(event.order_time ?? event.time);
    if (!last || at >= parseVxg(last.time)) {
      // As `@cameras/` writes it: RFC 3339, unlike the stream.
      last = { id: event.id, name: event.name, time: new Date(parseVxg(event.time)).toISOString() };
    }
    const age = Math.max(0, now - at);
    if (age >= 48 * HALF_HOUR) continue;
    lately += 1;
    const bar = sparkline.length - 1 - Math.floor(age / HALF_HOUR);
    if (bar >= 0) sparkline[bar] = (sparkline[bar] ?? 0) + 1;
  }
  const wakes = lately > 0 && (camera.status === 'quiet' || (camera.status === 'offline' && camera.connection !== 'agent'));
  return {
    ...camera,
    last_event: last,
    count_24h: camera.count_24h + lately,
    sparkline,
    status: wakes ? 'online' : camera.status,
  };
}

/** Whether somebody should look after this camera. One that was switched off on purpose is none. */
export function needsAttention(camera: Camera): boolean {
  return camera.status !== 'online' && camera.status !== 'disabled';
}

/** The one copy. */
export const directory = new Directory();

/** A camera's name, "Camera 7" for one that is gone or not known yet. */
export function cameraName(id: number): string {
  const name = directory.cameras.get(id)?.name;
  return name ? safe(name) : t('events_common.camera_n', { id: String(id) });
}
