/** What the server sends: events, cameras, event types, pages. Unknown members are ignored. */
import type { components } from './api.gen';

/** A schema of the OpenAPI document. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** A schema as answers carry it: the document calls every member optional that may be null, yet all of them are always there. */
export type Told<T> = { [K in keyof T as null extends T[K] ? K : never]-?: Exclude<T[K], undefined> } & {
  [K in keyof T as null extends T[K] ? never : K]: T[K];
};

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

/** Where an event's picture is. No `url` means no picture yet. */
export type Thumb = Partial<Omit<Schema<'ThumbBody'>, 'state'>> & { state?: PictureState };

/** An event as lists, items and the stream give it. Times are VXG's form: UTC, without a zone. */
export type EventObject = Omit<Schema<'EventBody'>, 'picture' | 'thumb'> & { thumb?: Thumb | null; picture?: PictureState };

export type CameraStatus = Schema<'StatusBody'>;

/** A camera of `@cameras/`. */
export type Camera = Omit<Told<Schema<'SiteCamera'>>, 'address' | 'connected_from' | 'device' | 'rejected_24h'> & {
  /** Admins only. */
  address?: string | null;
  /** Admins only. */
  connected_from?: string | null;
  /** Admins only. */
  device?: Told<Schema<'DeviceBody'>> | null;
  rejected_24h: Record<string, number>;
  /** Only on a single camera that was removed; then nothing else is known of it but id and name. */
  removed?: boolean;
};

/** A delivery of a camera that was not understood, as it came. */
export type Delivery = Told<Schema<'DeliveryBody'>>;

/** An event type of `@event-types/`: a name in use at the site. */
export type EventType = Omit<Schema<'SiteType'>, 'family' | 'label'> & { family: Family; label: Record<string, string> };

/** One page of a list. `next` and `previous` are path and query, null at the end. */
export interface Page<T> {
  meta: Told<Schema<'EnvelopeMeta'>>;
  objects: T[];
}

/** A list of `/api/admin/v1/`. */
export interface Objects<T> {
  objects: T[];
}

/** One bucket of the histogram; `time` is its start, RFC 3339 with the offset of the zone asked for. */
export type Bucket = Schema<'BucketBody'>;

/** The histogram's answer. */
export type HistogramBody = Schema<'HistogramBody'>;

/** What a user of the page may be. */
export type Role = Schema<'RoleWord'>;

/** An event's picture: `url` small, for lists and the drawer, `full` as it was sent; null while there is none to show. */
export interface EventPicture {
  url: string | null;
  full: string | null;
  state: PictureState;
}

/** Where an event's picture is and how it stands. The origin is dropped: this page asks only its own server. */
export function pictureOf(event: EventObject): EventPicture {
  const given = event.thumb?.url ?? '';
  const state = event.picture ?? event.thumb?.state ?? (given ? 'ready' : 'none');
  if (state !== 'ready' || !given) return { url: null, full: null, state: state === 'ready' ? 'none' : state };
  const url = ownPath(given);
  if (url === null) return { url, full: null, state: 'failed' };
  return { url, full: ownPath(event.thumb?.full_url ?? '') ?? url, state };
}

/** Path and query of an address, or null if it is none. */
function ownPath(address: string): string | null {
  if (!address) return null;
  try {
    const at = new URL(address, 'http://localhost');
    return /^https?:$/.test(at.protocol) ? at.pathname + at.search : null;
  } catch {
    return null;
  }
}
