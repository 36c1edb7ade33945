import {
  applyPolicy,
  labelPolicies,
  presentProbabilities,
  referenceThreeClassTargets,
  selfTrainedTargets,
  threeClass,
  threeClassTargets,
} from '@cxr-align/datasets';
import { binaryCrossEntropyLoss } from '@cxr-align/losses';
import * as tf from '@tensorflow/tfjs-core';
import { flatten, type Computed, type GoldenCase } from './vector-file.js';

/** How the targets of a policy case are made, by the end of its id. */
const policyNames: Record<string, string> = {
  'strategy/S1': 'reference-s1',
  'strategy/S2': 'reference-s2',
  'U-Zeros': 'u-zeros',
  'U-Ones': 'u-ones',
  'U-Ignore': 'u-ignore',
};

/** Computes a case of label_strategies.json; undefined if the id is of no known kind. */
export function strategyCase(one: GoldenCase): Promise<Computed> | undefined {
  const { id } = one;
  const cells = one.inputs?.raw === undefined ? [] : flatten(one.inputs.raw);
  const labels = one.labels ?? [];
  const plain = (values: ArrayLike<number>): Promise<Computed> =>
    Promise.resolve({ outputs: { expected: Array.from(values) } });
  const [, name] = id.split('/');
  const policy = policyNames[id] ?? policyNames[name];
  if (id === 'chexpert/policy_losses') return policyLosses(one, cells);
  if (policy) {
    const targets = maskedTargets(applyPolicy({ values: cells, labels }, labelPolicies[policy]).values);
    return id === 'strategy/S1' ? plain(targets.target) : Promise.resolve({ outputs: targets });
  }
  switch (id) {
    case 'strategy/notebook_original':
      return plain(cells.map((cell) => (Number.isNaN(cell) ? 0 : cell)));
    case 'strategy/original_3class_as_coded':
      return plain(referenceThreeClassTargets({ values: cells, labels }));
    case 'strategy/original_3class_plain':
      return plain(threeClassTargets(cells, 'uncertain'));
    case 'strategy/binary_from_3class':
      return plain(referenceThreeClassTargets({ values: cells, labels }).map((code) => (code === threeClass.present ? 0 : 1)));
    case 'chexpert/U-SelfTrained':
      return Promise.resolve({ outputs: maskedTargets(selfTrainedTargets(cells, flatten(one.inputs!.model_prob))) });
    case 'chexpert/U-MultiClass':
      return plain(threeClassTargets(cells));
    case 'chexpert/U-MultiClass/test_time':
      return plain(presentProbabilities(flatten(one.inputs!.logits_pos_neg_unc)));
  }
  return undefined;
}

function maskedTargets(values: Float32Array): { target: number[]; mask: number[] } {
  return {
    target: Array.from(values, (value) => (Number.isNaN(value) ? 0 : value)),
    mask: Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1)),
  };
}

async function policyLosses(one: GoldenCase, cells: number[]): Promise<Computed> {
  const outputs: Record<string, number[]> = {};
  const logits = flatten(one.inputs!.logits);
  // What stands in the columns does not matter to these policies: none has exceptions.
  const labels = (one.inputs!.logits as number[][])[0].length;
  const columns = Array.from({ length: labels }, (_, i) => `${i}`);
  for (const name of Object.keys(one.expected)) {
    const values =
      name === 'U-SelfTrained'
        ? selfTrainedTargets(cells, flatten(one.inputs!.model_prob))
        : applyPolicy({ values: cells, labels: columns }, labelPolicies[policyNames[name]]).values;
    const { target, mask } = maskedTargets(values);
    const [sum, mean] = tf.tidy(() => {
      const shape: [number, number] = [cells.length / labels, labels];
      const options = { mask: tf.tensor2d(mask, shape) };
      const [z, y] = [tf.tensor2d(logits, shape), tf.tensor2d(target, shape)];
      return [binaryCrossEntropyLoss(z, y, { ...options, reduction: 'sum' }), binaryCrossEntropyLoss(z, y, options)];
    });
    outputs[`${name}.loss_sum`] = [(await sum.data())[0]];
    outputs[`${name}.count`] = [mask.reduce((total, known) => total + known, 0)];
    outputs[`${name}.loss_mean`] = [(await mean.data())[0]];
    tf.dispose([sum, mean]);
  }
  return { outputs };
}
