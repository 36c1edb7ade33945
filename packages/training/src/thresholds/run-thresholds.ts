import { describeThresholds, type ModelThresholds, type ThresholdChange } from '@cxr-align/classifier';
import { readTrainedModel } from '../config/config.js';
import { readValidation } from '../evaluate/predictions-file.js';

/** The thresholds of a run. */
export interface RunThresholds extends ModelThresholds {
  run: string;
  /** The change that was just made; null where nothing changed. */
  changed?: ThresholdChange | null;
  /** Labels whose thresholds stayed though a rule was for them, and why. */
  left?: Record<string, string>;
}

/**
 * The thresholds that a trained run decides by, what they find on its validation images, and what was changed since the training.
 *
 * @throws {InputError} if it is no trained run.
 */
export async function runThresholds(run: string): Promise<RunThresholds> {
  const stored = readTrainedModel(run);
  return { run, ...describeThresholds({ stored, validation: await readValidation(run) }) };
}
