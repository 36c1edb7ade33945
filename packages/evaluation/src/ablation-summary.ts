import {
  bootstrapModels,
  bootstrapP,
  clusterRows,
  holm,
  meanDefined,
  percentileInterval,
  RankedScores,
  reliabilityRemark,
  smallestDetectableDifference,
  std,
  type CaseCounts,
} from '@cxr-align/metrics';
import { reliabilityOfMean } from './comparison.js';
import type { LabelForecast } from './forecast.js';
import type { Interval, LabelEvaluation, MaybeNumber } from './evaluation-schema.js';
import { reliabilityOf } from './label-scores.js';
import { orNull } from './maybe-number.js';
import { type Predictions, columnOf, rankedValues } from './predictions.js';
import { checkSameSamples } from './same-samples.js';

/** Which run of a plan it is. */
export interface RunOfPlan {
  configuration: string;
  trainCount: number | null;
  seed: number;
}

/** What is compared with what. */
export interface ComparedPlan {
  baseline: string;
  configurations: readonly string[];
  trainCounts: readonly (number | null)[];
  seeds: readonly number[];
}

/** One configuration on one size of the training set, against the baseline of that size. */
export interface AblationRow {
  configuration: string;
  trainCount: number | null;
  /** Macro AUROC of each seed, and their mean. */
  bySeed: MaybeNumber[];
  auroc: MaybeNumber;
  /** 95 %, by patient, the seeds averaged in each resample. */
  aurocCi: Interval;
  /** Mean difference to the baseline over the seeds, and of each seed. */
  difference: MaybeNumber;
  differenceBySeed: MaybeNumber[];
  /** 95 %, likewise. */
  differenceCi: Interval;
  p: MaybeNumber;
  /** Corrected for the number of configurations (Holm). */
  pHolm: MaybeNumber;
  /** The smallest difference that these images would have shown with a power of 80 %. */
  detectable: MaybeNumber;
  /**
   * Whether the data support a difference: p after correction below 5 %, and every seed on the same side; too few where no label has
   * enough images with and without it.
   */
  verdict: 'baseline' | 'better' | 'worse' | 'no difference supported' | 'too few';
}

/** The content of `summary.json`. */
export interface AblationSummary {
  data: string;
  /** The split that the runs are compared on. */
  split: string;
  /** Whether the split also chose epochs, thresholds or weights of a run. */
  hasChosen: boolean;
  baseline: string;
  seeds: number[];
  samples: number;
  patients: number;
  /** The cases of each label, and whether they are enough to tell. */
  labels: Record<string, CaseCounts & Pick<LabelEvaluation, 'reliability'>>;
  /** Labels with one class only: in no mean. */
  undefinedLabels: string[];
  rows: AblationRow[];
  /** Labels with few cases, whose scores and tests are unreliable. */
  remarks: string[];
  method: string;
  /** How many labels an AUROC needs, where one was requested. */
  forecast?: LabelForecast;
}

/** Predictions of a finished run. */
export interface FinishedRun {
  run: RunOfPlan;
  predictions: Predictions;
}

/**
 * Compares every configuration with the baseline.
 *
 * @throws {InputError} if the runs were evaluated on different samples.
 */
export function summarizeAblation(
  { data, split, hasChosen = split === 'val' }: Pick<AblationSummary, 'data' | 'split'> & { hasChosen?: boolean },
  { baseline, configurations, trainCounts, seeds }: ComparedPlan,
  finished: readonly FinishedRun[],
  resamples: number,
): AblationSummary {
  const [first] = finished;
  for (const one of finished.slice(1)) {
    checkSameSamples(first.predictions, one.predictions, [nameOf(first.run), nameOf(one.run)]);
  }
  const { labels, samples, targets } = first.predictions;
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const truth = labels.map((_, i) => columnOf(targets, labels.length, i));
  const ranked = finished.map(({ predictions }) =>
    truth.map((y, i) => new RankedScores(y, columnOf(rankedValues(predictions), labels.length, i))),
  );
  const resampled = bootstrapModels(ranked, clusters, { resamples }).map(({ auroc }) => auroc.macro);
  const place = (configuration: string, trainCount: number | null): number[] =>
    seeds.map((seed) =>
      finished.findIndex(
        ({ run }) => run.configuration === configuration && run.trainCount === trainCount && run.seed === seed,
      ),
    );
  const cases = ranked[0].map(({ positives, negatives }) => ({ positives, negatives }));
  const defined = cases.filter(({ positives, negatives }) => positives > 0 && negatives > 0);
  const fewest = {
    positives: Math.min(...defined.map(({ positives }) => positives)),
    negatives: Math.min(...defined.map(({ negatives }) => negatives)),
  };
  const isTooFew = reliabilityOfMean(defined.map(reliabilityOf)) === 'too few';
  const macro = (model: number): number => meanDefined(ranked[model].map((one) => one.auroc()));
  const mean = (values: readonly number[]): number => meanDefined([...values]);
  const rows = trainCounts.flatMap((trainCount) => {
    const base = place(baseline, trainCount);
    const ofSize = configurations.map((configuration): AblationRow => {
      const own = place(configuration, trainCount);
      const differences = own.map((model, i) => macro(model) - macro(base[i]));
      const eachResample = (value: (resample: number) => number): Float64Array =>
        Float64Array.from({ length: resamples }, (_, resample) => value(resample));
      const differenceResamples = eachResample((resample) =>
        mean(own.map((model, i) => resampled[model][resample] - resampled[base[i]][resample])),
      );
      // Resamples of few cases have too little spread.
      const interval = (values: Float64Array): Interval =>
        isTooFew ? [null, null] : (percentileInterval(values).map(orNull) as Interval);
      const isBaseline = configuration === baseline;
      return {
        configuration,
        trainCount,
        bySeed: own.map((model) => orNull(macro(model))),
        auroc: orNull(mean(own.map(macro))),
        aurocCi: interval(eachResample((resample) => mean(own.map((model) => resampled[model][resample])))),
        difference: isBaseline ? null : orNull(mean(differences)),
        differenceBySeed: isBaseline ? [] : differences.map(orNull),
        differenceCi: isBaseline ? [null, null] : interval(differenceResamples),
        p: isBaseline || isTooFew ? null : orNull(bootstrapP(differenceResamples, fewest)),
        pHolm: null,
        detectable: isBaseline || isTooFew ? null : orNull(smallestDetectableDifference(std(differenceResamples))),
        verdict: isBaseline ? 'baseline' : isTooFew ? 'too few' : 'no difference supported',
      };
    });
    const others = ofSize.filter(({ verdict }) => verdict !== 'baseline');
    holm(others.map(({ p }) => p ?? NaN)).forEach((p, i) => {
      const row = others[i];
      row.pHolm = orNull(p);
      const sides = new Set(row.differenceBySeed.map((value) => Math.sign(value ?? 0)));
      if (!isTooFew && p < 0.05 && sides.size === 1) row.verdict = row.difference! > 0 ? 'better' : 'worse';
    });
    return ofSize;
  });
  return {
    data,
    split,
    hasChosen,
    baseline,
    seeds: [...seeds],
    samples: samples.length,
    patients: clusters.count,
    labels: Object.fromEntries(
      labels.map((label, i) => [label, { ...cases[i], reliability: reliabilityOf(cases[i]) }]),
    ),
    undefinedLabels: labels.filter((_, i) => !defined.includes(cases[i])),
    rows,
    remarks: labels.flatMap((label, i) => {
      const remark = defined.includes(cases[i]) ? reliabilityRemark(cases[i]) : null;
      return remark === null ? [] : [`${label}: ${remark}`];
    }),
    method: `macro AUROC, mean over ${seeds.length} seeds; intervals: 95 %, ${resamples} bootstrap resamples of ${clusters.count} patients; p by bootstrap, Holm over ${configurations.length - 1} configurations; a difference counts as supported if the corrected p is below 0.05 and every seed is on the same side`,
  };
}

function nameOf({ configuration, trainCount, seed }: RunOfPlan): string {
  return `${configuration}${trainCount === null ? '' : ` (${trainCount})`}, seed ${seed}`;
}
