/** Fewest images of a fold whose mean scores are worth something. */
const fewest = 10;

/**
 * Moves the scores of each label and fold so that their mean is that of all images: what was fitted without a fold has seen fewer images
 * with a label where that fold has more, and scores it lower, so that images of several folds, ranked together as they are, look worse
 * than chance where labels are rare.
 *
 * @param scores [images, labels] row by row. @param foldOf the fold of each image.
 * @returns the same scores where a fold has fewer than 10 images, whose means would be noise.
 * @see Airola et al. 2011, doi:10.1016/j.csda.2010.11.023: the bias of pooled cross-validation.
 */
export function alignFolds(scores: Float64Array, foldOf: ArrayLike<number>, labels: number): Float64Array {
  const count = Array.from(foldOf).reduce((most, fold) => Math.max(most, fold), 0) + 1;
  const sizes = new Float64Array(count);
  const sums = new Float64Array(count * labels);
  for (let image = 0; image < foldOf.length; image++) {
    sizes[foldOf[image]]++;
    for (let label = 0; label < labels; label++) sums[foldOf[image] * labels + label] += scores[image * labels + label];
  }
  if (sizes.some((size) => size < fewest)) return scores;
  const means = Float64Array.from(
    { length: labels },
    (_, label) => sizes.reduce((sum, __, fold) => sum + sums[fold * labels + label], 0) / foldOf.length,
  );
  return scores.map((score, at) => {
    const [fold, label] = [foldOf[Math.floor(at / labels)], at % labels];
    return score + means[label] - sums[fold * labels + label] / sizes[fold];
  });
}
