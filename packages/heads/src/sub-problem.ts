import type { HeadFeatures, HeadProblem } from './head.js';
import { firstNumbers } from './label-rows.js';
import { rowsOf } from './matrix.js';
import { patientFolds } from './patient-folds.js';

/** The number of images of a problem. */
export function imagesOf({ features, views = 1 }: Pick<HeadProblem, 'features' | 'views'>): number {
  return features.rows / views;
}

/** A problem of some of the images. */
export function subProblem(problem: HeadProblem, images: Int32Array): HeadProblem {
  const { features, views = 1, maps, targets, groups, ids, labels } = problem;
  const rows = Int32Array.from(
    { length: images.length * views },
    (_, i) => images[Math.floor(i / views)] * views + (i % views),
  );
  const n = labels.length;
  return {
    ...problem,
    features: rowsOf(features, rows),
    ...(maps && { maps: mapsOf(maps, images) }),
    targets: Float64Array.from(
      { length: images.length * n },
      (_, at) => targets[images[Math.floor(at / n)] * n + (at % n)],
    ),
    groups: Array.from(images, (image) => groups[image]),
    ...(ids && { ids: Array.from(images, (image) => ids[image]) }),
    onProgress: undefined,
  };
}

/** The first view of some images, as a head scores them. */
export function featuresOf({ features, views = 1, maps }: HeadProblem, images: Int32Array): HeadFeatures {
  return {
    pooled: rowsOf(
      features,
      images.map((image) => image * views),
    ),
    ...(maps && { maps: mapsOf(maps, images) }),
  };
}

function mapsOf({ patches, dim, data }: NonNullable<HeadProblem['maps']>, images: Int32Array) {
  const width = patches * dim;
  const own = new Float32Array(images.length * width);
  images.forEach((image, i) => own.set(data.subarray(image * width, (image + 1) * width), i * width));
  return { images: images.length, patches, dim, data: own };
}

/**
 * Scores of images that were left out, by patient: each by what was fitted without its fold.
 *
 * @param purpose another one, other folds.
 * @returns [images, labels] row by row, the fold of each image and the number of folds; undefined where one patient alone has all images.
 */
export function outOfFold(
  problem: HeadProblem,
  { folds, purpose }: { folds: number; purpose: string },
  scoresOf: (training: Int32Array, left: Int32Array, fold: number) => Float64Array,
): { scores: Float64Array; foldOf: ArrayLike<number>; folds: number } | undefined {
  const { labels, targets, groups, seed } = problem;
  const images = firstNumbers(imagesOf(problem));
  const foldOf = patientFolds({ groups, targets, labels: labels.length, folds, seed, purpose });
  const count = foldOf.reduce((most, fold) => Math.max(most, fold), 0) + 1;
  if (count < 2) return undefined;
  const scores = new Float64Array(images.length * labels.length);
  for (let fold = 0; fold < count; fold++) {
    const left = images.filter((image) => foldOf[image] === fold);
    const own = scoresOf(
      images.filter((image) => foldOf[image] !== fold),
      left,
      fold,
    );
    left.forEach((image, i) =>
      scores.set(own.subarray(i * labels.length, (i + 1) * labels.length), image * labels.length),
    );
  }
  return { scores, foldOf, folds: count };
}
