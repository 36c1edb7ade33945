import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import {
  absoluteCosineLoss,
  vicregCovarianceLoss,
  gramMatrixLoss,
  neighbourDivergenceLoss,
  barlowTwinsLoss,
} from '../src/index.js';
import { identityCrossEntropyLoss, secondOrderGraphLoss } from '../src/reference.js';

const rows = [
  [1, 0.5, -1],
  [0.2, 2, 0.3],
  [-0.5, 1, 1],
  [0.4, -1, 0.7],
];
const others = [
  [0.8, 0.1, -1.2],
  [0.5, 1.5, 0.1],
  [-0.2, 0.7, 1.3],
  [0.1, -0.9, 0.2],
];
const target = [
  [1, 0.8, 0.1, 0.2],
  [0.8, 1, 0.3, 0.1],
  [0.1, 0.3, 1, 0.6],
  [0.2, 0.1, 0.6, 1],
];
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const cosine = (a: number[], b: number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
const columnsOf = (matrix: number[][]): number[][] => matrix[0].map((_, j) => matrix.map((row) => row[j]));

describeBackends('losses that decorrelate', () => {
  it('vicregCovarianceLoss is the sum of squared covariances of different dimensions over dim', () => {
    const columns = columnsOf(rows).map((column) => column.map((x) => x - mean(column)));
    let sum = 0;
    columns.forEach((a, i) =>
      columns.forEach((b, j) => (sum += i === j ? 0 : (a.reduce((all, x, k) => all + x * b[k], 0) / 3) ** 2)),
    );
    tf.tidy(() => expectClose(vicregCovarianceLoss(tf.tensor2d(rows)), sum / 3));
  });
  it('barlowTwinsLoss is near 0 for two equal views without correlation', () => {
    const plain = [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ];
    tf.tidy(() => expectClose(barlowTwinsLoss(tf.tensor2d(plain), tf.tensor2d(plain)), 0, 1e-5));
    const standard = (matrix: number[][]) =>
      columnsOf(matrix).map((column) =>
        column.map((x) => (x - mean(column)) / Math.sqrt(mean(column.map((v) => (v - mean(column)) ** 2)) + 1e-6)),
      );
    const [a, b] = [standard(rows), standard(others)];
    let expected = 0;
    a.forEach((x, i) =>
      b.forEach((y, j) => {
        const c = mean(x.map((value, k) => value * y[k]));
        expected += i === j ? (1 - c) ** 2 : 0.005 * c ** 2;
      }),
    );
    tf.tidy(() => expectClose(barlowTwinsLoss(tf.tensor2d(rows), tf.tensor2d(others)), expected));
  });
  it('have the gradients of their formulas, finite at zero rows, and want two rows', () => {
    expectGradient((x) => vicregCovarianceLoss(x as tf.Tensor2D), rows);
    expectGradient((x) => barlowTwinsLoss(x as tf.Tensor2D, tf.tensor2d(others)), rows);
    expectGradient((x) => absoluteCosineLoss(x as tf.Tensor2D), rows);
    expectGradient((x) => identityCrossEntropyLoss(x as tf.Tensor2D, { logitScale: 1 }), rows);
    const zeros = rows.map((row) => row.map(() => 0));
    for (const loss of [absoluteCosineLoss, identityCrossEntropyLoss, vicregCovarianceLoss] as ((
      x: tf.Tensor2D,
    ) => tf.Scalar)[]) {
      expect(gradientOf((x) => loss(x as tf.Tensor2D), zeros).every(Number.isFinite)).toBe(true);
      tf.tidy(() => expect(() => loss(tf.zeros([1, 3]))).toThrow('expected 2 or more rows, got 1'));
    }
    const x = tf.tensor2d(rows);
    expectNoLeak(() => vicregCovarianceLoss(x));
    expectNoLeak(() => barlowTwinsLoss(x, x));
    x.dispose();
  });
});

describeBackends('losses that match a graph', () => {
  const cosines = rows.map((a) => rows.map((b) => cosine(a, b)));
  it('gramMatrixLoss is the mean squared distance over pairs of different labels', () => {
    const misses = cosines.flatMap((row, i) => row.flatMap((c, j) => (i === j ? [] : [(c - target[i][j]) ** 2])));
    tf.tidy(() => expectClose(gramMatrixLoss(tf.tensor3d([rows]), tf.tensor2d(target)), mean(misses)));
  });
  it('neighbourDivergenceLoss equals its formula, and is 0 where the cosines are the target', () => {
    const distribution = (row: number[], i: number): number[] => {
      const weights = row.map((value, j) => (i === j ? 0 : Math.exp(value / 0.2)));
      return weights.map((weight) => weight / weights.reduce((a, b) => a + b));
    };
    const divergences = cosines.map((row, i) => {
      const [t, s] = [distribution(target[i], i), distribution(row, i)];
      return t.reduce((sum, value, j) => sum + (i === j ? 0 : value * Math.log(value / s[j])), 0);
    });
    tf.tidy(() => {
      expectClose(neighbourDivergenceLoss(tf.tensor3d([rows]), tf.tensor2d(target)), mean(divergences), 1e-4);
      expectClose(neighbourDivergenceLoss(tf.tensor3d([rows]), tf.tensor2d(cosines)), 0, 1e-5);
    });
  });
  it('secondOrderGraphLoss leaves its target as it was and stays finite for constant rows', () => {
    tf.tidy(() => {
      const goal = tf.tensor2d(target);
      const loss = secondOrderGraphLoss(tf.ones([1, 4, 4]), goal);
      expect(Number.isFinite(loss.dataSync()[0])).toBe(true);
      expectClose(goal, target);
    });
  });
  it('have the gradients of their formulas', () => {
    expectGradient((x) => gramMatrixLoss(x as tf.Tensor3D, tf.tensor2d(target)), [rows, others]);
    expectGradient((x) => neighbourDivergenceLoss(x as tf.Tensor3D, tf.tensor2d(target)), [rows, others]);
    expectGradient(
      (x) => secondOrderGraphLoss(x as tf.Tensor3D, tf.tensor2d(target)),
      [target.map((row, i) => row.map((v, j) => v + 0.1 * Math.sin(i + 3 * j)))],
      { step: 3e-3 },
    );
  });
});
