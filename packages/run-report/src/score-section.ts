import type { ReportSection, ReportTable } from '@cxr-align/report';
import {
  decisionRemarks,
  type Evaluation,
  fixed,
  fixedRange,
  foldsText,
  macroSentence,
  signed,
  thresholdText,
} from '@cxr-align/evaluation';
import { differenceScale, range, scoreText, stripCell, stripHead, tooFew, withRange } from './cells.js';

/** The scores of all labels in tables, and what holds for all of them. */
export function scoreSection({
  evaluation,
  thresholds,
}: {
  evaluation: Evaluation;
  thresholds: string;
}): ReportSection {
  const { images, micro, weighted, hierarchical } = evaluation;
  const shown = (value: number | null, digits?: number): string => fixed(value, digits) ?? '–';
  return {
    heading: 'Scores',
    id: 'scores',
    paragraphs: [
      `Evaluated on ${evaluation.samples} ${evaluation.views === 'image' ? 'images' : `studies (${evaluation.views} of their images)`} of ${evaluation.patients} patients (${evaluation.data}, split ${evaluation.split}). Intervals: ${evaluation.intervals}. ${thresholds}`,
      ...foldsText(evaluation),
      ...decisionSentences(evaluation),
    ],
    facts: [
      ['macro', macroSentence(evaluation)],
      [
        'all entries together',
        `AUROC ${shown(micro.auroc)}, F1 ${shown(micro.f1)}; labels weighted by their positives: AUROC ${shown(weighted.auroc)}`,
      ],
      [
        'labels of an image',
        `exact match ${shown(images.subsetAccuracy)}, Hamming loss ${shown(images.hammingLoss)}, coverage error ${shown(images.coverageError, 2)}, ranking loss ${shown(images.rankingLoss)}, label ranking average precision ${shown(images.labelRankingAveragePrecision)}`,
      ],
      ...(hierarchical
        ? [
            [
              'with what labels imply',
              `precision ${shown(hierarchical.precision)}, recall ${shown(hierarchical.recall)}, F ${shown(hierarchical.f1)}`,
            ] as const,
          ]
        : []),
    ],
    tables: [rankingTable(evaluation), thresholdTable(evaluation)],
  };
}

function rankingTable({ labels, macro }: Evaluation): ReportTable {
  return {
    caption: 'Ranking',
    header: ['label', 'with', 'without', 'AUROC', '95 %', '95 % (BCa)', 'partial AUROC', 'average precision (95 %)'],
    rows: Object.entries(labels).map(([label, s]) => [
      label,
      s.positives,
      s.negatives,
      scoreText(s, s.auroc),
      fixedRange(s.aurocCi),
      fixedRange(s.aurocBca),
      s.reliability === 'too few' ? null : fixed(s.partialAuroc),
      s.reliability === 'too few' ? null : withRange(s.averagePrecision, s.averagePrecisionCi, 3),
    ]),
    total: [
      'macro',
      null,
      null,
      fixed(macro.auroc),
      fixedRange(macro.aurocCi),
      fixedRange(macro.aurocBca),
      fixed(macro.partialAuroc),
      withRange(macro.averagePrecision, macro.averagePrecisionCi, 3),
    ],
  };
}

function thresholdTable({ labels, macro }: Evaluation): ReportTable {
  return {
    caption: 'As decided: what was called and what was the case',
    header: [
      'label',
      'threshold',
      'found',
      'false alarms',
      'missed',
      'left alone',
      'sensitivity',
      'specificity',
      'PPV',
      'NPV',
      'F1',
    ],
    rows: Object.entries(labels).map(([label, s]) => [
      label,
      thresholdText(s.threshold),
      s.truePositives,
      s.falsePositives,
      s.falseNegatives,
      s.trueNegatives,
      ...(s.reliability === 'too few'
        ? [tooFew, null, null, null, null]
        : [s.sensitivity, s.specificity, s.precision, s.negativePredictiveValue, s.f1].map((value) => fixed(value))),
    ]),
    total: [
      'macro',
      null,
      null,
      null,
      null,
      null,
      ...[macro.sensitivity, macro.specificity, macro.precision, macro.negativePredictiveValue, macro.f1].map((value) =>
        fixed(value),
      ),
    ],
  };
}

/** The rule of the decisions, and what it changed. */
function decisionSentences(evaluation: Evaluation): string[] {
  const { decisions } = evaluation;
  if (!decisions) return [];
  const changed = decisionRemarks(evaluation);
  const rule = `Decisions: ${decisions.rule}.`;
  return changed.length === 0 ? [`${rule} Here it changed none.`] : [`${rule} ${changed.join('. ')}.`];
}

/** What age, sex and view alone reach; nothing where none of them is known. */
export function shortcutSection({ metadataBaseline, labels }: Evaluation): ReportSection[] {
  if (!metadataBaseline) return [];
  const { features, auroc, difference, differenceCi, outperformsBaseline, labels: byLabel } = metadataBaseline;
  const size =
    difference === null ? '' : `; the difference of the model to it is ${withRange(difference, differenceCi, 3)}`;
  const meaning =
    outperformsBaseline === null
      ? ''
      : outperformsBaseline
        ? ' The model is better.'
        : ' These images do not support that the model is better: it may have learned who is ill rather than what is seen. Do not read its scores as reading images.';
  const scale = differenceScale(Object.values(byLabel).map((one) => one.differenceCi));
  return [
    {
      heading: 'Age, sex and view alone',
      id: 'shortcut',
      paragraphs: [
        `A logistic regression on ${features.join(', ')} alone reaches a macro AUROC of ${fixed(auroc) ?? '–'}${size}.${meaning}`,
      ],
      tables: [
        {
          caption: 'AUROC of the model less that of the regression',
          isStacked: true,
          header: ['label', 'model', 'regression', stripHead(scale), 'difference', '95 %'],
          rows: Object.entries(byLabel).map(([label, one]) => {
            const own = labels[label] ?? { reliability: 'enough', auroc: null };
            const isFew = own.reliability === 'too few';
            const [low, high] = one.differenceCi;
            return [
              label,
              scoreText(own, own.auroc),
              fixed(one.auroc),
              stripCell([{ value: isFew ? null : one.difference, low, high }], scale),
              isFew || one.difference === null ? null : signed(one.difference),
              isFew ? null : range(one.differenceCi, 3),
            ];
          }),
        },
      ],
    },
  ];
}
