// Writes name.br and name.gz beside each text file of dist, so that the server never compresses.
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = /\.(html|js|css|svg|json|txt)$/;
/** Under this size the headers cost more than is saved. */
const WORTH_BYTES = 512;

/** The Vite plugin: runs once the bundle and `public/` are on disk. */
export function compressed() {
  let dist = '';
  return {
    name: 'compressed',
    /** @type {'build'} */
    apply: 'build',
    /** @param {{ root: string, build: { outDir: string } }} config */
    configResolved(config) {
      dist = join(config.root, config.build.outDir);
    },
    async closeBundle() {
      const cache = join(dist, '../node_modules/.vite');
      await mkdir(cache, { recursive: true });
      await rename(join(dist, '.vite/manifest.json'), join(cache, 'manifest.json')).catch(() => {});
      await rm(join(dist, '.vite'), { recursive: true, force: true });
      for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !TEXT.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const bytes = await readFile(file);
        if (bytes.length < WORTH_BYTES) continue;
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        await writeFile(`${file}.br`, brotliCompressSync(bytes, { params }));
        await writeFile(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
