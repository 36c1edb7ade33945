import { assertShape, reduce, softplus, withGradient, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkLogits } from './binary-cross-entropy.js';

/** The labels of a hierarchy below each label, as indices in label order, the label itself left out. */
export type Descendants = readonly (readonly number[])[];

export interface HierarchyOptions<R extends Reduction = Reduction> {
  /** float32 [batch, labels], 1 = the target is known. Default all known. */
  mask?: tf.Tensor2D;
  /** Default `mean`, over the known entries. */
  reduction?: R;
}

/**
 * Logits that follow the hierarchy: a label's is the largest of its own and those of all labels below it, so that a
 * parent is never less probable than its child.
 *
 * @param logits float32 [batch, labels].
 * @returns float32 [batch, labels]. The caller owns it.
 */
export function coherentLogits(logits: tf.Tensor2D, descendants: Descendants): tf.Tensor2D {
  checkDescendants('losses/coherentLogits', logits, descendants);
  return tf.tidy(() => maxOverReach(logits, descendants));
}

/**
 * Binary cross entropy of outputs that respect the hierarchy (the max constraint).
 *
 *   absent label:  its output is the largest probability of itself and its descendants
 *   present label: the largest over itself and its present descendants
 *
 * A target that the mask leaves out still says, in the maxima of its ancestors, whether it is present: give it 0.
 * The maximum is taken over each label's own descendants only, never over a dense [labels, labels] product.
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets float32 [batch, labels] in {0, 1}.
 * @param descendants for each label the indices below it.
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an index is out of range.
 * @see Giunchiglia and Lukasiewicz 2020, arXiv:2010.10151.
 */
export function maxConstraintLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  descendants: Descendants,
  options: HierarchyOptions<R> = {},
): Reduced<R> {
  const { mask, reduction = 'mean' as R } = options;
  const where = 'losses/maxConstraintLoss';
  checkLogits(where, logits, targets, mask);
  checkDescendants(where, logits, descendants);
  return tf.tidy(() => {
    const absent = softplus(maxOverReach(logits, descendants));
    // Absent descendants stand at a logit that no maximum takes. A present label is its own present descendant.
    const present = softplus(tf.neg(maxOverReach(tf.sub(logits, tf.mul(tf.sub(1, targets), 1e4)), descendants)));
    const losses = tf.add(tf.mul(targets, present), tf.mul(tf.sub(1, targets), absent));
    return reduce(losses, reduction, mask);
  });
}

/**
 * How far children are more probable than their parents.
 *
 *   mean over edges and samples of relu(p_child − p_parent), p = sigmoid(logit)      in [0, 1]
 *
 * @param logits float32 [batch, labels].
 * @param edges pairs of label indices, parent first.
 * @returns a scalar, or [batch, edges] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if there is no edge, or an index is out of range.
 */
export function violationHinge<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  edges: readonly { parent: number; child: number }[],
  { reduction = 'mean' as R }: { reduction?: R } = {},
): Reduced<R> {
  const where = 'losses/violationHinge';
  assertShape(where, 'logits', logits, ['batch', 'labels']);
  if (edges.length === 0) throw new RangeError(`${where}: expected at least one edge, got none; drop this term`);
  checkDescendants(
    where,
    logits,
    edges.map(({ parent, child }) => [parent, child]),
  );
  return tf.tidy(() => {
    const probabilities = tf.sigmoid(logits);
    const pick = (indices: number[]): tf.Tensor => gatherColumns(probabilities, indices);
    const excess = tf.sub(pick(edges.map(({ child }) => child)), pick(edges.map(({ parent }) => parent)));
    return reduce(tf.relu(excess), reduction);
  });
}

/**
 * The maximum over each label and its descendants [batch, labels]: one gather into rows of equal length, a label
 * standing in for the places that its own list leaves empty.
 */
function maxOverReach(values: tf.Tensor2D, descendants: Descendants): tf.Tensor2D {
  const [batch, labels] = values.shape;
  const width = 1 + Math.max(0, ...descendants.map((below) => below.length));
  const index = new Int32Array(labels * width);
  descendants.forEach((below, i) => index.fill(i, i * width, (i + 1) * width).set(below, i * width));
  const reach = gatherColumns(values, index);
  return maxOfLast(tf.reshape(reach, [batch, labels, width])) as tf.Tensor2D;
}

/**
 * Columns of a matrix by index. Its gradient gathers too, from the places where each column went: the sparse sum that
 * TensorFlow.js would use is slow, and missing in its wasm engine.
 */
function gatherColumns(values: tf.Tensor2D, index: ArrayLike<number>): tf.Tensor2D {
  const [batch, columns] = values.shape;
  const places = Array.from({ length: columns }, (): number[] => []);
  Array.from(index).forEach((column, place) => places[column].push(place));
  const width = Math.max(1, ...places.map((list) => list.length));
  // A column that went to fewer places takes the zero that is put after the last one.
  const back = new Int32Array(columns * width).fill(index.length);
  places.forEach((list, column) => back.set(list, column * width));
  return withGradient<tf.Tensor2D>([values], (x) => ({
    value: tf.gather(x, tf.tensor1d(Int32Array.from(index), 'int32'), 1) as tf.Tensor2D,
    saved: [],
    gradient: (dy) => {
      const padded = tf.concat([dy, tf.zeros([batch, 1])], 1);
      const shares = tf.gather(padded, tf.tensor1d(back, 'int32'), 1);
      return [tf.sum(tf.reshape(shares, [batch, columns, width]), -1)];
    },
  }));
}

/** The maximum over the last axis; equal maxima share its gradient, where TensorFlow.js gives each the whole. */
function maxOfLast(values: tf.Tensor): tf.Tensor {
  return withGradient([values], (x) => {
    const largest = tf.max(x, -1, true);
    const isLargest = tf.cast(tf.equal(x, largest), 'float32');
    const share = tf.div(isLargest, tf.sum(isLargest, -1, true));
    return {
      value: tf.squeeze(largest, [-1]),
      saved: [share],
      gradient: (dy, [saved]) => [tf.mul(tf.expandDims(dy, -1), saved)],
    };
  });
}

function checkDescendants(where: string, logits: tf.Tensor2D, descendants: readonly (readonly number[])[]): void {
  const labels = logits.shape[1];
  const strange = descendants.flat().find((index) => !Number.isInteger(index) || index < 0 || index >= labels);
  if (strange !== undefined) {
    throw new RangeError(
      `${where}: expected label indices in [0, ${labels - 1}], got ${strange}; count from 0 in label order`,
    );
  }
}
