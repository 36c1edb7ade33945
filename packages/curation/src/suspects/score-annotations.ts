import { confidentLearning, type ConfidentLearning } from '@cxr-align/metrics';
import type { NearImages } from '../near-images.js';

/** Why an annotation is a suspect. */
export const suspectKinds = ['hierarchy', 'duplicate', 'model', 'neighbours'] as const;
/** One of {@link suspectKinds}. */
export type SuspectKind = (typeof suspectKinds)[number];

/** Annotations, and what is known of them. */
export interface AnnotationProblem {
  labels: readonly string[];
  /** [images, labels] row by row: 1, 0, NaN where unknown. */
  targets: ArrayLike<number>;
  /** [images, labels]: out-of-fold probabilities; NaN where there is none. */
  probabilities: ArrayLike<number>;
  near?: Pick<NearImages, 'count' | 'rows'>;
  /** For each label the indices of the labels above it. */
  ancestors: readonly (readonly number[])[];
  /** [images, labels] the annotations that are compared with the hierarchy; the targets unless given. */
  annotations?: ArrayLike<number>;
  /** Pairs of images that are the same. */
  duplicates?: readonly (readonly [number, number])[];
}

/** How doubtful each annotation is, and why. */
export interface ScoredAnnotations {
  /** [images, labels] in [0, 1]: estimated probability that the annotation is wrong; NaN where it is unknown. */
  suspicion: Float64Array;
  /** [images, labels] bits by the place of each kind in {@link suspectKinds}; 0 for no suspect. */
  kinds: Uint8Array;
  /** Of each label, by the model's probabilities. */
  confident: ConfidentLearning[];
  /** [images, labels]: the share of neighbours with the label, the label's prevalence counted as one more; absent without neighbours. */
  neighbourShares?: Float64Array;
  /** Weight of the neighbours' share beside the probability of the model: 0 to 1. */
  neighbourWeight: number;
  /** Image, label that is present and label above it that is absent. */
  contradictions: [image: number, present: number, absent: number][];
  /** Two images that are the same and label in which they differ. */
  conflicts: [image: number, other: number, label: number][];
}

/**
 * Scores every annotation. Where the model's probability of the given class is p, and q the share of the neighbours that have it,
 * the annotation is wrong with probability 1 − ((1 − w)p + wq); w is the weight that predicts the annotations best (log loss). Of two
 * annotations that cannot both be right — present below absent in the hierarchy, two images that are the same — at least one is wrong,
 * so each of them with s₁ / (1 − (1 − s₁)(1 − s₂)).
 */
export function scoreAnnotations(problem: AnnotationProblem): ScoredAnnotations {
  const { labels, targets, probabilities, near } = problem;
  const n = labels.length;
  const images = targets.length / n;
  const columnOf = (values: ArrayLike<number>, label: number): Float64Array =>
    Float64Array.from({ length: images }, (_, image) => values[image * n + label]);
  const kinds = new Uint8Array(targets.length);
  const mark = (at: number, kind: SuspectKind): void => void (kinds[at] |= bitOf(kind));
  const markAll = (found: ConfidentLearning, label: number, kind: SuspectKind): void =>
    found.suspects.forEach((is, image) => is === 1 && mark(image * n + label, kind));
  const confident = labels.map((_, label) =>
    confidentLearning(columnOf(targets, label), columnOf(probabilities, label)),
  );
  confident.forEach((found, label) => markAll(found, label, 'model'));
  const shares = near && neighbourShares(targets, n, near);
  if (shares)
    labels.forEach((_, label) =>
      markAll(confidentLearning(columnOf(targets, label), columnOf(shares, label)), label, 'neighbours'),
    );
  const weight = shares ? bestWeight(targets, probabilities, shares) : 0;
  const base = Float64Array.from({ length: targets.length }, (_, at) => {
    const mixed = mixedProbability(probabilities[at], shares?.[at], weight);
    return targets[at] === 1 ? 1 - mixed : targets[at] === 0 ? mixed : NaN;
  });
  const suspicion = base.slice();
  const oneOf = (a: number, b: number, kind: SuspectKind): void => {
    const either = 1 - (1 - base[a]) * (1 - base[b]);
    for (const at of [a, b]) {
      mark(at, kind);
      // Without a probability of either each is as likely as the other.
      const share = either > 0 ? base[at] / either : 0.5;
      suspicion[at] = Math.max(suspicion[at], share);
    }
  };
  const contradictions = contradictionsOf(problem);
  for (const [image, present, absent] of contradictions) oneOf(image * n + present, image * n + absent, 'hierarchy');
  const conflicts = conflictsOf(problem);
  for (const [image, other, label] of conflicts) oneOf(image * n + label, other * n + label, 'duplicate');
  return { suspicion, kinds, confident, neighbourShares: shares, neighbourWeight: weight, contradictions, conflicts };
}

/** The bit of a kind in {@link ScoredAnnotations.kinds}. */
export function bitOf(kind: SuspectKind): number {
  return 1 << suspectKinds.indexOf(kind);
}

function neighbourShares(
  targets: ArrayLike<number>,
  n: number,
  { count, rows }: Pick<NearImages, 'count' | 'rows'>,
): Float64Array {
  const prevalence = Array.from({ length: n }, (_, label) => {
    let [sum, known] = [0, 0];
    for (let at = label; at < targets.length; at += n) {
      if (Number.isNaN(targets[at])) continue;
      sum += targets[at];
      known++;
    }
    return known > 0 ? sum / known : 0.5;
  });
  return Float64Array.from({ length: targets.length }, (_, at) => {
    const [image, label] = [Math.floor(at / n), at % n];
    let [sum, known] = [prevalence[label], 1];
    for (let i = image * count; i < (image + 1) * count; i++) {
      const target = rows[i] < 0 ? NaN : targets[rows[i] * n + label];
      if (Number.isNaN(target)) continue;
      sum += target;
      known++;
    }
    return sum / known;
  });
}

/** Where one of both is unknown, the other counts alone. */
function mixedProbability(probability: number, share: number | undefined, weight: number): number {
  if (share === undefined) return probability;
  return Number.isNaN(probability) ? share : (1 - weight) * probability + weight * share;
}

/** The weight out of 0, 0.1, …, 1 with the smallest log loss. */
function bestWeight(targets: ArrayLike<number>, probabilities: ArrayLike<number>, shares: Float64Array): number {
  let [best, least] = [0, Infinity];
  for (let tenths = 0; tenths <= 10; tenths++) {
    let loss = 0;
    for (let at = 0; at < targets.length; at++) {
      if (Number.isNaN(targets[at]) || Number.isNaN(probabilities[at])) continue;
      const mixed = mixedProbability(probabilities[at], shares[at], tenths / 10);
      loss -= Math.log(Math.max(1e-12, targets[at] === 1 ? mixed : 1 - mixed));
    }
    if (loss < least) [best, least] = [tenths / 10, loss];
  }
  return best;
}

function contradictionsOf({
  labels,
  targets,
  annotations = targets,
  ancestors,
}: AnnotationProblem): ScoredAnnotations['contradictions'] {
  const n = labels.length;
  const found: ScoredAnnotations['contradictions'] = [];
  for (let start = 0; start < annotations.length; start += n)
    for (let label = 0; label < n; label++)
      if (annotations[start + label] === 1)
        for (const above of ancestors[label])
          if (annotations[start + above] === 0) found.push([start / n, label, above]);
  return found;
}

function conflictsOf({ labels, targets, duplicates = [] }: AnnotationProblem): ScoredAnnotations['conflicts'] {
  const n = labels.length;
  return duplicates.flatMap(([image, other]) =>
    labels.flatMap((_, label): ScoredAnnotations['conflicts'] => {
      const [a, b] = [targets[image * n + label], targets[other * n + label]];
      return Number.isNaN(a) || Number.isNaN(b) || a === b ? [] : [[image, other, label]];
    }),
  );
}
