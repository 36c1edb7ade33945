import { describeBackends, expectClose, expectGradient, gradientOf, expectNoLeak } from '@cxr-align/testkit';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import {
  BatchNorm,
  batchNorm,
  Conv2d,
  layerNorm,
  Linear,
  linear,
  MultiHeadAttention,
  Parameters,
  ForwardContext,
  softmax,
  TransformerDecoder,
  TransformerEncoder,
  TransformerLayer,
} from '../src/index.js';

const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed);

describeBackends('linear(x, weight, bias)', () => {
  const weight = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  it('is the product plus the bias along the last axis', () => {
    tf.tidy(() => {
      const y = linear(tf.tensor3d([[[1, 0]], [[0, 1]]]), tf.tensor2d(weight), tf.tensor1d([10, 20, 30]));
      expect(y.shape).toEqual([2, 1, 3]);
      expectClose(y, [11, 22, 33, 14, 25, 36]);
      expectClose(linear(tf.tensor2d([[1, 1]]), tf.tensor2d(weight)), [5, 7, 9]);
    });
  });
  it('has the gradient of its formula for input, weight and bias', () => {
    tf.tidy(() => {
      const [x, w, b] = [normal<tf.Rank.R2>([4, 2], 1), tf.tensor2d(weight), tf.tensor1d([1, 2, 3])];
      const probe = normal([4, 3], 2);
      expectGradient((input) => tf.mul(linear(input, w, b), probe), x);
      expectGradient((input) => tf.mul(linear(x, input as tf.Tensor2D, b), probe), w);
      expectGradient((input) => tf.mul(linear(x, w, input as tf.Tensor1D), probe), b);
    });
  });
});

describeBackends('layerNorm(x, gamma, beta)', () => {
  it('keeps its digits, and those of its gradient, where the mean is far from 0', () => {
    const near = Array.from({ length: 64 }, (_, i) => Math.sin(3 * i));
    const probe = tf.tensor2d(
      Array.from({ length: 64 }, (_, i) => Math.cos(5 * i)),
      [1, 64],
    );
    const [ones, zeros] = [tf.ones([64]) as tf.Tensor1D, tf.zeros([64]) as tf.Tensor1D];
    const slope = (offset: number) =>
      gradientOf(
        (input) => tf.mul(layerNorm(input, ones, zeros), probe),
        near.map((value) => value + offset).reduce((row: number[][], value) => (row[0].push(value), row), [[]]),
      );
    // Where the mean is 300, float32 has the inputs themselves to 2e-5.
    expectClose(slope(300), slope(0), 2e-3);
  });
  it('has rows of mean beta and standard deviation gamma', () => {
    tf.tidy(() => {
      const y = layerNorm(tf.tensor2d([[1, 2, 3, 4]]), tf.ones([4]), tf.zeros([4]), 0);
      const s = Math.sqrt(1.25);
      expectClose(y, [-1.5 / s, -0.5 / s, 0.5 / s, 1.5 / s]);
    });
  });
  it('has the gradient of its formula', () => {
    tf.tidy(() => {
      const probe = normal([3, 5], 3);
      const [gamma, beta] = [normal<tf.Rank.R1>([5], 4), normal<tf.Rank.R1>([5], 5)];
      const x = normal([3, 5], 6);
      expectGradient((input) => tf.mul(layerNorm(input, gamma, beta), probe), x);
      expectGradient((input) => tf.mul(layerNorm(x, input as tf.Tensor1D, beta), probe), gamma);
      expectGradient((input) => tf.mul(layerNorm(x, gamma, input as tf.Tensor1D), probe), beta);
    });
  });
});

describeBackends('batchNorm(x, gamma, beta)', () => {
  it('normalises each channel over batch, height and width', () => {
    tf.tidy(() => {
      const x = tf.add(tf.mul(normal<tf.Rank.R4>([4, 3, 3, 2], 7), 3), 5) as tf.Tensor4D;
      const { value, mean, variance } = batchNorm(x, tf.ones([2]), tf.zeros([2]));
      const moments = tf.moments(x, [0, 1, 2]);
      expectClose(mean, moments.mean, 1e-4);
      expectClose(variance, moments.variance, 1e-3);
      const after = tf.moments(value, [0, 1, 2]);
      expectClose(after.mean, [0, 0], 1e-4);
      expectClose(after.variance, [1, 1], 1e-3);
    });
  });
  it('has the gradient of its formula', () => {
    tf.tidy(() => {
      const probe = normal([2, 2, 2, 3], 8);
      const [gamma, beta] = [normal<tf.Rank.R1>([3], 9), normal<tf.Rank.R1>([3], 10)];
      const x = normal<tf.Rank.R4>([2, 2, 2, 3], 11);
      expectGradient((input) => tf.mul(batchNorm(input as tf.Tensor4D, gamma, beta).value, probe), x);
      expectGradient((input) => tf.mul(batchNorm(x, input as tf.Tensor1D, beta).value, probe), gamma);
      expectGradient((input) => tf.mul(batchNorm(x, gamma, input as tf.Tensor1D).value, probe), beta);
    });
  });
  it('takes no notice of rows that pad the batch, in value, statistics and gradients', () => {
    tf.tidy(() => {
      const [gamma, beta] = [normal<tf.Rank.R1>([3], 9), normal<tf.Rank.R1>([3], 10)];
      const [x, more] = [normal<tf.Rank.R4>([3, 2, 2, 3], 11), normal<tf.Rank.R4>([2, 2, 2, 3], 12)];
      const rows = tf.tensor1d([1, 1, 1, 0, 0]);
      const probe = normal([3, 2, 2, 3], 8);
      const results = [undefined, rows].map((weights) => {
        const input = weights ? (tf.concat([x, more]) as tf.Tensor4D) : x;
        const { mean, variance } = batchNorm(input, gamma, beta, { rows: weights });
        const lossOf = (...all: tf.Tensor[]): tf.Scalar => {
          const [of, scale, offset] = all as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
          const value = tf.slice(batchNorm(of, scale, offset, { rows: weights }).value, 0, 3);
          return tf.sum(tf.mul(tf.square(value), probe));
        };
        const { value, grads } = tf.valueAndGrads(lossOf)([input, gamma, beta]);
        const [ofX, ...others] = grads;
        if (weights) expectClose(tf.slice(ofX, 3), tf.zerosLike(more), 0);
        return [mean, variance, value, tf.slice(ofX, 0, 3), ...others];
      });
      results[0].forEach((one, i) => expectClose(results[1][i], one, 1e-3));
    });
  });
  it('predicts with the moving statistics, which training updates unless it is told not to', () => {
    const parameters = new Parameters(1);
    const norm = new BatchNorm(parameters.scope('norm'), 2, 1);
    tf.tidy(() => {
      const x = normal<tf.Rank.R4>([8, 2, 2, 2], 12);
      const context = { training: true, seed: 1, step: 0 } as const;
      norm.forward(x, new ForwardContext({ ...context, updateStatistics: false }));
      expectClose(norm.movingMean, [0, 0]);
      const training = norm.forward(x, new ForwardContext(context));
      expectClose(norm.forward(x, new ForwardContext({ training: false })), training, 1e-3);
    });
    parameters.dispose();
  });
});

describeBackends('softmax(x)', () => {
  it('equals the one of TensorFlow.js, gradient too', () => {
    tf.tidy(() => {
      const x = normal([3, 4], 13);
      expectClose(softmax(x), tf.softmax(x));
      const probe = normal([3, 4], 14);
      expectClose(
        tf.grad((z) => tf.sum(tf.mul(softmax(z), probe)))(x),
        tf.grad((z) => tf.sum(tf.mul(tf.softmax(z), probe)))(x),
      );
    });
  });
});

describeBackends('attention and transformers', () => {
  it('attention weights sum to 1', () => {
    const parameters = new Parameters(2);
    const attention = new MultiHeadAttention(parameters.scope('a'), 8, 2);
    tf.tidy(() => {
      const { value, weights } = attention.forward(
        normal([2, 3, 8], 15),
        normal([2, 5, 8], 16),
        new ForwardContext({ training: false }),
      );
      expect(value.shape).toEqual([2, 3, 8]);
      expect(weights.shape).toEqual([2, 2, 3, 5]);
      expectClose(tf.sum(weights, -1), new Array(12).fill(1));
    });
    parameters.dispose();
    expect(() => new MultiHeadAttention(new Parameters(1).scope('a'), 8, 3)).toThrow(
      'expected a dim that 3 heads divide, got 8; try 9',
    );
  });
  it('an encoder is equivariant to the order of the rows', () => {
    const parameters = new Parameters(3);
    const encoder = new TransformerEncoder(parameters.scope('t'), { dim: 8, layers: 2, heads: 2 });
    tf.tidy(() => {
      const x = normal([1, 4, 8], 17);
      expectClose(
        tf.reverse(encoder.forward(tf.reverse(x, 1), new ForwardContext({ training: false })), 1),
        encoder.forward(x, new ForwardContext({ training: false })),
        1e-4,
      );
    });
    parameters.dispose();
  });
  it('a decoder depends on its memory and leaks nothing', () => {
    const parameters = new Parameters(4);
    const decoder = new TransformerDecoder(parameters.scope('d'), { dim: 8, layers: 1, heads: 2 });
    const [x, memory, other] = [normal([2, 3, 8], 18), normal([2, 6, 8], 19), normal([2, 6, 8], 20)];
    expectNoLeak(() => tf.tidy(() => decoder.forward(x, memory, new ForwardContext({ training: false })).value));
    tf.tidy(() => {
      const of = (from: tf.Tensor) =>
        decoder.forward(x, from, new ForwardContext({ training: false })).value.dataSync();
      expect(of(memory)).not.toEqual(of(other));
    });
    parameters.dispose();
  });
});

describe('TransformerLayer', () => {
  it('refuses a memory without cross-attention, and cross-attention without a memory', () => {
    const parameters = new Parameters(1);
    const sizes = { dim: 4, heads: 1 };
    const [plain, cross] = [false, true].map(
      (has) => new TransformerLayer(parameters.scope(`${has}`), sizes, { cross: has }),
    );
    const [x, context] = [tf.zeros([1, 2, 4]), new ForwardContext({ training: false })];
    expect(() => plain.forward(x, context, { memory: x })).toThrow('nn/TransformerLayer: expected no memory');
    expect(() => cross.forward(x, context)).toThrow('expected a memory for the cross-attention, got none');
    x.dispose();
    parameters.dispose();
  });
});

describeBackends('ForwardContext', () => {
  it('drops and scales in training only, the same entries for the same seed and step', () => {
    tf.tidy(() => {
      const x = tf.ones([1000]);
      const dropped = (step: number) =>
        new ForwardContext({ training: true, seed: 1, step }).dropout(x, 0.3, 'here').dataSync();
      expect(dropped(1)).toEqual(dropped(1));
      expect(dropped(1)).not.toEqual(dropped(2));
      expect(Math.abs(dropped(1).filter((value) => value === 0).length / 1000 - 0.3)).toBeLessThan(0.06);
      expect(new ForwardContext({ training: false }).dropout(x, 0.3, 'here')).toBe(x);
    });
  });
});

describeBackends('Parameters', () => {
  it('start as a pure function of seed and name', async () => {
    const parameters = new Parameters(5);
    new Linear(parameters.scope('a'), 3, 2);
    const drawn = new RandomStream({ seed: 5, purpose: 'initial/a/weight' }).normals(6, 1 / Math.sqrt(3));
    expect((await parameters.values()).get('a/weight')).toEqual({ shape: [3, 2], data: drawn });
    parameters.dispose();
  });
  it('start the same for the same seed, and load what was stored', async () => {
    const build = (seed: number) => {
      const parameters = new Parameters(seed);
      new Linear(parameters.scope('a'), 3, 2);
      new Conv2d(parameters.scope('b'), 1, 2);
      return parameters;
    };
    const [first, same, other] = [build(1), build(1), build(2)];
    const values = await first.values();
    expect(await same.values()).toEqual(values);
    expect(await other.values()).not.toEqual(values);
    other.load(values);
    expect(await other.values()).toEqual(values);
    expect(first.count()).toBe(3 * 2 + 2 + 9 * 2);
    expect(() => other.load(new Map())).toThrow('expected a parameter a/weight, got none');
    expect(() => other.load(new Map([...values, ['c', { shape: [1], data: new Float32Array(1) }]]))).toThrow(
      'expected no parameter c',
    );
    expect(() => new Linear(first.scope('a'), 1, 1)).toThrow('expected a new name, got a/weight again');
    for (const parameters of [first, same, other]) parameters.dispose();
  });
});
