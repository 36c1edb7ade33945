import { meanDefined, reliabilityRemark, std } from '@cxr-align/metrics';
import type { Evaluation, EvaluationIdentity, LabelEvaluation, MaybeNumber } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';
import { terminalTable } from './terminal-table.js';

/** A score over several runs that differ by their random seed alone. */
export interface Spread {
  mean: MaybeNumber;
  /** The sample standard deviation; null for one run. */
  sd: MaybeNumber;
  /** Smallest and largest. */
  range: [MaybeNumber, MaybeNumber];
  /** In the order of the seeds. */
  bySeed: MaybeNumber[];
}

const labelScores = ['auroc', 'averagePrecision', 'sensitivity', 'specificity', 'f1', 'brier', 'ece'] as const;
type LabelScore = (typeof labelScores)[number];

/** The evaluations of one configuration with several random seeds as one result: the content of `summary.json`. */
export interface SeedSummary {
  data: string;
  split: string;
  seeds: number[];
  samples: number;
  patients: number;
  /** The folder of each run, its best epoch and its mean AUROC on validation there. */
  runs: {
    seed: number;
    folder: string;
    bestEpoch: number;
    validation: MaybeNumber;
    auroc: MaybeNumber;
    /** SHA-256 of its model folder; null in runs of earlier versions. */
    model: string | null;
  }[];
  /** By what the runs were evaluated, and on what; null in runs of earlier versions. */
  identity: Omit<EvaluationIdentity, 'model'> | null;
  labels: Record<string, Pick<LabelEvaluation, 'positives' | 'negatives' | 'reliability'> & Record<LabelScore, Spread>>;
  /** Means over the labels that have both classes. */
  macro: Record<LabelScore, Spread>;
  /** Labels with one class only: in no mean. */
  undefinedLabels: string[];
  remarks: string[];
  method: string;
}

/** The evaluation of a run with its seed. */
export interface SeedRun extends Pick<SeedSummary['runs'][number], 'seed' | 'folder' | 'bestEpoch' | 'validation'> {
  evaluation: Evaluation;
}

/** The mean and spread of some scores. */
export function spreadOf(bySeed: readonly MaybeNumber[]): Spread {
  const values = bySeed.map((value) => value ?? NaN);
  const defined = values.filter((value) => !Number.isNaN(value));
  return {
    mean: orNull(meanDefined(values)),
    sd: orNull(std(values)),
    range: defined.length === 0 ? [null, null] : [Math.min(...defined), Math.max(...defined)],
    bySeed: [...bySeed],
  };
}

/**
 * Puts the evaluations of runs that differ by their seed alone together.
 *
 * @param options `drawsImages`: each seed draws its training images, too. Default false.
 * @throws {RangeError} if there is no run.
 */
export function summarizeSeeds(
  runs: readonly SeedRun[],
  { drawsImages = false }: { drawsImages?: boolean } = {},
): SeedSummary {
  if (runs.length === 0) throw new RangeError('evaluation/summarizeSeeds: expected one or more runs, got none');
  const [{ evaluation: first }] = runs;
  const spreads = (valueOf: (evaluation: Evaluation, key: LabelScore) => MaybeNumber): Record<LabelScore, Spread> =>
    Object.fromEntries(
      labelScores.map((key) => [key, spreadOf(runs.map(({ evaluation }) => valueOf(evaluation, key)))]),
    ) as Record<LabelScore, Spread>;
  const labels = Object.entries(first.labels).map(([label, { positives, negatives, reliability }]) => {
    const scores = spreads((evaluation, key) => evaluation.labels[label][key]);
    return [label, { positives, negatives, reliability, ...scores }] as const;
  });
  return {
    data: first.data,
    split: first.split,
    seeds: runs.map(({ seed }) => seed),
    samples: first.samples,
    patients: first.patients,
    runs: runs.map(({ seed, folder, bestEpoch, validation, evaluation }) => ({
      seed,
      folder,
      bestEpoch,
      validation,
      auroc: evaluation.macro.auroc,
      model: evaluation.identity?.model ?? null,
    })),
    identity: sharedIdentity(first),
    labels: Object.fromEntries(labels),
    macro: spreads((evaluation, key) => evaluation.macro[key]),
    undefinedLabels: [...first.undefinedLabels],
    remarks: labels.flatMap(([label, cases]) => {
      const few = first.undefinedLabels.includes(label) ? null : reliabilityRemark(cases);
      return few === null ? [] : [`${label}: ${few}`];
    }),
    method: `mean, standard deviation and range over ${runs.length} random seeds${drawsImages ? ', each with training images of its own' : ''}: how much training varies, not how much other test images would`,
  };
}

/** What of an evaluation's identity holds for all runs. */
function sharedIdentity({ identity }: Evaluation): SeedSummary['identity'] {
  if (!identity) return null;
  const { version, data, engine, thresholds } = identity;
  return { version, data, engine, thresholds };
}

/** The summary for a terminal of 80 columns. */
export function seedText(summary: SeedSummary): string {
  const { labels, macro, samples, patients, data, split, seeds, undefinedLabels, remarks, method } = summary;
  const number = (value: MaybeNumber): string => (value === null ? '–' : value.toFixed(3));
  const cells = ({ mean, sd, range: [low, high] }: Spread): string[] => [
    number(mean),
    sd === null ? '' : `± ${number(sd)}`,
    low === null || high === null ? '' : `${number(low)}–${number(high)}`,
  ];
  const table = terminalTable(
    ['label', 'with', 'AUROC', 'SD', 'range', 'AP', ''],
    [
      ...Object.entries(labels).map(([label, scores]) => [
        label,
        `${scores.positives}/${scores.positives + scores.negatives}`,
        ...cells(scores.auroc),
        number(scores.averagePrecision.mean),
        scores.reliability === 'too few' ? 'too few' : '',
      ]),
      ['macro', '', ...cells(macro.auroc), number(macro.averagePrecision.mean), ''],
    ],
  );
  const used = Object.keys(labels).length - undefinedLabels.length;
  return [
    ...table,
    '',
    `${data}, split ${split}: ${samples} images of ${patients} patients; seeds ${seeds.join(', ')}; ${method}`,
    ...(undefinedLabels.length > 0
      ? [`the mean is over ${used} labels; excluded, since all images are of one class: ${undefinedLabels.join(', ')}`]
      : []),
    ...(remarks.length > 0 ? ['too few: fewer than 10 images with or without the label'] : []),
  ].join('\n');
}
