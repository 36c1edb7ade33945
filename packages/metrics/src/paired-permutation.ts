import { RandomStream } from '@cxr-align/random';
import { ranks } from './correlation.js';
import { RankedScores } from './ranked-scores.js';

/** The result of {@link pairedPermutation}. */
export interface PermutationResult {
  /** Two-sided: the share of exchanges with an absolute difference of at least that observed. */
  p: number;
  /** True if every exchange was counted; false if a random sample was. */
  isExact: boolean;
}

/** Most rows that are ranked again to count exchanges one by one; above, a random sample of `samples` exchanges is. */
const mostRanked = 2_000_000;
const samples = 999;

/**
 * Permutation test of the difference of two AUROCs on the same rows: under the null hypothesis the two ranks of a row could
 * as well be exchanged, row by row. All 2^k exchanges are counted where k rows have different ranks and that is not too
 * much work (some 15 rows); else 999 are drawn at random with a fixed seed, p = (hits + 1) / 1000.
 *
 * It needs no variance, so it holds for samples that are too small, or too well separated, for DeLong's test.
 *
 * @param targets 1 or 0; every row known.
 * @returns p is NaN if a class is missing.
 * @see Bandos, Rockette and Gur 2005, "A permutation test sensitive to differences in areas for comparing ROC curves from a
 *   paired design", Statistics in Medicine 24.
 */
export function pairedPermutation(
  targets: ArrayLike<number>,
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
): PermutationResult {
  const [a, b] = [ranks(scoresA), ranks(scoresB)];
  const discordant = Array.from(a.keys()).filter((row) => a[row] !== b[row]);
  const isExact = 2 ** discordant.length * a.length <= mostRanked;
  const auroc = (values: Float64Array): number => new RankedScores(targets, values).auroc();
  const difference = (exchanged: (at: number) => boolean): number => {
    const [x, y] = [Float64Array.from(a), Float64Array.from(b)];
    discordant.forEach((row, at) => {
      if (exchanged(at)) [x[row], y[row]] = [y[row], x[row]];
    });
    return Math.abs(auroc(x) - auroc(y));
  };
  const observed = difference(() => false);
  if (Number.isNaN(observed)) return { p: NaN, isExact };
  const isHit = (exchanged: (at: number) => boolean): boolean => difference(exchanged) >= observed - 1e-12;
  let hits = 0;
  if (isExact) {
    const all = 2 ** discordant.length;
    for (let bits = 0; bits < all; bits++) if (isHit((at) => ((bits >> at) & 1) === 1)) hits++;
    return { p: hits / all, isExact };
  }
  const random = new RandomStream({ seed: 0, purpose: 'paired-permutation' });
  for (let sample = 0; sample < samples; sample++) {
    const flips = Uint8Array.from(discordant, () => random.integer(2));
    if (isHit((at) => flips[at] === 1)) hits++;
  }
  return { p: (hits + 1) / (samples + 1), isExact };
}
