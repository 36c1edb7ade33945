import { assertOption, assertOptions } from '@cxr-align/tensor';

export interface EffectiveNumberOptions {
  /** β in [0, 1): 0 gives equal weights, towards 1 they become 1 / n_c. Default 0.999. */
  beta?: number;
}

const effectiveNumberRules = { beta: { min: 0, below: 1 } } as const;

/**
 * Class-balanced weights from the effective number of samples of each class.
 *
 *   w_c ∝ (1 − β) / (1 − β^n_c), scaled to mean 1
 *
 * @param counts samples of each class; a class without any counts as having one.
 * @returns [classes].
 * @throws {TypeError} if `counts` is no array of numbers. @throws {RangeError} for a negative count, or β out of range.
 * @see Cui et al. 2019, arXiv:1901.05555.
 */
export function effectiveNumberWeights(counts: ArrayLike<number>, options: EffectiveNumberOptions = {}): Float32Array {
  const where = 'losses/effectiveNumberWeights';
  assertOption(where, 'counts', counts, 'numbers');
  assertOptions(where, options, effectiveNumberRules);
  const { beta = 0.999 } = options;
  if (beta === 0) return new Float32Array(counts.length).fill(1);
  const inverse = Array.from(counts, (count) => (1 - beta) / -Math.expm1(Math.max(1, count) * Math.log(beta)));
  const mean = inverse.reduce((sum, weight) => sum + weight, 0) / inverse.length;
  return Float32Array.from(inverse, (weight) => weight / mean);
}

export interface DeferredWeightsOptions {
  /** The current epoch, from 0. */
  epoch: number;
  /** First epoch with balanced weights. */
  start: number;
  /** As in {@link effectiveNumberWeights}. Default 0.9999. */
  beta?: number;
}

const deferredRules = { epoch: { min: 0 }, start: { min: 0 }, beta: { min: 0, below: 1 } } as const;

/**
 * Deferred re-weighting: equal weights at first, class-balanced ones from an epoch on.
 *
 * @param counts samples of each class.
 * @returns [classes].
 * @throws {TypeError} if `counts` is no array of numbers, or `epoch` or `start` is missing.
 * @throws {RangeError} for a negative count, or an option out of range.
 * @see Cao et al. 2019, arXiv:1906.07413.
 */
export function deferredWeights(counts: ArrayLike<number>, options: DeferredWeightsOptions): Float32Array {
  const where = 'losses/deferredWeights';
  assertOption(where, 'counts', counts, 'numbers');
  assertOptions(where, options, deferredRules, ['epoch', 'start']);
  const { epoch, start, beta = 0.9999 } = options;
  return epoch < start ? new Float32Array(counts.length).fill(1) : effectiveNumberWeights(counts, { beta });
}

/** Checks that there is a count for each class. */
export function checkCounts(where: string, counts: ArrayLike<number>, classes: number): void {
  if (counts.length !== classes)
    throw new RangeError(
      `${where}: expected a count for each of ${classes} classes, got ${counts.length}; count the training labels`,
    );
}
