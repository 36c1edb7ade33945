import {
  bootstrapModels,
  clusterRows,
  fitLearningCurve,
  labelsNeeded,
  learningCurveAt,
  meanDefined,
  percentileInterval,
  RankedScores,
  std,
  type LearningCurve,
} from '@cxr-align/metrics';
import { InputError } from '@cxr-align/files/input-error';
import { RandomStream } from '@cxr-align/random';
import type { Interval, MaybeNumber } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';
import { columnOf, rankedValues, type Predictions } from './predictions.js';

/** How far a forecast goes. */
export type ForecastVerdict =
  /** The score is reached with the labels that there are. */
  | 'reached'
  /** The number of labels has an interval with two ends. */
  | 'forecast'
  /** More than 10 times the labels that there are: the curve is unknown that far. */
  | 'too far'
  /** Within the uncertainty of the curve the score is never reached. */
  | 'unbounded'
  /** The curve ends below the score. */
  | 'above the plateau'
  /** Fewer than 3 sizes have the score. */
  | 'too few sizes';

/** The score at a number of labelled images. */
export interface ForecastPoint {
  count: number;
  /** Mean over the draws, and of each. */
  auroc: MaybeNumber;
  byDraw: MaybeNumber[];
}

/** A later size as the sizes before it predict it. */
export interface ForecastCheck {
  count: number;
  predicted: number;
  /** 95 %, of the curve. */
  interval: [number, number];
  measured: number;
  isCovered: boolean;
}

/** How many labels a score needs. */
export interface Forecast {
  points: ForecastPoint[];
  /** α − β · n^(−γ): α is the plateau, β the amplitude, γ the exponent; null with too few sizes. */
  curve: Pick<LearningCurve, 'plateau' | 'amplitude' | 'exponent'> | null;
  /** 95 %. */
  plateauInterval: Interval;
  /** Labelled images for the score; null where the curve does not reach it. */
  needed: MaybeNumber;
  /** 95 %; null for an end that is infinite. */
  neededInterval: Interval;
  /** Labels beyond the largest size; 0 where it is reached; null where it is unknown. */
  more: MaybeNumber;
  verdict: ForecastVerdict;
  /** The later sizes as the first half (3 sizes at least) predicts them; empty with fewer than 4 sizes. */
  check: ForecastCheck[];
}

/** Forecasts of a configuration. */
export interface ConfigurationForecast {
  configuration: string;
  macro: Forecast;
  labels: Record<string, Forecast>;
}

/** How many labels an AUROC needs. */
export interface LabelForecast {
  target: number;
  configurations: ConfigurationForecast[];
  method: string;
}

/** A finished run with the labelled images that it was trained on. */
export interface CountedRun {
  run: { configuration: string; trainCount: number | null; seed: number };
  predictions: Predictions;
  images: number;
}

/** Multiple of the largest size beyond which nothing is forecast. */
export const farthest = 10;
/** Variance below which points do not weigh more. */
const leastVariance = 1e-6;

/**
 * Forecasts how many labelled images an AUROC needs, from runs with several sizes of the training set: α − β · n^(−γ) is fitted to the
 * means over the draws, each weighted by its inverse variance, for the macro AUROC and for each label. Intervals come from a bootstrap over
 * patients of the evaluated split and over the draws of each size.
 *
 * @param target in (0.5, 1).
 * @throws {InputError} for another target.
 */
export function forecastLabels(
  { configurations }: { configurations: readonly string[] },
  finished: readonly CountedRun[],
  { target, resamples }: { target: number; resamples: number },
): LabelForecast {
  if (!(target > 0.5 && target < 1))
    throw new InputError(`expected an AUROC between 0.5 and 1 to forecast, got ${target}; choose one such as 0.9`);
  const [{ predictions: first }] = finished;
  const { labels, samples, targets } = first;
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const truth = labels.map((_, i) => columnOf(targets, labels.length, i));
  const ranked = finished.map(({ predictions }) =>
    truth.map((y, i) => new RankedScores(y, columnOf(rankedValues(predictions), labels.length, i))),
  );
  const resampled = bootstrapModels(ranked, clusters, { resamples }).map(({ auroc }) => auroc);
  const points = ranked.map((own) => own.map((one) => one.auroc()));
  return {
    target,
    configurations: configurations.map((configuration): ConfigurationForecast => {
      const runs = finished.flatMap(({ run }, at) => (run.configuration === configuration ? [at] : []));
      const sizes = sizesOf(finished, runs);
      const forecast = (score: (run: number) => number, drawn: (run: number) => Float64Array): Forecast =>
        forecastScore(sizes, { score, drawn, target, resamples });
      return {
        configuration,
        macro: forecast(
          (run) => meanDefined(points[run]),
          (run) => resampled[run].macro,
        ),
        labels: Object.fromEntries(
          labels.map((label, i) => [
            label,
            forecast(
              (run) => points[run][i],
              (run) => resampled[run].byLabel[i],
            ),
          ]),
        ),
      };
    }),
    method: `AUROC = α − β · n^(−γ) with α ≤ 1, β ≥ 0, γ in [0.02, 4], least squares weighted by the inverse variance of each size; intervals: 95 %, ${resamples} bootstrap resamples of ${clusters.count} patients and of the draws of each size; no forecast beyond ${farthest} times the largest size`,
  };
}

/** Runs with about the same number of images: those of one size of the plan. */
interface Size {
  count: number;
  runs: number[];
}

function sizesOf(finished: readonly CountedRun[], runs: readonly number[]): Size[] {
  const bySize = new Map<number | null, number[]>();
  for (const at of runs) {
    const { trainCount } = finished[at].run;
    bySize.set(trainCount, [...(bySize.get(trainCount) ?? []), at]);
  }
  return [...bySize.values()]
    .map((own) => ({ count: own.reduce((sum, at) => sum + finished[at].images, 0) / own.length, runs: own }))
    .sort((a, b) => a.count - b.count);
}

interface ScoredRuns {
  score: (run: number) => number;
  /** Of a run, in each resample of patients. */
  drawn: (run: number) => Float64Array;
  target: number;
  resamples: number;
}

function forecastScore(sizes: readonly Size[], { score, drawn, target, resamples }: ScoredRuns): Forecast {
  const points = sizes.map(({ count, runs }) => {
    const byDraw = runs.map(score);
    return { count, auroc: orNull(meanDefined(byDraw)), byDraw: byDraw.map(orNull) };
  });
  const counts = points.map(({ count }) => count);
  const means = points.map(({ auroc }) => auroc ?? NaN);
  const resampledMeans = resampleDraws(sizes, drawn, resamples);
  const weights = resampledMeans.map((values) => {
    const spread = std(values.filter((value) => !Number.isNaN(value)));
    return 1 / Math.max(leastVariance, Number.isNaN(spread) ? 1 : spread ** 2);
  });
  const fit = (values: readonly number[], most: number): LearningCurve =>
    fitLearningCurve(counts.slice(0, most), values.slice(0, most), { weights: weights.slice(0, most) });
  const curve = fit(means, counts.length);
  if (Number.isNaN(curve.plateau))
    return {
      points,
      curve: null,
      plateauInterval: [null, null],
      needed: null,
      neededInterval: [null, null],
      more: null,
      verdict: 'too few sizes',
      check: [],
    };
  const each = Array.from({ length: resamples }, (_, resample) => resampledMeans.map((values) => values[resample]));
  const curves = each.map((values) => fit(values, counts.length)).filter(({ plateau }) => !Number.isNaN(plateau));
  const needed = labelsNeeded(curve, target);
  const interval = middle(curves.map((one) => labelsNeeded(one, target)));
  const largest = counts.at(-1)!;
  const verdict = verdictOf(needed, interval, largest);
  const { plateau, amplitude, exponent } = curve;
  return {
    points,
    curve: { plateau, amplitude, exponent },
    plateauInterval: percentileInterval(curves.map((one) => one.plateau)).map(orNull) as Interval,
    needed: finiteOrNull(needed),
    neededInterval: interval.map(finiteOrNull) as Interval,
    more: verdict === 'reached' ? 0 : verdict === 'forecast' ? Math.ceil(needed - largest) : null,
    verdict,
    check: checkHalf(counts, means, { each, fit }),
  };
}

/** For each size its mean over draws in each resample: draws are drawn with replacement, too. */
function resampleDraws(sizes: readonly Size[], drawn: ScoredRuns['drawn'], resamples: number): Float64Array[] {
  return sizes.map(({ runs }, size) =>
    Float64Array.from({ length: resamples }, (_, resample) => {
      const random = new RandomStream({ seed: 0, purpose: `forecast/${size}`, step: resample });
      return meanDefined(runs.map(() => drawn(runs[random.integer(runs.length)])[resample]));
    }),
  );
}

function verdictOf(needed: number, [low, high]: [number, number], largest: number): ForecastVerdict {
  if (needed <= largest) return 'reached';
  if (needed === Infinity) return 'above the plateau';
  if (needed > farthest * largest) return 'too far';
  return high === Infinity || Number.isNaN(low) ? 'unbounded' : 'forecast';
}

function checkHalf(
  counts: readonly number[],
  means: readonly number[],
  { each, fit }: { each: readonly number[][]; fit: (values: readonly number[], most: number) => LearningCurve },
): ForecastCheck[] {
  const most = Math.max(3, Math.ceil(counts.length / 2));
  if (counts.length <= most) return [];
  const curve = fit(means, most);
  if (Number.isNaN(curve.plateau)) return [];
  const curves = each.map((values) => fit(values, most)).filter(({ plateau }) => !Number.isNaN(plateau));
  return counts.slice(most).flatMap((count, i) => {
    const measured = means[most + i];
    if (Number.isNaN(measured)) return [];
    const interval = percentileInterval(curves.map((one) => learningCurveAt(one, count)));
    const isCovered = measured >= interval[0] && measured <= interval[1];
    return [{ count, predicted: learningCurveAt(curve, count), interval, measured, isCovered }];
  });
}

/** The middle 95 %, where some values are infinite. */
function middle(values: readonly number[]): [number, number] {
  if (values.length === 0) return [NaN, NaN];
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[Math.floor(0.025 * sorted.length)], sorted[Math.ceil(0.975 * sorted.length) - 1]];
}

function finiteOrNull(value: number): MaybeNumber {
  return Number.isFinite(value) ? value : null;
}
