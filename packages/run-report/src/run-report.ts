import {
  trainingCurve,
  type CurvePoint,
  type ReportFigure,
  type ReportSection,
  type ReportTable,
} from '@cxr-align/report';
import {
  type Config,
  type EpochRecord,
  type GradientRecord,
  type TrainingData,
  type TrainingHistory,
  readHistory,
  readTrainingData,
  type EvaluatedRun,
} from '@cxr-align/training';
import { type MaybeNumber, fixed } from '@cxr-align/evaluation';
import { evaluatedText, evaluationSections, labelsText, leadOf, noticesOf } from './evaluation-report.js';
import { graphSection } from './graph-section.js';
import { modelCard } from './model-card.js';
import { largestErrors } from './largest-errors.js';
import { prevalenceTable, splitLabels } from './split-labels.js';
import { writeReport, type WrittenPage } from './write-report.js';

/** What of a report is chosen by its reader. */
export interface RunReportOptions {
  /** Writes the figures as PNG files, too. Default false. */
  png?: boolean;
  /** Images with the largest errors that are shown: patient data. Default 0. */
  errorThumbnails?: number;
}

/** Writes `report.html` of a run on the data that it was evaluated on. */
export async function runReport(
  out: string,
  evaluated: Omit<EvaluatedRun, 'dataset'> & { dataset?: EvaluatedRun['dataset'] },
  { png = false, errorThumbnails = 0 }: RunReportOptions = {},
): Promise<void> {
  const { run, stored, evaluation, predictions, cosines, sourceAttention, edges, remarks } = evaluated;
  const { dataset } = evaluated;
  if (errorThumbnails > 0 && dataset === undefined)
    throw new RangeError(
      'run-report/runReport: expected a data set with errorThumbnails, got none; pass what evaluateRun returned',
    );
  const worst = dataset ? await largestErrors(predictions, { dataset }, errorThumbnails) : [];
  const { config, graph } = stored;
  const trained = readTrainingData(run);
  const history = readHistory(run);
  const thresholds = evaluation.identity?.thresholds ?? 'fitted on validation';
  const chosen = chosenOn(history.epochs);
  const splits = splitLabels(trained, evaluation);
  const { sections, plates } = evaluationSections({
    name: config.model,
    evaluation,
    predictions,
    thresholds: `Thresholds: ${thresholds}.`,
    worst,
    validation: chosen,
    splits,
  });
  const page: WrittenPage = {
    title: `${config.model} on ${evaluation.data}`,
    lead: leadOf(evaluation),
    notices: noticesOf({ remarks: [...new Set([...evaluation.remarks, ...remarks])] }),
    facts: [
      ['for', labelsText(Object.keys(evaluation.labels))],
      ['trained on', trained ? splitText(trained, 'train') : 'not recorded by this run'],
      ['chosen on', chosenText(config, trained, evaluation.calibration)],
      ['thresholds', thresholds],
      ['evaluated on', evaluatedText(evaluation)],
    ],
    plates,
    sections: [
      ...sections,
      ...trainingSection(history, config.weighting, prevalenceTable(splits)),
      graphSection(stored, evaluation, { cosines, sourceAttention }, edges),
      {
        heading: 'Data and configuration',
        id: 'configuration',
        paragraphs: remarks,
        tables: trained ? [splitTable(trained)] : [],
        sections: [{ heading: 'Configuration', isFolded: true, facts: flatten(config) }],
      },
      modelCard(config, graph.labels, trained, evaluation),
    ],
  };
  await writeReport(out, page, { png });
}

/** What chose the epoch and what is fitted. */
function chosenText({ validation, epochs }: Config, trained: TrainingData | null, calibration: string): string {
  if (validation === 'none') return `nothing: the last epoch, ${epochs}, is kept; thresholds are 0.5, not calibrated`;
  if (validation === 'folds')
    return `out-of-fold predictions: ensemble weights, thresholds, and calibration (${calibration})`;
  return `${trained ? splitText(trained, 'val') : 'validation'}: epoch, and calibration (${calibration})`;
}

/** Macro AUROC on validation of the epoch that was kept: the highest. */
function chosenOn(epochs: readonly EpochRecord[]): MaybeNumber {
  return epochs.reduce<MaybeNumber>(
    (best, { validation }) => (validation !== null && (best === null || validation > best) ? validation : best),
    null,
  );
}

function splitText({ name, images, patients }: TrainingData, split: 'train' | 'val'): string {
  return `${name}, ${split}: ${images[split]} images of ${patients[split]} patients`;
}

/** How the training went; nothing where only the model of a run is there. */
function trainingSection(
  { epochs: history, gradients }: TrainingHistory,
  weighting: string,
  prevalence: ReportTable[],
): ReportSection[] {
  if (history.length === 0) return [];
  const tasks = Object.keys(history[0].losses);
  const ofTasks = (key: 'losses' | 'weights'): CurvePoint[] =>
    history.flatMap((record) => tasks.map((series) => ({ epoch: record.epoch, series, value: record[key][series] })));
  const figure = (name: string, points: CurvePoint[]): ReportFigure => ({
    svg: trainingCurve(name, points),
    description: `${name} over the epochs; beside each name its last value`,
  });
  return [
    {
      heading: 'Training',
      id: 'drift',
      paragraphs: [`Weighting of the losses: ${weighting}.`],
      figures: [
        ...(history.some(({ validation }) => validation !== null)
          ? [
              figure(
                'Macro AUROC on validation',
                history.map(({ epoch, validation }) => ({ epoch, series: 'validation', value: validation })),
              ),
            ]
          : []),
        figure(
          'Loss',
          history.map(({ epoch, loss }) => ({ epoch, series: 'total', value: loss })),
        ),
        figure('Loss of each task', ofTasks('losses')),
        figure('Weight of each task', ofTasks('weights')),
      ],
      tables: [...prevalence, ...(gradients.length > 0 ? [gradientTable(gradients)] : [])],
    },
  ];
}

/** Conflicts of gradients: mean cosines over the recorded steps. */
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
