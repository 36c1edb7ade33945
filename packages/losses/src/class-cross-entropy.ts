import {
  assertOptions,
  assertShape,
  constant,
  reduce,
  reductions,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkIsPrediction, smoothingRange } from './classification.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

export interface ThreeClassOptions<R extends Reduction = Reduction> {
  /** [batch, labels], 1 = the class is known. Default all known. */
  mask?: tf.Tensor;
  /** float32 [classes]: weights of the classes; then the mean is Σ w loss / Σ w. Default 1. */
  weight?: tf.Tensor;
  /** In [0, 1): that share of the target is spread over all classes. Default 0. */
  labelSmoothing?: number;
  /** Default `mean`, over the known entries. */
  reduction?: R;
}

const rules = { mask: 'tensor', weight: 'tensor', labelSmoothing: smoothingRange, reduction: reductions } as const;

/**
 * Cross entropy of each label on its own over classes such as present (0), absent (1), uncertain (2).
 *
 *   loss_bi = −log softmax(z_bi)_c, c the class of label i
 *
 * @param logits float32 [batch, labels, classes], before the softmax.
 * @param classes int32 or float32 [batch, labels]: indices of classes, those of unknown entries too.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown options, or targets passed as logits.
 * @see Irvin et al. 2019, arXiv:1901.07031 (U-MultiClass).
 */
export function threeClassCrossEntropyLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  classes: tf.Tensor,
  options: ThreeClassOptions<R> = {},
): Reduced<R> {
  const where = 'losses/threeClassCrossEntropyLoss';
  assertOptions(where, options, rules);
  const { mask, weight, labelSmoothing = 0, reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'logits', logits, ['batch', 'labels', 'classes']);
  assertShape(where, 'classes', classes, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  if (weight) assertShape(where, 'weight', weight, ['classes'], sizes);
  checkIsPrediction(where, logits, classes);
  return tf.tidy(() => {
    const own = oneHot(classes, sizes.classes);
    return reduce(classCrossEntropy(logits, own, labelSmoothing), reduction, classWeights(own, weight, mask));
  });
}

/** Classes as float32 [..., classes], 1 at each one's own. */
export function oneHot(classes: tf.Tensor, count: number): tf.Tensor {
  return constant(() => tf.cast(tf.oneHot(tf.cast(classes, 'int32'), count), 'float32'));
}

/** −Σ_c t_c log softmax(logits)_c over the last axis, t smoothed towards all classes alike. */
export function classCrossEntropy(logits: tf.Tensor, own: tf.Tensor, labelSmoothing: number): tf.Tensor {
  const classes = own.shape[own.rank - 1]!;
  return softmaxCrossEntropy(logits, () => ({
    shares: labelSmoothing === 0 ? own : tf.add(tf.mul(own, 1 - labelSmoothing), labelSmoothing / classes),
  }));
}

/** The weight of each entry: that of its class, and 0 where it is unknown. */
export function classWeights(own: tf.Tensor, weight?: tf.Tensor, mask?: tf.Tensor): tf.Tensor | undefined {
  const ofClass = weight && tf.sum(tf.mul(own, weight), -1);
  return ofClass && mask ? tf.mul(ofClass, mask) : (ofClass ?? mask);
}
