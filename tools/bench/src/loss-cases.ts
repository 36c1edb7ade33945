import * as losses from '@cxr-align/losses';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';

/** Batch, labels and width of the embeddings. */
export type Size = readonly [batch: number, labels: number, dim: number];

/** A loss to be timed, as a function of what is learned. */
export interface LossCase {
  input: tf.Tensor;
  run: (x: tf.Tensor) => tf.Scalar;
}

/**
 * The losses at a size, with inputs from seeded random numbers; the PyTorch script beside this package has the same
 * formulas by the same names. The caller owns the tensors that `made` collects.
 */
export function lossCases([batch, labels, dim]: Size, made: tf.Tensor[]): Record<string, LossCase> {
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

  const of = (input: tf.Tensor, run: (x: never) => tf.Scalar): LossCase => ({ input, run: run as LossCase['run'] });
  return {
    labelConditionedAlignment: of(
      embeddings,
      (x: tf.Tensor3D) => losses.labelConditionedAlignment(x, { positive, negative }, targets, { mask, related }).loss,
    ),
    labelContrastiveLoss: of(embeddings, (x: tf.Tensor3D) => losses.labelContrastiveLoss(x, positive).loss),
    'labelContrastiveLoss, seed': of(
      embeddings,
      (x: tf.Tensor3D) => losses.labelContrastiveLoss(x, positive, { variant: 'seed' }).loss,
    ),
    imageTextContrastive: of(images, (x: tf.Tensor2D) => losses.imageTextContrastive(x, texts).loss),
    sigmoidContrastive: of(images, (x: tf.Tensor2D) => losses.sigmoidContrastive(x, texts)),
    supervisedContrastive: of(images, (x: tf.Tensor2D) => losses.supervisedContrastive(x, targets)),
    orthogonalLoss: of(positive, (x: tf.Tensor2D) => losses.orthogonalLoss(x)),
    'absoluteCosineLoss, batch': of(embeddings, (x: tf.Tensor3D) => losses.absoluteCosineLoss(x)),
    'identityCrossEntropy, batch': of(embeddings, (x: tf.Tensor3D) => losses.identityCrossEntropy(x)),
    covarianceLoss: of(images, (x: tf.Tensor2D) => losses.covarianceLoss(x)),
    redundancyLoss: of(images, (x: tf.Tensor2D) => losses.redundancyLoss(x, texts)),
    'graphAlignment, correlation': of(embeddings, (x: tf.Tensor3D) => losses.graphAlignment(x, similarity)),
    'graphAlignment, kernel': of(embeddings, (x: tf.Tensor3D) =>
      losses.graphAlignment(x, similarity, { form: 'kernel' }),
    ),
    gramMatrixLoss: of(embeddings, (x: tf.Tensor3D) => losses.gramMatrixLoss(x, similarity)),
    neighbourDivergence: of(embeddings, (x: tf.Tensor3D) => losses.neighbourDivergence(x, similarity)),
    binaryCrossEntropy: of(logits, (x: tf.Tensor2D) => losses.binaryCrossEntropy(x, targets, { mask })),
    focalLoss: of(logits, (x: tf.Tensor2D) => losses.focalLoss(x, targets, { mask })),
    asymmetricLoss: of(logits, (x: tf.Tensor2D) => losses.asymmetricLoss(x, targets, { mask })),
    robustAsymmetricLoss: of(logits, (x: tf.Tensor2D) => losses.robustAsymmetricLoss(x, targets, { mask })),
    multiLabelLdamLoss: of(logits, (x: tf.Tensor2D) => losses.multiLabelLdamLoss(x, targets, { mask, counts })),
    distributionBalancedLoss: of(logits, (x: tf.Tensor2D) =>
      losses.distributionBalancedLoss(x, targets, { mask, counts, total }),
    ),
    maxConstraintLoss: of(logits, (x: tf.Tensor2D) => losses.maxConstraintLoss(x, targets, descendants, { mask })),
    violationHinge: of(logits, (x: tf.Tensor2D) => losses.violationHinge(x, edges)),
  };
}
