import { RankedScores } from '@cxr-align/metrics';
import { differencePlot, type ReportSection, type ReportTable } from '@cxr-align/report';
import type { Comparison, ComparisonRow } from '../evaluation/comparison.js';
import type { Evaluation, MaybeNumber } from '../evaluation/evaluation-schema.js';
import { fixed, fixedRange, orNull } from '../maybe-number.js';
import { columnOf, type Predictions } from '../evaluation/predictions.js';
import { curveFigures, type NamedPredictions } from './curve-figures.js';
import { confusionFigure } from './score-section.js';
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
  const curves = await curveFigures(
    models.map((model, index) => ({
      ...model,
      aurocs:
        index === 0 ? labels.map(({ aurocA }) => aurocA) : comparisons[index - 1].labels.map(({ aurocB }) => aurocB),
      averagePrecisions: averagePrecisions(model.predictions),
    })),
  );
  const sections: ReportSection[] = [
    {
      heading: 'Curves',
      paragraphs: [`${samples} images of ${patients} patients; ${method}.`],
      figures: curves,
    },
    ...(await Promise.all(comparisons.map(differenceSection))),
    ...(await thresholdSection(models)),
  ];
  const others = comparisons.map(({ b }) => b).join(', ');
  await writeReport(
    out,
    { title: `${others} against ${a}`, lead: comparisons.map(verdict).join(' '), sections },
    { png },
  );
}

async function differenceSection(comparison: Comparison): Promise<ReportSection> {
  const { a, b, labels, macro } = comparison;
  const forest = await differencePlot(
    [...labels, macro].map(({ label, difference, differenceCi: [low, high] }) => ({ label, difference, low, high })),
    `${b} − ${a}`,
  );
  const row = (one: ComparisonRow): (string | null)[] => [
    one.label,
    fixed(one.aurocA),
    fixedRange(one.aurocACi),
    fixed(one.aurocB),
    fixedRange(one.aurocBCi),
    fixed(one.difference),
    fixedRange(one.differenceCi),
    fixed(one.p),
    fixed(one.pHolm),
    fixed(one.pBh),
    fixed(one.detectable),
  ];
  return {
    heading: `${b} against ${a}`,
    paragraphs: [verdict(comparison)],
    figures: [{ svg: forest, description: `Difference of AUROC, ${b} minus ${a}, with 95 % intervals` }],
    tables: [
      {
        caption: 'AUROC of each label',
        header: ['label', a, '95 %', b, '95 %', 'difference', '95 %', 'p', 'p (Holm)', 'p (BH)', 'detectable'],
        rows: [...labels, macro].map(row),
      },
    ],
  };
}

/** What each model called at its own thresholds; nothing where no evaluation lies beside the predictions. */
async function thresholdSection(models: readonly ComparedModel[]): Promise<ReportSection[]> {
  const evaluated = models.flatMap(({ name, evaluation }) => (evaluation ? [{ name, evaluation }] : []));
  if (evaluated.length === 0) return [];
  const table = (title: string, key: 'sensitivity' | 'specificity' | 'f1'): ReportTable => ({
    caption: `${title}, each model at its own thresholds`,
    header: ['label', ...evaluated.map(({ name }) => name)],
    rows: Object.keys(evaluated[0].evaluation.labels).map((label) => [
      label,
      ...evaluated.map(({ evaluation }) => fixed(evaluation.labels[label]?.[key] ?? null)),
    ]),
  });
  return [
    {
      heading: 'At the thresholds',
      figures: await Promise.all(evaluated.map(({ name, evaluation }) => confusionFigure(evaluation, name))),
      tables: [table('Sensitivity', 'sensitivity'), table('Specificity', 'specificity'), table('F1', 'f1')],
    },
  ];
}

/** Whether the data support a difference, in words. */
export function verdict({ a, b, macro }: Comparison): string {
  const [low, high] = macro.differenceCi;
  if (macro.difference === null || low === null || high === null)
    return 'No difference can be told: no label is defined.';
  const size = `${macro.difference >= 0 ? '+' : '−'}${Math.abs(macro.difference).toFixed(3)} macro AUROC, 95 % ${fixedRange(macro.differenceCi)}`;
  if (low > 0) return `${b} is better than ${a} on these images (${size}).`;
  if (high < 0) return `${b} is worse than ${a} on these images (${size}).`;
  const detectable = fixed(macro.detectable);
  return `These images do not support a difference between ${a} and ${b} (${size}); one of ${detectable ?? 'any size'} would have been seen four times out of five.`;
}

function averagePrecisions({ labels, targets, probabilities }: Predictions): MaybeNumber[] {
  return labels.map((_, i) => {
    const ranked = new RankedScores(columnOf(targets, labels.length, i), columnOf(probabilities, labels.length, i));
    return ranked.negatives === 0 ? null : orNull(ranked.averagePrecision());
  });
}
