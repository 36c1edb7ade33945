import { assertOption, described, reduce } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { kernelOf } from './classification.js';

/** A loss as `model.compile` of tf.layers takes it. */
export type LayersLoss = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor;

/** Options of {@link asLayersLoss} itself; those of the loss stand beside them. */
export interface LayersOptions {
  /**
   * What the model's last layer returns: `logits` (no activation, the better choice) or `probabilities` (an activation of
   * sigmoid, or softmax for `one-hot` targets), whose logits are then computed, with p clipped to [1e-7, 1 − 1e-7].
   * Default `logits`.
   */
  from?: 'logits' | 'probabilities';
  /**
   * `binary`: each target is 0, 1 or unknown. `one-hot`: the last axis of the targets is over classes, for losses that take
   * indices of classes (`ldamLoss`, `threeClassCrossEntropyLoss`). Default `binary`.
   */
  targets?: 'binary' | 'one-hot';
}

/** What a loss has to take for {@link asLayersLoss}: every classification loss of this package does. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- options of any loss
type AnyLoss = (logits: tf.Tensor, targets: tf.Tensor, options: any) => tf.Tensor;

/** The options of a loss that its user sets: the mask follows from the targets, the reduction is that of tf.layers. */
type OwnOptions<L extends AnyLoss> = Omit<NonNullable<Parameters<L>[2]>, 'mask' | 'reduction'>;

/**
 * Makes a classification loss usable as `loss` of `model.compile` in tf.layers, which calls it as (yTrue, yPred).
 *
 *   value_b = batch · Σ_i loss_bi / Σ known      whose mean over the batch is the loss over the known targets
 *
 * Unknown targets are NaN or −1 (any negative number); they become the mask. In `one-hot` targets a row is unknown if one of
 * its entries is. Without a known target in the batch the loss is 0. Weights of classes count in the divisor, as in the loss.
 *
 * @example
 * model.add(tf.layers.dense({ units: 14 })); // logits: no activation
 * model.compile({ optimizer: 'adam', loss: asLayersLoss(focalLoss, { gamma: 1 }) });
 *
 * @param loss one of this package, or a function (logits, targets, { mask, reduction, … }) of your own.
 * @param options those of the loss except `mask` and `reduction`, and {@link LayersOptions}.
 * @returns a function of yTrue and yPred, float32 [batch, labels], or [batch, labels, classes] for a loss that takes these;
 *   it returns [batch]. The caller owns the result.
 * @throws {TypeError} if `loss` is no function, or for the options `mask` and `reduction`; in training, if the model ends in
 *   a sigmoid or softmax although `from` is `logits`. The loss checks its own options when it is first called.
 */
export function asLayersLoss<L extends AnyLoss>(
  loss: L,
  ...[options]: Record<never, never> extends OwnOptions<L>
    ? [options?: OwnOptions<L> & LayersOptions]
    : [options: OwnOptions<L> & LayersOptions]
): LayersLoss {
  const where = 'losses/asLayersLoss';
  assertOption(where, 'loss', loss, 'function');
  const { from = 'logits', targets = 'binary', ...own } = checkOptions(where, options ?? {});
  return (yTrue, yPred) => {
    checkShapes(where, yTrue, yPred);
    if (from === 'logits') checkIsNoActivation(where, yPred);
    return tf.tidy(() => {
      const known = tf.cast(tf.greaterEqual(yTrue, 0), 'float32'); // NaN is not ≥ 0
      const values = tf.where(tf.cast(known, 'bool'), yTrue, tf.zerosLike(yTrue));
      const logits = from === 'logits' ? yPred : logitsOf(yPred, targets);
      const isOneHot = targets === 'one-hot';
      const mask = isOneHot ? tf.min(known, -1) : known;
      const entries = loss(logits, isOneHot ? tf.argMax(values, -1) : values, { ...own, mask, reduction: 'none' });
      return perSample(entries, isOneHot && own.weight ? weightsOf(values, mask, own.weight as tf.Tensor) : mask);
    });
  };
}

/** The sum of each sample's entries, scaled so that the mean over the batch is Σ entries / Σ weights. */
function perSample(entries: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const [batch] = entries.shape;
  const sums = tf.sum(tf.reshape(entries, [batch, -1]), 1);
  return tf.div(tf.mul(sums, batch), tf.maximum(reduce(weights, 'sum'), 1e-6));
}

/** The weight of each entry's class, 0 where it is unknown. */
function weightsOf(oneHot: tf.Tensor, mask: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sum(tf.mul(oneHot, weight), -1), mask);
}

/** log(p / (1 − p)) for a sigmoid; log p for a softmax, which differs from its logits by a constant in each row. */
function logitsOf(probabilities: tf.Tensor, targets: 'binary' | 'one-hot'): tf.Tensor {
  const p = tf.clipByValue(probabilities, 1e-7, 1 - 1e-7);
  return targets === 'binary' ? tf.sub(tf.log(p), tf.log(tf.sub(1, p))) : tf.log(p);
}

type AllOptions = LayersOptions & Record<string, unknown>;

function checkOptions(where: string, options: object): AllOptions {
  if (options instanceof tf.Tensor || Array.isArray(options) || typeof options !== 'object')
    throw new TypeError(`${where}: expected options to be an object, got ${described(options)}; pass { name: value }`);
  const all = options as AllOptions;
  if (all.from !== undefined) assertOption(where, 'from', all.from, ['logits', 'probabilities']);
  if (all.targets !== undefined) assertOption(where, 'targets', all.targets, ['binary', 'one-hot']);
  if ('mask' in all)
    throw new TypeError(`${where}: expected no option mask, got one; mark unknown targets as NaN or -1 in y`);
  if ('reduction' in all)
    throw new TypeError(`${where}: expected no option reduction, got one; tf.layers takes the mean over the batch`);
  return all;
}

function checkShapes(where: string, yTrue: tf.Tensor, yPred: tf.Tensor): void {
  if (yTrue.shape.length === yPred.shape.length && yTrue.shape.every((size, i) => size === yPred.shape[i])) return;
  throw new RangeError(
    `${where}: expected yTrue of shape [${yPred.shape.join(', ')}] as the model's output, got [${yTrue.shape.join(', ')}]`,
  );
}

/** While a model is trained, the operations that gave its output are known. */
function checkIsNoActivation(where: string, yPred: tf.Tensor): void {
  const kernel = kernelOf(yPred);
  if (kernel === 'Sigmoid' || kernel === 'Softmax')
    throw new TypeError(
      `${where}: expected logits, got the output of a ${kernel.toLowerCase()}; ` +
        "remove the last layer's activation, or pass { from: 'probabilities' }",
    );
}
