import { describeBackends, expectClose, expectGradient, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { vicregLoss } from '../src/index.js';

const first = [
  [0.3, -0.2, 1.1],
  [0.1, 0.4, -0.6],
  [-0.7, 0.9, 0.2],
  [0.5, -1.3, 0.4],
];
const second = first.map((row, i) => row.map((value, j) => value + 0.2 * Math.sin(3 * i + j)));

/** The formula, number by number. */
function slowly(
  a: number[][],
  b: number[][],
  weights: { invariance: number; variance: number; covariance: number },
): number {
  const [rows, dim] = [a.length, a[0].length];
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const invariance = mean(a.flatMap((row, i) => row.map((value, j) => (value - b[i][j]) ** 2)));
  let variance = 0;
  let covariance = 0;
  for (const view of [a, b]) {
    const centred = view.map((row) => row.map((value, j) => value - mean(view.map((other) => other[j]))));
    const c = (i: number, j: number): number => centred.reduce((sum, row) => sum + row[i] * row[j], 0) / (rows - 1);
    for (let i = 0; i < dim; i++) {
      variance += Math.max(0, 1 - Math.sqrt(c(i, i) + 1e-4)) / dim / 2;
      for (let j = 0; j < dim; j++) if (i !== j) covariance += c(i, j) ** 2 / dim;
    }
  }
  return weights.invariance * invariance + weights.variance * variance + weights.covariance * covariance;
}

describeBackends('vicregLoss(first, second)', () => {
  it.each([
    { invariance: 25, variance: 25, covariance: 1 },
    { invariance: 1, variance: 0, covariance: 0 },
    { invariance: 0, variance: 2, covariance: 0 },
    { invariance: 0, variance: 0, covariance: 3 },
  ])('is the formula with $invariance, $variance, $covariance', (weights) => {
    const [a, b] = [first, second].map((rows) => tf.tensor2d(rows));
    expectClose(vicregLoss(a, b, weights), slowly(first, second, weights), 1e-5);
    expectNoLeak(() => vicregLoss(a, b, weights).dispose());
  });
  it('has the gradient of its formula', () => {
    const b = tf.tensor2d(second);
    expectGradient((a) => vicregLoss(a as tf.Tensor2D, b, { invariance: 5, variance: 5, covariance: 1 }), first);
  });
});
