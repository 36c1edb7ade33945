/**
 * How much the label of each image is worth: the entropies of its labels' probabilities, rare labels counting more.
 *
 *   worth_i = Σ_l r_l · H(p_il) / Σ_l r_l,   r_l = 1 / √(1 + positives_l)       H in bits, worth in [0, 1]
 *
 * @param probabilities [images, labels] row by row; NaN counts as 0.5, and an image without any
 *   probability is worth 0.
 * @param positives of each label among the labelled images.
 */
export function labelWorths(probabilities: ArrayLike<number>, positives: readonly number[]): Float64Array {
  const n = positives.length;
  const rarity = positives.map((count) => 1 / Math.sqrt(1 + count));
  const sum = rarity.reduce((total, value) => total + value, 0);
  const worths = new Float64Array(probabilities.length / n);
  const known = new Uint8Array(worths.length);
  for (let at = 0; at < probabilities.length; at++) if (!Number.isNaN(probabilities[at])) known[Math.floor(at / n)] = 1;
  for (let at = 0; at < probabilities.length; at++)
    if (known[Math.floor(at / n)] === 1)
      worths[Math.floor(at / n)] += (rarity[at % n] * entropy(probabilities[at])) / sum;
  return worths;
}

/** In bits. */
function entropy(probability: number): number {
  const p = Number.isNaN(probability) ? 0.5 : probability;
  return p <= 0 || p >= 1 ? 0 : -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p));
}
