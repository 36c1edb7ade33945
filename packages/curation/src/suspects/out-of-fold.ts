import { fitLogistic, headDefaults, patientFolds, rowsOf, type Matrix } from '@cxr-align/heads';
import { probabilitiesOf } from '@cxr-align/evaluation';

/** What is predicted out of fold. */
export interface OutOfFoldProblem {
  labels: readonly string[];
  /** [images, dim]. */
  features: Matrix;
  /** [images, labels] row by row: 1, 0, NaN where unknown. */
  targets: ArrayLike<number>;
  /** Of each image: the number of its patient. */
  groups: ArrayLike<number>;
  folds: number;
  seed: number;
  onProgress?: (share: number) => void;
}

/** Probabilities of each image from models that were not trained on its patient. */
export interface OutOfFold {
  /** [images, labels] row by row. */
  probabilities: Float64Array;
  penalty: number;
  folds: number;
}

/**
 * Predicts each image by a logistic regression on the images of the other folds; patients stay whole. The penalty is chosen by
 * cross-validation inside the training images of the first fold, and is the same in all.
 */
export function outOfFold(problem: OutOfFoldProblem): OutOfFold {
  const { labels, features, targets, groups, seed, onProgress } = problem;
  const n = labels.length;
  const foldOf = patientFolds({ groups, targets, labels: n, folds: problem.folds, seed, purpose: 'out-of-fold' });
  const folds = foldOf.reduce((most, fold) => Math.max(most, fold), 0) + 1;
  const probabilities = new Float64Array(features.rows * n);
  let penalty: number | 'auto' = 'auto';
  for (let fold = 0; fold < folds; fold++) {
    const training: number[] = [];
    const left: number[] = [];
    foldOf.forEach((own, image) => (own === fold ? left : training).push(image));
    const head = fitLogistic(
      {
        labels,
        features: rowsOf(features, training),
        targets: Float64Array.from(
          { length: training.length * n },
          (_, at) => targets[training[Math.floor(at / n)] * n + (at % n)],
        ),
        groups: training.map((image) => groups[image]),
        seed,
        onProgress: (share) => onProgress?.((fold + share) / folds),
      },
      { ...headDefaults, penalty },
    );
    penalty = head.settings.penalty as number;
    const found = probabilitiesOf(head.scores({ pooled: rowsOf(features, left) }));
    left.forEach((image, at) => probabilities.set(found.subarray(at * n, (at + 1) * n), image * n));
  }
  return { probabilities, penalty: penalty as number, folds };
}
