import { startEngine } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { binaryCrossEntropyLoss } from '../src/index.js';

beforeAll(async () => {
  await startEngine('cpu');
});

/** The gradients of a loss of variables, as an optimiser takes them. */
const train = (loss: () => tf.Scalar, variables: tf.Variable[]) =>
  tf.tidy(() => void tf.variableGrads(loss, variables));

describe('the order of logits and targets', () => {
  it('is refused where only the targets come from a variable, and named', () => {
    const weights = tf.variable(tf.ones([2, 3]));
    const constant = tf.zeros([2, 3]);
    expect(() => train(() => binaryCrossEntropyLoss(constant, tf.mul(weights, 2)), [weights])).toThrow(
      "losses/binaryCrossEntropyLoss: expected (logits, targets), got a model's output as targets",
    );
    expect(() => train(() => binaryCrossEntropyLoss(constant, weights), [weights])).toThrow('asLayersLoss');
    tf.dispose([weights, constant]);
  });
  it('is accepted in every ordinary training, distillation, and where nothing is trained', () => {
    const weights = tf.variable(tf.ones([2, 3]));
    const fixed = tf.variable(tf.ones([2, 3]), false);
    const constant = tf.zeros([2, 3]);
    const student = () => tf.mul(weights, 2);
    train(() => binaryCrossEntropyLoss(student(), constant), [weights]);
    train(() => binaryCrossEntropyLoss(weights, constant), [weights]);
    train(() => binaryCrossEntropyLoss(student(), tf.sigmoid(student())), [weights]);
    tf.tidy(() => {
      // Frozen logits beside a trained term, their targets cast inside.
      train(() => tf.add(binaryCrossEntropyLoss(constant, tf.cast(constant, 'float32')), tf.sum(weights)), [weights]);
      train(() => tf.add(binaryCrossEntropyLoss(constant, tf.mul(fixed, 0)), tf.sum(weights)), [weights]);
      tf.grad((z) => binaryCrossEntropyLoss(z, constant))(constant);
      // Targets that are learned themselves: the logits are computed inside.
      train(() => binaryCrossEntropyLoss(tf.clone(constant), tf.sigmoid(weights)), [weights]);
      binaryCrossEntropyLoss(constant, weights);
    });
    tf.dispose([weights, fixed, constant]);
  });
  it('is not judged by what an earlier gradient that failed has recorded', () => {
    const weights = tf.variable(tf.ones([2, 3]));
    const constant = tf.zeros([2, 3]);
    expect(() =>
      train(() => {
        tf.mul(weights, 2);
        throw new Error('on purpose');
      }, [weights]),
    ).toThrow('on purpose');
    tf.tidy(() => binaryCrossEntropyLoss(constant, weights));
    tf.dispose([weights, constant]);
  });
});
