/** What label-shift correction found. */
export interface LabelShift {
  /** Estimated share of positives in the new data. */
  prior: number;
  /** The probabilities, corrected for it. */
  probabilities: Float64Array;
  /** Rounds until it stood still. */
  rounds: number;
}

/**
 * Corrects calibrated probabilities of one label for another prevalence than that of the training set, which is estimated
 * from the probabilities alone by expectation maximisation. It assumes that positives and negatives each look as in
 * training; only their share differs.
 *
 * @param trainingPrior share of positives in the training set, in (0, 1).
 * @see Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities".
 */
export function correctLabelShift(
  probabilities: ArrayLike<number>,
  trainingPrior: number,
  { tolerance = 1e-9, maxRounds = 10_000 }: { tolerance?: number; maxRounds?: number } = {},
): LabelShift {
  if (!(trainingPrior > 0 && trainingPrior < 1))
    throw new RangeError(`metrics/correctLabelShift: expected a trainingPrior in (0, 1), got ${trainingPrior}`);
  const adjusted = (prior: number): Float64Array =>
    Float64Array.from(probabilities, (p) => {
      const [present, absent] = [(p * prior) / trainingPrior, ((1 - p) * (1 - prior)) / (1 - trainingPrior)];
      return present / (present + absent);
    });
  let prior = trainingPrior;
  for (let rounds = 1; ; rounds++) {
    const corrected = adjusted(prior);
    const next = corrected.reduce((sum, p) => sum + p, 0) / corrected.length;
    if (Math.abs(next - prior) < tolerance || rounds >= maxRounds)
      return { prior: next, probabilities: adjusted(next), rounds };
    prior = next;
  }
}
