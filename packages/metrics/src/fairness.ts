import { clusterRows, forEachDraw, type Clusters } from './bootstrap.js';
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
  /** Bootstrap draws for the intervals; 0 = none. Default 0. */
  draws?: number;
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
  { threshold, minimum = 20, draws = 0, seed = 0, clusters }: SubgroupOptions,
): SubgroupAudit {
  const names = [...new Set(groups.filter((group): group is string => group !== null && group !== ''))].sort();
  const place = new Map(names.map((name, i) => [name, i]));
  const ofRow = Int32Array.from(groups, (group) => place.get(group ?? '') ?? -1);
  const once = new Int32Array(targets.length).fill(1);
  const found = count({ targets, scores, ofRow, groups: names.length, threshold }, once);
  const isSmall = found.map(({ positives, negatives }) => positives < minimum || negatives < minimum);
  const { toMedian, toRest } = gaps(found, isSmall);
  const drawn = names.map(() => ({ toMedian: new Float64Array(draws), toRest: new Float64Array(draws) }));
  if (draws > 0) {
    forEachDraw(clusters ?? clusterRows(ofRow.map((_, row) => row)), { draws, seed }, (weights, draw) => {
      const again = gaps(count({ targets, scores, ofRow, groups: names.length, threshold }, weights), isSmall);
      drawn.forEach((values, i) => {
        values.toMedian[draw] = again.toMedian[i];
        values.toRest[draw] = again.toRest[i];
      });
    });
  }
  const interval = (values: Float64Array): [number, number] => (draws > 0 ? percentileInterval(values) : [NaN, NaN]);
  const audited = names.map((group, i): SubgroupScores => {
    const inGroup = Float64Array.from(targets, (target, row) => (ofRow[row] === i ? target : NaN));
    const { rows, positives, negatives, truePositiveRate, falsePositiveRate } = found[i];
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
      gapToMedianCi: interval(drawn[i].toMedian),
      gapToRest: toRest[i],
      gapToRestCi: interval(drawn[i].toRest),
    };
  });
  const readable = audited.filter((one) => !one.isSmall);
  const rates = readable.map(({ truePositiveRate }) => truePositiveRate);
  const worst = readable.reduce<SubgroupScores | null>(
    (low, one) => (low === null || one.truePositiveRate < low.truePositiveRate ? one : low),
    null,
  );
  return {
    groups: audited,
    missing: ofRow.reduce((sum, group) => sum + (group < 0 ? 1 : 0), 0),
    worst: worst?.group ?? null,
    spread: rates.length < 2 ? NaN : Math.max(...rates) - Math.min(...rates),
  };
}

interface GroupCounts {
  rows: number;
  positives: number;
  negatives: number;
  truePositives: number;
  truePositiveRate: number;
  falsePositiveRate: number;
}

function count(
  {
    targets,
    scores,
    ofRow,
    groups,
    threshold,
  }: { targets: ArrayLike<number>; scores: ArrayLike<number>; ofRow: Int32Array; groups: number; threshold: number },
  weights: ArrayLike<number>,
): GroupCounts[] {
  const sums = Array.from({ length: groups }, () => ({
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
