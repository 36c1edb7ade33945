import * as tf from '@tensorflow/tfjs-core';
import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf, numbersOf } from '@cxr-align/testkit';
import { binaryCrossEntropyLoss } from '../src/index.js';

const logits = [
  [2, -1, 0.5],
  [-3, 0, 1],
];
const targets = [
  [1, 0, 1],
  [0, 1, 0],
];
const mask = [
  [1, 1, 0],
  [1, 0, 1],
];

/** The same by hand, entry by entry. */
const plain = (z: number, y: number, weight = 1): number =>
  weight * y * Math.log1p(Math.exp(-z)) + (1 - y) * Math.log1p(Math.exp(z));
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const loss = (options = {}): number =>
  tf.tidy(() => numbersOf(binaryCrossEntropyLoss(tf.tensor2d(logits), tf.tensor2d(targets), options))[0]);

describeBackends('binaryCrossEntropyLoss(logits, targets)', () => {
  it('is the mean over entries, worked by hand', () => {
    expectClose(loss(), mean(logits.flatMap((row, b) => row.map((z, i) => plain(z, targets[b][i])))));
  });
  it('counts known targets only', () => {
    const known = logits.flatMap((row, b) => row.flatMap((z, i) => (mask[b][i] ? [plain(z, targets[b][i])] : [])));
    tf.tidy(() => {
      expectClose(loss({ mask: tf.tensor2d(mask) }), mean(known));
      expectClose(loss({ mask: tf.tensor2d(mask), reduction: 'sum' }), mean(known) * known.length);
      expect(loss({ mask: tf.zeros([2, 3]) })).toBe(0);
    });
  });
  it('weighs positives and smooths targets', () => {
    const weights = [2, 3, 0.5];
    const weighted = logits.flatMap((row, b) => row.map((z, i) => plain(z, targets[b][i], weights[i])));
    tf.tidy(() => expectClose(loss({ posWeight: tf.tensor1d(weights) }), mean(weighted)));
    const smooth = logits.flatMap((row, b) => row.map((z, i) => plain(z, targets[b][i] * 0.9 + 0.05)));
    expectClose(loss({ labelSmoothing: 0.1 }), mean(smooth));
  });
  it('has the gradient of its own formula', () => {
    expectGradient(
      (z) => binaryCrossEntropyLoss(z as tf.Tensor2D, tf.tensor2d(targets), { mask: tf.tensor2d(mask) }),
      logits,
    );
  });
  it('stays finite at ±100, and its gradient too', () => {
    const extreme = [
      [100, -100],
      [-100, 100],
    ];
    const of = (z: tf.Tensor) =>
      binaryCrossEntropyLoss(
        z as tf.Tensor2D,
        tf.tensor2d([
          [1, 0],
          [1, 0],
        ]),
      );
    tf.tidy(() => expectClose(of(tf.tensor2d(extreme)), 50));
    tf.tidy(() => expectClose(gradientOf(of, extreme), [0, 0, -0.25, 0.25]));
  });
  it('leaves no tensor behind', () => {
    const z = tf.tensor2d(logits);
    const y = tf.tensor2d(targets);
    expectNoLeak(() => binaryCrossEntropyLoss(z, y, { labelSmoothing: 0.1 }));
    tf.dispose([z, y]);
  });
  it('says which shape was expected', () => {
    tf.tidy(() =>
      expect(() => binaryCrossEntropyLoss(tf.zeros([32, 14]), tf.zeros([32, 15]))).toThrow(
        'losses/binaryCrossEntropyLoss: expected targets of shape [32, 14], got [32, 15]',
      ),
    );
  });
});
