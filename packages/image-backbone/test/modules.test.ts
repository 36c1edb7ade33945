import { Parameters, ForwardContext } from '@cxr-align/nn';
import { describeBackends, expectClose, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import {
  ConvEncoder,
  DenseLabelDecoder,
  ClassificationHead,
  PatchEncoder,
  QueryLabelDecoder,
  SimilarityHead,
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
    const y = encoder.forward(x, new ForwardContext({ training: false }));
    expect(y.shape).toEqual([2, encoder.grid, encoder.grid, encoder.dim]);
    const probe = tf.randomNormal(y.shape, 0, 1, 'float32', 6);
    expectTrainable(parameters, () =>
      tf.sum(tf.mul(encoder.forward(x, new ForwardContext({ training: true, seed: 1, step: 0 })), probe)),
    );
    parameters.dispose();
    tf.dispose([x, y, probe]);
  });
  it('ConvEncoder predicts an image alone as in a batch', () => {
    const parameters = new Parameters(1);
    const encoder = new ConvEncoder(parameters.scope('encoder'), { size: 8, channels: [4] });
    tf.tidy(() => {
      const x = images(3, 8);
      encoder.forward(x, new ForwardContext({ training: true, seed: 1, step: 0 }));
      const together = tf.slice(
        encoder.forward(x, new ForwardContext({ training: false })),
        [1, 0, 0, 0],
        [1, -1, -1, -1],
      );
      expectClose(
        encoder.forward(tf.slice(x, [1, 0, 0, 0], [1, -1, -1, -1]), new ForwardContext({ training: false })),
        together,
      );
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

describeBackends('DenseLabelDecoder', () => {
  it.each(['full', 'factored', 'folded'] as const)('splits pooled features with %s mixing', (mixing) => {
    const parameters = new Parameters(2);
    const decoder = new DenseLabelDecoder(parameters.scope('decoder'), {
      inputDim: 6,
      labels: 3,
      mixing,
      rank: 4,
      ...sizes,
    });
    const features = tf.randomNormal<tf.Rank.R2>([2, 6], 0, 1, 'float32', 7);
    const probe = tf.randomNormal([2, 3, 8], 0, 1, 'float32', 8);
    expect(decoder.forward(features, new ForwardContext({ training: false })).embeddings.shape).toEqual([2, 3, 8]);
    expectTrainable(parameters, () =>
      tf.sum(tf.mul(decoder.forward(features, new ForwardContext({ training: false })).embeddings, probe)),
    );
    parameters.dispose();
  });
});

describeBackends('QueryLabelDecoder', () => {
  const build = () => {
    const parameters = new Parameters(3);
    return {
      parameters,
      decoder: new QueryLabelDecoder(parameters.scope('decoder'), { inputDim: 6, patches: 9, ...sizes }),
    };
  };
  it('answers each query and says where it looked', () => {
    const { parameters, decoder } = build();
    const patches = tf.randomNormal<tf.Rank.R3>([2, 9, 6], 0, 1, 'float32', 7);
    const queries = tf.randomNormal<tf.Rank.R2>([4, 8], 0, 1, 'float32', 9);
    const { embeddings, attention } = decoder.forward(patches, queries, new ForwardContext({ training: false }));
    expect(embeddings.shape).toEqual([2, 4, 8]);
    expect(attention!.shape).toEqual([2, 4, 9]);
    expectClose(tf.sum(attention!, -1), new Array(8).fill(1));
    const probe = tf.randomNormal([2, 4, 8], 0, 1, 'float32', 8);
    expectTrainable(parameters, () =>
      tf.sum(tf.mul(decoder.forward(patches, queries, new ForwardContext({ training: false })).embeddings, probe)),
    );
    parameters.dispose();
  });
  it('takes any number of labels, in any order', () => {
    const { parameters, decoder } = build();
    tf.tidy(() => {
      const patches = tf.randomNormal<tf.Rank.R3>([1, 9, 6], 0, 1, 'float32', 7);
      const queries = tf.randomNormal<tf.Rank.R2>([3, 8], 0, 1, 'float32', 9);
      const straight = decoder.forward(patches, queries, new ForwardContext({ training: false })).embeddings;
      const turned = decoder.forward(
        patches,
        tf.reverse(queries, 0),
        new ForwardContext({ training: false }),
      ).embeddings;
      expectClose(tf.reverse(turned, 1), straight, 1e-4);
    });
    parameters.dispose();
  });
});

describeBackends('scores', () => {
  it('ClassificationHead has a weight vector and a bias of its own for each label', () => {
    const parameters = new Parameters(4);
    const score = new ClassificationHead(parameters.scope('head'), { dim: 8, labels: 3 });
    const embeddings = tf.randomNormal<tf.Rank.R3>([2, 3, 8], 0, 1, 'float32', 7);
    const probe = tf.randomNormal([2, 3], 0, 1, 'float32', 8);
    expectTrainable(parameters, () =>
      tf.sum(tf.mul(score.forward(embeddings, new ForwardContext({ training: false })).logits, probe)),
    );
    expectNoLeak(() => tf.tidy(() => score.forward(embeddings, new ForwardContext({ training: false })).logits));
    expect(score.forward(embeddings, new ForwardContext({ training: false })).classLogits).toBeUndefined();
    parameters.dispose();
  });
  it('ClassificationHead with three classes tells present, absent and uncertain; its logit is present − absent', () => {
    const parameters = new Parameters(4);
    const score = new ClassificationHead(parameters.scope('head'), { dim: 8, labels: 3, classes: 3 });
    const embeddings = tf.randomNormal<tf.Rank.R3>([2, 3, 8], 0, 1, 'float32', 7);
    const probe = tf.randomNormal([2, 3, 3], 0, 1, 'float32', 8);
    expectTrainable(parameters, () =>
      tf.sum(tf.mul(score.forward(embeddings, new ForwardContext({ training: false })).classLogits!, probe)),
    );
    const { logits, classLogits } = score.forward(embeddings, new ForwardContext({ training: false }));
    const [present, absent] = tf.unstack(classLogits!, 2);
    expectClose(logits, tf.sub(present, absent));
    parameters.dispose();
  });
  it('SimilarityHead is above 0 exactly where the image is nearer to the positive prompt', () => {
    const parameters = new Parameters(4);
    const score = new SimilarityHead(parameters.scope('similarity'));
    tf.tidy(() => {
      const positive = tf.tensor2d([
        [1, 0],
        [0, 1],
      ]);
      const negative = tf.tensor2d([
        [-1, 0],
        [1, 0],
      ]);
      const logits = score.forward(
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
