import { RandomStream } from '@cxr-align/random';
import { checkCount, checkNumbers, checkOptions } from './check-input.js';
import { RankedScores } from './ranked-scores.js';
import { reliabilityRemark, type CaseCounts } from './reliability.js';

/** Rows grouped by patient (or any other cluster). */
export interface Clusters {
  count: number;
  /** The cluster of each row, in [0, count). */
  ofRow: Uint32Array;
}

/** Groups rows by an identifier; clusters are in rising order of it (numbers by size, texts by code unit). */
export function clusterRows(ids: ArrayLike<number | string>): Clusters {
  const list = Array.from(ids);
  const distinct = [...new Set(list)].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1,
  );
  const indexOf = new Map(distinct.map((id, i) => [id, i]));
  return { count: distinct.length, ofRow: Uint32Array.from(list, (id) => indexOf.get(id)!) };
}

/** How often each row counts in one bootstrap resample: as often as its cluster was drawn. */
export type ResampleWeights = Int32Array;

export interface ResampleOptions {
  /** How many resamples. */
  resamples: number;
  /** Default 0. */
  seed?: number;
  /**
   * Number of the first resample, for a part of a longer sequence: a resample depends on its number and the seed alone.
   * Default 0.
   */
  from?: number;
  /** The clusters of resample number b, one after the other; drawn from `seed` unless given. */
  clustersOf?: (resample: number) => ArrayLike<number>;
}

/**
 * Draws clusters with replacement, as many as there are, and gives each resample's row weights to `visit`, with the index of
 * the resample among those that were requested.
 */
export function forEachResample(
  clusters: Clusters,
  options: ResampleOptions,
  visit: (weights: ResampleWeights, resample: number) => void,
): void {
  checkOptions('forEachResample', options, ['resamples', 'seed', 'from', 'clustersOf']);
  const { resamples, seed = 0, from = 0, clustersOf } = options;
  checkCount('forEachResample', 'resamples', resamples, 0);
  const counts = new Int32Array(clusters.count);
  const weights = new Int32Array(clusters.ofRow.length);
  for (let resample = from; resample < from + resamples; resample++) {
    counts.fill(0);
    if (clustersOf) {
      const drawn = clustersOf(resample);
      for (let i = 0; i < drawn.length; i++) counts[drawn[i]]++;
    } else {
      const random = new RandomStream({ seed, purpose: 'bootstrap', step: resample });
      for (let i = 0; i < clusters.count; i++) counts[random.integer(clusters.count)]++;
    }
    for (let row = 0; row < weights.length; row++) weights[row] = counts[clusters.ofRow[row]];
    visit(weights, resample - from);
  }
}

/** A metric of several labels in each resample. */
export interface ResampledMetric {
  /** For each label its value in each resample; NaN where a class is missing in the resample. */
  byLabel: Float64Array[];
  /** The mean over the labels defined in the resample. */
  macro: Float64Array;
}

/** The ranking metrics of one model in each resample. */
export interface ResampledRanking {
  auroc: ResampledMetric;
  averagePrecision: ResampledMetric;
}

/** AUROC and average precision of several labels at once in each bootstrap resample, clusters drawn whole. */
export function bootstrapRanking(
  labels: readonly RankedScores[],
  clusters: Clusters,
  options: ResampleOptions,
): ResampledRanking {
  return bootstrapModels([labels], clusters, options)[0];
}

/** The same for several models on the same rows: each resample is the same for all of them, so differences are paired. */
export function bootstrapModels(
  models: readonly (readonly RankedScores[])[],
  clusters: Clusters,
  options: ResampleOptions,
): ResampledRanking[] {
  const results = models.map((labels): ResampledRanking => {
    const empty = (): ResampledMetric => ({
      byLabel: labels.map(() => new Float64Array(options.resamples)),
      macro: new Float64Array(options.resamples),
    });
    return { auroc: empty(), averagePrecision: empty() };
  });
  forEachResample(clusters, options, (weights, resample) => {
    models.forEach((labels, model) => {
      const { auroc, averagePrecision } = results[model];
      labels.forEach((ranked, i) => {
        const found = ranked.measure(weights);
        auroc.byLabel[i][resample] = found.auroc;
        // Without a negative, average precision is 1 whatever the scores: it has no information and is excluded as well.
        averagePrecision.byLabel[i][resample] = Number.isNaN(found.auroc) ? NaN : found.averagePrecision;
      });
      for (const metric of [auroc, averagePrecision])
        metric.macro[resample] = meanDefined(metric.byLabel.map((values) => values[resample]));
    });
  });
  return results;
}

/** The mean of the values that are defined; NaN if none is. */
export function meanDefined(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

/**
 * Two-sided p value of a paired difference from its bootstrap resamples: twice the smaller share of resamples on one side
 * of 0, a resample at 0 counting on both, at most 1. A 0 means below 2 / resamples.
 *
 * @param cases the positives and negatives behind it. Where either are fewer than {@link minimumPerClass} and all resamples
 *   have the same difference other than 0 (a few images that one model separates without error), p is NaN: resamples without
 *   any spread do not tell how much another sample would differ.
 * @returns NaN if no resample is defined.
 */
export function bootstrapP(differences: ArrayLike<number>, cases?: CaseCounts): number {
  checkNumbers('bootstrapP', 'differences', differences);
  const defined = Array.from(differences).filter((value) => !Number.isNaN(value));
  const isFew = cases !== undefined && reliabilityRemark(cases) !== null;
  if (isFew && defined[0] !== 0 && defined.every((value) => value === defined[0])) return NaN;
  const below = defined.filter((value) => value <= 0).length / defined.length;
  const above = defined.filter((value) => value >= 0).length / defined.length;
  return Math.min(1, 2 * Math.min(below, above));
}
