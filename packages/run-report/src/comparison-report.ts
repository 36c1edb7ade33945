import { RankedScores } from '@cxr-align/metrics';
import { intervalPlot, type ReportSection, type ReportTable } from '@cxr-align/report';
import {
  type Comparison,
  type ComparisonRow,
  type Evaluation,
  type MaybeNumber,
  type Predictions,
  columnOf,
  fixed,
  orNull,
  pText,
  rankedValues,
  shortRemarks,
  signed,
  signedRange,
  verdict,
} from '@cxr-align/evaluation';
import { differenceScale, scoreText, stripCell, stripHead, tooFew, withRange } from './cells.js';
import { drawnLabels } from './drawn-labels.js';
import {
  type DrawnModel,
  type LabelFigure,
  type NamedPredictions,
  confusionFigure,
  curveFigures,
} from './label-figures.js';
import { noticesOf } from './evaluation-report.js';
import { platesOf } from './label-sections.js';
import { writeReport } from './write-report.js';

/** A model of a comparison, with its own evaluation where one lies beside its predictions. */
export interface ComparedModel extends NamedPredictions {
  evaluation: Evaluation | null;
}

/** Writes `report.html` of the first model against each other one, all of them in the same panels. */
export async function comparisonReport(
  out: string,
  comparisons: readonly Comparison[],
  models: readonly ComparedModel[],
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  const [{ a, samples, patients, method, labels }] = comparisons;
  const drawn = models.map((model, index) => ({
    ...model,
    aurocs:
      index === 0 ? labels.map(({ aurocA }) => aurocA) : comparisons[index - 1].labels.map(({ aurocB }) => aurocB),
    averagePrecisions: averagePrecisions(model.predictions),
  }));
  const figures = figuresByLabel(drawn);
  const others = comparisons.map(({ b }) => b);
  await writeReport(
    out,
    {
      title: `${others.join(', ')} against ${a}`,
      lead: comparisons.map(verdict).join(' '),
      notices: models.flatMap(({ name, evaluation }) =>
        evaluation ? noticesOf(evaluation).map((notice) => `${name}: ${notice}`) : [],
      ),
      facts: [
        ['models', [a, ...others].join(', ')],
        ['compared on', `${samples} images of ${patients} patients, the same for all`],
        ['method', method],
      ],
      plates: {
        ...platesOf(figures),
        ...Object.fromEntries(comparisons.map((one) => [`differences ${one.b}`, () => forestPlot(one)])),
      },
      sections: [
        ...comparisons.map(differenceSection),
        labelSection(figures, labels),
        ...thresholdSection(models, labels),
      ],
    },
    { png },
  );
}

function differenceSection(comparison: Comparison): ReportSection {
  const { a, b, labels, macro, remarks, undefinedLabels } = comparison;
  const scale = differenceScale([...labels, macro].map(({ differenceCi }) => differenceCi));
  const row = (one: ComparisonRow): ReportTable['rows'][number] => {
    const isFew = one.reliability === 'too few';
    const [low, high] = one.differenceCi;
    return [
      one.label,
      stripCell([{ value: one.difference, low, high, isSmall: isFew }], scale),
      isFew ? tooFew : one.difference === null ? null : `${signed(one.difference)} ${signedRange(one.differenceCi, 2)}`,
      isFew ? tooFew : withRange(one.aurocA, one.aurocACi),
      isFew ? tooFew : withRange(one.aurocB, one.aurocBCi),
      isFew ? null : pText(one.p),
      isFew ? null : pText(one.pHolm),
      isFew ? null : pText(one.pBh),
      isFew ? null : fixed(one.detectable),
      `${one.positives}/${one.positives + one.negatives}`,
    ];
  };
  const left =
    undefinedLabels.length === 0
      ? ''
      : `; left out of the mean, since only one class is present: ${undefinedLabels.join(', ')}`;
  return {
    heading: `${b} against ${a}`,
    paragraphs: [verdict(comparison), ...shortRemarks(remarks).map((remark) => `${remark}.`)],
    tables: [
      {
        caption: `AUROC of ${b} less that of ${a}${left}`,
        isStacked: true,
        canFilter: true,
        header: [
          'label',
          stripHead(scale),
          'difference (95 %)',
          `${a} (95 %)`,
          `${b} (95 %)`,
          'p',
          'p (Holm)',
          'p (BH)',
          'detectable',
          'with',
        ],
        rows: labels.map(row),
        total: row(macro),
      },
    ],
  };
}

function forestPlot({ a, b, labels, macro }: Comparison): string {
  const rows = [...labels.filter(({ reliability }) => reliability !== 'too few'), macro];
  return intervalPlot(
    rows.map(({ label, difference: value, differenceCi: [low, high] }) => ({ label, value, low, high })),
    { title: `${b} − ${a}`, axis: 'difference of AUROC', rule: 0 },
  );
}

function figuresByLabel(models: readonly (DrawnModel & ComparedModel)[]): Map<string, LabelFigure[]> {
  const { labels, targets } = models[0].predictions;
  const positives = labels.map((_, i) => columnOf(targets, labels.length, i).filter((value) => value === 1).length);
  return new Map(
    drawnLabels(positives).places.map((place): [string, LabelFigure[]] => [
      labels[place],
      [
        ...curveFigures(models, place),
        ...models.flatMap(({ name, evaluation }) =>
          evaluation?.labels[labels[place]]
            ? [{ plate: `confusion ${name}`, ...confusionFigure(evaluation, labels[place], name) }]
            : [],
        ),
      ],
    ]),
  );
}

/** Curves of each label in a section that opens. */
function labelSection(figures: ReadonlyMap<string, LabelFigure[]>, rows: readonly ComparisonRow[]): ReportSection {
  const left = rows.length - figures.size;
  return {
    heading: 'Labels, one by one',
    id: 'labels',
    paragraphs: [
      'The models in the same panels; a label opens by its name.',
      ...(left > 0
        ? [`The ${figures.size} labels with the most positives are drawn; ${left} more are in the tables.`]
        : []),
    ],
    canFilter: true,
    sections: rows.flatMap((row) => {
      const drawn = figures.get(row.label);
      const { label, aurocA, aurocB } = row;
      const note = row.reliability === 'too few' ? tooFew : `AUROC ${fixed(aurocA) ?? '–'}, ${fixed(aurocB) ?? '–'}`;
      return drawn ? [{ heading: label, isFolded: true, note, figures: drawn }] : [];
    }),
  };
}

/** What each model called at its own thresholds; nothing where no evaluation lies beside the predictions. */
function thresholdSection(models: readonly ComparedModel[], rows: readonly ComparisonRow[]): ReportSection[] {
  const evaluated = models.flatMap(({ name, evaluation }) => (evaluation ? [{ name, evaluation }] : []));
  if (evaluated.length === 0) return [];
  const table = (title: string, key: 'sensitivity' | 'specificity' | 'f1'): ReportTable => ({
    caption: `${title}, each model at its own thresholds`,
    header: ['label', ...evaluated.map(({ name }) => name)],
    rows: rows.map((row) => [
      row.label,
      ...evaluated.map(({ evaluation }) => scoreText(row, evaluation.labels[row.label]?.[key] ?? null)),
    ]),
  });
  return [
    {
      heading: 'At the thresholds',
      tables: [table('Sensitivity', 'sensitivity'), table('Specificity', 'specificity'), table('F1', 'f1')],
    },
  ];
}

function averagePrecisions(predictions: Predictions): MaybeNumber[] {
  const { labels, targets } = predictions;
  const scores = rankedValues(predictions);
  return labels.map((_, i) => {
    const ranked = new RankedScores(columnOf(targets, labels.length, i), columnOf(scores, labels.length, i));
    return ranked.negatives === 0 ? null : orNull(ranked.averagePrecision());
  });
}
