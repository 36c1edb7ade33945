import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  InputError,
  readSafetensors,
  sha256,
  writeFileAtomic,
  writeSafetensors,
  type StoredTensor,
  readJson,
} from '@cxr-align/files';
import type { Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { TrainingLoop } from './training.js';

type Values = Map<string, { shape: number[]; data: Float32Array }>;

/** Where the loop stands; random numbers need no state, they are keyed by seed, epoch and step. */
interface LoopState {
  configHash: string;
  epoch: number;
  best: number | null;
  bestEpoch: number;
  optimizerStep: number;
  averageSteps: number;
  /** What the weighting of the losses remembers. */
  weighting?: unknown;
  sha256: string;
}

const folderOf = (run: string): string => join(run, 'checkpoints');

/**
 * Writes `checkpoints/last.safetensors` and `last.json`: weights, balance, optimiser, averages, and where the loop
 * stands. A run that goes on from it continues bit for bit.
 */
export async function writeCheckpoint(
  run: string,
  configHash: string,
  parameters: Parameters,
  loop: TrainingLoop,
): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  const put = (prefix: string, values: Values): void =>
    values.forEach((value, name) => tensors.set(`${prefix}/${name}`, value));
  put('parameters', await parameters.values());
  for (const { name, variable } of loop.trained.filter((parameter) => parameter.name.startsWith('weighting/'))) {
    tensors.set(name, { shape: [...variable.shape], data: ((await variable.data()) as Float32Array).slice() });
  }
  const optimizer = await loop.optimizer.state();
  put('optimizer', optimizer.moments);
  const average = await loop.average.state();
  put('average', average.values);
  const bytes = writeSafetensors(tensors);
  writeFileAtomic(join(folderOf(run), 'last.safetensors'), bytes);
  const state: LoopState = {
    configHash,
    epoch: loop.epoch,
    best: Number.isFinite(loop.best) ? loop.best : null,
    bestEpoch: loop.bestEpoch,
    optimizerStep: optimizer.step,
    averageSteps: average.steps,
    weighting: loop.objective.weighting.state?.(),
    sha256: sha256(bytes),
  };
  writeFileAtomic(join(folderOf(run), 'last.json'), JSON.stringify(state));
}

/** The averaged weights of the best epoch so far. */
export function writeBest(run: string, values: Values): void {
  writeFileAtomic(join(folderOf(run), 'best.safetensors'), writeSafetensors(values));
}

/** The weights that {@link writeBest} wrote. */
export function readBest(run: string): Map<string, StoredTensor> {
  const file = join(folderOf(run), 'best.safetensors');
  return readSafetensors(readFileSync(file), file).tensors;
}

/** True if a run has a checkpoint to go on from. */
export function hasCheckpoint(run: string): boolean {
  return existsSync(join(folderOf(run), 'last.json'));
}

/** Puts a checkpoint back. @throws {InputError} if it is damaged or of another configuration. */
export function restoreCheckpoint(run: string, configHash: string, parameters: Parameters, loop: TrainingLoop): void {
  const file = join(folderOf(run), 'last.safetensors');
  const state = readJson(join(folderOf(run), 'last.json')) as LoopState;
  if (state.configHash !== configHash) {
    throw new InputError(
      'expected a checkpoint of the same configuration and data, got one of another; leave out --resume, or use another --out',
      { file: run },
    );
  }
  const bytes = readFileSync(file);
  if (sha256(bytes) !== state.sha256)
    throw new InputError(
      'expected the bytes that last.json has the hash of, got others; leave out --resume to start anew',
      { file },
    );
  const { tensors } = readSafetensors(bytes, file);
  const part = (prefix: string): Values =>
    new Map(
      [...tensors].flatMap(([name, value]) =>
        name.startsWith(`${prefix}/`)
          ? [[name.slice(prefix.length + 1), { shape: value.shape, data: Float32Array.from(value.data) }]]
          : [],
      ),
    );
  parameters.load(part('parameters'));
  for (const { name, variable } of loop.trained) {
    const stored = tensors.get(name);
    if (stored) tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(stored.data), stored.shape)));
  }
  loop.optimizer.restore({ step: state.optimizerStep, moments: part('optimizer') });
  loop.average.restore({ steps: state.averageSteps, values: part('average') });
  if (state.weighting !== undefined) loop.objective.weighting.restore?.(state.weighting);
  loop.epoch = state.epoch;
  loop.best = state.best ?? -Infinity;
  loop.bestEpoch = state.bestEpoch;
}
