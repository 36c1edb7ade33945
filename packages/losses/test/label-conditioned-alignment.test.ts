import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf, numbersOf } from '@cxr-align/testkit';
import {
  labelConditionedAlignmentLoss,
  labelConditionedAlignmentTerms,
  similarityLogits,
  type LabelConditionedOptions,
} from '../src/index.js';

type Rows = number[][];
const image = [
  [
    [1, 0.5, -1],
    [0.2, 2, 0.3],
  ],
  [
    [-0.5, 1, 1],
    [1, -1, 0.1],
  ],
];
const positive: Rows = [
  [1, 0.2, -0.3],
  [0.1, 1, 0.4],
];
const negative: Rows = [
  [-0.8, 0.3, 0.5],
  [0.2, -1, 0.6],
];
const targets: Rows = [
  [1, 0],
  [1, 1],
];

const unit = (row: number[]): number[] => row.map((x) => x / Math.hypot(...row));
const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** The same by loops over samples and labels. */
function plain(
  images: number[][][],
  y: Rows,
  {
    scale = 14,
    mask = y.map((row) => row.map(() => 1)),
    excluded = positive.map((row) => row.map(() => 0)),
    lambda = 0.5,
  } = {},
) {
  let pair = 0;
  let known = 0;
  let across = 0;
  let present = 0;
  images.forEach((sample, b) =>
    sample.forEach((row, i) => {
      if (!mask[b][i]) return;
      const scores = positive.map((p) => scale * dot(unit(row), unit(p)));
      const z = scores[i] - scale * dot(unit(row), unit(negative[i]));
      pair += Math.log1p(Math.exp(-(2 * y[b][i] - 1) * z));
      known++;
      if (y[b][i] !== 1) return;
      const rivals = scores.filter((_, j) => j === i || !excluded[i][j]);
      across += Math.log(rivals.reduce((sum, score) => sum + Math.exp(score - scores[i]), 0));
      present++;
    }),
  );
  return pair / known + (present ? (lambda * across) / present : 0);
}

const lossOf = (y: Rows, options: LabelConditionedOptions = {}): number =>
  tf.tidy(
    () =>
      numbersOf(
        labelConditionedAlignmentLoss(
          tf.tensor3d(image),
          { positive: tf.tensor2d(positive), negative: tf.tensor2d(negative) },
          tf.tensor2d(y),
          { logitScale: Math.log(14), ...options },
        ),
      )[0],
  );

describeBackends('labelConditionedAlignmentLoss(image, prompts, targets)', () => {
  it('equals the loops over samples and labels', () => {
    expectClose(lossOf(targets), plain(image, targets), 1e-4);
  });
  it('leaves out unknown targets and excluded negatives', () => {
    const mask = [
      [1, 0],
      [1, 1],
    ];
    const excluded = [
      [0, 1],
      [0, 0],
    ];
    tf.tidy(() => {
      const options = { mask: tf.tensor2d(mask), excludedNegatives: tf.tensor2d(excluded) };
      expectClose(lossOf(targets, options), plain(image, targets, { mask, excluded }), 1e-4);
    });
  });
  it('depends on the targets', () => {
    expect(
      Math.abs(
        lossOf(targets) -
          lossOf([
            [0, 1],
            [1, 0],
          ]),
      ),
    ).toBeGreaterThan(0.1);
  });
  it('has no discrimination term where nothing is present', () => {
    const nothing = [
      [0, 0],
      [0, 0],
    ];
    expectClose(lossOf(nothing), plain(image, nothing), 1e-4);
  });
  it('does not depend on the length of any embedding', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), (factor) => {
        tf.tidy(() => {
          const prompts = { positive: tf.tensor2d(positive), negative: tf.tensor2d(negative) };
          const scaled = tf.mul<tf.Tensor3D>(tf.tensor3d(image), factor);
          const loss = labelConditionedAlignmentLoss(scaled, prompts, tf.tensor2d(targets), {
            logitScale: Math.log(14),
          });
          expectClose(loss, lossOf(targets), 1e-4);
        });
      }),
      { numRuns: 20 },
    );
  });
  it('has the gradient of its own formula, and a finite one at an all-zero row', () => {
    const of = (x: tf.Tensor) =>
      labelConditionedAlignmentLoss(
        x as tf.Tensor3D,
        { positive: tf.tensor2d(positive), negative: tf.tensor2d(negative) },
        tf.tensor2d(targets),
        { logitScale: 0.5 },
      );
    expectGradient(of, image);
    expect(
      gradientOf(of, [
        [
          [0, 0, 0],
          [1, 0, 0],
        ],
        [
          [0, 1, 0],
          [0, 0, 1],
        ],
      ]).every(Number.isFinite),
    ).toBe(true);
  });
  it('clamps the logit scale to a factor of 1 to 100', () => {
    expectClose(lossOf(targets, { logitScale: 99 }), lossOf(targets, { logitScale: Math.log(100) }));
    expectClose(lossOf(targets, { logitScale: -99 }), lossOf(targets, { logitScale: 0 }));
  });
  it('leaves no tensor behind', () => {
    const [x, p, n, y] = [tf.tensor3d(image), tf.tensor2d(positive), tf.tensor2d(negative), tf.tensor2d(targets)];
    expectNoLeak(() => labelConditionedAlignmentLoss(x, { positive: p, negative: n }, y));
    expectNoLeak(() => Object.values(labelConditionedAlignmentTerms(x, { positive: p, negative: n }, y)));
    tf.dispose([x, p, n, y]);
  });
  it('says which shape was expected', () => {
    tf.tidy(() => {
      const prompts = { positive: tf.zeros<tf.Rank.R2>([5, 8]) };
      const call =
        (...shape: [number, number, number]) =>
        () =>
          labelConditionedAlignmentLoss(tf.zeros(shape), prompts, tf.zeros([2, 5]));
      expect(call(2, 4, 8)).toThrow('expected prompts.positive of shape [4, 8], got [5, 8]');
      expect(call(3, 5, 8)).toThrow(
        'losses/labelConditionedAlignmentLoss: expected targets of shape [3, 5], got [2, 5]',
      );
    });
  });
});

describeBackends('similarityLogits(image, prompts)', () => {
  it('is κ times the cosine to the one prompt, plus the bias, where there is no negative', () => {
    tf.tidy(() => {
      const logits = similarityLogits(
        tf.tensor3d(image),
        { positive: tf.tensor2d(positive) },
        { logitScale: Math.log(2), bias: 0.25 },
      );
      expectClose(
        logits,
        image.map((sample) => sample.map((row, i) => 2 * dot(unit(row), unit(positive[i])) + 0.25)),
      );
    });
  });
});
