import { basename } from 'node:path';
import { InputError } from '@cxr-align/files';
import type { Config } from '../config/config-schema.js';
import { writeCheckpoint, type Checkpoint } from '../loop/checkpoint.js';
import { learningRateAt, warmupSteps, type LearningRateConfig } from '../loop/learning-rate.js';
import type { EpochRecord } from '../loop/records.js';

/** How far a run has come. */
export interface Progressed {
  /** Epochs and steps that are done. */
  epoch: number;
  step: number;
  stepsPerEpoch: number;
  history: readonly EpochRecord[];
}

/** What of a configuration determines how long a training is. */
export type LengthConfig = LearningRateConfig & Pick<Config, 'patience'>;

/**
 * Checks that a run can continue with another number of epochs as if it had had that from the start: no step that is done would have had
 * another learning rate, and the training would not have ended before.
 *
 * @throws {InputError} naming the schedule, or the key that is in the way.
 */
export function checkTrainOn(
  run: string,
  { then, now, at }: { then: LengthConfig; now: LengthConfig; at: Progressed },
): void {
  const fail = (message: string): never => {
    throw new InputError(message, { file: run });
  };
  const { epoch, step, stepsPerEpoch } = at;
  if (step > now.epochs * stepsPerEpoch)
    fail(
      `expected epochs of ${Math.ceil(step / stepsPerEpoch)} or more, since so many are trained already, got ${now.epochs}; use another folder`,
    );
  const other = Array.from({ length: step }, (_, i) => i).find(
    (i) => learningRateAt(then, i, stepsPerEpoch) !== learningRateAt(now, i, stepsPerEpoch),
  );
  if (other !== undefined) fail(otherSteps(then, now, { other, stepsPerEpoch }));
  const ended = endByPatience(at.history, now.patience);
  if (ended !== undefined && (ended < epoch || step > ended * stepsPerEpoch))
    fail(
      `expected a patience with which the run would not have ended before epoch ${epoch}, got ${now.patience}, with which it would have ended after epoch ${ended}; use a larger one, or 0`,
    );
}

/** Why steps that are done would have been others, and what to do. */
function otherSteps(
  then: LengthConfig,
  now: LengthConfig,
  { other, stepsPerEpoch }: { other: number; stepsPerEpoch: number },
): string {
  const rate = (config: LengthConfig): string => learningRateAt(config, other, stepsPerEpoch).toPrecision(3);
  const warmup = warmupSteps(then, stepsPerEpoch);
  const keeps = now.schedule === 'warmup-constant' ? keepingWarmup(warmup, now.epochs * stepsPerEpoch) : undefined;
  const depends =
    keeps === undefined ? 'which follows the number of epochs' : 'whose warm-up is a share of all its epochs';
  const hint = [
    ...(keeps === undefined ? [] : [`set warmup=${keeps}, which is the ${warmup} steps that it had`]),
    'start a new run from the weights of this one (from)',
    `train ${now.epochs} epochs from the start in another folder`,
  ].join(', or ');
  return `expected a schedule that lets a run of ${then.epochs} epochs be trained on to ${now.epochs}, such as constant, got ${now.schedule}, ${depends}: step ${other + 1} had a learning rate of ${rate(then)} and would have had ${rate(now)}; ${hint}`;
}

/** The shortest share of all steps that is so many of them. */
function keepingWarmup(steps: number, all: number): number {
  const exact = steps / all;
  const short = [2, 3, 4, 5, 6].map((digits) => Number(exact.toPrecision(digits)));
  return short.find((share) => Math.round(share * all) === steps) ?? exact;
}

/** The epoch after which a training ends since validation has not become better for long; undefined where it continues. */
export function endByPatience(history: readonly EpochRecord[], patience: number): number | undefined {
  if (patience === 0) return undefined;
  let best = -Infinity;
  let bestEpoch = 0;
  for (const { epoch, validation } of history) {
    if (validation === null ? best === -Infinity : validation > best) {
      best = validation ?? best;
      bestEpoch = epoch;
    }
    if (epoch - bestEpoch >= patience) return epoch;
  }
  return undefined;
}

/** Writes a checkpoint anew, as one of a run of another length, and removes the others, which are of the former one. */
export function readdressCheckpoint(run: string, identity: string, checkpoint: Checkpoint, step: number): void {
  const { state, tensors, file } = checkpoint;
  const isWithin = state.sums !== undefined || state.unvalidated !== undefined;
  const written = writeCheckpoint(run, identity, { state, tensors }, isWithin ? step : undefined, { keepsOne: true });
  if (basename(written) !== basename(file)) throw new Error(`training: ${file} was written anew as ${written}`);
}
