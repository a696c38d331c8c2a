// Screenshots of every page, light, dark and phone, into ./shots: npm run shots. Playwright runs it, since it reads TypeScript.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const here = import.meta.dirname;
const done = spawnSync(process.execPath, [join(here, 'node_modules/@playwright/test/cli.js'), 'test', '--config', join(here, 'shots.config.ts'), ...process.argv.slice(2)], {
  cwd: here,
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
