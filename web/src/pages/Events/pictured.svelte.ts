// Whether the list keeps room for pictures.
import { pictureOf, type EventObject } from '../../lib/types';

/** True until rows are here, so that a site with pictures shifts nothing; then only if one of them has, or had, a picture. */
export function pictured(loaded: () => readonly { row: EventObject }[]): () => boolean {
  let seen = $state(false);
  $effect.pre(() => {
    if (!seen) seen = loaded().some(({ row }) => pictureOf(row).state !== 'none');
  });
  return () => seen || loaded().length === 0;
}
