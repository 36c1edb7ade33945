import type { AnnotationsLike } from '../annotations.js';

/** Codes of three-class targets, as `threeClassCrossEntropyLoss` takes them. */
export const threeClass = { present: 0, absent: 1, uncertain: 2 } as const;

/**
 * Three-class targets from annotations: uncertain is a class of its own.
 *
 * @param values [rows, labels] row by row: 1, 0, −1 (uncertain), NaN (blank).
 * @param blank what a blank becomes: `absent` (U-MultiClass of the CheXpert paper) or `uncertain` (the reference method's).
 *   Default `absent`.
 * @returns [rows, labels] codes of {@link threeClass}.
 * @see Irvin et al. 2019, arXiv:1901.07031, section 3.
 */
export function threeClassTargets(values: ArrayLike<number>, blank: 'absent' | 'uncertain' = 'absent'): Int32Array {
  return Int32Array.from(values, (value) => {
    if (value === 1) return threeClass.present;
    if (value === 0) return threeClass.absent;
    return value === -1 ? threeClass.uncertain : threeClass[blank];
  });
}

/**
 * The first implementation's three-class targets, for reproduction. The columns are visited one after the other; each
 * that is present or absent makes No Finding absent at that moment, and No Finding itself is written when its own turn
 * comes. So labels before it are overruled by it, and labels after it overrule it.
 *
 * @returns [rows, labels] codes of {@link threeClass}; blanks are uncertain.
 */
export function referenceThreeClassTargets({ labels, values }: AnnotationsLike): Int32Array {
  const codes = threeClassTargets(values, 'uncertain');
  const noFinding = labels.indexOf('No Finding');
  if (noFinding < 0) return codes;
  for (let start = 0; start < codes.length; start += labels.length) {
    const isKnown = (i: number): boolean => codes[start + i] !== threeClass.uncertain;
    const before = labels.some((_, i) => i < noFinding && isKnown(i));
    const after = labels.some((_, i) => i > noFinding && isKnown(i));
    if (after || (before && !isKnown(noFinding))) codes[start + noFinding] = threeClass.absent;
  }
  return codes;
}

/**
 * Targets for self-training: the probability that an earlier model gave takes the place of an uncertain annotation.
 *
 * @param values [rows, labels] row by row: 1, 0, −1 (uncertain), NaN (blank, becomes 0).
 * @param probabilities of the same length, in [0, 1].
 * @returns targets in [0, 1]; train on them by binary cross entropy.
 * @throws {RangeError} if the lengths differ.
 * @see Irvin et al. 2019, arXiv:1901.07031 (U-SelfTrained).
 */
export function selfTrainedTargets(values: ArrayLike<number>, probabilities: ArrayLike<number>): Float32Array {
  if (values.length !== probabilities.length) {
    throw new RangeError(
      `datasets/selfTrainedTargets: expected a probability for each of ${values.length} annotations, got ${probabilities.length}; predict the same rows`,
    );
  }
  return Float32Array.from(values, (value, at) => (value === -1 ? probabilities[at] : Number.isNaN(value) ? 0 : value));
}

/**
 * Probability that a label is present from its three-class logits: a softmax over present and absent alone.
 *
 * @param logits [..., 3] row by row, in the order of {@link threeClass}.
 * @returns σ(present − absent) for each three.
 */
export function presentProbabilities(logits: ArrayLike<number>): Float32Array {
  return Float32Array.from(
    { length: logits.length / 3 },
    (_, i) => 1 / (1 + Math.exp(logits[3 * i + 1] - logits[3 * i])),
  );
}
