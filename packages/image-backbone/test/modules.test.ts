import { Parameters, Pass } from '@cxr-align/nn';
import { describeBackends, expectClose, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import {
  ConvEncoder,
  DenseSplitter,
  HeadScore,
  PatchEncoder,
  QuerySplitter,
  SimilarityScore,
  type ImageEncoder,
} from '../src/index.js';

const images = (batch: number, size: number) => tf.randomNormal<tf.Rank.R4>([batch, size, size, 1], 0, 1, 'float32', 5);
const sizes = { dim: 8, layers: 1, heads: 2, dropout: 0 };
/** The gradient of every trainable array is there, finite, and not all zero. */
function expectTrainable(parameters: Parameters, loss: () => tf.Scalar): void {
  const variables = parameters.trainable();
  const { value, grads } = tf.variableGrads(
    loss,
    variables.map(({ variable }) => variable),
  );
  for (const { name, variable } of variables) {
    const values = grads[variable.name]?.dataSync();
    expect([name, values?.every(Number.isFinite)]).toEqual([name, true]);
    expect([name, values.some((number) => number !== 0)]).toEqual([name, true]);
  }
  tf.dispose([value, grads]);
}

describeBackends('image encoders', () => {
  const encoders: [string, (parameters: Parameters) => ImageEncoder][] = [
    ['ConvEncoder', (parameters) => new ConvEncoder(parameters.scope('encoder'), { size: 16, channels: [4, 6] })],
    [
      'PatchEncoder',
      (parameters) =>
        new PatchEncoder(parameters.scope('encoder'), { size: 16, patch: 4, dim: 8, layers: 1, heads: 2 }),
    ],
  ];
  it.each(encoders)('%s maps images to a grid of features and trains every array', (_, build) => {
    const parameters = new Parameters(1);
    const encoder = build(parameters);
    const x = images(2, 16);
    const y = encoder.apply(x, Pass.predicting);
    expect(y.shape).toEqual([2, encoder.grid, encoder.grid, encoder.dim]);
    const probe = tf.randomNormal(y.shape, 0, 1, 'float32', 6);
    expectTrainable(parameters, () => tf.sum(tf.mul(encoder.apply(x, Pass.training({ seed: 1, step: 0 })), probe)));
    parameters.dispose();
    tf.dispose([x, y, probe]);
  });
  it('ConvEncoder predicts an image alone as in a batch', () => {
    const parameters = new Parameters(1);
    const encoder = new ConvEncoder(parameters.scope('encoder'), { size: 8, channels: [4] });
    tf.tidy(() => {
      const x = images(3, 8);
      encoder.apply(x, Pass.training({ seed: 1, step: 0 }));
      const together = tf.slice(encoder.apply(x, Pass.predicting), [1, 0, 0, 0], [1, -1, -1, -1]);
      expectClose(encoder.apply(tf.slice(x, [1, 0, 0, 0], [1, -1, -1, -1]), Pass.predicting), together);
    });
    parameters.dispose();
  });
  it('say what size they need', () => {
    expect(() => new PatchEncoder(new Parameters(1).scope('e'), { size: 10, patch: 4 })).toThrow(
      'expected a patch that divides 10, got 4',
    );
    expect(() => new ConvEncoder(new Parameters(1).scope('e'), { size: 2 })).toThrow(
      'expected images of at least 4 pixels, got 2',
    );
  });
});

describeBackends('DenseSplitter', () => {
  it.each(['full', 'factored', 'folded'] as const)('splits pooled features with %s mixing', (mixing) => {
    const parameters = new Parameters(2);
    const splitter = new DenseSplitter(parameters.scope('splitter'), {
      inputDim: 6,
      labels: 3,
      mixing,
      rank: 4,
      ...sizes,
    });
    const features = tf.randomNormal<tf.Rank.R2>([2, 6], 0, 1, 'float32', 7);
    const probe = tf.randomNormal([2, 3, 8], 0, 1, 'float32', 8);
    expect(splitter.apply(features, Pass.predicting).embeddings.shape).toEqual([2, 3, 8]);
    expectTrainable(parameters, () => tf.sum(tf.mul(splitter.apply(features, Pass.predicting).embeddings, probe)));
    parameters.dispose();
  });
});

describeBackends('QuerySplitter', () => {
  const build = () => {
    const parameters = new Parameters(3);
    return {
      parameters,
      splitter: new QuerySplitter(parameters.scope('splitter'), { inputDim: 6, places: 9, ...sizes }),
    };
  };
  it('answers each query and says where it looked', () => {
    const { parameters, splitter } = build();
    const places = tf.randomNormal<tf.Rank.R3>([2, 9, 6], 0, 1, 'float32', 7);
    const queries = tf.randomNormal<tf.Rank.R2>([4, 8], 0, 1, 'float32', 9);
    const { embeddings, attention } = splitter.apply(places, queries, Pass.predicting);
    expect(embeddings.shape).toEqual([2, 4, 8]);
    expect(attention!.shape).toEqual([2, 4, 9]);
    expectClose(tf.sum(attention!, -1), new Array(8).fill(1));
    const probe = tf.randomNormal([2, 4, 8], 0, 1, 'float32', 8);
    expectTrainable(parameters, () =>
      tf.sum(tf.mul(splitter.apply(places, queries, Pass.predicting).embeddings, probe)),
    );
    parameters.dispose();
  });
  it('takes any number of labels, in any order', () => {
    const { parameters, splitter } = build();
    tf.tidy(() => {
      const places = tf.randomNormal<tf.Rank.R3>([1, 9, 6], 0, 1, 'float32', 7);
      const queries = tf.randomNormal<tf.Rank.R2>([3, 8], 0, 1, 'float32', 9);
      const straight = splitter.apply(places, queries, Pass.predicting).embeddings;
      const turned = splitter.apply(places, tf.reverse(queries, 0), Pass.predicting).embeddings;
      expectClose(tf.reverse(turned, 1), straight, 1e-4);
    });
    parameters.dispose();
  });
});

describeBackends('scores', () => {
  it('HeadScore has a weight vector and a bias of its own for each label', () => {
    const parameters = new Parameters(4);
    const score = new HeadScore(parameters.scope('head'), { dim: 8, labels: 3 });
    const embeddings = tf.randomNormal<tf.Rank.R3>([2, 3, 8], 0, 1, 'float32', 7);
    const probe = tf.randomNormal([2, 3], 0, 1, 'float32', 8);
    expectTrainable(parameters, () => tf.sum(tf.mul(score.apply(embeddings, Pass.predicting).logits, probe)));
    expectNoLeak(() => tf.tidy(() => score.apply(embeddings, Pass.predicting).logits));
    expect(score.apply(embeddings, Pass.predicting).classLogits).toBeUndefined();
    parameters.dispose();
  });
  it('HeadScore with three classes tells present, absent and uncertain; its logit is present − absent', () => {
    const parameters = new Parameters(4);
    const score = new HeadScore(parameters.scope('head'), { dim: 8, labels: 3, classes: 3 });
    const embeddings = tf.randomNormal<tf.Rank.R3>([2, 3, 8], 0, 1, 'float32', 7);
    const probe = tf.randomNormal([2, 3, 3], 0, 1, 'float32', 8);
    expectTrainable(parameters, () => tf.sum(tf.mul(score.apply(embeddings, Pass.predicting).classLogits!, probe)));
    const { logits, classLogits } = score.apply(embeddings, Pass.predicting);
    const [present, absent] = tf.unstack(classLogits!, 2);
    expectClose(logits, tf.sub(present, absent));
    parameters.dispose();
  });
  it('SimilarityScore is above 0 exactly where the image is nearer to the positive prompt', () => {
    const parameters = new Parameters(4);
    const score = new SimilarityScore(parameters.scope('similarity'));
    tf.tidy(() => {
      const positive = tf.tensor2d([
        [1, 0],
        [0, 1],
      ]);
      const negative = tf.tensor2d([
        [-1, 0],
        [1, 0],
      ]);
      const logits = score.apply(
        tf.tensor3d([
          [
            [1, 0],
            [1, 0],
          ],
        ]),
        positive,
        negative,
      );
      expectClose(logits, [2 / 0.07, -1 / 0.07], 1e-4);
    });
    parameters.dispose();
  });
});
