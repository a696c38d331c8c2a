// What the browser fetches before Events can be used: fails over 150 KiB compressed. Run after `npm run build`.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LIMIT = 150 * 1024;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const manifest = JSON.parse(readFileSync(join(dist, '../node_modules/.vite/manifest.json'), 'utf8'));
/** The entry, and by name the chunks that Events is drawn with (see vite.config.ts). */
const named = (name) => Object.keys(manifest).find((key) => manifest[key].name === name) ?? missing(name);
const START = ['index.html', named('parts'), named('Events')];

function missing(name) {
  throw new Error(`the build has no chunk named ${name}`);
}

/** Files of a chunk and of what it imports at once. */
function files(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(key)) return [];
  seen.add(key);
  return [chunk.file, ...(chunk.css ?? []), ...(chunk.imports ?? []).flatMap((other) => files(other, seen))];
}

const wanted = new Set(['index.html', 'theme.js', 'favicon.svg', ...START.flatMap((key) => files(key))]);
let total = 0;
for (const file of [...wanted].sort()) {
  const path = join(dist, file);
  const bytes = statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size;
  total += bytes;
  console.log(`${(bytes / 1024).toFixed(1).padStart(7)} KiB  ${file}`);
}
console.log(`${(total / 1024).toFixed(1).padStart(7)} KiB  in all, compressed; limit ${LIMIT / 1024} KiB`);
if (total > LIMIT) process.exit(1);
