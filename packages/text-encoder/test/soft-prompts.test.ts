import { Parameters, ForwardContext } from '@cxr-align/nn';
import { describeBackends, expectClose, expectGradient } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { PromptEncoder, SoftPrompts } from '../src/index.js';

const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed);
const sizes = { dim: 8, layers: 1, heads: 2, dropout: 0 };

describeBackends('SoftPrompts', () => {
  it('does not read the tokens that are not there', () => {
    const parameters = new Parameters(3);
    const soft = new SoftPrompts(parameters.scope('soft'), { contextLength: 2 }, sizes);
    tf.tidy(() => {
      const tokens = normal<tf.Rank.R4>([1, 3, 4, 8], 1);
      const short = tf.slice(tokens, [0, 0, 0, 0], [1, 3, 2, 8]);
      const mask = tf.tensor3d([[1, 2, 3].map(() => [1, 1, 0, 0])]);
      const padded = soft.forward(tokens, mask, new ForwardContext({ training: false }));
      expect(padded.shape).toEqual([1, 3, 8]);
      expectClose(padded, soft.forward(short, tf.ones([1, 3, 2]), new ForwardContext({ training: false })), 1e-5);
    });
    parameters.dispose();
  });
  it('has a gradient for its context, which all labels share or each has of its own', () => {
    for (const [labels, size] of [
      [undefined, 16],
      [3, 48],
    ] as const) {
      const parameters = new Parameters(3);
      const soft = new SoftPrompts(parameters.scope('soft'), { contextLength: 2, labels }, sizes);
      const [{ variable }] = parameters.trainable();
      expect(variable.size).toBe(size);
      const tokens = normal<tf.Rank.R4>([2, 3, 1, 8], 2);
      const probe = normal([2, 3, 8], 4);
      const { grads } = tf.variableGrads(
        () => tf.sum(tf.mul(soft.forward(tokens, tf.ones([2, 3, 1]), new ForwardContext({ training: false })), probe)),
        [variable],
      );
      const [gradient] = Object.values(grads);
      expect(tf.sum(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(0.1);
      tf.dispose([tokens, probe, gradient]);
      parameters.dispose();
    }
  });
  it('has the gradient of its formula for the tokens', () => {
    const parameters = new Parameters(5);
    const soft = new SoftPrompts(parameters.scope('soft'), { contextLength: 1 }, { ...sizes, dim: 4 });
    tf.tidy(() => {
      const mask = tf.tensor3d([[[1, 0]]]);
      const probe = normal([1, 1, 4], 6);
      expectGradient(
        (tokens) =>
          tf.mul(soft.forward(tf.reshape(tokens, [1, 1, 2, 4]), mask, new ForwardContext({ training: false })), probe),
        [
          [0.5, -1, 0.3, 0.8],
          [1, 2, 3, 4],
        ],
      );
    });
    parameters.dispose();
  });
  it('says what it was built for', () => {
    const parameters = new Parameters(3);
    const soft = new SoftPrompts(parameters.scope('a'), { contextLength: 2, labels: 3 }, sizes);
    tf.tidy(() => {
      expect(() =>
        soft.forward(tf.zeros([1, 4, 1, 8]), tf.ones([1, 4, 1]), new ForwardContext({ training: false })),
      ).toThrow('expected 3 labels, each with its own context, got 4');
    });
    expect(() => new SoftPrompts(parameters.scope('b'), { contextLength: 0 }, sizes)).toThrow(
      'expected a contextLength of 1 or more, got 0',
    );
    parameters.dispose();
  });
});

describeBackends('PromptEncoder with soft prompts', () => {
  it('takes one vector a text as its only token, and tokens with a mask', () => {
    const parameters = new Parameters(7);
    const encoder = new PromptEncoder(parameters.scope('prompts'), {
      textDim: 6,
      ...sizes,
      soft: { contextLength: 2 },
    });
    const plain = new PromptEncoder(parameters.scope('plain'), { textDim: 6, ...sizes });
    tf.tidy(() => {
      const texts = normal<tf.Rank.R3>([2, 3, 6], 8);
      const tokens = { tokens: tf.expandDims(texts, 2) as tf.Tensor4D, mask: tf.ones<tf.Rank.R3>([2, 3, 1]) };
      expectClose(
        encoder.forward(texts, new ForwardContext({ training: false })),
        encoder.forward(tokens, new ForwardContext({ training: false })),
        1e-6,
      );
      expect(() => plain.forward(tokens, new ForwardContext({ training: false }))).toThrow(
        'expected one embedding per text without soft prompts',
      );
    });
    parameters.dispose();
  });
});
