/** What the server sends: events, cameras, event types, pages. Unknown members are ignored. */

/** The ten families of event types, each with one colour and one glyph. */
export type Family =
  | 'motion'
  | 'person'
  | 'vehicle'
  | 'boundary'
  | 'object'
  | 'sound'
  | 'access'
  | 'alarm'
  | 'device'
  | 'custom';

/** Whether an event has a picture: none at all, on its way, there, or it never came. */
export type PictureState = 'none' | 'expected' | 'ready' | 'failed';

/** The small picture of an event. No `url` means no picture yet. */
export interface Thumb {
  url?: string;
  state?: PictureState;
}

/** An event as lists, items and the stream give it. Times are VXG's form: UTC, without a zone. */
export interface EventObject {
  id: number;
  camid: number;
  name: string;
  time: string;
  meta?: Record<string, string>;
  /** With `detail=detail`. */
  received_at?: string;
  /** With `detail=detail`: what it is sorted by; differs from `time` where that is unbelievable. */
  order_time?: string;
  uid?: string;
  thumb?: Thumb | null;
  picture?: PictureState;
}

export type CameraStatus = 'online' | 'quiet' | 'clock' | 'rejecting' | 'offline' | 'disabled';

/** A camera of `@cameras/`. */
export interface Camera {
  id: number;
  name: string;
  time_zone: string;
  status: CameraStatus;
  enabled: boolean;
  connection: 'agent' | 'http' | 'none';
  connected_since: string | null;
  vendor: string | null;
  model: string | null;
  firmware: string | null;
  /** Admins only. */
  address?: string | null;
  last_event: { id: number; name: string; time: string } | null;
  count_24h: number;
  /** 48 half hours, oldest first, the last one ends now. */
  sparkline: number[];
  /** Positive: the camera is ahead. Null: unknown. */
  skew_ms: number | null;
  skew_samples: number;
  /** 0: no limit. */
  quiet_after_s: number;
  rejected_24h: Record<string, number>;
  can_trigger: boolean;
  /** Only on a single camera that was removed; then nothing else is known of it. */
  removed?: boolean;
}

/** An event type of `@event-types/`: a name in use at the site. */
export interface EventType {
  name: string;
  label: Record<string, string>;
  family: Family;
  custom: boolean;
  count: number;
}

/** One page of a list. `next` and `previous` are path and query, null at the end. */
export interface Page<T> {
  meta: {
    limit: number;
    offset: number;
    next: string | null;
    previous: string | null;
    total_count: number;
  };
  objects: T[];
}

/** A list of `/api/admin/v1/`. */
export interface Objects<T> {
  objects: T[];
}

/** One bucket of the histogram; `time` is its start, RFC 3339 with the offset of the zone asked for. */
export interface Bucket {
  time: string;
  count: number;
  groups?: Record<string, number>;
}

/** The histogram's answer. */
export interface HistogramBody {
  meta: { bucket: number | string; tz: string; total_count: number };
  objects: Bucket[];
}

/** What a user of the page may be. */
export type Role = 'viewer' | 'operator' | 'admin';

/** Where an event's picture is and how it stands. The origin is dropped: this page asks only its own server. */
export function pictureOf(event: EventObject): { url: string | null; state: PictureState } {
  const given = event.thumb?.url ?? '';
  const state = event.picture ?? event.thumb?.state ?? (given ? 'ready' : 'none');
  if (state !== 'ready' || !given) return { url: null, state: state === 'ready' ? 'none' : state };
  try {
    const at = new URL(given, 'http://localhost');
    return /^https?:$/.test(at.protocol) ? { url: at.pathname + at.search, state } : { url: null, state: 'failed' };
  } catch {
    return { url: null, state: 'failed' };
  }
}
