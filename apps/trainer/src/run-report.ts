import type { Dataset } from '@cxr-align/datasets';
import type { LabelGraph } from '@cxr-align/label-graph';
import { RankedScores } from '@cxr-align/metrics';
import {
  differencePlot,
  thumbnails,
  trainingCurves,
  type ReportSection,
  type ReportTable,
  type Thumbnail,
} from '@cxr-align/report';
import type { Comparison } from './comparison.js';
import type { Config } from './config.js';
import type { Evaluation, MaybeNumber } from './evaluation-schema.js';
import { fixed, fixedRange, orNull } from './maybe-number.js';
import { columnOf, type Predictions } from './predictions.js';
import type { EdgeCount } from './graph-agreement.js';
import { modelCard } from './model-card.js';
import {
  calibrationSection,
  curveFigures,
  fairnessSections,
  scoreSection,
  type NamedPredictions,
} from './report-evaluation.js';
import { writeReport } from './report-file.js';
import { labelSection } from './report-labels.js';
import type { EpochRecord, GradientRecord } from './training.js';

/** Writes `RUN/report.html`. */
export async function runReport(
  run: string,
  {
    config,
    evaluation,
    predictions,
    history,
    gradients,
    graph,
    cosines,
    edges,
    remarks,
    data,
    frozenPrompts,
    target,
    worst,
    png,
  }: {
    config: Config;
    evaluation: Evaluation;
    predictions: Predictions;
    history: EpochRecord[];
    gradients: GradientRecord[];
    graph: LabelGraph;
    /** Cosines between label embeddings, [labels, labels]. */
    cosines: { images?: Float32Array; prompts?: Float32Array };
    edges: readonly EdgeCount[];
    remarks: string[];
    data: Dataset;
    /** Cosines between the frozen prompts, before any training. */
    frozenPrompts?: Float32Array;
    /** The similarity that the embeddings were to follow. */
    target: Float32Array;
    /** The largest errors, where they may be shown. */
    worst: readonly Thumbnail[];
    /** Writes the figures as PNG files, too. */
    png?: boolean;
  },
): Promise<void> {
  const tasks = Object.keys(history[0]?.losses ?? {});
  const curves = await trainingCurves([
    { title: 'loss', points: history.map(({ epoch, loss }) => ({ epoch, series: 'total', value: loss })) },
    {
      title: 'loss of each task',
      points: history.flatMap(({ epoch, losses }) => tasks.map((series) => ({ epoch, series, value: losses[series] }))),
    },
    {
      title: 'weight of each task',
      points: history.flatMap(({ epoch, weights }) =>
        tasks.map((series) => ({ epoch, series, value: weights[series] })),
      ),
    },
    {
      title: 'validation AUROC',
      points: history.map(({ epoch, validation }) => ({ epoch, series: 'macro', value: validation })),
    },
  ]);
  const sections: ReportSection[] = [
    await scoreSection(config.model, evaluation, predictions),
    await calibrationSection(evaluation, predictions),
    ...(await fairnessSections(evaluation)),
    ...(worst.length > 0
      ? [
          {
            heading: 'Largest errors',
            paragraphs: ['Images of patients: keep this page where they may be seen.'],
            figures: [{ svg: thumbnails(worst), description: 'What was said furthest from what is the case' }],
          },
        ]
      : []),
    {
      heading: 'Training',
      paragraphs: [`Weighting of the losses: ${config.weighting}.`],
      figures: [{ svg: curves, description: 'Losses and validation AUROC over the epochs' }],
      tables: [weightTable(history), ...(gradients.length > 0 ? [gradientTable(gradients)] : [])],
    },
    await labelSection(graph, evaluation, { ...cosines, frozenPrompts, target }, edges, config.seed),
    {
      heading: 'Data and configuration',
      paragraphs: remarks,
      tables: [
        splitTable(data),
        {
          caption: 'Configuration',
          header: ['key', 'value'],
          rows: flatten(config).map(([key, value]) => [key, value]),
        },
      ],
    },
  ];
  await writeReport(
    run,
    {
      title: `${config.model} on ${evaluation.data}`,
      lead: `Macro AUROC ${fixed(evaluation.macro.auroc) ?? 'undefined'} (${fixedRange(evaluation.macro.aurocCi) ?? 'no interval'})`,
      sections: [...sections, modelCard(config, data, evaluation)],
    },
    { png },
  );
}

/** Writes `report.html` of a comparison. */
export async function comparisonReport(
  out: string,
  comparison: Comparison,
  models: readonly NamedPredictions[],
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  const { a, b, labels, macro } = comparison;
  const curves = await curveFigures(
    models.map((model, index) => ({
      ...model,
      aurocs: labels.map((row) => (index === 0 ? row.aurocA : row.aurocB)),
      averagePrecisions: averagePrecisions(model.predictions),
    })),
  );
  const forest = await differencePlot(
    [...labels, macro].map(({ label, difference, differenceCi: [low, high] }) => ({ label, difference, low, high })),
    `${b} − ${a}`,
  );
  const row = (one: (typeof labels)[number]): (string | null)[] => [
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
  const sections: ReportSection[] = [
    {
      heading: 'Comparison',
      paragraphs: [
        verdict(comparison),
        `${comparison.samples} images of ${comparison.patients} patients; ${comparison.method}.`,
      ],
      figures: [{ svg: forest, description: `Difference of AUROC, ${b} minus ${a}, with 95 % intervals` }, ...curves],
      tables: [
        {
          caption: 'AUROC of each label',
          header: ['label', a, '95 %', b, '95 %', 'difference', '95 %', 'p', 'p (Holm)', 'p (BH)', 'detectable'],
          rows: [...labels, macro].map(row),
        },
      ],
    },
  ];
  await writeReport(out, { title: `${b} against ${a}`, lead: verdict(comparison), sections }, { png });
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

/** What each loss counted at the first and the last epoch. */
function weightTable(history: EpochRecord[]): ReportTable {
  const ends = [history[0], history[history.length - 1]];
  return {
    caption: 'Weights of the losses',
    header: ['loss', ...ends.map(({ epoch }) => `after epoch ${epoch}`)],
    rows: Object.keys(ends[0].weights).map((task) => [task, ...ends.map(({ weights }) => fixed(weights[task]))]),
  };
}

/** Who pulled against whom: means of the cosines over the steps that were looked at. */
function gradientTable(records: GradientRecord[]): ReportTable {
  const [{ tasks }] = records;
  const meanOf = (i: number, j: number): MaybeNumber => {
    const known = records.map(({ cosines }) => cosines[i][j]).filter((cosine) => cosine !== null);
    return known.length === 0 ? null : known.reduce((sum, cosine) => sum + cosine, 0) / known.length;
  };
  return {
    caption: `Mean cosine between the gradients of the losses over ${records.length} steps: 1 pull together, −1 apart`,
    header: ['', ...tasks],
    rows: tasks.map((task, i) => [task, ...tasks.map((_, j) => fixed(meanOf(i, j)))]),
  };
}

function splitTable({ samples }: Dataset): ReportTable {
  const rows = (['train', 'val', 'test'] as const).map((split) => {
    const own = samples.filter((sample) => sample.split === split);
    return [split, own.length, new Set(own.map(({ patient }) => patient)).size];
  });
  return { caption: 'Splits', header: ['split', 'images', 'patients'], rows };
}

function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flatten(inner, `${prefix}${key}.`)
      : [[`${prefix}${key}`, Array.isArray(inner) ? inner.join(', ') : String(inner)]],
  );
}
