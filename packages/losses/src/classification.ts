import { assertShape, constant, reductions, type AxisSizes, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Options that all classification losses share. */
export interface ClassificationOptions<R extends Reduction = Reduction> {
  /** [batch, labels], 1 = the target is known, 0 = unknown and left out. Default all known. */
  mask?: tf.Tensor;
  /** Default `mean`, over the known entries. */
  reduction?: R;
}

/** Options of the losses that take targets between 0 and 1. */
export interface SmoothedOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Pulls targets towards ½: y (1 − s) + s/2, in [0, 1). Default 0. */
  labelSmoothing?: number;
}

/** How every classification loss is called: logits, targets, options. */
export type ClassificationLoss<O = ClassificationOptions> = (
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: O,
) => tf.Tensor;

/** Rules of {@link ClassificationOptions}. */
export const classificationRules = { mask: 'tensor', reduction: reductions } as const;

/** The range of a label smoothing. */
export const smoothingRange = { min: 0, below: 1 } as const;

/** Checks the tensors of a loss on logits [batch, labels]. */
export function checkLogits(where: string, logits: tf.Tensor, targets: tf.Tensor, mask?: tf.Tensor): AxisSizes {
  const sizes = assertShape(where, 'logits', logits, ['batch', 'labels']);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  checkIsPrediction(where, logits, targets);
  return sizes;
}

/**
 * Checks that the first argument is what a model predicts. tf.layers calls a loss as (yTrue, yPred); a loss on logits
 * would then train on nonsense without a word.
 *
 * While gradients are computed, TensorFlow.js records every operation. If none gave the logits and the targets were
 * computed from a variable, their order is wrong. Outside of a gradient the order cannot be known.
 *
 * @throws {TypeError} if the order is wrong, or for logits that are not float32.
 */
export function checkIsPrediction(where: string, logits: tf.Tensor, targets: tf.Tensor): void {
  if (logits.dtype !== 'float32')
    throw new TypeError(
      `${where}: expected logits of dtype float32, got ${logits.dtype}; the order is (logits, targets)`,
    );
  const tape = currentTape();
  if (!tape || logits instanceof tf.Variable || hasNode(tape, logits)) return;
  if (dependsOnVariable(tape, targets))
    throw new TypeError(
      `${where}: expected (logits, targets), got a model's output as targets and a constant as logits; ` +
        `in model.compile use asLayersLoss of @cxr-align/losses/layers, which takes (yTrue, yPred)`,
    );
}

type Tape = NonNullable<ReturnType<typeof tf.engine>['state']['activeTape']>;

/** The operations recorded so far, while gradients are computed. */
function currentTape(): Tape | undefined {
  const { activeTape, gradientDepth } = tf.engine().state;
  return gradientDepth > 0 && activeTape ? activeTape : undefined;
}

/** The kernel that computed a tensor, while gradients are computed; undefined otherwise. */
export function kernelOf(tensor: tf.Tensor): string | undefined {
  return currentTape()?.findLast(({ outputs }) => outputs.some(({ id }) => id === tensor.id))?.kernelName;
}

/** Whether gradients are being computed that may lead to the tensor: a variable that is trained, or computed from something. */
export function isRecorded(tensor: tf.Tensor): boolean {
  const tape = currentTape();
  return tape !== undefined && (isTrained(tensor) || hasNode(tape, tensor));
}

/** Whether a recorded operation gave the tensor. The last ones are checked first: that is where logits are. */
function hasNode(tape: Tape, tensor: tf.Tensor): boolean {
  for (let i = tape.length - 1; i >= 0; i--) {
    if (tape[i].outputs.some(({ id }) => id === tensor.id)) return true;
  }
  return false;
}

/** Whether the tensor was computed, by recorded operations, from a variable that is trained. */
function dependsOnVariable(tape: Tape, tensor: tf.Tensor): boolean {
  if (isTrained(tensor)) return true;
  const wanted = new Set([tensor.id]);
  for (let i = tape.length - 1; i >= 0; i--) {
    if (!tape[i].outputs.some(({ id }) => wanted.has(id))) continue;
    for (const input of Object.values(tape[i].inputs).filter(Boolean)) {
      if (isTrained(input)) return true;
      wanted.add(input.id);
    }
  }
  return false;
}

function isTrained(tensor: tf.Tensor): boolean {
  return tensor instanceof tf.Variable && tensor.trainable;
}

/** Targets pulled towards ½. */
export function smoothed(targets: tf.Tensor, labelSmoothing = 0): tf.Tensor {
  return labelSmoothing === 0
    ? targets
    : constant(() => tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing / 2));
}
