import { defineConfig, type Options } from 'tsup';

/**
 * How every package is built: ESM, CommonJS and type declarations from `src/index.ts`.
 *
 * @param parts files of `src` that are built by themselves, too: to be imported as `package/part`, or run by a thread.
 * @param after a command that makes more of `dist`.
 * @param bundle packages of this workspace whose code and types go into the build instead of being imported by it.
 */
export function library({
  parts = [],
  bundle = [],
  after,
}: { parts?: string[]; bundle?: string[]; after?: string } = {}) {
  const options: Options = {
    entry: ['index', ...parts].map((part) => `src/${part}.ts`),
    format: ['esm', 'cjs'],
    target: 'node20',
    // Without `paths` the types of bundled packages are found in their builds, and taken in.
    dts: { resolve: bundle, compilerOptions: { noEmit: false, types: ['node'], paths: {} } },
    noExternal: bundle,
    sourcemap: false,
    clean: true,
    silent: true,
    shims: true,
    onSuccess: after,
    loader: { '.json': 'json' },
  };
  return defineConfig(options);
}
