import { trainingCurves, type ReportSection, type ReportTable, type Thumbnail } from '@cxr-align/report';
import type { EvaluatedModel } from '../evaluation/evaluated-model.js';
import type { MaybeNumber } from '../evaluation/evaluation-schema.js';
import type { EdgeCount } from '../labels/graph-agreement.js';
import { JsonLines } from '../json-lines.js';
import { fixed } from '../maybe-number.js';
import { gradientsFile, historyFile, type StoredModel } from '../run-folder.js';
import { readTrainingData, type TrainingData } from '../training/training-data.js';
import type { EpochRecord, GradientRecord } from '../training/training.js';
import { evaluationSections, leadOf } from './evaluation-report.js';
import { labelSection } from './label-section.js';
import { modelCard } from './model-card.js';
import { writeReport } from './write-report.js';

/** What the report of a run is made of, beside what lies in its folder. */
export interface RunPage extends EvaluatedModel {
  /** Folder of the run: its history and the data it was trained on. */
  run: string;
  stored: StoredModel;
  /** Targets along the edges of the data's label graph, and of what they were counted. */
  edges: { counts: readonly EdgeCount[]; of: string };
  remarks: readonly string[];
  /** The largest errors, where they may be shown. */
  worst: readonly Thumbnail[];
}

/** Writes `report.html` of a run on the data that it was evaluated on. */
export async function runReport(out: string, page: RunPage, { png = false }: { png?: boolean } = {}): Promise<void> {
  const { run, stored, evaluation, predictions, cosines, sourceAttention, edges, remarks, worst } = page;
  const { config, graph } = stored;
  const trained = readTrainingData(run);
  const title = `${config.model} on ${evaluation.data}`;
  const sections: ReportSection[] = [
    ...(await evaluationSections({
      name: config.model,
      evaluation,
      predictions,
      thresholds: 'Thresholds were chosen on validation.',
      worst,
    })),
    ...(await trainingSection(run, config.weighting)),
    await labelSection(stored, evaluation, { cosines, sourceAttention }, edges),
    {
      heading: 'Data and configuration',
      paragraphs: remarks,
      tables: [
        ...(trained ? [splitTable(trained)] : []),
        {
          caption: 'Configuration',
          header: ['key', 'value'],
          rows: flatten(config).map(([key, value]) => [key, value]),
        },
      ],
    },
    modelCard(config, graph.labels, trained, evaluation),
  ];
  await writeReport(out, { title, lead: leadOf(evaluation), sections }, { png });
}

/** How the training went; nothing where only the model of a run is there. */
async function trainingSection(run: string, weighting: string): Promise<ReportSection[]> {
  const history = new JsonLines<EpochRecord>(historyFile(run)).records();
  const gradients = new JsonLines<GradientRecord>(gradientsFile(run)).records();
  if (history.length === 0) return [];
  const tasks = Object.keys(history[0].losses);
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
  return [
    {
      heading: 'Training',
      paragraphs: [`Weighting of the losses: ${weighting}.`],
      figures: [{ svg: curves, description: 'Losses and validation AUROC over the epochs' }],
      tables: [weightTable(history), ...(gradients.length > 0 ? [gradientTable(gradients)] : [])],
    },
  ];
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

function splitTable({ images, patients }: TrainingData): ReportTable {
  const splits = ['train', 'val', 'test'] as const;
  return {
    caption: 'Splits of the data that the model was trained on',
    header: ['split', 'images', 'patients'],
    rows: splits.map((split) => [split, images[split], patients[split]]),
  };
}

function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flatten(inner, `${prefix}${key}.`)
      : [[`${prefix}${key}`, Array.isArray(inner) ? inner.join(', ') : String(inner)]],
  );
}
