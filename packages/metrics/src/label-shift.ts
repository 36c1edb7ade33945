import { checkBetween, checkNumbers, checkProbabilities } from './check-input.js';

/** What label-shift correction found. */
export interface LabelShift {
  /** Estimated share of positives in the new data; NaN without any. */
  prior: number;
  /** The probabilities, corrected for it. */
  probabilities: Float64Array;
}

/**
 * Corrects calibrated probabilities of one label for another prevalence than that of the training set, which is estimated
 * from the probabilities alone. It assumes that positives and negatives each look as in training; only their share differs.
 *
 * The estimate is the share of the largest likelihood, where the expectation maximisation of the source ends. The likelihood
 * is concave in it, so halving finds it in 50 passes where expectation maximisation may need thousands. It is kept off 0 and
 * 1 as far as n cases allow, 1 / (n + 2): at the ends all cases would become alike.
 *
 * @param trainingPrior share of positives in the training set, in (0, 1).
 * @see Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities".
 */
export function correctLabelShift(probabilities: ArrayLike<number>, trainingPrior: number): LabelShift {
  checkNumbers('correctLabelShift', 'probabilities', probabilities);
  checkProbabilities('correctLabelShift', probabilities);
  checkBetween('correctLabelShift', 'trainingPrior', trainingPrior, { above: 0, below: 1 });
  const prior = likeliestPrior(probabilities, trainingPrior);
  return { prior, probabilities: Float64Array.from(probabilities, (p) => adjustPrior(p, trainingPrior, prior)) };
}

/** A probability (or a threshold on it) under the training prevalence, adjusted to another prevalence. */
export function adjustPrior(probability: number, trainingPrior: number, prior: number): number {
  const present = (probability * prior) / trainingPrior;
  const absent = ((1 - probability) * (1 - prior)) / (1 - trainingPrior);
  return present / (present + absent);
}

function likeliestPrior(probabilities: ArrayLike<number>, trainingPrior: number): number {
  if (probabilities.length === 0) return NaN;
  const gradient = (prior: number): number => {
    let sum = 0;
    for (let i = 0; i < probabilities.length; i++) {
      const [present, absent] = [probabilities[i] / trainingPrior, (1 - probabilities[i]) / (1 - trainingPrior)];
      sum += (present - absent) / (present * prior + absent * (1 - prior));
    }
    return sum;
  };
  const least = 1 / (probabilities.length + 2);
  let [low, high] = [least, 1 - least];
  if (gradient(low) <= 0) return low;
  if (gradient(high) >= 0) return high;
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2;
    if (gradient(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
