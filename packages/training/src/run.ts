import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openPredictor, type ImageSource, type OpenPredictorOptions, type Predictor } from '@cxr-align/classifier';
import { InputError } from '@cxr-align/files';
import type { EvaluatedRun } from './evaluate/evaluated-model.js';
import { evaluateRun, type EvaluateRunOptions } from './evaluate/evaluate-run.js';
import type { OpenedDataset } from './inputs/prepare-data.js';

/** A run folder with a trained model. */
export class Run {
  /** @param data the data set that it was trained on, where that is open. */
  constructor(
    readonly path: string,
    private readonly data?: OpenedDataset,
  ) {}

  /**
   * Evaluates the run, by default on the data set that it was trained on. Nothing is written unless `out` is given.
   *
   * @throws {TypeError} if neither this call nor the training has a data set.
   */
  async evaluate({
    data = this.data,
    ...options
  }: Omit<EvaluateRunOptions, 'run' | 'data'> & { data?: OpenedDataset } = {}): Promise<
    EvaluatedRun & { folder?: string }
  > {
    if (data === undefined)
      throw new TypeError(
        'training/Run.evaluate: expected the option data, got none; pass { data: await openDataset(…) }',
      );
    return evaluateRun({ ...options, run: this.path, data });
  }

  /**
   * Opens the model to predict single images: paths, bytes or pixels. The caller disposes it.
   *
   * @throws {InputError} if the run's frozen encoder is not where it was and none is given.
   */
  async predictor(options: OpenPredictorOptions = {}): Promise<Predictor<ImageSource>> {
    return openPredictor(this.path, options);
  }
}

/** What came out of a training, beside the evaluation. */
export interface TrainingSummary {
  /** False for a run that was resumed though nothing of it was missing. */
  isNew: boolean;
  bestEpoch: number;
  /** Macro AUROC on validation at the best epoch; null where it is undefined. */
  validation: number | null;
  /** Trained numbers of the model. */
  parameters: number;
  /** Of these, those that turn the frozen texts into prompts. */
  promptParameters: number;
  seconds: number;
  /** Share of the steps' time in which they waited for their batch, in [0, 1]. */
  dataWaitShare: number;
}

/** A run that has just been trained, with the evaluation of its last split. */
export type TrainedRun = Run & EvaluatedRun & TrainingSummary;

/** The results of a training as a run that can be evaluated further. */
export function trainedRun(data: OpenedDataset, result: EvaluatedRun & TrainingSummary): TrainedRun {
  return Object.assign(new Run(result.run, data), result);
}

/** Opens a run folder. @throws {InputError} if it holds no trained model. */
export function loadRun(path: string): Run {
  if (!existsSync(join(path, 'model', 'model.safetensors')))
    throw new InputError('expected a trained run with model/model.safetensors, got none; train it first', {
      file: path,
    });
  return new Run(path);
}
