import * as losses from '@cxr-align/losses';
import * as reference from '@cxr-align/losses/reference';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';

/** Batch, labels and width of the embeddings. */
export type Size = readonly [batch: number, labels: number, dim: number];

/** A loss to be timed, as a function of what is learned. */
export interface LossCase {
  input: tf.Tensor;
  run: (x: tf.Tensor) => tf.Scalar;
}

/** What is timed; the PyTorch script has the same names. */
export const lossNames = [
  'labelConditionedAlignmentLoss',
  'labelContrastiveLoss',
  'referenceLabelContrastiveLoss',
  'imageTextContrastiveLoss',
  'sigmoidContrastiveLoss',
  'supervisedContrastiveLoss',
  'orthogonalLoss',
  'absoluteCosineLoss, batch',
  'identityCrossEntropyLoss, batch',
  'vicregCovarianceLoss',
  'barlowTwinsLoss',
  'graphAlignmentLoss, correlation',
  'graphAlignmentLoss, kernel',
  'gramMatrixLoss',
  'neighbourDivergenceLoss',
  'binaryCrossEntropyLoss',
  'focalLoss',
  'asymmetricLoss',
  'robustAsymmetricLoss',
  'multiLabelLdamLoss',
  'distributionBalancedLoss',
  'maxConstraintLoss',
  'hierarchyViolationLoss',
] as const;

/**
 * The losses at a size, with inputs from seeded random numbers; the PyTorch script beside this package has the same
 * formulas by the same names. The caller owns the tensors that `made` collects.
 */
export function lossCases([batch, labels, dim]: Size, made: tf.Tensor[]): Record<(typeof lossNames)[number], LossCase> {
  const normal = (purpose: string, shape: number[]): tf.Tensor => {
    const count = shape.reduce((a, b) => a * b, 1);
    const tensor = tf.tensor(new RandomStream({ seed: 1, purpose }).normals(count), shape);
    made.push(tensor);
    return tensor;
  };
  const kept = <T extends tf.Tensor>(tensor: T): T => {
    made.push(tensor);
    return tensor;
  };
  const embeddings = normal('embeddings', [batch, labels, dim]);
  const logits = normal('logits', [batch, labels]);
  const images = normal('images', [batch, dim]);
  const texts = normal('texts', [batch, dim]) as tf.Tensor2D;
  const positive = normal('positive', [labels, dim]) as tf.Tensor2D;
  const negative = normal('negative', [labels, dim]) as tf.Tensor2D;
  const targets = kept(
    tf.tidy(() => tf.cast(tf.greater(normal('targets', [batch, labels]), 0.8), 'float32')) as tf.Tensor2D,
  );
  const mask = kept(tf.tidy(() => tf.cast(tf.less(normal('mask', [batch, labels]), 1), 'float32')) as tf.Tensor2D);
  const similarity = kept(
    tf.tidy(() => {
      const half = normal('similarity', [labels, labels]);
      return tf.sigmoid(tf.add(half, tf.transpose(half))) as tf.Tensor2D;
    }),
  );
  const related = kept(tf.tidy(() => tf.cast(tf.greater(similarity, 0.9), 'float32')) as tf.Tensor2D);
  // A chain of three for every three labels.
  const descendants = Array.from({ length: labels }, (_, i) => [1, 2].slice(0, 2 - (i % 3)).map((k) => i + k)).map(
    (below) => below.filter((i) => i < labels),
  );
  const edges = descendants.flatMap((below, parent) => below.slice(0, 1).map((child) => ({ parent, child })));
  const counts = Array.from({ length: labels }, (_, i) => 10 * (i + 1));
  const total = 100 * labels;

  const of = (input: tf.Tensor, run: LossCase['run']): LossCase => ({ input, run });
  return {
    labelConditionedAlignmentLoss: of(embeddings, (x) =>
      losses.labelConditionedAlignmentLoss(x, { positive, negative }, targets, { mask, excludedNegatives: related }),
    ),
    labelContrastiveLoss: of(embeddings, (x) => losses.labelContrastiveLoss(x, positive)),
    referenceLabelContrastiveLoss: of(embeddings, (x) => reference.referenceLabelContrastiveLoss(x, positive)),
    imageTextContrastiveLoss: of(images, (x) => losses.imageTextContrastiveLoss(x, texts)),
    sigmoidContrastiveLoss: of(images, (x) => losses.sigmoidContrastiveLoss(x, texts)),
    supervisedContrastiveLoss: of(images, (x) => losses.supervisedContrastiveLoss(x, targets)),
    orthogonalLoss: of(positive, (x) => losses.orthogonalLoss(x)),
    'absoluteCosineLoss, batch': of(embeddings, (x) => losses.absoluteCosineLoss(x)),
    'identityCrossEntropyLoss, batch': of(embeddings, (x) => reference.identityCrossEntropyLoss(x)),
    vicregCovarianceLoss: of(images, (x) => losses.vicregCovarianceLoss(x)),
    barlowTwinsLoss: of(images, (x) => losses.barlowTwinsLoss(x, texts)),
    'graphAlignmentLoss, correlation': of(embeddings, (x) => losses.graphAlignmentLoss(x, similarity)),
    'graphAlignmentLoss, kernel': of(embeddings, (x) => losses.graphAlignmentLoss(x, similarity, { form: 'kernel' })),
    gramMatrixLoss: of(embeddings, (x) => losses.gramMatrixLoss(x, similarity)),
    neighbourDivergenceLoss: of(embeddings, (x) => losses.neighbourDivergenceLoss(x, similarity)),
    binaryCrossEntropyLoss: of(logits, (x) => losses.binaryCrossEntropyLoss(x, targets, { mask })),
    focalLoss: of(logits, (x) => losses.focalLoss(x, targets, { mask })),
    asymmetricLoss: of(logits, (x) => losses.asymmetricLoss(x, targets, { mask })),
    robustAsymmetricLoss: of(logits, (x) => losses.robustAsymmetricLoss(x, targets, { mask })),
    multiLabelLdamLoss: of(logits, (x) => losses.multiLabelLdamLoss(x, targets, { mask, counts })),
    distributionBalancedLoss: of(logits, (x) => losses.distributionBalancedLoss(x, targets, { mask, counts, total })),
    maxConstraintLoss: of(logits, (x) => losses.maxConstraintLoss(x, targets, { descendants, mask })),
    hierarchyViolationLoss: of(logits, (x) => losses.hierarchyViolationLoss(x, { edges })),
  };
}
