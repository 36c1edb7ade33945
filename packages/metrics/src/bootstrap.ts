import { RandomStream } from '@cxr-align/random';
import { RankedScores } from './ranked-scores.js';

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
  const place = new Map(distinct.map((id, i) => [id, i]));
  return { count: distinct.length, ofRow: Uint32Array.from(list, (id) => place.get(id)!) };
}

/** How often each row counts in one bootstrap draw: as often as its cluster was drawn. */
export type DrawWeights = Int32Array;

export interface DrawOptions {
  draws: number;
  /** Default 0. */
  seed?: number;
  /** Number of the first draw, for a part of a longer sequence: a draw depends on its number and the seed alone. Default 0. */
  from?: number;
  /** The clusters of draw number b, one after the other; drawn from `seed` unless given. */
  drawOf?: (draw: number) => ArrayLike<number>;
}

/**
 * Draws clusters with replacement, as many as there are, and gives each draw's row weights to `visit`, with the place of the
 * draw among those that were asked for.
 */
export function forEachDraw(
  clusters: Clusters,
  { draws, seed = 0, from = 0, drawOf }: DrawOptions,
  visit: (weights: DrawWeights, draw: number) => void,
): void {
  const counts = new Int32Array(clusters.count);
  const weights = new Int32Array(clusters.ofRow.length);
  for (let draw = from; draw < from + draws; draw++) {
    counts.fill(0);
    if (drawOf) {
      const drawn = drawOf(draw);
      for (let i = 0; i < drawn.length; i++) counts[drawn[i]]++;
    } else {
      const random = new RandomStream({ seed, purpose: 'bootstrap', step: draw });
      for (let i = 0; i < clusters.count; i++) counts[random.integer(clusters.count)]++;
    }
    for (let row = 0; row < weights.length; row++) weights[row] = counts[clusters.ofRow[row]];
    visit(weights, draw - from);
  }
}

/** The draws of a metric of several labels. */
export interface BootstrapDraws {
  /** For each label its value in each draw; NaN where a class is missing in the draw. */
  byLabel: Float64Array[];
  /** The mean over the labels defined in the draw. */
  macro: Float64Array;
}

/** Draws of the ranking metrics of one model. */
export interface RankingDraws {
  auroc: BootstrapDraws;
  averagePrecision: BootstrapDraws;
}

/** Bootstrap draws of AUROC and average precision for several labels at once, clusters drawn whole. */
export function bootstrapRanking(
  labels: readonly RankedScores[],
  clusters: Clusters,
  options: DrawOptions,
): RankingDraws {
  return bootstrapModels([labels], clusters, options)[0];
}

/** The same for several models on the same rows: each draw is the same for all of them, so their differences are paired. */
export function bootstrapModels(
  models: readonly (readonly RankedScores[])[],
  clusters: Clusters,
  options: DrawOptions,
): RankingDraws[] {
  const results = models.map((labels): RankingDraws => {
    const empty = (): BootstrapDraws => ({
      byLabel: labels.map(() => new Float64Array(options.draws)),
      macro: new Float64Array(options.draws),
    });
    return { auroc: empty(), averagePrecision: empty() };
  });
  forEachDraw(clusters, options, (weights, draw) => {
    models.forEach((labels, model) => {
      const { auroc, averagePrecision } = results[model];
      labels.forEach((ranked, i) => {
        const found = ranked.measure(weights);
        auroc.byLabel[i][draw] = found.auroc;
        // Without a negative, average precision is 1 whatever the scores: it says nothing and is left out as well.
        averagePrecision.byLabel[i][draw] = Number.isNaN(found.auroc) ? NaN : found.averagePrecision;
      });
      for (const metric of [auroc, averagePrecision])
        metric.macro[draw] = meanDefined(metric.byLabel.map((values) => values[draw]));
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
 * Two-sided p value of a paired difference from its bootstrap draws: twice the smaller share of draws on one side of
 * 0, a draw at 0 counting on both, at most 1; NaN if no draw is defined.
 */
export function bootstrapP(differences: ArrayLike<number>): number {
  const defined = Array.from(differences).filter((value) => !Number.isNaN(value));
  const below = defined.filter((value) => value <= 0).length / defined.length;
  const above = defined.filter((value) => value >= 0).length / defined.length;
  return Math.min(1, 2 * Math.min(below, above));
}
