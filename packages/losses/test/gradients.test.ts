// Gradients that are written by hand against those that TensorFlow.js derives from the plain formula, and against central
// differences: far out, at zero rows, under masks, for each reduction, and where a loss is used twice.
import { RandomStream } from '@cxr-align/random';
import { describeBackends, expectClose, expectGradient, numbersOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import * as reference from '../src/reference.js';
import type { Reduction } from '../src/index.js';
import * as plain from './plain-formulas.js';

const [batch, labels, dim] = [3, 4, 5];

const normals = (purpose: string, shape: number[]): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(new RandomStream({ seed: 9, purpose }).normals(size), shape);
};
const targets = (): tf.Tensor => tf.tensor2d([1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0], [batch, labels]);
const mask = (): tf.Tensor => tf.tensor2d([1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 1], [batch, labels]);
const prompts = (purpose = 'prompts'): tf.Tensor => normals(purpose, [labels, dim]);
const similarity = (): tf.Tensor => tf.tidy(() => tf.sigmoid(tf.add(half(), tf.transpose(half()))));
const half = (): tf.Tensor => normals('similarity', [labels, labels]);
const texts = (): tf.Tensor => normals('texts', [batch, dim]);
const counts = [3, 50, 8, 20];
const descendants = [[1, 2], [2], [], []];
const edges = [
  { parent: 0, child: 1 },
  { parent: 2, child: 3 },
];
const kappa = 3;
const logitScale = Math.log(kappa);

interface Case {
  shape: number[];
  /** On logits, whose entries may be masked one by one. */
  isOnLogits?: boolean;
  loss(x: tf.Tensor, options: { reduction?: Reduction; mask?: tf.Tensor }): tf.Tensor;
  /** Entries, not reduced and not masked. */
  plain(x: tf.Tensor, options: { mask?: tf.Tensor }): tf.Tensor;
}

const [logits, each, perImage] = [
  [batch, labels],
  [batch, labels, dim],
  [batch, dim],
];
const onLogits = (loss: Case['loss'], entries: Case['plain']): Case => ({
  shape: logits,
  isOnLogits: true,
  loss,
  plain: entries,
});

const cases: Record<string, Case> = {
  binaryCrossEntropyLoss: onLogits(
    (x, options) => losses.binaryCrossEntropyLoss(x, targets(), options),
    (x) => plain.binaryCrossEntropy(x, targets()),
  ),
  'binaryCrossEntropyLoss, weighted and smoothed': onLogits(
    (x, options) =>
      losses.binaryCrossEntropyLoss(x, targets(), { posWeight: tf.tensor1d(counts), labelSmoothing: 0.2, ...options }),
    (x) => plain.binaryCrossEntropy(x, tf.add(tf.mul(targets(), 0.8), 0.1), tf.tensor1d(counts)),
  ),
  focalLoss: onLogits(
    (x, options) => losses.focalLoss(x, targets(), options),
    (x) => plain.focal(x, targets(), 0.25, 2),
  ),
  'focalLoss, γ 0.5': onLogits(
    (x, options) => losses.focalLoss(x, targets(), { gamma: 0.5, alpha: 0.5, ...options }),
    (x) => plain.focal(x, targets(), 0.5, 0.5),
  ),
  asymmetricLoss: onLogits(
    (x, options) => losses.asymmetricLoss(x, targets(), options),
    (x) => plain.asymmetric(x, targets(), { gammaPositive: 1, gammaNegative: 4, clip: 0.05 }),
  ),
  'asymmetricLoss without margin': onLogits(
    (x, options) => losses.asymmetricLoss(x, targets(), { clip: 0, gammaPositive: 0, gammaNegative: 1, ...options }),
    (x) => plain.asymmetric(x, targets(), { clip: 0, gammaPositive: 0, gammaNegative: 1 }),
  ),
  'asymmetricLoss, powers below 1 and a large ε': onLogits(
    (x, options) =>
      losses.asymmetricLoss(x, targets(), { gammaPositive: 0.5, gammaNegative: 0.5, clip: 0.1, eps: 0.2, ...options }),
    (x) => plain.asymmetric(x, targets(), { gammaPositive: 0.5, gammaNegative: 0.5, clip: 0.1, eps: 0.2 }),
  ),
  robustAsymmetricLoss: onLogits(
    (x, options) => losses.robustAsymmetricLoss(x, targets(), options),
    (x) => {
      const options = { gammaPositive: 0, gammaNegative: 4, clip: 0.05, lambda: 1.5, epsilon: [1, -2.5] };
      return plain.robustAsymmetric(x, targets(), options);
    },
  ),
  'robustAsymmetricLoss, focused positives': onLogits(
    (x, options) =>
      losses.robustAsymmetricLoss(x, targets(), { gammaPositive: 2, gammaNegative: 1, clip: 0, ...options }),
    (x) => {
      const options = { gammaPositive: 2, gammaNegative: 1, clip: 0, lambda: 1.5, epsilon: [1, -2.5] };
      return plain.robustAsymmetric(x, targets(), options);
    },
  ),
  multiLabelLdamLoss: onLogits(
    (x, options) => losses.multiLabelLdamLoss(x, targets(), { counts, scale: 3, labelSmoothing: 0.1, ...options }),
    (x) => {
      const margins = tf.mul(targets(), tf.tensor1d(losses.ldamMargins(counts)));
      return plain.binaryCrossEntropy(tf.mul(tf.sub(x, margins), 3), tf.add(tf.mul(targets(), 0.9), 0.05));
    },
  ),
  distributionBalancedLoss: onLogits(
    (x, options) => losses.distributionBalancedLoss(x, targets(), { counts, total: 90, ...options }),
    (x, { mask: known = tf.ones(logits) }) => plain.distributionBalanced(x, targets(), { counts, total: 90, known }),
  ),
  maxConstraintLoss: onLogits(
    (x, options) => losses.maxConstraintLoss(x, targets(), { descendants, ...options }),
    (x) => plain.maxConstraint(x, targets(), descendants),
  ),
  hierarchyViolationLoss: {
    shape: logits,
    loss: (x, { reduction }) => losses.hierarchyViolationLoss(x, { edges, reduction }),
    plain: (x) => plain.hierarchyViolation(x, edges),
  },
  threeClassCrossEntropyLoss: {
    shape: [batch, labels, 3],
    loss: (x, { reduction }) => {
      const classes = tf.cast(tf.add(targets(), 1), 'int32');
      return losses.threeClassCrossEntropyLoss(x, classes, { labelSmoothing: 0.1, reduction });
    },
    plain: (x) =>
      plain.classCrossEntropy(x, tf.cast(tf.oneHot(tf.cast(tf.add(targets(), 1), 'int32'), 3), 'float32'), 0.1),
  },
  softLabelContrastiveLoss: {
    shape: [batch, batch],
    loss: (x, { reduction }) =>
      losses.softLabelContrastiveLoss(x, targets(), targets(), { direction: 'imageToText', reduction }),
    plain: (x) => plain.softLabels(x, tf.matMul(targets(), targets(), false, true)),
  },
  labelContrastiveLoss: {
    shape: each,
    loss: (x, options) => losses.labelContrastiveLoss(x, prompts(), { logitScale, ...options }),
    plain: (x) => plain.labelContrastive(x, prompts(), kappa),
  },
  referenceLabelContrastiveLoss: {
    shape: each,
    loss: (x, options) => reference.referenceLabelContrastiveLoss(x, prompts(), { logitScale, ...options }),
    plain: (x) => plain.labelContrastive(x, prompts(), kappa, true),
  },
  imageTextContrastiveLoss: {
    shape: perImage,
    loss: (x, { reduction }) =>
      losses.imageTextContrastiveLoss(x, texts(), { logitScale, labelSmoothing: 0.1, reduction }),
    plain: (x) => plain.imageText(x, texts(), kappa, 0.1),
  },
  sigmoidContrastiveLoss: {
    shape: perImage,
    loss: (x, { reduction }) => losses.sigmoidContrastiveLoss(x, texts(), { logitScale, bias: -1, reduction }),
    plain: (x) => plain.sigmoidContrastive(x, texts(), kappa, -1),
  },
  orthogonalLoss: {
    shape: [labels, dim],
    loss: (x, { reduction }) => losses.orthogonalLoss(x, { target: similarity(), reduction }),
    plain: (x) => plain.orthogonal(x, similarity()),
  },
  absoluteCosineLoss: {
    shape: each,
    // Its mean is over pairs of rows, and its sum a mean over samples.
    loss: (x, { reduction = 'mean' }) => {
      const factor = { none: 1, sum: batch, mean: (labels - 1) / 2 }[reduction];
      return tf.mul(losses.absoluteCosineLoss(x, { reduction }), factor);
    },
    plain: (x) => plain.absoluteCosine(x),
  },
  supervisedContrastiveLoss: {
    shape: perImage,
    loss: (x, { reduction }) => losses.supervisedContrastiveLoss(x, targets(), { temperature: 0.5, reduction }),
    plain: (x) => plain.supervised(x, targets(), 0.5),
  },
  identityCrossEntropyLoss: {
    shape: each,
    loss: (x, { reduction }) => reference.identityCrossEntropyLoss(x, { logitScale, reduction }),
    plain: (x) => plain.identityCrossEntropy(x, kappa),
  },
  'vicregCovarianceLoss of few rows': {
    shape: perImage,
    loss: (x, { reduction }) => losses.vicregCovarianceLoss(x, { reduction }),
    plain: (x) => plain.vicregCovariance(x),
  },
  'vicregCovarianceLoss of many rows': {
    shape: [7, 3],
    loss: (x, { reduction }) => losses.vicregCovarianceLoss(x, { reduction }),
    plain: (x) => plain.vicregCovariance(x),
  },
  'barlowTwinsLoss of few rows': {
    shape: perImage,
    loss: (x, { reduction }) =>
      losses.barlowTwinsLoss(x, texts(), { offDiagonal: 0.1, reduction: reduction ?? 'mean' }),
    plain: (x) => plain.barlowTwins(x, texts(), 0.1),
  },
  'barlowTwinsLoss of many rows': {
    shape: [7, 3],
    loss: (x, { reduction }) =>
      losses.barlowTwinsLoss(x, normals('views', [7, 3]), { offDiagonal: 0.1, reduction: reduction ?? 'mean' }),
    plain: (x) => plain.barlowTwins(x, normals('views', [7, 3]), 0.1),
  },
  'barlowTwinsLoss of few rows by the second view': {
    shape: perImage,
    loss: (x, { reduction }) =>
      losses.barlowTwinsLoss(texts(), x, { offDiagonal: 0.1, reduction: reduction ?? 'mean' }),
    plain: (x) => plain.barlowTwins(texts(), x, 0.1),
  },
  'barlowTwinsLoss of many rows by the second view': {
    shape: [7, 3],
    loss: (x, { reduction }) =>
      losses.barlowTwinsLoss(normals('views', [7, 3]), x, { offDiagonal: 0.1, reduction: reduction ?? 'mean' }),
    plain: (x) => plain.barlowTwins(normals('views', [7, 3]), x, 0.1),
  },
  'graphAlignmentLoss, correlation': {
    shape: each,
    loss: (x, { reduction }) => losses.graphAlignmentLoss(x, similarity(), { reduction }),
    plain: (x) => plain.graphAlignment(x, similarity(), 'correlation'),
  },
  'graphAlignmentLoss, kernel': {
    shape: each,
    loss: (x, { reduction }) => losses.graphAlignmentLoss(x, similarity(), { form: 'kernel', reduction }),
    plain: (x) => plain.graphAlignment(x, similarity(), 'kernel'),
  },
  gramMatrixLoss: {
    shape: each,
    loss: (x, { reduction }) => losses.gramMatrixLoss(x, similarity(), { reduction }),
    plain: (x) => plain.gramMatrix(x, similarity()),
  },
  neighbourDivergenceLoss: {
    shape: each,
    loss: (x, { reduction }) => losses.neighbourDivergenceLoss(x, similarity(), { reduction }),
    plain: (x) => plain.neighbourDivergence(x, similarity(), 0.2),
  },
};

/** The plain entries, reduced as the documentation promises. */
function plainReduced(
  { plain: entriesOf }: Case,
  x: tf.Tensor,
  { reduction, mask: known }: { reduction: Reduction; mask?: tf.Tensor },
): tf.Tensor {
  const entries = entriesOf(x, { mask: known });
  const kept = known ? tf.mul(entries, known) : entries;
  if (reduction === 'none') return kept;
  return reduction === 'sum' ? tf.sum(kept) : known ? tf.div(tf.sum(kept), tf.sum(known)) : tf.mean(kept);
}

/** Value and gradient of a weighted sum of what `f` returns: with weights that differ, entries cannot be confused. */
function both(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): number[] {
  const weighted = (z: tf.Tensor): tf.Scalar => {
    const y = f(z);
    return tf.sum(tf.mul(y, y.size === 1 ? 1 : normals('weights', y.shape)));
  };
  const { value, grad } = tf.valueAndGrad(weighted)(x);
  return [...numbersOf(value), ...numbersOf(grad)];
}

for (const [name, one] of Object.entries(cases)) {
  describeBackends(`the gradient of ${name}`, () => {
    it('is that of the plain formula, for each reduction, also where it is used twice', () => {
      tf.tidy(() => {
        const x = normals('input', one.shape);
        for (const reduction of ['none', 'sum', 'mean'] as const) {
          const loss = (z: tf.Tensor): tf.Tensor => one.loss(z, { reduction });
          const formula = (z: tf.Tensor): tf.Tensor => plainReduced(one, z, { reduction });
          expectClose(both(loss, x), both(formula, x), 2e-5);
          const twice = (f: typeof loss) => (z: tf.Tensor) => tf.add(f(z), tf.mul(f(tf.mul(z, z)), 0.5));
          expectClose(both(twice(loss), x), both(twice(formula), x), 2e-4);
        }
      });
    });

    if (one.isOnLogits) {
      it('is that of the plain formula under a mask', () => {
        tf.tidy(() => {
          const x = normals('input', one.shape);
          for (const reduction of ['none', 'sum', 'mean'] as const) {
            const options = { reduction, mask: mask() };
            const found = both((z) => one.loss(z, options), x);
            expectClose(
              found,
              both((z) => plainReduced(one, z, options), x),
              2e-5,
            );
          }
        });
      });
      it('is that of the plain formula and of central differences at ±100', () => {
        tf.tidy(() => {
          const far = tf.mul(tf.sign(normals('input', one.shape)), tf.add(tf.abs(normals('far', one.shape)), 98));
          const entries = (z: tf.Tensor): tf.Tensor => one.loss(z, { reduction: 'none' });
          expectClose(
            both(entries, far),
            both((z) => one.plain(z, {}), far),
            1e-3,
          );
          expectGradient(entries, far, { step: 0.5 });
        });
      });
    } else if (one.shape[one.shape.length - 1] === dim) {
      it('is that of the plain formula beside a row of zeros', () => {
        tf.tidy(() => {
          const x = normals('input', one.shape);
          const isOther = tf.concat([tf.zeros([1, dim]), tf.ones([x.size / dim - 1, dim])]);
          const zeroed = tf.mul(x, tf.reshape(isOther, one.shape));
          const found = both((z) => one.loss(z, {}), zeroed);
          const expected = both((z) => plainReduced(one, z, { reduction: 'mean' }), zeroed);
          // At the row itself a length of 1e-6 scales the gradient up.
          const scale = Math.max(1, ...expected.map(Math.abs));
          expectClose(
            found.map((value) => value / scale),
            expected.map((value) => value / scale),
            2e-5,
          );
        });
      });
    }
  });
}

describeBackends('labelConditionedAlignmentLoss and its gradient', () => {
  it('are those of the plain formula, in image and prompts', () => {
    tf.tidy(() => {
      const excluded = tf.cast(tf.greater(similarity(), 0.5), 'float32');
      const inputs = [normals('input', each), prompts('positive'), prompts('negative')];
      const ours = (x: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor): tf.Scalar => {
        const options = { logitScale, mask: mask(), excludedNegatives: excluded, discriminationWeight: 0.7 };
        return losses.labelConditionedAlignmentLoss(x, { positive, negative }, targets(), options);
      };
      const formula = (x: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor): tf.Scalar => {
        const { presence, discrimination } = plain.labelConditioned(x, targets(), {
          positive,
          negative,
          kappa,
          excluded,
        });
        const mean = (entries: tf.Tensor, weights: tf.Tensor): tf.Tensor =>
          tf.div(tf.sum(tf.mul(entries, weights)), tf.sum(weights));
        const present = tf.mul(targets(), mask());
        return tf.add(mean(presence, mask()), tf.mul(mean(discrimination, present), 0.7));
      };
      const [found, expected] = [ours, formula].map((f) => tf.valueAndGrads(f)(inputs));
      expectClose(found.value, numbersOf(expected.value), 2e-5);
      found.grads.forEach((grad, i) => expectClose(grad, numbersOf(expected.grads[i]), 2e-5));
    });
  });
});

describeBackends('binaryCrossEntropyLoss with targets that are learned', () => {
  it.each(['none', 'sum', 'mean'] as const)(
    'has the gradient of the plain formula by both, reduction %s',
    (reduction) => {
      tf.tidy(() => {
        const [x, weights] = [normals('input', logits), tf.tensor1d(counts)];
        // What both are computed from: through the logits, and through the targets.
        const ours = (z: tf.Tensor): tf.Tensor => {
          const options = { reduction, mask: mask(), posWeight: weights, labelSmoothing: 0.2 };
          return losses.binaryCrossEntropyLoss(tf.mul(z, 2), tf.sigmoid(z), options);
        };
        const formula = (z: tf.Tensor): tf.Tensor => {
          const soft = tf.add(tf.mul(tf.sigmoid(z), 0.8), 0.1);
          const entries = (): tf.Tensor => plain.binaryCrossEntropy(tf.mul(z, 2), soft, weights);
          return plainReduced({ plain: entries } as unknown as Case, z, { reduction, mask: mask() });
        };
        expectClose(both(ours, x), both(formula, x), 2e-5);
        const distilled = (z: tf.Tensor): tf.Tensor => losses.binaryCrossEntropyLoss(x, tf.sigmoid(z), { reduction });
        const plainly = (z: tf.Tensor): tf.Tensor =>
          plainReduced({ plain: () => plain.binaryCrossEntropy(x, tf.sigmoid(z)) } as unknown as Case, z, {
            reduction,
          });
        expectClose(both(distilled, x), both(plainly, x), 2e-5);
      });
    },
  );
});

describeBackends('a second derivative', () => {
  it('lacks the part of the loss where something else leads to the logits', () => {
    const first = tf.grad((z: tf.Tensor) => losses.binaryCrossEntropyLoss(z, tf.zerosLike(z)));
    const mixed = tf.grad((z: tf.Tensor) => tf.add(tf.sum(first(z)), tf.sum(tf.square(z))));
    tf.tidy(() => expectClose(mixed(tf.tensor2d([[1, -3]])), [2, -6]));
  });
  it('is refused where the first is written by hand, as nothing leads from it to the logits', () => {
    const first = tf.grad((z: tf.Tensor) => losses.binaryCrossEntropyLoss(z, tf.zerosLike(z)));
    expect(() => tf.tidy(() => tf.grad((z: tf.Tensor) => tf.sum(first(z)))(tf.ones([2, 2])))).toThrow(
      'Cannot compute gradient',
    );
  });
});
