import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { madeUpData } from '@cxr-align/testkit';

interface Left {
  /** Memory of JavaScript after a collection, array buffers included. */
  kiB: number;
  rssMiB: number;
  numTensors: number;
}

const program = fileURLToPath(new URL('programs/memory-of-trainings.mjs', import.meta.url));

/** Compiled code is the only thing that grows on purpose: the interpreter alone runs it, and throws none away. */
const flags = ['--expose-gc', '--no-opt', '--no-sparkplug', '--no-maglev', '--no-flush-bytecode'];

/** What each of some trainings in a process of their own leaves behind. */
function trainings(data: string, out: string, count: number, leaking: number): Left[] {
  const args = [...flags, program, data, out, String(count), String(leaking)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Left);
}

/** Growth by training, without the first ones that load what is loaded once. */
function growth(left: readonly Left[], from: number, to: number): number {
  return (left[to - 1].kiB - left[from - 1].kiB) / (to - from);
}

describe('trainings in one process', () => {
  it('leave tensors and memory as they were, where a leak of 256 KiB each is seen', async () => {
    const out = join(mkdtempSync(join(tmpdir(), 'memory-')), 'run');
    const left = trainings(await madeUpData(36), out, 7, 2);
    expect(new Set(left.map(({ numTensors }) => numTensors))).toEqual(new Set([0]));
    expect(growth(left, 3, 7)).toBeLessThan(100);
    expect(growth(left, 7, 9)).toBeGreaterThan(200);
    // What is outside JavaScript's heap: the pages of the wasm engine and of the image library.
    expect(left[6].rssMiB - left[2].rssMiB).toBeLessThan(150);
    expect(readdirSync(out)).toContain('evaluation.json');
  });
});
