import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf, numbersOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { asymmetricLoss, binaryCrossEntropyLoss, focalLoss, robustAsymmetricLoss } from '../src/index.js';

const logits = [
  [2, -1, 0.5],
  [-3, 0.2, 1],
];
const targets = [
  [1, 0, 1],
  [0, 1, 0],
];
const mask = [
  [1, 1, 0],
  [1, 0, 1],
];
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
/** Sum over known entries of a loss given entry by entry. */
const sumOf = (entry: (p: number, y: number) => number): number =>
  logits.flatMap((row, b) => row.map((z, i) => mask[b][i] * entry(sigmoid(z), targets[b][i]))).reduce((a, b) => a + b);
type Loss = (z: tf.Tensor2D, y: tf.Tensor2D, options?: { mask?: tf.Tensor2D; reduction?: 'sum' | 'mean' }) => tf.Tensor;
const summed = (loss: Loss): number =>
  tf.tidy(
    () => numbersOf(loss(tf.tensor2d(logits), tf.tensor2d(targets), { mask: tf.tensor2d(mask), reduction: 'sum' }))[0],
  );

describeBackends('focal and asymmetric losses', () => {
  it('focalLoss equals its formula, entry by entry', () => {
    const expected = sumOf((p, y) => {
      const pt = y === 1 ? p : 1 - p;
      return -(y === 1 ? 0.3 : 0.7) * (1 - pt) ** 1.5 * Math.log(pt);
    });
    expectClose(
      summed((z, y, options) => focalLoss(z, y, { ...options, alpha: 0.3, gamma: 1.5 })),
      expected,
    );
  });
  it('asymmetricLoss equals its formula, entry by entry', () => {
    const expected = sumOf((p, y) => {
      const q = Math.min(1 - p + 0.05, 1);
      return y === 1 ? -((1 - p) ** 1) * Math.log(p) : -((1 - q) ** 4) * Math.log(q);
    });
    expectClose(summed(asymmetricLoss), expected);
  });
  it('robustAsymmetricLoss equals its formula, entry by entry', () => {
    const expected = sumOf((p, y) => {
      if (y === 1) return -(Math.log(p) + (1 - p) - (2.5 / 2) * (1 - p) ** 2);
      const m = Math.max(p - 0.05, 0);
      return -(m ** 4) * Math.log(1 - m) * (1.5 - m) * m ** 2 * (1.5 - (1 - m));
    });
    expectClose(summed(robustAsymmetricLoss), expected);
  });
  it('are plain cross entropy where nothing is focused', () => {
    const plain = summed(binaryCrossEntropyLoss);
    expectClose(
      summed((z, y, options) => focalLoss(z, y, { ...options, alpha: null, gamma: 0 })),
      plain,
    );
    expectClose(
      summed((z, y, options) => asymmetricLoss(z, y, { ...options, gammaNegative: 0, gammaPositive: 0, clip: 0 })),
      plain,
    );
  });
  it.each([
    ['focalLoss', focalLoss],
    ['asymmetricLoss', asymmetricLoss],
    ['robustAsymmetricLoss', robustAsymmetricLoss],
  ] as [string, Loss][])('%s has the gradient of its formula, finite at ±100, and leaks nothing', (name, loss) => {
    expectGradient(
      (z) => loss(z as tf.Tensor2D, tf.tensor2d(targets), { mask: tf.tensor2d(mask), reduction: 'sum' }),
      logits,
    );
    const extreme = [
      [100, -100],
      [-100, 100],
    ];
    const of = (z: tf.Tensor) =>
      loss(
        z as tf.Tensor2D,
        tf.tensor2d([
          [1, 0],
          [1, 0],
        ]),
      );
    tf.tidy(() => expect(numbersOf(of(tf.tensor2d(extreme))).every(Number.isFinite)).toBe(true));
    expect(gradientOf(of, extreme).every(Number.isFinite)).toBe(true);
    const [z, y] = [tf.tensor2d(logits), tf.tensor2d(targets)];
    expectNoLeak(() => loss(z, y));
    expect(() => loss(z, tf.zeros([1, 3]))).toThrow(`losses/${name}: expected targets of shape [2, 3], got [1, 3]`);
    tf.dispose([z, y]);
  });
  it('asymmetricLoss with a detached focus has the same value and another gradient', () => {
    const of = (detachFocus: boolean) => (z: tf.Tensor) =>
      asymmetricLoss(z as tf.Tensor2D, tf.tensor2d(targets), { detachFocus });
    tf.tidy(() => expectClose(of(true)(tf.tensor2d(logits)), of(false)(tf.tensor2d(logits))));
    expect(gradientOf(of(true), logits)).not.toEqual(gradientOf(of(false), logits));
  });
});
