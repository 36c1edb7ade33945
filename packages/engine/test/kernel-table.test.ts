import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kernel } from '../assembly/call.js';
import { nativeFusedOps } from '../src/kernels/tensorflow/fused-ops.js';
import { overriddenKernels } from '../src/kernels/tensorflow/kernel-overrides.js';
import { nativeOps } from '../src/kernels/tensorflow/native-ops.js';
import { startEngine } from '../src/index.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = readFileSync(join(root, 'apps', 'docs', 'reference', 'kernels.md'), 'utf8');

/** The rows of the table of a section: the names in the first cell, and all cells. */
function rowsOf(section: string): { names: string[]; cells: string[] }[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`));
  if (!text) throw new Error(`no section ${section}`);
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => ({ names: [...cells[0].matchAll(/`([^`]+)`/g)].map(([, name]) => name), cells }));
}
const namesOf = (section: string): string[] =>
  rowsOf(section)
    .flatMap(({ names }) => names)
    .sort();

describe('the table of kernels (apps/docs/reference/kernels.md)', () => {
  it('names every kernel that is registered, and no other', async () => {
    const wasm = (await startEngine('wasm')).describe();
    expect(namesOf('TensorFlow.js kernels on wasm')).toEqual([...wasm.replacedKernels].sort());
    expect(namesOf('WebAssembly kernels')).toEqual(
      Object.keys(Kernel)
        .filter((name) => Number.isNaN(Number(name)))
        .sort(),
    );
    expect(namesOf('Native operations')).toEqual(Object.keys(nativeOps).sort());
    expect(namesOf('TensorFlow.js kernels on TensorFlow')).toEqual([...overriddenKernels].sort());
  });
  it('names every fused operation, under the engines that have it', async () => {
    const rows = rowsOf('Fused operations');
    const onEngine = (column: number): string[] =>
      rows
        .filter(({ cells }) => cells[column].trim() !== '–')
        .flatMap(({ names }) => names)
        .sort();
    const wasm = (await startEngine('wasm')).describe();
    expect(onEngine(2)).toEqual([...wasm.fusedOps]);
    const register = readFileSync(new URL('../src/kernels/tensorflow/register.ts', import.meta.url), 'utf8');
    const body = register.slice(register.indexOf('registerKernelOverrides('));
    const registered = body.match(/\b(adamW|dropoutMask|matMulTransposeB|reluGradient|stepCapture)\b/g)!;
    const all = new Set([...registered, ...Object.keys(nativeFusedOps)]);
    expect([...new Set([...onEngine(3), ...onEngine(4)])].sort()).toEqual([...all].sort());
  });
  it('points to files and tests that exist', () => {
    const paths = [...page.matchAll(/`((?:engine|nn)\/[\w/.-]+)`/g)].map(([, path]) => path);
    expect(paths.length).toBeGreaterThan(80);
    for (const path of paths) expect([path, existsSync(join(root, 'packages', path))]).toEqual([path, true]);
    for (const { cells, names } of [...rowsOf('WebAssembly kernels'), ...rowsOf('Native operations')]) {
      const source = readFileSync(join(root, 'packages', /`([^`]+)`/.exec(cells[2])![1]), 'utf8');
      for (const name of names) expect([name, source.includes(name)]).toEqual([name, true]);
    }
  });
});
