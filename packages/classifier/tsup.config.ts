import { defineConfig } from 'tsup';
import { library } from '../../tools/scripts/tsup-library';
import { browserBundle } from './browser-bundle';

export default [
  library({ parts: ['browser'] }),
  defineConfig({
    entry: { 'classifier.browser': 'src/browser.ts' },
    format: ['esm'],
    // One file: what is loaded only when it is needed, and not used here, would become a second one.
    splitting: false,
    target: 'es2022',
    platform: 'browser',
    noExternal: [/./],
    esbuildPlugins: [browserBundle],
    silent: true,
    loader: { '.json': 'json' },
  }),
];
