import { ApiError, api } from '../../lib/api';
import { serverNow } from '../../lib/clock.svelte';
import { labelOf } from '../../lib/families';
import { t } from '../../lib/i18n.svelte';
import { failed, toast } from '../../lib/toasts.svelte';
import type { Schema } from '../../lib/types';

/** One event type of one camera, as the event API tells it. */
export type CameraType = Schema<'EventTypeBody'>;

/** The keys that a switch or a field of the table sets. */
export type Key = 'receive' | 'notify' | 'record' | 'snapshot' | 'period';

const DAY_MS = 86_400_000;

/** The event types of one camera with their counts of the last day, and what changes them. */
export class CameraTypes {
  readonly camera: number;
  list = $state<CameraType[] | null>(null);
  counts = $state<Record<string, number>>({});
  error = $state<unknown>(null);
  /** `name.key` of changes on their way. */
  busy = $state<Record<string, boolean>>({});

  constructor(camera: number) {
    this.camera = camera;
  }

  private get path() {
    return `/api/v2/cameras/${this.camera}/event_processing/events/`;
  }

  /** Loads types and counts; a failure of the counts leaves the table usable. */
  async load(): Promise<void> {
    this.error = null;
    try {
      this.list = (await api.get<{ objects: CameraType[] }>(this.path, { limit: 1000 })).objects;
    } catch (cause) {
      this.error = cause;
      return;
    }
    try {
      const start = new Date(serverNow() - DAY_MS).toISOString();
      const day = await api.get<{ objects: { groups?: Record<string, number> }[] }>(
        '/api/v2/storage/events/histogram/',
        { camid: this.camera, start, bucket: 'day', group_by: 'name' },
      );
      const counts: Record<string, number> = {};
      for (const bucket of day.objects) {
        for (const [name, n] of Object.entries(bucket.groups ?? {})) counts[name] = (counts[name] ?? 0) + n;
      }
      this.counts = counts;
    } catch {
      this.counts = {};
    }
  }

  /** Sets one key at once; a refusal puts it back and says why. */
  async set(type: CameraType, key: Key, value: boolean | number): Promise<void> {
    const place = this.list?.find((known) => known.name === type.name);
    if (!place) return;
    const before = place[key];
    const mark = `${type.name}.${key}`;
    Object.assign(place, { [key]: value });
    this.busy[mark] = true;
    try {
      Object.assign(place, await api.put<CameraType>(`${this.path}${encodeURIComponent(type.name)}/`, { [key]: value }));
      if (key === 'receive' && value === false) {
        toast({
          text: t('cameras.receive_off', { type: labelOf(type.name) }),
          undo: () => void this.set(type, 'receive', true),
        });
      }
    } catch (cause) {
      Object.assign(place, { [key]: before });
      failed(cause);
    } finally {
      delete this.busy[mark];
    }
  }

  /** Makes a custom type. Throws what the server says. */
  async add(name: string, notify: boolean): Promise<void> {
    await api.post(this.path, { name, notify });
    await this.load();
  }

  /** Deletes a custom type; its events stay. */
  async remove(type: CameraType): Promise<void> {
    try {
      await api.del(`${this.path}${encodeURIComponent(type.name)}/`);
      toast({ kind: 'ok', text: t('cameras.type_deleted', { name: type.name }) });
      await this.load();
    } catch (cause) {
      failed(cause);
    }
  }

  /** Asks the camera to raise an event, and tells what became of it in words. */
  async trigger(name: string, confirm = false): Promise<TriggerResult> {
    try {
      const done = await api.post<{ status: string; event_id?: number | null; no_echo?: boolean | null }>(
        `${this.path}${encodeURIComponent(name)}/trigger/`, confirm ? { confirm } : {},
      );
      return done.event_id
        ? { ok: true, event: done.event_id, text: t('trigger.done', { id: String(done.event_id) }) }
        : { ok: true, event: null, text: t(done.no_echo ? 'trigger.no_echo' : 'trigger.confirmed') };
    } catch (cause) {
      const unsure = cause instanceof ApiError && cause.code === 'confirmation_required';
      return { ok: false, event: null, text: refusal(cause), unsure };
    }
  }
}

/** What a trigger led to. */
export interface TriggerResult {
  ok: boolean;
  event: number | null;
  text: string;
  /** It is asked whether it is meant. */
  unsure?: boolean;
}

const REFUSALS: Record<string, string> = {
  camera_offline: 'trigger.offline', camera_refused: 'trigger.refused', camera_timeout: 'trigger.timeout',
  not_triggerable: 'trigger.not_triggerable', confirmation_required: 'trigger.unsure', camera_not_set_up: 'trigger.not_set_up',
};

function refusal(cause: unknown): string {
  if (!(cause instanceof ApiError)) return String(cause);
  const key = REFUSALS[cause.code];
  return key ? t(key) : cause.detail;
}
