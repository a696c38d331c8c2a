// The filters as chips: one per parameter, its values in words.
import { cameraName } from '../../lib/directory.svelte';
import { safe } from '../../lib/format';
import { t } from '../../lib/i18n.svelte';
import { typeText } from '../../lib/known.svelte';
import type { Filters } from '../../lib/url';
import { rangeText } from '../../lib/range-text';

export type ChipKind = 'camera' | 'type' | 'tag' | 'notag' | 'picture' | 'range';

/** A chip: `word` is its parameter, `value` what it is set to. */
export interface Chip {
  kind: ChipKind;
  /** The name that its buttons carry. */
  name: string;
  word: string;
  value: string;
  /** How many values there are besides. */
  more: number;
  removable: boolean;
}

/** Names of the chips that can be added, in the order of the menu. */
export const ADDABLE = ['camera', 'type', 'tag', 'notag', 'picture'] as const;

/** As many names as fit into a chip; the rest is a number of its own, which is never cut. */
const CHARACTERS = 20;

function few(names: string[]): { value: string; more: number } {
  const [first = '', second = ''] = names.map((name) => safe(name, 40));
  const both = names.length > 1 && first.length + second.length <= CHARACTERS;
  const shown = both ? 2 : Math.min(1, names.length);
  return { value: both ? `${first}, ${second}` : first, more: names.length - shown };
}

/** The chips of these filters; the range is one of them on a phone only. */
export function chipsOf(f: Filters, phone: boolean, zone: string): Chip[] {
  const chips: Chip[] = [];
  const put = (kind: ChipKind, value: string, word = t(`events.chip_${kind}`), removable = true, more = 0): void => {
    chips.push({ kind, name: t(`events.chip_${kind}`), word, value, more, removable });
  };
  const list = (kind: ChipKind, names: string[]): void => {
    const { value, more } = few(names);
    if (names.length > 0) put(kind, value, undefined, true, more);
  };
  if (phone) {
    if (f.last === null) put('range', rangeText(f.from, f.to, zone), '', true);
    else if (f.last === 'all') put('range', t('events.last_all'), '', true);
    else put('range', t(`events.short_${f.last}`), t('events.chipLast'), f.last !== '24h');
  }
  list('camera', f.cameras.map(cameraName));
  list('type', f.types.map(typeText));
  list('tag', f.tags);
  list('notag', f.notags);
  if (f.picture !== null) put('picture', t('events.picture'), t(f.picture ? 'events.hasPicture' : 'events.noPicture'));
  return chips;
}

/** The filters without one chip. */
export function without(f: Filters, kind: ChipKind): Filters {
  switch (kind) {
    case 'camera':
      return { ...f, cameras: [] };
    case 'type':
      return { ...f, types: [] };
    case 'tag':
      return { ...f, tags: [] };
    case 'notag':
      return { ...f, notags: [] };
    case 'picture':
      return { ...f, picture: null };
    case 'range':
      return { ...f, last: '24h', from: null, to: null };
  }
}
