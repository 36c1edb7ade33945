import type { Plugin } from 'esbuild';

/**
 * For `dist/classifier.browser.js`: packages of this workspace and zod are taken into the bundle, all others are left outside, and an import of
 * one that nothing uses is dropped. What remains is `@tensorflow/tfjs-core`: a test holds that.
 */
export const browserBundle: Plugin = {
  name: 'browser-bundle',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || /^(@cxr-align\/|zod(\/|$))/.test(path)
        ? undefined
        : { path, external: true, sideEffects: false },
    );
  },
};
