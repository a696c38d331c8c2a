import type { Schema } from '../../lib/types';

/** How an event type is triggered over HTTP, as the server tells and takes it. */
export type Recipe = Schema<'RecipeBody'>;
type Message = Schema<'MessageBody'>;

/** The kinds of recipes, the likeliest first. */
export const KINDS: readonly Recipe['kind'][] = [
  'axis_virtual_input', 'axis_output', 'hikvision_output', 'dahua_output', 'onvif_relay', 'generic',
];

/** What the dialog's fields hold. */
export interface Fields {
  kind: Recipe['kind'];
  output: string;
  relay: string;
  method: string;
  path: string;
  body: string;
  bodyType: string;
  releasePath: string;
  seconds: string;
  confirm: boolean;
  echo: string;
  store: boolean;
}

/** Whether something physical may hang on it, so that a trigger should be meant. */
export const isPhysical = (kind: Recipe['kind']) => kind !== 'axis_virtual_input' && kind !== 'generic';

/** The fields for a recipe, or for a new one. */
export function fieldsOf(recipe: Recipe | null): Fields {
  const kind = recipe?.kind ?? 'axis_virtual_input';
  return {
    kind,
    output: String(recipe?.output ?? 1),
    relay: recipe?.relay ?? '',
    method: recipe?.request?.method ?? 'GET',
    path: recipe?.request?.path ?? '/',
    body: recipe?.request?.body ?? '',
    bodyType: recipe?.request?.body_type ?? 'json',
    releasePath: recipe?.release?.path ?? '',
    seconds: String((recipe?.hold_ms ?? 5_000) / 1000),
    confirm: recipe?.confirm ?? isPhysical(kind),
    echo: recipe?.echo_event ?? '',
    store: recipe?.no_echo === 'store',
  };
}

/** The recipe that the fields mean. What they do not show stays as it was in `before`. */
export function recipeOf(fields: Fields, before: Recipe | null): Recipe {
  const same = before?.kind === fields.kind ? before : null;
  const recipe: Recipe = {
    kind: fields.kind,
    confirm: fields.confirm,
    echo_event: fields.echo.trim() || null,
    echo_wait_ms: before?.echo_wait_ms ?? null,
    no_echo: fields.store ? 'store' : 'report',
  };
  const hold = Math.round(Number(fields.seconds || 0) * 1000);
  if (fields.kind !== 'generic') {
    recipe.hold_ms = hold;
    if (fields.kind === 'onvif_relay') {
      recipe.relay = fields.relay.trim();
      if (same?.path) recipe.path = same.path;
    } else {
      recipe.output = Math.round(Number(fields.output || 0));
    }
    return recipe;
  }
  const message = (kept: Message | null | undefined, method: string, path: string): Message => ({ ...kept, method, path: path.trim() });
  recipe.request = {
    ...message(same?.request, fields.method, fields.path), body: fields.body, body_type: fields.bodyType as NonNullable<Message['body_type']>,
  };
  if (fields.releasePath.trim()) {
    recipe.release = message(same?.release, same?.release?.method ?? fields.method, fields.releasePath);
    recipe.hold_ms = hold;
  }
  return recipe;
}
