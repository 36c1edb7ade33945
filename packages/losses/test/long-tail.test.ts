import { describeBackends, expectClose, expectGradient, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import {
  deferredWeights,
  distributionBalancedLoss,
  effectiveNumberWeights,
  ldamLoss,
  ldamMargins,
  multiLabelLdamLoss,
  threeClassCrossEntropyLoss,
} from '../src/index.js';

const softplus = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0);

describe('weights for rare classes', () => {
  it('effectiveNumberWeights: equal at β = 0, inverse to the counts near 1, mean 1', () => {
    expect([...effectiveNumberWeights([5, 500], { beta: 0 })]).toEqual([1, 1]);
    const [rare, frequent] = effectiveNumberWeights([10, 1000], { beta: 0.999999 });
    expect(rare / frequent).toBeCloseTo(100, 0);
    expect((rare + frequent) / 2).toBeCloseTo(1, 6);
    expect(() => effectiveNumberWeights([1], { beta: 1 })).toThrow('expected beta to be a number in [0, 1), got 1');
  });
  it('deferredWeights: equal before the start, balanced after it', () => {
    expect([...deferredWeights([1, 100], { epoch: 4, start: 5 })]).toEqual([1, 1]);
    expect(deferredWeights([1, 100], { epoch: 5, start: 5 })).toEqual(
      effectiveNumberWeights([1, 100], { beta: 0.9999 }),
    );
  });
  it('ldamMargins: the widest for the rarest', () => {
    expectClose(ldamMargins([16, 256], { maxMargin: 0.5 }), [0.5, 0.25]);
  });
});

describeBackends('ldamLoss(logits, classes)', () => {
  it('is cross entropy with the margin taken off the right class', () => {
    const [m0] = ldamMargins([16, 256]);
    tf.tidy(() => {
      const loss = ldamLoss(tf.tensor2d([[0.2, 0.1]]), tf.tensor1d([0], 'int32'), { counts: [16, 256], scale: 10 });
      const [a, b] = [10 * (0.2 - m0), 1];
      expectClose(loss, -a + Math.log(Math.exp(a) + Math.exp(b)));
    });
  });
  it('has the gradient of its formula and wants a count for each class', () => {
    const classes = tf.tensor1d([0, 1], 'int32');
    expectGradient(
      (z) => ldamLoss(z as tf.Tensor2D, classes, { counts: [3, 9], scale: 2 }),
      [
        [0.2, 0.1],
        [-0.3, 0.4],
      ],
    );
    tf.tidy(() =>
      expect(() => ldamLoss(tf.zeros([2, 2]), classes, { counts: [1] })).toThrow(
        'expected a count for each of 2 classes, got 1',
      ),
    );
    classes.dispose();
  });
});

describeBackends('multiLabelLdamLoss and distributionBalancedLoss', () => {
  const logits = [
    [0.5, -0.2],
    [0.1, 0.3],
  ];
  const targets = [
    [1, 0],
    [1, 1],
  ];
  it('multiLabelLdamLoss shifts the logits of positives alone', () => {
    const margins = ldamMargins([4, 64]);
    const expected = logits.flatMap((row, b) =>
      row.map((z, i) => (targets[b][i] ? softplus(-3 * (z - margins[i])) : softplus(3 * z))),
    );
    tf.tidy(() =>
      expectClose(
        multiLabelLdamLoss(tf.tensor2d(logits), tf.tensor2d(targets), { counts: [4, 64], scale: 3, reduction: 'none' }),
        expected,
      ),
    );
  });
  it('distributionBalancedLoss equals its formula, entry by entry', () => {
    const [counts, total] = [[4, 64], 100];
    const expected = logits.flatMap((row, b) =>
      row.map((z, i) => {
        const sum = counts.reduce((all, count, j) => all + targets[b][j] / count, 0);
        const weight = 0.1 + 1 / (1 + Math.exp(-10 * (1 / counts[i] / sum - 0.2)));
        const shifted = z - 0.05 * Math.log(total / counts[i] - 1);
        return weight * (targets[b][i] ? softplus(-shifted) : softplus(2 * shifted) / 2);
      }),
    );
    tf.tidy(() =>
      expectClose(
        distributionBalancedLoss(tf.tensor2d(logits), tf.tensor2d(targets), { counts, total, reduction: 'none' }),
        expected,
      ),
    );
  });
  it('have the gradient of their formula, are finite for a sample without a label, and leak nothing', () => {
    const margin = { counts: [4, 64], scale: 3 };
    const options = { counts: [4, 64], total: 100 };
    expectGradient((z) => multiLabelLdamLoss(z, tf.tensor2d(targets), margin), logits);
    expectGradient((z) => distributionBalancedLoss(z as tf.Tensor2D, tf.tensor2d(targets), options), logits);
    const [z, none] = [tf.tensor2d(logits), tf.zeros<tf.Rank.R2>([2, 2])];
    expect(distributionBalancedLoss(z, none, options).dataSync().every(Number.isFinite)).toBe(true);
    expectNoLeak(() => distributionBalancedLoss(z, none, options));
    tf.dispose([z, none]);
  });
});

describeBackends('threeClassCrossEntropyLoss(logits, classes)', () => {
  it('is log 3 for equal logits, smoothed or not, and counts known entries', () => {
    tf.tidy(() => {
      const [logits, classes] = [tf.zeros<tf.Rank.R3>([2, 4, 3]), tf.zeros<tf.Rank.R2>([2, 4])];
      expectClose(threeClassCrossEntropyLoss(logits, classes), Math.log(3));
      expectClose(threeClassCrossEntropyLoss(logits, classes, { labelSmoothing: 0.2 }), Math.log(3));
      expectClose(threeClassCrossEntropyLoss(logits, classes, { mask: tf.zeros([2, 4]) }), 0);
    });
  });
});
