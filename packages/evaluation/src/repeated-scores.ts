import { bootstrapModels, clusterRows, meanDefined, percentileInterval, RankedScores, std } from '@cxr-align/metrics';
import { RandomStream } from '@cxr-align/random';
import type { Interval, MaybeNumber } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';
import { columnOf, rankedValues, type Predictions } from './predictions.js';
import { checkSameSamples } from './same-samples.js';

/** An AUROC over several sets of predictions of the same images. */
export interface RepeatedScore {
  byRepeat: MaybeNumber[];
  mean: MaybeNumber;
  /** The sample standard deviation; null for one set. */
  sd: MaybeNumber;
  /** 95 % interval of the mean, patients and sets resampled together. */
  ci: Interval;
}

/** The AUROC of each label over several sets of predictions, and of the mean over the labels. */
export interface RepeatedScores {
  macro: RepeatedScore;
  labels: Record<string, RepeatedScore>;
}

/**
 * How much the AUROC varies over repeats: predictions of the same images by models of several draws, seeds or divisions into folds. The
 * interval of the mean resamples patients, and in each resample as many repeats with replacement.
 *
 * @param repeats predictions of the same samples, in the same order.
 * @throws {RangeError} if there are none. @throws {InputError} if they are of other samples.
 * @see Field, Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x: the two-way (pigeonhole) bootstrap.
 */
export function repeatedScores(
  repeats: readonly Predictions[],
  { resamples, seed = 0 }: { resamples: number; seed?: number },
): RepeatedScores {
  const resampled = resampleRepeats(repeats, { resamples, seed });
  const { labels } = repeats[0];
  return {
    macro: scoreOf(resampled.macro, resampled.drawn),
    labels: Object.fromEntries(labels.map((label, i) => [label, scoreOf(resampled.byLabel[i], resampled.drawn)])),
  };
}

/** The same of the paired differences of two models, B − A. @param a, b as many repeats of each, paired in their order. */
export function repeatedDifferences(
  a: readonly Predictions[],
  b: readonly Predictions[],
  { resamples, seed = 0 }: { resamples: number; seed?: number },
): RepeatedScores {
  if (a.length !== b.length)
    throw new RangeError(
      `evaluation/repeatedDifferences: expected as many repeats of both, got ${a.length} and ${b.length}`,
    );
  const { macro, byLabel, drawn } = resampleRepeats([...a, ...b], { resamples, seed, paired: a.length });
  const { labels } = a[0];
  const difference = ({ values, resampled }: Measured): Measured => ({
    values: a.map((_, i) => values[a.length + i] - values[i]),
    resampled: a.map((_, i) => resampled[a.length + i].map((value, at) => value - resampled[i][at])),
  });
  return {
    macro: scoreOf(difference(macro), drawn),
    labels: Object.fromEntries(labels.map((label, i) => [label, scoreOf(difference(byLabel[i]), drawn)])),
  };
}

/** The AUROC of each repeat, as it is and in each resample of patients. */
interface Measured {
  values: number[];
  resampled: Float64Array[];
}

function resampleRepeats(
  repeats: readonly Predictions[],
  { resamples, seed, paired = repeats.length }: { resamples: number; seed: number; paired?: number },
): { macro: Measured; byLabel: Measured[]; drawn: Uint32Array[] } {
  if (repeats.length === 0) throw new RangeError('evaluation/repeatedScores: expected one or more repeats, got none');
  const [first] = repeats;
  repeats.slice(1).forEach((one, i) => checkSameSamples(first, one, ['repeat 1', `repeat ${i + 2}`]));
  const { length: count } = first.labels;
  const ranked = repeats.map((one) =>
    first.labels.map(
      (_, i) => new RankedScores(columnOf(one.targets, count, i), columnOf(rankedValues(one), count, i)),
    ),
  );
  const clusters = clusterRows(first.samples.map(({ patient }) => patient));
  const found = bootstrapModels(ranked, clusters, { resamples, seed }).map(({ auroc }) => auroc);
  const values = ranked.map((labels) => labels.map((one) => one.measure().auroc));
  const random = new RandomStream({ seed, purpose: 'repeats' });
  return {
    macro: { values: values.map(meanDefined), resampled: found.map(({ macro }) => macro) },
    byLabel: first.labels.map((_, i) => ({
      values: values.map((labels) => labels[i]),
      resampled: found.map(({ byLabel }) => byLabel[i]),
    })),
    drawn: Array.from({ length: resamples }, () => Uint32Array.from({ length: paired }, () => random.integer(paired))),
  };
}

function scoreOf({ values, resampled }: Measured, drawn: readonly Uint32Array[]): RepeatedScore {
  const means = drawn.map((places, at) => meanDefined(Array.from(places, (place) => resampled[place][at])));
  return {
    byRepeat: values.map(orNull),
    mean: orNull(meanDefined(values)),
    sd: orNull(std(values)),
    ci: drawn.length === 0 ? [null, null] : (percentileInterval(means).map(orNull) as Interval),
  };
}
