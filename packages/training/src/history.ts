import { basename } from 'node:path';
import { JsonLines } from './json-lines.js';
import { epochRecord, gradientRecord } from './loop/loop-state.js';
import type { EpochRecord, GradientRecord } from './loop/records.js';
import { checkIfNamed, gradientsFile, historyFile } from './run-folder.js';

/** How a training went. */
export interface TrainingHistory {
  epochs: EpochRecord[];
  /** Steps whose gradients were recorded. */
  gradients: GradientRecord[];
}

/** Reads the histories of a run; they are empty where only its model is there. @throws {InputError} if a bit of one was changed. */
export function readHistory(run: string): TrainingHistory {
  for (const file of [historyFile(run), gradientsFile(run)]) checkIfNamed(run, basename(file));
  return {
    epochs: new JsonLines(historyFile(run), epochRecord).records(),
    gradients: new JsonLines(gradientsFile(run), gradientRecord).records(),
  };
}

/** The best epoch of a training, as the training chooses it; epoch 0 where none is finished. */
export function bestEpochOf(epochs: readonly EpochRecord[]): Pick<EpochRecord, 'epoch' | 'validation'> {
  let best: Pick<EpochRecord, 'epoch' | 'validation'> = { epoch: 0, validation: null };
  for (const { epoch, validation } of epochs)
    if (validation === null ? best.validation === null : validation > (best.validation ?? -Infinity))
      best = { epoch, validation };
  return best;
}
