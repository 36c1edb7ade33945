import { defineConfig } from 'tsup';

export default defineConfig({
  entry: [
    'src/main.ts',
    'src/phantom-worker.ts',
    'src/bootstrap-worker.ts',
    'src/decode-worker.ts',
    'src/feature-reader-worker.ts',
    'src/image-facts-worker.ts',
  ],
  format: ['esm'],
  target: 'node20',
  clean: true,
  silent: true,
  loader: { '.json': 'json' },
});
