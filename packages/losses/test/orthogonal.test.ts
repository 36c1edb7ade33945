import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf, numbersOf } from '@cxr-align/testkit';
import { orthogonalLoss, type OrthogonalOptions } from '../src/index.js';

const lossOf = (rows: number[][], options: OrthogonalOptions = {}): number =>
  tf.tidy(() => numbersOf(orthogonalLoss(tf.tensor2d(rows), options))[0]);
const number = fc.double({ min: -5, max: 5, noNaN: true });
const matrix = fc.array(fc.tuple(number, number, number), { minLength: 2, maxLength: 6 });

describeBackends('orthogonalLoss(embeddings)', () => {
  it('is 0 for rows at right angles and 1 for parallel rows', () => {
    expectClose(
      lossOf([
        [2, 0],
        [0, 5],
      ]),
      0,
    );
    expectClose(
      lossOf([
        [1, 1],
        [-3, -3],
      ]),
      1,
    );
  });
  it('equals the mean of cos² over pairs, worked by hand', () => {
    expectClose(
      lossOf([
        [1, 0],
        [0, 1],
        [1, 1],
      ]),
      1 / 3,
    ); // cos² = 0, ½, ½
  });
  it('is 0 where every cosine is at its target', () => {
    tf.tidy(() =>
      expectClose(
        lossOf(
          [
            [1, 0],
            [1, 1],
          ],
          { target: tf.fill([2, 2], Math.SQRT1_2) },
        ),
        0,
      ),
    );
  });
  it('stays in [0, 1] whatever the rows', () => {
    fc.assert(
      fc.property(matrix, (rows) => lossOf(rows) >= 0 && lossOf(rows) <= 1 + 1e-5),
      { numRuns: 50 },
    );
  });
  it('has the gradient of its own formula, finite at a zero row', () => {
    expectGradient(
      (x) => orthogonalLoss(x as tf.Tensor2D),
      [
        [1, 2],
        [-0.5, 1],
        [0.3, -2],
      ],
    );
    expectClose(
      gradientOf(
        (x) => orthogonalLoss(x as tf.Tensor2D),
        [
          [0, 0],
          [1, 0],
        ],
      ),
      [0, 0, 0, 0],
    );
  });
  it('leaves no tensor behind', () => {
    const rows = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    expectNoLeak(() => orthogonalLoss(rows, { reduction: 'none' }));
    rows.dispose();
  });
  it('wants two labels', () => {
    tf.tidy(() =>
      expect(() => orthogonalLoss(tf.zeros([1, 4]))).toThrow('expected 2 or more labels, got 1; drop this term'),
    );
  });
});
