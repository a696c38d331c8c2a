import { expect, it } from 'vitest';
import { KINDS, fieldsOf, recipeOf, type Recipe } from './recipe';

const rest = { confirm: true, echo_event: null, echo_wait_ms: 10_000, no_echo: 'report' as const };

it('shows a recipe and gives it back as it was', () => {
  const recipes: Recipe[] = [
    { kind: 'axis_virtual_input', output: 3, hold_ms: 1_500, ...rest, confirm: false },
    { kind: 'dahua_output', output: 1, hold_ms: 5_000, ...rest, echo_event: 'digital_output', no_echo: 'store' },
    { kind: 'onvif_relay', relay: 'R1', path: '/onvif/io', hold_ms: 5_000, ...rest },
    {
      kind: 'generic', hold_ms: 2_000, ...rest,
      request: { method: 'POST', path: '/on', headers: { 'X-A': 'b' }, body: '{}', body_type: 'json' },
      release: { method: 'DELETE', path: '/off', headers: {}, body_type: 'json' },
    },
  ];
  for (const recipe of recipes) expect(recipeOf(fieldsOf(recipe), recipe)).toEqual(recipe);
});

it('has nothing of another kind', () => {
  const before: Recipe = { kind: 'onvif_relay', relay: 'R1', path: '/onvif/io', hold_ms: 5_000, ...rest };
  for (const kind of KINDS) {
    const recipe = recipeOf({ ...fieldsOf(before), kind }, before);
    expect('request' in recipe, kind).toBe(kind === 'generic');
    expect('relay' in recipe, kind).toBe(kind === 'onvif_relay');
    expect('hold_ms' in recipe, kind).toBe(kind !== 'generic');
  }
});
