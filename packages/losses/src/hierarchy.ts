import {
  assertOption,
  assertOptions,
  assertShape,
  described,
  reduce,
  reductions,
  withGradient,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, consumed, replaced } from './chain.js';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { binaryCrossEntropy, entrywiseLoss } from './entrywise.js';

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
  return tf.tidy(() => maxOverTable(logits, descendantTable(options.descendants)));
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
    const table = descendantTable(descendants);
    // A present label is its own present descendant.
    const outputs = maxOverTable(logits, table, targets);
    const fused = { loss: { name: 'binaryCrossEntropy' }, targets } as const;
    return entrywiseLoss(outputs, { mask, reduction }, binaryCrossEntropy(targets), fused);
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
  const [children, parents] = [edges.map(({ child }) => child), edges.map(({ parent }) => parent)];
  return tf.tidy(() => reduce(excesses(logits, children, parents), reduction));
}

/** relu(p_child − p_parent) [batch, edges]. */
function excesses(logits: tf.Tensor, children: number[], parents: number[]): tf.Tensor {
  const [batch, labels] = logits.shape;
  return withGradient([logits], (z) => {
    const p = tf.sigmoid(z);
    const difference = consumed(tf.sub, gatherColumns(p, children), gatherColumns(p, parents));
    p.dispose();
    const value = replaced(difference, tf.relu);
    return {
      value,
      saved: () => [z, tf.greater(value, 0)],
      gradient: (dy, [x, isExcess]) => {
        const each = replaced(tf.cast(isExcess, 'float32'), (open) => tf.mul(open, dy));
        const shares = sumOfCopies([each, tf.neg(each)], [...children, ...parents], [batch, labels]);
        const p = tf.sigmoid(x);
        const ofP = replaced(shares, (all) => tf.mul(all, p));
        return [
          consumed(
            tf.mul,
            ofP,
            replaced(p, (all) => tf.sub(1, all)),
          ),
        ];
      },
    };
  });
}

/** Each label with its descendants, in rows of equal length that are padded with an index after the last label. */
interface DescendantTable {
  /** [labels · width] */
  index: Int32Array;
  width: number;
}

function descendantTable(descendants: Descendants): DescendantTable {
  const width = 1 + Math.max(0, ...descendants.map((below) => below.length));
  const index = new Int32Array(descendants.length * width).fill(descendants.length);
  descendants.forEach((below, i) => index.set([i, ...below], i * width));
  return { index, width };
}

/**
 * The maximum over each label and its descendants [batch, labels]: gathers, never a dense product [labels, labels]. Equal maxima
 * share the gradient, where TensorFlow.js gives each the whole.
 *
 * @param targets constant, [batch, labels] in {0, 1}: a present label takes the maximum over its present descendants alone.
 */
function maxOverTable(values: tf.Tensor, { index, width }: DescendantTable, targets?: tf.Tensor): tf.Tensor2D {
  const [batch, labels] = values.shape;
  const copiesOf = (x: tf.Tensor, padding: number): tf.Tensor =>
    tf.tidy(() => {
      const padded = tf.concat([x, tf.fill([batch, 1], padding)], 1);
      return tf.reshape(gatherColumns(padded, index), [batch, labels, width]);
    });
  return withGradient<tf.Tensor2D>([values], (x) => {
    // The absent descendants of a present label get a logit that no maximum takes, as what pads the table does.
    const shut = targets && tf.tidy(() => tf.mul(copiesOf(absent(targets), 0), tf.expandDims(targets, -1)));
    const copies = copiesOf(x, -1e9);
    const open = shut ? consumed(tf.sub, copies, shut) : copies;
    const largest = tf.max(open, -1, true);
    return {
      value: tf.squeeze<tf.Tensor2D>(largest, [-1]),
      saved: () => {
        const below = replaced(open, (z) => tf.sub(largest, z));
        return [chain(below, tf.step, (isLess) => tf.cast(isLess, 'bool'))]; // one byte an entry
      },
      gradient: (dy, [isLess]) => {
        const isLargest = chain(isLess, (less) => tf.cast(less, 'float32'), (less) => tf.sub(1, less)); // prettier-ignore
        const share = tf.tidy(() => tf.div(tf.expandDims(dy, -1), tf.sum(isLargest, -1, true)));
        const copies = consumed(tf.mul, isLargest, share);
        return [sumOfCopies([replaced(copies, (all) => tf.reshape(all, [batch, -1]))], index, [batch, labels])];
      },
    };
  });
}

/** What is taken off a logit that is to be in no maximum: that of an absent label. */
function absent(targets: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.mul(tf.sub(1, targets), 1e4));
}

/** Columns of a matrix by index. */
function gatherColumns(values: tf.Tensor, index: ArrayLike<number>): tf.Tensor {
  return tf.gather(values, tf.tensor1d(Int32Array.from(index), 'int32'), 1);
}

/**
 * What {@link gatherColumns} copied, added up where it was copied from [batch, columns]; disposes the copies. It gathers too, from the positions
 * of each column's copies: the sparse sum that TensorFlow.js would use is slow, and missing in its wasm backend.
 */
function sumOfCopies(copies: tf.Tensor[], index: ArrayLike<number>, [batch, columns]: number[]): tf.Tensor {
  const positions = Array.from({ length: columns }, (): number[] => []);
  Array.from(index).forEach((column, position) => positions[column]?.push(position));
  const width = Math.max(1, ...positions.map((list) => list.length));
  // A column with fewer copies takes a zero: a copy of what pads a table, or else one that is appended after the last copy.
  const padding = Array.from(index).indexOf(columns);
  const back = new Int32Array(columns * width).fill(padding < 0 ? index.length : padding);
  positions.forEach((list, column) => back.set(list, column * width));
  const all = padding < 0 ? [...copies, tf.zeros([batch, 1])] : copies;
  const joined = all.length === 1 ? all[0] : consumed((...each: tf.Tensor[]) => tf.concat(each, 1), ...all);
  const gathered = replaced(joined, (x) => gatherColumns(x, back));
  return replaced(gathered, (x) => tf.tidy(() => tf.sum(tf.reshape(x, [batch, columns, width]), -1)));
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
