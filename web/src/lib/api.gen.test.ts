// @vitest-environment node
// The generated types are those of the document as it is.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generate, TARGET } from '../../scripts/types.mjs';

it('api.gen.ts is up to date: else run `npm run types`', async () => {
  expect(readFileSync(TARGET, 'utf8') === (await generate())).toBe(true);
});
