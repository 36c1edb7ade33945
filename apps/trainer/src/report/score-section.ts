import { confusionPanels, type ReportSection } from '@cxr-align/report';
import type { Evaluation } from '../evaluation/evaluation-schema.js';
import { fixed, fixedRange } from '../maybe-number.js';
import type { Predictions } from '../evaluation/predictions.js';
import { curveFigures } from './curve-figures.js';

/** The scores: curves, and every number by label. */
export async function scoreSection({
  name,
  evaluation,
  predictions,
  thresholds,
}: {
  name: string;
  evaluation: Evaluation;
  predictions: Predictions;
  thresholds: string;
}): Promise<ReportSection> {
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
      `Evaluated on ${evaluation.samples} ${evaluation.views === 'image' ? 'images' : `studies (${evaluation.views} of their images)`} of ${evaluation.patients} patients (${evaluation.data}, split ${evaluation.split}). Intervals: ${evaluation.intervals}. ${thresholds}`,
      ...(undefinedLabels.length > 0
        ? [
            `Undefined, because only one class is there: ${undefinedLabels.join(', ')}. These labels are left out of the means.`,
          ]
        : []),
      ...(metadataBaseline ? [metadataSentence(metadataBaseline)] : []),
      `Over the labels of an image: exact match ${fixed(images.subsetAccuracy) ?? '–'}, Hamming loss ${fixed(images.hammingLoss) ?? '–'}, coverage error ${fixed(images.coverageError, 2) ?? '–'}, ranking loss ${fixed(images.rankingLoss) ?? '–'}, label ranking average precision ${fixed(images.labelRankingAveragePrecision) ?? '–'}. All entries together: AUROC ${fixed(micro.auroc) ?? '–'}, F1 ${fixed(micro.f1) ?? '–'}.${hierarchical ? ` With what they imply: precision ${fixed(hierarchical.precision) ?? '–'}, recall ${fixed(hierarchical.recall) ?? '–'}, F ${fixed(hierarchical.f1) ?? '–'}.` : ''}`,
    ],
    figures: [...figures, await confusionFigure(evaluation)],
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

/** What was called and what was the case, label by label. */
export async function confusionFigure(
  { labels }: Evaluation,
  model?: string,
): Promise<{ svg: string; description: string }> {
  return {
    svg: await confusionPanels(Object.entries(labels).map(([label, counts]) => ({ label, ...counts }))),
    description: `Confusion at the threshold${model === undefined ? '' : ` of ${model}`}: counts, and their share of the images where the label is so`,
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
