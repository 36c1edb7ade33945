import type { Evaluation, EvaluationIdentity, LabelEvaluation, MaybeNumber } from './evaluation-schema.js';
import { fixed } from './maybe-number.js';
import type { Predictions } from './predictions.js';
import { repeatedScores, type RepeatedScore } from './repeated-scores.js';
import { terminalTable } from './terminal-table.js';

/** The evaluations of few-shot training on several draws of images as one result: the content of `summary.json`. */
export interface ShotSummary {
  data: string;
  split: string;
  /** Training images with, and without, each label. */
  shots: number;
  /** Random seed of the draws. */
  seed: number;
  /** Evaluated images, and their patients. */
  samples: number;
  patients: number;
  /** The folder of each draw, and its training images with their patients. */
  draws: {
    draw: number;
    folder: string;
    images: number;
    patients: number;
    auroc: MaybeNumber;
    /** SHA-256 of its model folder; null where the evaluation has no identity. */
    model: string | null;
  }[];
  /** By what the runs were evaluated, and on what. */
  identity: Omit<EvaluationIdentity, 'model'> | null;
  /** AUROC by draw; `trained`: training images with and without the label, of the first draw. */
  labels: Record<
    string,
    Pick<LabelEvaluation, 'positives' | 'negatives' | 'reliability'> & {
      trained: { positives: number; negatives: number };
      auroc: RepeatedScore;
    }
  >;
  /** Means over the labels that have both classes. */
  macro: { auroc: RepeatedScore };
  /** Labels with one class only: in no mean. */
  undefinedLabels: string[];
  /** Labels with too few training images or patients, and images that could not be read. */
  remarks: string[];
  method: string;
}

/** A draw with the evaluation and the predictions of its run. */
export interface ShotRun extends Pick<ShotSummary['draws'][number], 'draw' | 'folder' | 'images' | 'patients'> {
  evaluation: Evaluation;
  predictions: Predictions;
}

/** How few-shot runs are put together. */
export interface ShotSummaryOptions extends Pick<ShotSummary, 'shots' | 'seed' | 'remarks'> {
  /** Training images of each label, with and without it. */
  trained: Readonly<Record<string, { positives: number; negatives: number }>>;
  /** Bootstrap resamples; 0 = no intervals. */
  resamples: number;
}

/**
 * Puts the evaluations of few-shot runs together, whose training images were drawn independently.
 *
 * @throws {RangeError} if there is no run. @throws {InputError} if they were evaluated on other images.
 */
export function summarizeShots(
  runs: readonly ShotRun[],
  { shots, seed, trained, resamples, remarks }: ShotSummaryOptions,
): ShotSummary {
  if (runs.length === 0) throw new RangeError('evaluation/summarizeShots: expected one or more runs, got none');
  const [{ evaluation: first }] = runs;
  const scores = repeatedScores(
    runs.map(({ predictions }) => predictions),
    { resamples, seed },
  );
  const { version, data, engine, thresholds } = first.identity ?? {};
  const labels = Object.entries(first.labels);
  return {
    data: first.data,
    split: first.split,
    shots,
    seed,
    samples: first.samples,
    patients: first.patients,
    draws: runs.map(({ draw, folder, images, patients, evaluation }) => ({
      draw,
      folder,
      images,
      patients,
      auroc: evaluation.macro.auroc,
      model: evaluation.identity?.model ?? null,
    })),
    identity: first.identity ? ({ version, data, engine, thresholds } as ShotSummary['identity']) : null,
    labels: Object.fromEntries(
      labels.map(([label, { positives, negatives, reliability }]) => [
        label,
        {
          positives,
          negatives,
          reliability,
          trained: trained[label] ?? { positives: 0, negatives: 0 },
          auroc: scores.labels[label],
        },
      ]),
    ),
    macro: { auroc: scores.macro },
    undefinedLabels: [...first.undefinedLabels],
    remarks: [...remarks],
    method: `${shots} + ${shots} training images with and without each label, its annotations in all others unknown; no validation; mean and standard deviation over ${runs.length} ${runs.length === 1 ? 'draw' : 'draws'}${resamples > 0 ? ', 95 % interval of the mean with draws and evaluated patients resampled together' : ''}`,
  };
}

/** The summary for a terminal of 80 columns. */
export function shotText(summary: ShotSummary): string {
  const { labels, macro, samples, patients, data, split, draws, undefinedLabels, remarks, method } = summary;
  const cells = ({ mean, sd, ci: [low, high] }: RepeatedScore): string[] => [
    fixed(mean) ?? '–',
    sd === null ? '' : `± ${fixed(sd)}`,
    low === null || high === null ? '' : `[${fixed(low)}, ${fixed(high)}]`,
  ];
  const table = terminalTable(
    ['label', 'trained on', 'with', 'AUROC', 'SD', '95 % interval', ''],
    [
      ...Object.entries(labels).map(([label, { trained, positives, negatives, auroc, reliability }]) => [
        label,
        `${trained.positives} + ${trained.negatives}`,
        `${positives}/${positives + negatives}`,
        ...cells(auroc),
        reliability === 'too few' ? 'too few' : '',
      ]),
      ['macro', '', '', ...cells(macro.auroc), ''],
    ],
  );
  const used = Object.keys(labels).length - undefinedLabels.length;
  const images = draws.map((draw) => draw.images);
  const [least, most] = [Math.min(...images), Math.max(...images)];
  return [
    ...table,
    '',
    `${data}, split ${split}: ${samples} images of ${patients} patients; trained on ${least === most ? least : `${least} to ${most}`} images a draw; ${method}`,
    ...(undefinedLabels.length > 0
      ? [`the mean is over ${used} labels; excluded, since all images are of one class: ${undefinedLabels.join(', ')}`]
      : []),
    ...(Object.values(labels).some(({ reliability }) => reliability === 'too few')
      ? ['too few: fewer than 10 images with or without the label']
      : []),
    ...remarks,
  ].join('\n');
}
