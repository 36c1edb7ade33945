import { clusterRows, forEachResample, type Clusters, type ResampleOptions } from './bootstrap.js';
import { checkOptions, checkTargets } from './check-input.js';
import { percentileInterval } from './quantile.js';
import { RankedScores } from './ranked-scores.js';

/** One label in one subgroup, at the threshold that all share. */
export interface SubgroupScores {
  group: string;
  rows: number;
  positives: number;
  negatives: number;
  /** True if there are too few positives or negatives for the numbers to be read. */
  isSmall: boolean;
  auroc: number;
  truePositiveRate: number;
  falsePositiveRate: number;
  /** True positive rate minus the median over the groups that are not too small. */
  gapToMedian: number;
  gapToMedianCi: [number, number];
  /** True positive rate minus that of all other known rows together. */
  gapToRest: number;
  gapToRestCi: [number, number];
}

/** One label in all subgroups of an attribute. */
export interface SubgroupAudit {
  groups: SubgroupScores[];
  /** Rows whose attribute is missing: they are in no group, and in no complement. */
  missing: number;
  /** The group that is not too small with the lowest true positive rate. */
  worst: string | null;
  /** Largest minus smallest true positive rate over the groups that are not too small. */
  spread: number;
}

export interface SubgroupOptions {
  /** A score at or above it is called positive; the same for all groups. */
  threshold: number;
  /** Fewest positives, and fewest negatives, that are not too few. Default 20. */
  minimum?: number;
  /** Bootstrap resamples for the intervals; 0 = none. Default 0. */
  resamples?: number;
  seed?: number;
  /** Rows of a patient are drawn together; each row on its own unless given. */
  clusters?: Clusters;
}

/**
 * Audits one label over the subgroups of an attribute: who is missed more often than others, at the threshold that all
 * share. For No Finding the false positive rate is the rate of under-diagnosis.
 *
 * @param groups of each row; null or empty where it is missing. A product of two attributes is a group of joined names.
 * @see Seyyed-Kalantari et al. 2021, arXiv:2003.00827 (gaps) and Nature Medicine 27 (under-diagnosis). Here rows without the
 *   attribute are in no complement, so the gaps of two groups are opposite numbers.
 */
export function subgroupAudit(
  targets: ArrayLike<number>,
  scores: ArrayLike<number>,
  groups: readonly (string | null)[],
  options: SubgroupOptions,
): SubgroupAudit {
  checkTargets('subgroupAudit', { targets, scores });
  checkOptions('subgroupAudit', options, ['threshold', 'minimum', 'resamples', 'seed', 'clusters']);
  const { threshold, minimum = 20, resamples = 0, seed = 0, clusters } = options;
  if (typeof threshold !== 'number' || groups.length !== targets.length) {
    throw new RangeError(
      `metrics/subgroupAudit: expected a threshold and a group for each of ${targets.length} rows, got ${threshold} and ${groups.length} groups; null stands for a missing group`,
    );
  }
  const grouped = groupRows(targets, scores, groups, threshold);
  const found = count(grouped, new Int32Array(targets.length).fill(1));
  const isSmall = found.map(({ positives, negatives }) => positives < minimum || negatives < minimum);
  const { toMedian, toRest } = gaps(found, isSmall);
  const intervals =
    resamples > 0
      ? gapIntervals(grouped, isSmall, { resamples, seed }, clusters)
      : found.map(() => ({ toMedian: undefinedInterval, toRest: undefinedInterval }));
  const audited = grouped.names.map((group, i): SubgroupScores => {
    const { rows, positives, negatives, truePositiveRate, falsePositiveRate } = found[i];
    const inGroup = Float64Array.from(targets, (target, row) => (grouped.ofRow[row] === i ? target : NaN));
    return {
      group,
      rows,
      positives,
      negatives,
      isSmall: isSmall[i],
      auroc: new RankedScores(inGroup, scores).auroc(),
      truePositiveRate,
      falsePositiveRate,
      gapToMedian: toMedian[i],
      gapToMedianCi: intervals[i].toMedian,
      gapToRest: toRest[i],
      gapToRestCi: intervals[i].toRest,
    };
  });
  const missing = grouped.ofRow.reduce((sum, group) => sum + (group < 0 ? 1 : 0), 0);
  return { groups: audited, missing, ...extremes(audited.filter((one) => !one.isSmall)) };
}

/** The rows of a label with the group of each, as its index; −1 where it is missing. */
interface GroupedRows {
  targets: ArrayLike<number>;
  scores: ArrayLike<number>;
  threshold: number;
  names: readonly string[];
  ofRow: Int32Array;
}

const undefinedInterval: [number, number] = [NaN, NaN];

function groupRows(
  targets: ArrayLike<number>,
  scores: ArrayLike<number>,
  groups: readonly (string | null)[],
  threshold: number,
): GroupedRows {
  const names = [...new Set(groups.filter((group): group is string => group !== null && group !== ''))].sort();
  const indexOf = new Map(names.map((name, i) => [name, i]));
  const ofRow = Int32Array.from(groups, (group) => indexOf.get(group ?? '') ?? -1);
  return { targets, scores, threshold, names, ofRow };
}

/** For each group the intervals of its gaps. */
function gapIntervals(
  grouped: GroupedRows,
  isSmall: readonly boolean[],
  options: ResampleOptions,
  clusters = clusterRows(grouped.ofRow.map((_, row) => row)),
): { toMedian: [number, number]; toRest: [number, number] }[] {
  const empty = (): Float64Array => new Float64Array(options.resamples);
  const resampled = grouped.names.map(() => ({ toMedian: empty(), toRest: empty() }));
  forEachResample(clusters, options, (weights, resample) => {
    const { toMedian, toRest } = gaps(count(grouped, weights), isSmall);
    resampled.forEach((values, i) => {
      values.toMedian[resample] = toMedian[i];
      values.toRest[resample] = toRest[i];
    });
  });
  return resampled.map(({ toMedian, toRest }) => ({
    toMedian: percentileInterval(toMedian),
    toRest: percentileInterval(toRest),
  }));
}

function extremes(groups: readonly SubgroupScores[]): Pick<SubgroupAudit, 'worst' | 'spread'> {
  const rates = groups.map(({ truePositiveRate }) => truePositiveRate);
  const worst = groups.reduce<SubgroupScores | null>(
    (low, one) => (low === null || one.truePositiveRate < low.truePositiveRate ? one : low),
    null,
  );
  return { worst: worst?.group ?? null, spread: rates.length < 2 ? NaN : Math.max(...rates) - Math.min(...rates) };
}

interface GroupCounts {
  rows: number;
  positives: number;
  negatives: number;
  truePositives: number;
  truePositiveRate: number;
  falsePositiveRate: number;
}

function count({ targets, scores, ofRow, names, threshold }: GroupedRows, weights: ArrayLike<number>): GroupCounts[] {
  const sums = Array.from(names, () => ({
    rows: 0,
    positives: 0,
    negatives: 0,
    truePositives: 0,
    falsePositives: 0,
  }));
  for (let row = 0; row < ofRow.length; row++) {
    const target = targets[row];
    if (ofRow[row] < 0 || Number.isNaN(target) || Number.isNaN(scores[row])) continue;
    const sum = sums[ofRow[row]];
    const weight = weights[row];
    const isCalled = scores[row] >= threshold;
    sum.rows += weight;
    if (target === 1) {
      sum.positives += weight;
      if (isCalled) sum.truePositives += weight;
    } else {
      sum.negatives += weight;
      if (isCalled) sum.falsePositives += weight;
    }
  }
  return sums.map(({ falsePositives, ...sum }) => ({
    ...sum,
    truePositiveRate: sum.truePositives / sum.positives,
    falsePositiveRate: falsePositives / sum.negatives,
  }));
}

/** Gaps of the true positive rates; groups that are too small are no part of the median. */
function gaps(found: readonly GroupCounts[], isSmall: readonly boolean[]): { toMedian: number[]; toRest: number[] } {
  const rates = found.flatMap(({ truePositiveRate }, i) =>
    isSmall[i] || Number.isNaN(truePositiveRate) ? [] : [truePositiveRate],
  );
  const middle = median(rates);
  const all = found.reduce(
    (sum, { positives, truePositives }) => ({
      positives: sum.positives + positives,
      truePositives: sum.truePositives + truePositives,
    }),
    { positives: 0, truePositives: 0 },
  );
  return {
    toMedian: found.map(({ truePositiveRate }) => truePositiveRate - middle),
    toRest: found.map(
      ({ positives, truePositives, truePositiveRate }) =>
        truePositiveRate - (all.truePositives - truePositives) / (all.positives - positives),
    ),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
