import { fitStacking } from '@cxr-align/metrics';
import type { RepeatedWork } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelInputs } from '../inputs/model-inputs.js';
import type { Model } from '../model/model.js';
import { predictBranches } from '../model/predict-images.js';

/**
 * The logits of images that a model was not trained on. Where it has several branches, how much each says is fitted on them first.
 *
 * @param options `truth` [samples, labels] row by row: 1, 0, NaN; nothing is fitted without it. `work`: that of the earlier
 *   calls.
 * @returns [samples, labels] row by row.
 */
export async function stackedLogits(
  model: Model,
  inputs: Pick<ModelInputs, 'batch'>,
  samples: readonly number[],
  { truth, work }: { truth?: Float32Array; work?: RepeatedWork } = {},
): Promise<Float32Array> {
  const [first = new Float32Array(), ...others] = await predictBranches(model, inputs, samples, { work });
  const { stacking } = model;
  if (!stacking || others.length === 0) return first;
  const said = [first, ...others];
  if (truth) tf.tidy(() => stacking.assign(tf.tensor1d(fitStacking(said, truth))));
  const weights = await stacking.data();
  return first.map((_, i) => said.reduce((sum, logits, branch) => sum + weights[branch] * logits[i], 0));
}

/** How much each branch of a model says, in a line; undefined where there is one alone. */
export async function stackingRemark({ stacking, branchNames }: Model, isFitted: boolean): Promise<string | undefined> {
  if (!stacking || !branchNames) return undefined;
  const weights = await stacking.data();
  const parts = branchNames.map((name, i) => `${weights[i].toFixed(2)} ${name}`);
  return `logit = ${parts.join(' + ')}${isFitted ? ', fitted on validation' : ''}`;
}
