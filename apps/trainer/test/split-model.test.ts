import { fitStacking } from '@cxr-align/metrics';
import { startEngine } from '@cxr-align/engine';
import { Parameters, Pass } from '@cxr-align/nn';
import { expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { checkConfig } from '../src/config/config.js';
import type { FeatureInput, ModelBatch } from '../src/inputs/model-inputs.js';
import { ModelTexts } from '../src/model/model-texts.js';
import { buildModel } from '../src/model/build-model.js';
import { stackedLogits, stackingRemark } from '../src/training/stacked-logits.js';
import { predictBranches } from '../src/model/predict-images.js';
import { Objective, type BatchTargets } from '../src/training/objective.js';
import { quick } from './made-up-data.js';

const labels = ['A', 'B', 'C'];
const input: FeatureInput = {
  kind: 'features',
  grid: 2,
  dim: 5,
  dtype: 'float32',
  source: { encoder: 'made up', weightsHash: 'none', preprocessing: {} },
  encoder: null,
  stem: { kind: 'image', size: 16, scale: { mean: 0.5, deviation: 0.2 } },
};
const config = checkConfig({ ...quick, model: 'vision-only', dropout: 0, encoder: { kind: 'frozen' } }, 'test');
let batch: ModelBatch;
let targets: BatchTargets;

beforeAll(async () => {
  await startEngine('wasm');
  targets = { targets: tf.tensor2d([1, 0, 0, 0, 1, 0], [2, 3]), mask: tf.tensor2d([1, 1, 0, 1, 1, 1], [2, 3]) };
  batch = {
    main: tf.randomNormal([2, 2, 2, 5], 0, 1, 'float32', 3),
    stem: tf.randomNormal([2, 16, 16, 1], 0, 1, 'float32', 4),
  };
});

describe('a model with branches beside frozen features', () => {
  it('says the mean of what they say, and each looks at its own input', () => {
    const model = buildModel(config, new Parameters(1), { input, labels: 3 });
    const { logits, branches } = model.apply(batch, Pass.predicting);
    expect(branches).toHaveLength(3);
    expectClose(logits, [...tf.div(tf.addN(branches.map((branch) => branch.logits)), 3).dataSync()]);
    const changed = (other: Partial<ModelBatch>): boolean[] =>
      model
        .apply({ ...batch, ...other }, Pass.predicting)
        .branches.map((branch, i) => tf.max(tf.abs(tf.sub(branch.logits, branches[i].logits))).dataSync()[0] > 1e-6);
    expect(changed({ main: tf.mul<tf.Tensor4D>(batch.main, 2) })).toEqual([true, false, true]);
    expect(changed({ stem: tf.mul<tf.Tensor4D>(batch.stem!, 2) })).toEqual([false, true, false]);
  });
  it('weighs them by what is fitted on validation, and says so', async () => {
    const model = buildModel(config, new Parameters(1), { input, labels: 3 });
    const truth = Float32Array.from([1, 0, NaN, 0, 1, 0]);
    const inputs = { batch: () => tf.tidy(() => ({ main: tf.clone(batch.main), stem: tf.clone(batch.stem!) })) };
    const equal = await stackedLogits(model, inputs, [0, 1]);
    expectClose(model.apply(batch, Pass.predicting).logits, [...equal], 1e-5);
    expect(await stackingRemark(model, false)).toBe('logit = 0.33 splitter + 0.33 stem + 0.33 probe');
    const fitted = await stackedLogits(model, inputs, [0, 1], { truth });
    const said = await predictBranches(model, inputs, [0, 1]);
    expectClose(model.stacking!, fitStacking(said, truth), 1e-6);
    const { logits } = model.apply(batch, Pass.predicting);
    expectClose(logits, [...fitted], 1e-5);
    expect(tf.max(tf.abs(tf.sub(logits, tf.tensor(equal, [2, 3])))).dataSync()[0]).toBeGreaterThan(1e-6);
  });
  it('lets those that can be asked for other labels say together as much as all of them', () => {
    const aligned = checkConfig({ ...config, model: 'aligned', score: 'similarity' }, 'test');
    const prompts = {
      shape: [2, 3, 4],
      data: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
    };
    const texts = new ModelTexts({ prompts, words: [], encoder: null });
    const model = buildModel(aligned, new Parameters(1), { input, labels: 3, texts });
    model.stacking!.assign(tf.tensor1d([0.2, 0.6, 1.2]));
    const { branches } = model.apply(batch, Pass.predicting);
    // The probe cannot be asked: splitter and stem share its part as they share the rest, one to three.
    const wanted = tf.add(tf.mul(branches[0].logits, 0.5), tf.mul(branches[1].logits, 1.5));
    expectClose(model.ask!(model.featureMaps!(batch), texts), [...wanted.dataSync()], 1e-5);
  });
  it('trains each as if it were alone', () => {
    const parameters = new Parameters(1);
    const model = buildModel(config, parameters, { input, labels: 3 });
    const counts = { positives: [1, 1, 0], negatives: [1, 1, 1], samples: 2 };
    const none = new Float32Array(9);
    const knowledge = { labels, similarity: none, related: none, descendants: [[], [], []], weights: [1, 1, 1] };
    const objective = new Objective(config, ['classification'], knowledge, counts);
    const of = (branch?: number) =>
      tf.variableGrads(
        () => {
          const output = model.apply(batch, Pass.predicting);
          const chosen = branch === undefined ? output : { ...output, branches: [output.branches[branch]] };
          return objective.losses(model, chosen, targets).parts.classification;
        },
        parameters.trainable().map(({ variable }) => variable),
      ).grads;
    const together = of();
    const alone = [0, 1, 2].map(of);
    for (const { name, variable } of parameters.trainable()) {
      const owner = name.includes('probe') ? 2 : name.includes('stem') ? 1 : 0;
      const [all, own] = [together, alone[owner]].map((gradients) => gradients[variable.name]);
      expectClose(all, [...tf.div(own, 3).dataSync()], 1e-6);
      alone.forEach((gradients, branch) => {
        const gradient = gradients[variable.name];
        if (branch !== owner && gradient) expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBe(0);
      });
    }
    objective.dispose();
  });
  it('has the splitter alone where no other is asked for', () => {
    const alone = checkConfig({ ...config, encoder: { kind: 'frozen', probe: false } }, 'test');
    const { stem: _stem, ...bare } = input;
    const model = buildModel(alone, new Parameters(1), { input: bare, labels: 3 });
    expect(model.apply({ main: batch.main }, Pass.predicting).branches).toHaveLength(1);
  });
});
