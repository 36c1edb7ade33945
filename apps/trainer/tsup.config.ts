import { basename } from 'node:path';
import { defineConfig } from 'tsup';

export default defineConfig({
  // Threads are started from files beside the command.
  entry: Object.fromEntries(
    [
      'main',
      ...['phantom', 'bootstrap', 'decode', 'feature-reader', 'image-facts'].map((name) => `workers/${name}-worker`),
    ].map((path) => [basename(path), `src/${path}.ts`]),
  ),
  format: ['esm'],
  target: 'node20',
  clean: true,
  silent: true,
  loader: { '.json': 'json' },
});
