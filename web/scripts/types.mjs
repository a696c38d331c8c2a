// `npm run types`: writes src/lib/api.gen.ts from the server's OpenAPI document.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapi, { astToString } from 'openapi-typescript';

const DOCUMENT = fileURLToPath(new URL('../../data/openapi.json', import.meta.url));
export const TARGET = fileURLToPath(new URL('../src/lib/api.gen.ts', import.meta.url));

const HEAD = '// Made by `npm run types` from the OpenAPI document; not to be edited.\n';

/** The schemas of the document as TypeScript. Paths are left out: the page names its own. */
export async function generate() {
  const { paths: _, ...document } = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
  const nodes = await openapi({ ...document, paths: {} }, { alphabetize: true, exportType: true });
  const text = astToString(nodes).replace(/\/\*\*\s+\* This file was auto-generated[\s\S]*?\*\/\s*/, '');
  return HEAD + text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, await generate());
