/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { compressed } from './scripts/compress.mjs';

const backend = process.env['WP_BACKEND'] ?? 'http://127.0.0.1:8080';
const toServer = { target: backend, changeOrigin: false };
const paths = ['/api', '/readyz', '/healthz', '/metrics', '/docs'];

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), compressed()],
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  build: {
    target: 'es2022',
    // The Content-Security-Policy knows no inline script, and every browser we serve preloads modules itself.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // Read by `npm run size`, which is why compress.mjs moves it out of dist.
    manifest: true,
    // Few files rather than many: on plain HTTP/1.1 a browser fetches six at a time.
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'core', test: /node_modules[\\/](svelte|esm-env|clsx|@sveltejs)|src[\\/](lib|locale[\\/]en|router)|\0/, priority: 30 },
            { name: 'chart', test: /uplot|parts[\\/][Hh]istogram/i, priority: 30 },
            { name: 'parts', test: /src[\\/]parts/, priority: 20 },
            { debugName: 'pages', name: (id: string) => /src[\\/]pages[\\/](\w+)/.exec(id)?.[1] ?? null, priority: 10 },
          ],
        },
      },
    },
  },
  server: { host: '127.0.0.1', proxy: Object.fromEntries(paths.map((path) => [path, toServer])) },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'], setupFiles: ['src/test-setup.ts'] },
}));
