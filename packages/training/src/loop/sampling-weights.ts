/**
 * How often an epoch of balanced sampling has each training image, relative to each other: first a label is drawn, each of those that
 * some image has, and the lack of all of them, as likely as the others; then one of the combinations of labels that it occurs in, in
 * proportion to the square root of its images, and an image of it.
 *
 *   w(x) = 1 / (labels + 1) · Σ_{l ∈ Y(x)} √n(Y(x)) / Σ_{Y ∋ l} √n(Y) / n(Y(x))
 *
 * Without the combinations, labels that occur together would be drawn for each other, and the frequent ones stay frequent.
 *
 * @param targets [images, labels] row by row; a label is present from 0.5 on, and unknown ones (NaN) are not.
 * @param training the rows that are sampled.
 * @returns for each row of `training` its probability; their sum is 1.
 * @see Wu et al. 2020, "Distribution-balanced loss for multi-label classification in long-tailed datasets", arXiv:2007.09654, for what
 *   co-occurrence does to class-aware sampling.
 */
export function balancedWeights(targets: Float32Array, training: readonly number[], labels: number): Float64Array {
  const combinations = training.map((row) =>
    Array.from({ length: labels }, (_, label) => label).filter((label) => targets[row * labels + label] >= 0.5),
  );
  // The lack of all labels counts as one more of them.
  const members = combinations.map((present) => (present.length > 0 ? present : [labels]));
  const images = new Map<string, number>();
  for (const present of members) images.set(present.join(), (images.get(present.join()) ?? 0) + 1);
  const roots = new Float64Array(labels + 1);
  for (const [combination, count] of images)
    for (const label of combination.split(',')) roots[Number(label)] += Math.sqrt(count);
  const occurring = roots.filter((root) => root > 0).length;
  return Float64Array.from(members, (present) => {
    const count = images.get(present.join())!;
    return present.reduce((sum, label) => sum + 1 / roots[label], 0) / (Math.sqrt(count) * occurring);
  });
}
