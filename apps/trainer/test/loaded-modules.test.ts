import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { madeUpData } from '@cxr-align/testkit';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const bin = path('../bin/cxr-align.js');
const recorder = path('../../../tools/testkit/record-modules.mjs');

/** The packages whose modules the built command loads, and how many modules it loads in all. */
function loadedBy(...args: string[]): { packages: Set<string>; modules: number } {
  const file = join(mkdtempSync(join(tmpdir(), 'loaded-')), 'modules.txt');
  const { status, stderr } = spawnSync(process.execPath, ['--import', recorder, bin, ...args], {
    encoding: 'utf8',
    env: { ...process.env, RECORDED_MODULES: file },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
  const modules = [...new Set(readFileSync(file, 'utf8').trim().split('\n'))];
  const packageOf = (module: string): string =>
    /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ??
    /\/((?:packages|apps)\/[^/]+)\//.exec(module)?.[1] ??
    module;
  return { packages: new Set(modules.map(packageOf)), modules: modules.length };
}

/** Those of some packages that were loaded. */
const among = ({ packages }: { packages: Set<string> }, names: RegExp): string[] =>
  [...packages].filter((name) => names.test(name)).sort();

describe('what a command loads', () => {
  it.each([['--help'], ['--version']])(
    '%s: the list of commands and yargs, no package that computes or reads',
    (flag) => {
      const loaded = loadedBy(flag);
      expect(among(loaded, /^(apps|packages)\//)).toEqual(['apps/trainer', 'packages/files']);
      expect(among(loaded, /tensorflow|sharp|onnx|parquet|zod|yaml|piscina|graphology/)).toEqual([]);
      // yargs and what it needs is half of them.
      expect(loaded.modules).toBeLessThan(80);
    },
  );
  it('doctor: engines, no reader and no decoder', () => {
    const loaded = loadedBy('doctor');
    expect(among(loaded, /^packages\//)).toEqual(['packages/engine', 'packages/files', 'packages/fused-ops']);
    expect(among(loaded, /sharp|onnx|parquet|zod|yaml|piscina|graphology/)).toEqual([]);
  });
  it('data describe of a table: no decoder, no backend, no ONNX Runtime, nothing that unpacks Parquet or reads XML', async () => {
    const loaded = loadedBy('data', 'describe', '--data', await madeUpData(12));
    expect(among(loaded, /sharp|onnxruntime|tfjs-(backend|layers|converter)/)).toEqual([]);
    expect(among(loaded, /hyparquet-compressors|hysnappy|fast-xml-parser/)).toEqual([]);
  });
});
