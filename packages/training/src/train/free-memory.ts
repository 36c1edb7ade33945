import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { InputDescription } from '@cxr-align/classifier';
import type { EngineName } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
import type { TrainingLoop } from '../loop/training.js';

/** Bytes that the training of the smallest model takes beside its inputs: measured are 200 to 250 MiB. */
const smallest = 256 * 2 ** 20;
/** Weights, gradients, two moments of the optimiser, and the average: five float32 numbers of each parameter. */
const bytesOfParameter = 20;

/** Numbers of the inputs of a batch from which on what a step takes is measured before the first: smaller ones fit anywhere. */
const largeInputs = 2 ** 18;

/**
 * Refuses a training before it starts where memory cannot hold it: a process that takes more than its container has is killed
 * without a word. What a step takes is measured on a few images where the batch is large.
 *
 * @param stepBytes what the tensors of a step take beside the weights.
 * @param availableBytes what the machine, or the container that this process runs in, has left.
 * @throws {InputError} with the size that is needed at least.
 */
export function refuseLittleMemory(
  { parameters, stepBytes = 0 }: { parameters: number; stepBytes?: number },
  availableBytes = availableMemory(),
): void {
  const needed = smallest + bytesOfParameter * parameters + stepBytes;
  if (availableBytes >= needed) return;
  const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  const isStep = stepBytes > 2 ** 20;
  throw new InputError(
    `expected at least ${mib(needed)} of free memory to train ${parameters} parameters${isStep ? `, ${mib(stepBytes)} of them for a step` : ''}, got ${mib(availableBytes)}; ${isStep ? 'lower batchSize, and raise accumulation as much' : 'use a smaller model'}, end other programs, or give the container more`,
  );
}

/** Bytes that are free for this process. A container's use counts files that were read, too, which the kernel drops when it has to. */
function availableMemory(): number {
  const limit = process.constrainedMemory();
  return process.availableMemory() + (limit > 0 && limit < totalmem() ? cachedFileBytes() : 0);
}

/**
 * Bytes of files that the memory of this process's control group holds and can drop.
 *
 * @param read the text of a file; throws where there is none.
 */
export function cachedFileBytes(read: (path: string) => string = (path) => readFileSync(path, 'utf8')): number {
  try {
    const [, path = '/'] = /^0::(.*)$/m.exec(read('/proc/self/cgroup')) ?? [];
    for (const place of new Set([path, '/'])) {
      try {
        return Number(/^inactive_file (\d+)$/m.exec(read(join('/sys/fs/cgroup', place, 'memory.stat')))?.[1] ?? 0);
      } catch {
        // In a container the path is that of the machine.
      }
    }
  } catch {
    // Not on Linux.
  }
  return 0;
}

/** What a step takes of this machine's memory, where that may be much; 0 on a GPU, which has its own. */
export async function stepBytesOf(
  loop: TrainingLoop,
  { engine, input, batchSize }: { engine: EngineName; input: InputDescription; batchSize: number },
): Promise<number> {
  const isOnGpu = engine === 'cuda' || engine === 'webgpu';
  return isOnGpu || batchSize * numbersOf(input) < largeInputs ? 0 : loop.bytesOfStep();
}

/** Numbers of an input. */
function numbersOf(input: InputDescription): number {
  if (input.kind === 'image') return input.size ** 2;
  return input.grid ** 2 * input.dim + (input.images ? numbersOf(input.images) : 0);
}
