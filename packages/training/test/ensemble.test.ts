import { fitEnsembleWeights } from '@cxr-align/metrics';
import { startEngine } from '@cxr-align/engine';
import { Parameters, ForwardContext } from '@cxr-align/nn';
import { expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { quick } from '@cxr-align/testkit';
import { checkConfig } from '../src/config/config.js';
import { type FeatureInput, type ModelBatch, ModelTexts, buildModel, predictBranches } from '@cxr-align/classifier';
import { ensembleLogits, ensembleRemark } from '../src/loop/ensemble-logits.js';
import { type BatchTargets, Objective } from '../src/loop/objective.js';

const labels = ['A', 'B', 'C'];
const input: FeatureInput = {
  kind: 'features',
  grid: 2,
  dim: 5,
  dtype: 'float32',
  source: { encoder: 'made up', weightsHash: 'none', preprocessing: {} },
  encoder: null,
  images: { kind: 'image', size: 16, scale: { mean: 0.5, std: 0.2 } },
};
const config = checkConfig({ ...quick, model: 'vision-only', dropout: 0, encoder: { kind: 'frozen' } }, 'test');
let batch: ModelBatch;
let targets: BatchTargets;

beforeAll(async () => {
  await startEngine('wasm');
  targets = { targets: tf.tensor2d([1, 0, 0, 0, 1, 0], [2, 3]), mask: tf.tensor2d([1, 1, 0, 1, 1, 1], [2, 3]) };
  batch = {
    main: tf.randomNormal([2, 2, 2, 5], 0, 1, 'float32', 3),
    images: tf.randomNormal([2, 16, 16, 1], 0, 1, 'float32', 4),
  };
});

describe('a model with branches beside frozen features', () => {
  it('is the mean of their logits, and each takes its own input', () => {
    const model = buildModel(config, new Parameters(1), { input, labels: 3 });
    const { logits, branches } = model.forward(batch, new ForwardContext({ training: false }));
    expect(branches).toHaveLength(3);
    expectClose(logits, [...tf.div(tf.addN(branches.map((branch) => branch.logits)), 3).dataSync()]);
    const changed = (other: Partial<ModelBatch>): boolean[] =>
      model
        .forward({ ...batch, ...other }, new ForwardContext({ training: false }))
        .branches.map((branch, i) => tf.max(tf.abs(tf.sub(branch.logits, branches[i].logits))).dataSync()[0] > 1e-6);
    expect(changed({ main: tf.mul<tf.Tensor4D>(batch.main, 2) })).toEqual([true, false, true]);
    expect(changed({ images: tf.mul<tf.Tensor4D>(batch.images!, 2) })).toEqual([false, true, false]);
  });
  it('weights them as fitted on validation, and reports the weights', async () => {
    const model = buildModel(config, new Parameters(1), { input, labels: 3 });
    const truth = Float32Array.from([1, 0, NaN, 0, 1, 0]);
    const inputs = { batch: () => tf.tidy(() => ({ main: tf.clone(batch.main), images: tf.clone(batch.images!) })) };
    const equal = await ensembleLogits(model, inputs, [0, 1]);
    expectClose(model.forward(batch, new ForwardContext({ training: false })).logits, [...equal], 1e-5);
    expect(await ensembleRemark(model, false)).toBe('logit = 0.33 decoder + 0.33 image encoder + 0.33 linear probe');
    const fitted = await ensembleLogits(model, inputs, [0, 1], { truth });
    const said = await predictBranches(model, inputs, [0, 1]);
    expectClose(model.ensembleWeights!, fitEnsembleWeights(truth, said), 1e-6);
    const { logits } = model.forward(batch, new ForwardContext({ training: false }));
    expectClose(logits, [...fitted], 1e-5);
    expect(tf.max(tf.abs(tf.sub(logits, tf.tensor(equal, [2, 3])))).dataSync()[0]).toBeGreaterThan(1e-6);
  });
  it('starts from weights that are given, one for each branch', async () => {
    const given = (ensembleWeights: number[]) => ({ ...config, encoder: { ...config.encoder, ensembleWeights } });
    const model = buildModel(given([0.5, 0.2, 0.3]), new Parameters(1), { input, labels: 3 });
    expectClose(model.ensembleWeights!, [0.5, 0.2, 0.3]);
    expect(() => buildModel(given([0.5, 0.5]), new Parameters(1), { input, labels: 3 })).toThrow(
      'expected encoder.ensembleWeights to be one for each of decoder, image encoder, linear probe, got 2',
    );
  });
  it('gives the branches that take prompts the weight of all of them', () => {
    const aligned = checkConfig({ ...config, model: 'aligned', heads: 'similarity' }, 'test');
    const prompts = {
      shape: [2, 3, 4],
      data: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
    };
    const texts = new ModelTexts({ prompts, words: [], encoder: null });
    const model = buildModel(aligned, new Parameters(1), { input, labels: 3, texts });
    model.ensembleWeights!.assign(tf.tensor1d([0.2, 0.6, 1.2]));
    const { branches } = model.forward(batch, new ForwardContext({ training: false }));
    // The linear probe takes no prompts: decoder and image encoder share its weight as they share the rest, one to three.
    const wanted = tf.add(tf.mul(branches[0].logits, 0.5), tf.mul(branches[1].logits, 1.5));
    expectClose(model.zeroShot!.scorePrompts(model.maps!.encode(batch), texts), [...wanted.dataSync()], 1e-5);
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
          const output = model.forward(batch, new ForwardContext({ training: false }));
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
  it('has the decoder alone where no other branch is configured', () => {
    const alone = checkConfig({ ...config, encoder: { kind: 'frozen', probe: false } }, 'test');
    const { images: _images, ...bare } = input;
    const model = buildModel(alone, new Parameters(1), { input: bare, labels: 3 });
    expect(model.forward({ main: batch.main }, new ForwardContext({ training: false })).branches).toHaveLength(1);
  });
});
