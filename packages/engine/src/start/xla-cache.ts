import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cudaMachine } from './cuda-machine.js';
import type { NativeManifest } from './set-up-folder.js';

/** So many compiled functions are kept, the newest; a training has one or a few. */
const mostFiles = 200;

/**
 * The folder where XLA keeps what it has compiled, for later processes: one for each TensorFlow, processor, device, driver and
 * setting that the code depends on, since XLA itself compares the function alone.
 *
 * @param folder where that TensorFlow was set up.
 * @returns undefined where it cannot be written to, or where its path has a space or a quote, at which TensorFlow splits flags.
 */
export function xlaCacheFolder(
  folder: string,
  { kind, tensorflow }: Pick<NativeManifest, 'kind' | 'tensorflow'>,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const settings = [env.XLA_FLAGS, env.NVIDIA_TF32_OVERRIDE, env.TF_DETERMINISTIC_OPS];
  const machine = kind === 'gpu' ? cudaMachine() : {};
  const parts = [tensorflow, process.arch, cpus()[0]?.model, instructions(), machine, settings];
  const place = join(folder, 'xla', createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16));
  if (/[\s'"]/.test(place)) return undefined;
  try {
    mkdirSync(place, { recursive: true });
    accessSync(place, constants.W_OK);
    removeOldest(place);
    return place;
  } catch {
    return undefined;
  }
}

/** The instruction sets of the processor, where Linux lists them. */
function instructions(): string {
  const file = '/proc/cpuinfo';
  return (existsSync(file) && /^flags\s*: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1]) || '';
}

function removeOldest(place: string): void {
  const files = readdirSync(place).map((name) => join(place, name));
  if (files.length <= mostFiles) return;
  const byAge = files.map((file) => ({ file, time: statSync(file).mtimeMs })).sort((a, b) => b.time - a.time);
  for (const { file } of byAge.slice(mostFiles)) rmSync(file, { force: true });
}
