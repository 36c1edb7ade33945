import { precisionRecallCurve, reliabilityCurve, rocCurve } from '@cxr-align/metrics';
import {
  precisionRecallPanels,
  reliabilityPanels,
  rocPanels,
  subgroupPlot,
  type ReportSection,
  type ReportTable,
} from '@cxr-align/report';
import type { Evaluation, MaybeNumber } from './evaluation-schema.js';
import { fixed, fixedRange } from './maybe-number.js';
import { columnOf, type Predictions } from './predictions.js';

/** Predictions of a model by its name. */
export interface NamedPredictions {
  name: string;
  predictions: Predictions;
}

/** The ROC and the precision-recall panels of one or more models on the same samples. */
export async function curveFigures(
  models: readonly (NamedPredictions & { aurocs: readonly MaybeNumber[]; averagePrecisions: readonly MaybeNumber[] })[],
): Promise<{ svg: string; description: string }[]> {
  const { labels, targets } = models[0].predictions;
  const truth = labels.map((_, i) => columnOf(targets, labels.length, i));
  const positives = truth.map((values) => values.filter((value) => value === 1).length);
  const scores = (predictions: Predictions, i: number) => columnOf(predictions.probabilities, labels.length, i);
  const roc = await rocPanels(
    labels.map((label, i) => ({
      label,
      positives: positives[i],
      lines: models.map(({ name, predictions, aurocs }) => ({
        model: name,
        auroc: aurocs[i],
        ...rocCurve(truth[i], scores(predictions, i)),
      })),
    })),
  );
  const precisionRecall = await precisionRecallPanels(
    labels.map((label, i) => ({
      label,
      positives: positives[i],
      prevalence: positives[i] / Math.max(1, truth[i].filter((value) => !Number.isNaN(value)).length),
      lines: models.map(({ name, predictions, averagePrecisions }) => ({
        model: name,
        averagePrecision: averagePrecisions[i],
        ...precisionRecallCurve(truth[i], scores(predictions, i)),
      })),
    })),
  );
  return [
    { svg: roc, description: 'ROC curve of each label, its AUROC above' },
    {
      svg: precisionRecall,
      description: 'Precision-recall curve of each label, its average precision above; dashed: chance',
    },
  ];
}

/** The scores: curves, and every number by label. */
export async function scoreSection(
  name: string,
  evaluation: Evaluation,
  predictions: Predictions,
): Promise<ReportSection> {
  const { labels, macro, undefinedLabels, metadataBaseline, images, micro, hierarchical } = evaluation;
  const all = Object.values(labels);
  const figures = await curveFigures([
    {
      name,
      predictions,
      aurocs: all.map(({ auroc }) => auroc),
      averagePrecisions: all.map(({ averagePrecision }) => averagePrecision),
    },
  ]);
  return {
    heading: 'Scores',
    paragraphs: [
      `Evaluated on ${evaluation.samples} images of ${evaluation.patients} patients (${evaluation.data}, split ${evaluation.split}). Intervals: ${evaluation.intervals}. Thresholds were chosen on validation.`,
      ...(undefinedLabels.length > 0
        ? [
            `Undefined, because only one class is there: ${undefinedLabels.join(', ')}. These labels are left out of the means.`,
          ]
        : []),
      ...(metadataBaseline ? [metadataSentence(metadataBaseline)] : []),
      `Over the labels of an image: exact match ${fixed(images.subsetAccuracy) ?? '–'}, Hamming loss ${fixed(images.hammingLoss) ?? '–'}, coverage error ${fixed(images.coverageError, 2) ?? '–'}, ranking loss ${fixed(images.rankingLoss) ?? '–'}, label ranking average precision ${fixed(images.labelRankingAveragePrecision) ?? '–'}. All entries together: AUROC ${fixed(micro.auroc) ?? '–'}, F1 ${fixed(micro.f1) ?? '–'}.${hierarchical ? ` With what they imply: precision ${fixed(hierarchical.precision) ?? '–'}, recall ${fixed(hierarchical.recall) ?? '–'}, F ${fixed(hierarchical.f1) ?? '–'}.` : ''}`,
    ],
    figures,
    tables: [
      {
        caption: 'Ranking',
        header: [
          'label',
          'positives',
          'negatives',
          'AUROC',
          '95 %',
          '95 % (BCa)',
          'partial AUROC',
          'average precision',
          '95 %',
        ],
        rows: [
          ...Object.entries(labels).map(([label, s]) => [
            label,
            s.positives,
            s.negatives,
            fixed(s.auroc),
            fixedRange(s.aurocCi),
            fixedRange(s.aurocBca),
            fixed(s.partialAuroc),
            fixed(s.averagePrecision),
            fixedRange(s.averagePrecisionCi),
          ]),
          [
            'macro',
            null,
            null,
            fixed(macro.auroc),
            fixedRange(macro.aurocCi),
            fixedRange(macro.aurocBca),
            fixed(macro.partialAuroc),
            fixed(macro.averagePrecision),
            fixedRange(macro.averagePrecisionCi),
          ],
        ],
      },
      {
        caption: 'At the threshold: what was called and what was the case',
        header: [
          'label',
          'threshold',
          'true positives',
          'false positives',
          'false negatives',
          'true negatives',
          'sensitivity',
          'specificity',
          'PPV',
          'NPV',
          'F1',
        ],
        rows: Object.entries(labels).map(([label, s]) => [
          label,
          fixed(s.threshold),
          s.truePositives,
          s.falsePositives,
          s.falseNegatives,
          s.trueNegatives,
          fixed(s.sensitivity),
          fixed(s.specificity),
          fixed(s.precision),
          fixed(s.negativePredictiveValue),
          fixed(s.f1),
        ]),
      },
    ],
  };
}

function metadataSentence({
  features,
  auroc,
  difference,
  differenceCi,
  beaten,
}: NonNullable<Evaluation['metadataBaseline']>): string {
  const baseline = `A logistic regression on ${features.join(', ')} alone reaches a macro AUROC of ${fixed(auroc) ?? '–'}`;
  if (difference === null) return `${baseline}.`;
  const size = `difference ${fixed(difference)}${differenceCi[0] === null ? '' : `, 95 % ${fixedRange(differenceCi)}`}`;
  if (beaten === null) return `${baseline} (${size}).`;
  return beaten
    ? `${baseline}; the model is better (${size}).`
    : `${baseline}; these images do not support that the model is better (${size}): it may have learned who is ill rather than what is seen. Do not read its scores as reading images.`;
}

/** Whether probabilities can be taken at their word. */
export async function calibrationSection(evaluation: Evaluation, predictions: Predictions): Promise<ReportSection> {
  const { labels, targets, probabilities } = predictions;
  const panels = labels.map((label, i) => ({
    label,
    ece: evaluation.labels[label].ece,
    ...reliabilityCurve(columnOf(targets, labels.length, i), columnOf(probabilities, labels.length, i), { bins: 10 }),
  }));
  const hasSets = Object.values(evaluation.labels).some(({ conformal }) => conformal !== null);
  return {
    heading: 'Calibration',
    paragraphs: [
      `Calibration on validation: ${evaluation.calibration}. Mean calibration error ${fixed(evaluation.macro.ece) ?? '–'}${evaluation.calibration === 'none' ? '' : `, ${fixed(evaluation.eceUncalibrated) ?? '–'} before it`}.`,
    ],
    figures: [
      {
        svg: await reliabilityPanels(panels),
        description: 'How often a label is present where it is said to be so probable',
      },
    ],
    tables: [
      {
        caption: 'Probabilities',
        header: [
          'label',
          'Brier',
          'log loss',
          'ECE',
          'adaptive ECE',
          ...(hasSets ? ['covered if present', 'covered if absent', 'undecided'] : []),
        ],
        rows: Object.entries(evaluation.labels).map(([label, s]) => [
          label,
          fixed(s.brier),
          fixed(s.logLoss),
          fixed(s.ece),
          fixed(s.adaptiveEce),
          ...(hasSets
            ? [
                fixed(s.conformal?.coveredPresent ?? null),
                fixed(s.conformal?.coveredAbsent ?? null),
                fixed(s.conformal?.undecided ?? null),
              ]
            : []),
        ]),
      },
    ],
  };
}

/** Who is missed more often than others; nothing where no attribute is known. */
export async function fairnessSections({ fairness }: Evaluation): Promise<ReportSection[]> {
  if (fairness.length === 0) return [];
  const figures: NonNullable<ReportSection['figures']>[number][] = [];
  const tables: ReportTable[] = [];
  for (const { attribute, labels, missing } of fairness) {
    const rates = Object.entries(labels).flatMap(([label, { groups }]) =>
      Object.entries(groups).map(([group, s]) => ({ label, group, rate: s.truePositiveRate, small: s.small })),
    );
    figures.push({
      svg: await subgroupPlot(rates, `by ${attribute}`),
      description: `True positive rates by ${attribute}`,
    });
    const rows = Object.entries(labels).flatMap(([label, { groups, worst }]) =>
      Object.entries(groups).map(([group, scores]) => ({ label, group, isWorst: group === worst, ...scores })),
    );
    const readable = rows.filter(({ small }) => !small);
    const left = rows.length - readable.length;
    const remarks = [
      missing > 0 && `${missing} images without it are in no group`,
      left > 0 && `${left} of ${rows.length} rows with too few cases are left out here, and are in evaluation.json`,
    ].filter((one) => one !== false);
    tables.push({
      caption: [`By ${attribute}`, ...remarks].join('; '),
      header: [
        'label',
        'group',
        'images',
        'positives',
        'AUROC',
        'TPR',
        'FPR',
        'gap to the median',
        '95 %',
        'gap to the rest',
        '95 %',
        '',
      ],
      rows: readable.map((s) => [
        s.label,
        s.group,
        s.images,
        s.positives,
        fixed(s.auroc),
        fixed(s.truePositiveRate),
        fixed(s.falsePositiveRate),
        fixed(s.gapToMedian),
        fixedRange(s.gapToMedianCi),
        fixed(s.gapToRest),
        fixedRange(s.gapToRestCi),
        s.isWorst ? 'lowest' : '',
      ]),
    });
  }
  return [
    {
      heading: 'Groups',
      paragraphs: [
        'Rates at the threshold that all groups share. Hollow marks stand for groups with fewer than 20 positives or negatives: do not read them. For No Finding the false positive rate is the rate of under-diagnosis.',
      ],
      figures,
      tables,
    },
  ];
}
