import { startEngine } from '@cxr-align/engine';
import { Linear, type Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { modelTypes, registerModel } from '../src/model/build-model.js';
import { openModel } from '../src/store/open-model.js';
import { untrainedModel } from '../src/store/untrained-model.js';
import { checkModelConfig } from '../src/model-config.js';
import type { Model } from '../src/model/model.js';
import { openPredictor } from '../src/predict/open-predictor.js';
import { threeLabels, smallConfig } from './small-model.js';

/** A model of one's own: a linear map of the mean of the image. */
function meanModel(parameters: Parameters, labels: number): Model {
  const layer = new Linear(parameters.scope('mean'), 1, labels);
  return {
    forward: ({ main }) => {
      const logits = layer.forward(tf.mean(main, [1, 2])) as tf.Tensor2D;
      return { logits, branches: [{ logits }] };
    },
  };
}

beforeAll(async () => {
  await startEngine('wasm');
  registerModel('mean', {
    usesPrompts: false,
    usesFeatureMap: false,
    build: (_, parameters, { labels }) => meanModel(parameters, labels),
  });
});

describe('registerModel(name, type)', () => {
  it('makes a model that a configuration can name, that is stored and predicts', async () => {
    const fitted = ['logistic', 'gaussian', 'text-centroids', 'csra', 'neighbours', 'propagation', 'stack', 'auto'];
    expect(modelTypes.names).toEqual(['aligned', 'vision-only', 'linear', 'mlp', ...fitted, 'mean']);
    const before = tf.memory().numTensors;
    const stored = await untrainedModel({ config: { ...smallConfig, model: 'mean' }, graph: threeLabels() });
    expect([...stored.weights.keys()]).toEqual(['mean/weight', 'mean/bias']);
    const predictor = await openPredictor(openModel(stored));
    const image = { data: new Uint8Array(256).fill(90), width: 16, height: 16 };
    const { labels } = await predictor.predict(image);
    expect(Object.keys(labels)).toEqual(['A', 'B', 'C']);
    expect(labels.C.threshold).toBe(0.5);
    expect(predictor.mapKinds).toEqual(['occlusion']);
    await predictor.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
  it('refuses a name that is taken, and what cannot be built', () => {
    const type = modelTypes.get('mean');
    expect(() => registerModel('mlp', type)).toThrow('got mlp, which is registered already');
    expect(() => registerModel('mine', {} as never)).toThrow('expected a model type with build');
  });
  it('lets a configuration name no other model', () => {
    expect(() => checkModelConfig({ model: 'alinged' }, 'test')).toThrow('got alinged; did you mean aligned?');
  });
});

describe('openModel(stored)', () => {
  it.each(['aligned', 'vision-only', 'linear', 'mlp'])(
    'releases a model %s whose weights are of another one',
    async (model) => {
      const stored = await untrainedModel({ config: { ...smallConfig, model }, graph: threeLabels() });
      const before = tf.memory().numTensors;
      const weights = new Map([...stored.weights].slice(1));
      expect(() => openModel({ ...stored, weights })).toThrow('try the weights of this model');
      expect(tf.memory().numTensors).toBe(before);
      openModel(stored).dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});
