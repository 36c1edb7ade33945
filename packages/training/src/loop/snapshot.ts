import type { Parameters, StepCaptureReport } from '@cxr-align/nn';
import type { StoredTensor } from '@cxr-align/files';
import * as tf from '@tensorflow/tfjs-core';
import { refuseNonFinite } from './bad-step.js';
import type { EpochRecord, EpochSums, GradientRecord, Values } from './records.js';
import type { TrainingLoop } from './training.js';
import type { ThresholdState } from './unlabelled/pseudo-labels.js';

/** Where a loop stands beside its arrays; random numbers need no state, they are keyed by seed, epoch and step. */
export interface LoopState {
  epoch: number;
  best: number | null;
  bestEpoch: number;
  /** Which arrays are the best weights: those of this moment are not kept twice. */
  bestIs: 'none' | 'parameters' | 'average' | 'best';
  sums?: EpochSums;
  unvalidated?: EpochRecord;
  history: EpochRecord[];
  gradients: GradientRecord[];
  /** Steps that were skipped since their numbers were NaN or infinite; absent where none were. */
  skippedSteps?: number;
  optimizerStep: number;
  averageSteps: number;
  /** What the weighting of the losses remembers. */
  weighting?: unknown;
  /** The thresholds of pseudo-labels; absent where there are none. */
  pseudoLabels?: ThresholdState;
  captured: StepCaptureReport;
}

/** All that a loop needs to continue: between two steps, or before a validation. */
export interface Snapshot {
  state: LoopState;
  tensors: Map<string, StoredTensor>;
}

/** Copies the state of a loop. @throws {NonFiniteError} if a number of it is NaN or infinite: it is no state to go back to. */
export async function takeSnapshot(parameters: Parameters, loop: TrainingLoop): Promise<Snapshot> {
  const tensors = new Map<string, StoredTensor>();
  const put = (prefix: string, values: Values): void =>
    values.forEach((value, name) => tensors.set(`${prefix}/${name}`, value));
  put('parameters', await parameters.values());
  for (const { name, variable } of balanceOf(loop))
    tensors.set(name, { shape: [...variable.shape], data: ((await variable.data()) as Float32Array).slice() });
  const optimizer = await loop.optimizer.state();
  put('optimizer', optimizer.moments);
  const average = await loop.average.state();
  put('average', average.values);
  const bestIs = placeOfBest(loop, average.values.size > 0);
  if (bestIs === 'best') put('best', loop.bestWeights!);
  refuseNonFinite(tensors, 'the training');
  const { epoch, best, bestEpoch, sums, unvalidated, history, gradients } = loop;
  const state: LoopState = {
    epoch,
    best: Number.isFinite(best) ? best : null,
    bestEpoch,
    bestIs,
    sums,
    unvalidated,
    history,
    gradients,
    ...(loop.skippedSteps > 0 && { skippedSteps: loop.skippedSteps }),
    optimizerStep: optimizer.step,
    averageSteps: average.steps,
    weighting: loop.objective.weighting.state?.(),
    ...(loop.pseudoLabeller && { pseudoLabels: loop.pseudoLabeller.state }),
    captured: loop.captureReport,
  };
  return { state, tensors };
}

/** Puts a loop where another of the same configuration stood. @throws {RangeError} if its arrays are of another model. */
export function restoreSnapshot({ state, tensors }: Snapshot, parameters: Parameters, loop: TrainingLoop): void {
  const part = (prefix: string): Values =>
    new Map(
      [...tensors].flatMap(([name, { shape, data }]) =>
        name.startsWith(`${prefix}/`)
          ? [[name.slice(prefix.length + 1), { shape, data: Float32Array.from(data) }]]
          : [],
      ),
    );
  parameters.load(part('parameters'));
  for (const { name, variable } of balanceOf(loop)) {
    const stored = tensors.get(name);
    if (stored) tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(stored.data), stored.shape)));
  }
  loop.optimizer.restore({ step: state.optimizerStep, moments: part('optimizer') });
  loop.average.restore({ steps: state.averageSteps, values: part('average') });
  if (state.weighting !== undefined) loop.objective.weighting.restore?.(state.weighting);
  if (state.pseudoLabels) loop.pseudoLabeller?.restore(state.pseudoLabels);
  loop.epoch = state.epoch;
  loop.best = state.best ?? -Infinity;
  loop.bestEpoch = state.bestEpoch;
  loop.bestWeights = state.bestIs === 'none' ? undefined : part(state.bestIs);
  loop.sums = state.sums;
  loop.unvalidated = state.unvalidated;
  replace(loop.history, state.history);
  replace(loop.gradients, state.gradients);
  loop.skippedSteps = state.skippedSteps ?? 0;
  loop.earlierSteps = state.captured;
}

/** Puts items in place of those of a list, of which there may be more than a call may have arguments. */
function replace<T>(list: T[], items: readonly T[]): void {
  list.length = 0;
  for (const item of items) list.push(item);
}

/** The variables of the weighting of the losses. */
function balanceOf({ trained }: TrainingLoop): TrainingLoop['trained'] {
  return trained.filter(({ name }) => name.startsWith('weighting/'));
}

/** Where the best weights are: right after the best epoch they are those that the model or the average has. */
function placeOfBest(
  { bestWeights, bestEpoch, epoch, sums, unvalidated }: TrainingLoop,
  hasAverage: boolean,
): LoopState['bestIs'] {
  if (!bestWeights) return 'none';
  const isNow = bestEpoch === epoch && !sums && !unvalidated;
  return isNow ? (hasAverage ? 'average' : 'parameters') : 'best';
}
