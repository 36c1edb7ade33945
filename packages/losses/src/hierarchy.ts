import {
  assertOption,
  assertOptions,
  assertShape,
  described,
  reduce,
  reductions,
  softplus,
  withGradient,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';

/** The labels of a hierarchy below each label, as indices in label order, the label itself left out. */
export type Descendants = readonly (readonly number[])[];

export interface EnforceHierarchyOptions {
  /** For each label the indices of its descendants. */
  descendants: Descendants;
}

/**
 * Logits that are consistent with the hierarchy: a parent is never less probable than its child.
 *
 *   z'_i = max of z_j over j = i and the descendants of i
 *
 * @param logits float32 [batch, labels].
 * @returns float32 [batch, labels]. The caller owns it.
 * @throws {RangeError} if the logits are no matrix, or an index is out of range.
 * @throws {TypeError} for arguments of another kind, unknown or missing options.
 * @see Giunchiglia and Lukasiewicz 2020, arXiv:2010.10151.
 */
export function enforceHierarchy(logits: tf.Tensor, options: EnforceHierarchyOptions): tf.Tensor2D {
  const where = 'losses/enforceHierarchy';
  assertOptions(where, options, { descendants: 'array' }, ['descendants']);
  const { labels } = assertShape(where, 'logits', logits, ['batch', 'labels']);
  checkDescendants(where, labels, options.descendants);
  return tf.tidy(() => maxOverDescendants(logits as tf.Tensor2D, options.descendants));
}

export interface MaxConstraintOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** For each label the indices of its descendants. */
  descendants: Descendants;
}

const maxConstraintRules = { ...classificationRules, descendants: 'array' } as const;

/**
 * Max constraint loss: binary cross entropy of outputs that are consistent with the hierarchy.
 *
 *   absent label:  its output is the largest probability of itself and its descendants
 *   present label: the largest over itself and its present descendants
 *
 * A target that the mask leaves out still enters the maxima of its ancestors: set it to 0.
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets [batch, labels] in {0, 1}.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an index is out of range.
 * @throws {TypeError} for arguments of another kind, unknown or missing options, or targets passed as logits.
 * @see Giunchiglia and Lukasiewicz 2020, arXiv:2010.10151.
 */
export function maxConstraintLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: MaxConstraintOptions<R>,
): Reduced<R> {
  const where = 'losses/maxConstraintLoss';
  assertOptions(where, options, maxConstraintRules, ['descendants']);
  const { descendants, mask, reduction = 'mean' as R } = options;
  const { labels } = checkLogits(where, logits, targets, mask);
  checkDescendants(where, labels, descendants);
  return tf.tidy(() => {
    const absent = softplus(maxOverDescendants(logits as tf.Tensor2D, descendants));
    // Absent descendants get a logit that no maximum takes. A present label is its own present descendant.
    const presentOnly = tf.sub(logits, tf.mul(tf.sub(1, targets), 1e4)) as tf.Tensor2D;
    const present = softplus(tf.neg(maxOverDescendants(presentOnly, descendants)));
    const losses = tf.add(tf.mul(targets, present), tf.mul(tf.sub(1, targets), absent));
    return reduce(losses, reduction, mask);
  });
}

export interface HierarchyViolationOptions<R extends Reduction = Reduction> {
  /** Pairs of label indices. */
  edges: readonly { readonly parent: number; readonly child: number }[];
  /** Default `mean`, over samples and edges. */
  reduction?: R;
}

const violationRules = { edges: 'array', reduction: reductions } as const;

/**
 * Hierarchy violation: by how much children are more probable than their parents.
 *
 *   mean over edges and samples of relu(p_child − p_parent), p = sigmoid(logit)      in [0, 1]
 *
 * @param logits float32 [batch, labels], before the sigmoid.
 * @returns a scalar, or [batch, edges] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if there is no edge, or an index is out of range.
 * @throws {TypeError} for arguments of another kind, unknown or missing options.
 */
export function hierarchyViolationLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  options: HierarchyViolationOptions<R>,
): Reduced<R> {
  const where = 'losses/hierarchyViolationLoss';
  assertOptions(where, options, violationRules, ['edges']);
  const { edges, reduction = 'mean' as R } = options;
  const { labels } = assertShape(where, 'logits', logits, ['batch', 'labels']);
  if (edges.length === 0) throw new RangeError(`${where}: expected at least one edge, got none; drop this term`);
  for (const edge of edges) checkIndices(where, labels, [edge?.parent, edge?.child]);
  return tf.tidy(() => {
    const probabilities = tf.sigmoid(logits as tf.Tensor2D);
    const pick = (indices: number[]): tf.Tensor => gatherColumns(probabilities, indices);
    const excess = tf.sub(pick(edges.map(({ child }) => child)), pick(edges.map(({ parent }) => parent)));
    return reduce(tf.relu(excess), reduction);
  });
}

/**
 * The maximum over each label and its descendants [batch, labels]: one gather into rows of equal length, padded with the
 * label itself. It never forms a dense [labels, labels] product.
 */
function maxOverDescendants(values: tf.Tensor2D, descendants: Descendants): tf.Tensor2D {
  const [batch, labels] = values.shape;
  const width = 1 + Math.max(0, ...descendants.map((below) => below.length));
  const index = new Int32Array(labels * width);
  descendants.forEach((below, i) => index.fill(i, i * width, (i + 1) * width).set(below, i * width));
  const gathered = gatherColumns(values, index);
  return maxOfLast(tf.reshape(gathered, [batch, labels, width])) as tf.Tensor2D;
}

/**
 * Columns of a matrix by index. Its gradient gathers too, from the positions that each column was copied to: the sparse sum
 * that TensorFlow.js would use is slow, and missing in its wasm backend.
 */
function gatherColumns(values: tf.Tensor2D, index: ArrayLike<number>): tf.Tensor2D {
  const [batch, columns] = values.shape;
  const positions = Array.from({ length: columns }, (): number[] => []);
  Array.from(index).forEach((column, position) => positions[column].push(position));
  const width = Math.max(1, ...positions.map((list) => list.length));
  // A column with fewer copies takes the zero that is appended after the last one.
  const back = new Int32Array(columns * width).fill(index.length);
  positions.forEach((list, column) => back.set(list, column * width));
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

function checkDescendants(where: string, labels: number, descendants: Descendants): void {
  if (descendants.length !== labels)
    throw new RangeError(
      `${where}: expected the descendants of each of ${labels} labels, got ${descendants.length}; use [] for a leaf`,
    );
  descendants.forEach((below, i) => {
    assertOption(where, `descendants[${i}]`, below, 'array');
    checkIndices(where, labels, below);
  });
}

function checkIndices(where: string, labels: number, indices: readonly number[]): void {
  const wrong = indices.findIndex((index) => !Number.isInteger(index) || index < 0 || index >= labels);
  if (wrong >= 0)
    throw new RangeError(
      `${where}: expected label indices in [0, ${labels - 1}], got ${described(indices[wrong])}; count from 0 in label order`,
    );
}
