import { defineConfig, type Options } from 'tsup';

/**
 * How every package is built: ESM, CommonJS and type declarations from `src/index.ts`.
 *
 * @param parts files of `src` that are built by themselves, too: to be imported as `package/part`, or run by a thread.
 * @param browser the package as one file for pages without a bundler, `dist/<file>.browser.js`, from `src/browser.ts`: a
 *   classic script that defines `global` and, where the package needs TensorFlow.js, uses the page's global `tf`.
 * @param after a command that makes more of `dist`.
 * @param bundle packages of this workspace whose code and types go into the build instead of being imported by it.
 * @param sharesState the parts share classes and registries, so that CommonJS, too, has what is common in one file.
 */
export function library({
  parts = [],
  bundle = [],
  browser,
  after,
  sharesState = false,
}: { parts?: string[]; bundle?: string[]; browser?: BrowserFile; after?: string; sharesState?: boolean } = {}) {
  const options: Options = {
    entry: ['index', ...parts].map((part) => `src/${part}.ts`),
    format: ['esm', 'cjs'],
    target: 'node20',
    // Without `paths` the types of bundled packages are found in their builds, and taken in.
    dts: { resolve: bundle, compilerOptions: { noEmit: false, types: ['node'], paths: {} } },
    noExternal: bundle,
    ...(sharesState && { splitting: true }),
    sourcemap: false,
    clean: ['!*.browser.js'],
    silent: true,
    shims: true,
    onSuccess: after,
    loader: { '.json': 'json' },
  };
  return defineConfig(browser ? [options, browserFile(browser)] : options);
}

interface BrowserFile {
  file: string;
  global: string;
}

function browserFile({ file, global }: BrowserFile): Options {
  return {
    entry: { [file]: 'src/browser.ts' },
    format: ['iife'],
    globalName: global,
    outExtension: () => ({ js: '.browser.js' }),
    target: 'es2022',
    platform: 'browser',
    noExternal: [/./],
    esbuildPlugins: [globalTensorflow],
    minify: true,
    silent: true,
    loader: { '.json': 'json' },
  };
}

/** Imports of tfjs-core become the global that the scripts of TensorFlow.js define. */
const globalTensorflow: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'global-tensorflow',
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({ path: 'tf', namespace: 'global-tensorflow' }));
    build.onLoad({ filter: /./, namespace: 'global-tensorflow' }, () => ({
      contents: `
        const tf = globalThis.tf;
        if (!tf) throw new Error('cxr-align: expected TensorFlow.js as the global tf, got none; load tf.min.js first');
        module.exports = tf;`,
    }));
  },
};
