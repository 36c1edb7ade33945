import { fitEnsembleWeights } from '@cxr-align/metrics';
import type { StepCapture } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { type Model, type ModelInputs, predictBranches } from '@cxr-align/classifier';

/**
 * The logits of images that a model was not trained on. The weights of an ensemble of branches are fitted on them first.
 *
 * @param options `truth` [samples, labels] row by row: 1, 0, NaN; nothing is fitted without it. `capture`: the step
 *   capture of the earlier calls. `onImages`: called after each batch; what it throws ends it.
 * @returns [samples, labels] row by row.
 */
export async function ensembleLogits(
  model: Model,
  inputs: Pick<ModelInputs, 'batch'>,
  samples: readonly number[],
  {
    truth,
    ...options
  }: { truth?: Float32Array; capture?: StepCapture; onImages?: (done: number) => Promise<void> | void } = {},
): Promise<Float32Array> {
  const [first = new Float32Array(), ...others] = await predictBranches(model, inputs, samples, options);
  const { ensembleWeights } = model;
  if (!ensembleWeights || others.length === 0) return first;
  const branches = [first, ...others];
  if (truth) tf.tidy(() => ensembleWeights.assign(tf.tensor1d(fitEnsembleWeights(truth, branches))));
  const weights = await ensembleWeights.data();
  return first.map((_, i) => branches.reduce((sum, logits, branch) => sum + weights[branch] * logits[i], 0));
}

/** The ensemble weights of a model in a line; undefined where it has one branch. */
export async function ensembleRemark(
  { ensembleWeights, branchNames }: Model,
  isFitted: boolean,
): Promise<string | undefined> {
  if (!ensembleWeights || !branchNames) return undefined;
  const weights = await ensembleWeights.data();
  const parts = branchNames.map((name, i) => `${weights[i].toFixed(2)} ${name}`);
  return `logit = ${parts.join(' + ')}${isFitted ? ', fitted on validation' : ''}`;
}
