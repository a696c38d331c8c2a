/** The ten families of event types, and what an event's name is called. The server's word wins over this table. */

import { directory } from './directory.svelte';
import { safe } from './format';
import { lang, t } from './i18n.svelte';
import type { Family } from './types';

export type { Family } from './types';

/** In stack order, bottom to top. */
export const FAMILIES: readonly Family[] = [
  'motion',
  'person',
  'vehicle',
  'boundary',
  'object',
  'sound',
  'access',
  'alarm',
  'device',
  'custom',
];

/** Names by family, for the time before `@event-types/` is there and for a server that does not say. */
const NAMES: Record<Family, string> = {
  motion: 'motion pir',
  person: 'person face face_detection facedetection crowd crowd_detection loitering',
  vehicle: 'vehicle license_plate plate_recognition vehicle_stopped_detection',
  boundary: 'line_crossing linecross intrusion region_enter region_exit',
  object: 'object object_left object_removed package animal counting object_and_scene_detection',
  sound: 'sound audio',
  access: 'access doorbell digital_input digital_output',
  alarm: 'tamper fire temperature scene_change defocus image_quality video_loss',
  device: 'net network wifi memorycard storage record snapshot qos-report',
  custom: '',
};

const FALLBACK = new Map<string, Family>(
  FAMILIES.flatMap((family) => NAMES[family].split(' ').map((name): [string, Family] => [name, family])),
);

function isFamily(word: string): word is Family {
  return (FAMILIES as readonly string[]).includes(word);
}

/** The family of an event type's name; `custom` for one nobody knows. */
export function familyOf(name: string): Family {
  const said = directory.types.get(name)?.family;
  return said && isFamily(said) ? said : (FALLBACK.get(name) ?? 'custom');
}

/** What people call an event type, in the language on screen; its name where there is no word for it. */
export function labelOf(name: string): string {
  const label = directory.types.get(name)?.label;
  return safe(label?.[lang()] || label?.en || name);
}

/** What people call a family. */
export function familyLabel(family: Family): string {
  return t(`events_common.family_${family}`);
}

/** All names of a family that are known, in use first: what `family:person` stands for. */
export function namesOf(family: Family): string[] {
  const used = [...directory.types.values()].filter((type) => familyOf(type.name) === family).map((type) => type.name);
  return used.length > 0 ? used : NAMES[family].split(' ').filter((name) => name && familyOf(name) === family);
}
