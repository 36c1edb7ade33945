import { InputError } from '@cxr-align/files';
import { evaluateDualEncoder, evaluateRun, datasetTargets, openDataset, refuseRunFolder } from '@cxr-align/training';
import {
  type Evaluation,
  type Views,
  alarmLines,
  comparisonTable,
  evaluationJsonSchema,
  verdict,
  viewRules,
} from '@cxr-align/evaluation';
import type { KnownTargets } from '@cxr-align/evaluation/score-files';
import { evaluationReport, runReport } from '@cxr-align/run-report';
import {
  commonFlags,
  dataFlags,
  encoderFlags,
  engineFlags,
  openOptions,
  printResult,
  progress,
  startEngineOf,
  stderrEvents,
  type Command,
  type DataFlags,
} from './command.js';
import { type EvaluatedModels, evaluateScoreModels } from './evaluate-scores.js';
import { evaluationText } from './evaluation-text.js';
import { outputFolder } from '../usage/output-path.js';
import { prevalencesOf } from '../usage/prevalence-flag.js';

const flags = {
  ...commonFlags,
  ...engineFlags,
  ...dataFlags,
  ...encoderFlags,
  data: { ...dataFlags.data, demandOption: false },
  run: { type: 'string', describe: 'Run folder' },
  graph: { type: 'string', describe: 'Label graph of the data set, if its labels differ from those of the run' },
  split: {
    type: 'string',
    describe: 'Split to evaluate: train, val or test; test unless given, val if there is no test split',
  },
  out: {
    type: 'string',
    describe: 'Output folder; with --run evaluations/DATA-SPLIT under the run unless given, for what train wrote stays',
    coerce: outputFolder('out'),
  },
  'zero-shot': {
    type: 'boolean',
    default: false,
    describe:
      'With --run: evaluate labels that it was not trained on, by their prompts; without: evaluate the dual encoder --encoder and --text-encoder',
  },
  'text-encoder': {
    type: 'string',
    describe: 'With --zero-shot, text encoder: built-in, use-lite or a folder (ONNX); that of the run unless given',
  },
  scores: {
    type: 'string',
    describe:
      'Scores of other programs: a table (CSV, TSV, Parquet) with sample, patient and, for each label, y:LABEL and p:LABEL, or LABEL_true and LABEL_prob; or .npy [samples, labels]',
  },
  targets: {
    type: 'string',
    describe: 'Targets by sample in a table, or .npy beside scores in .npy: 1, 0, and -1, NaN or blank for unknown',
  },
  labels: { type: 'string', describe: 'JSON list of the label names; with .npy in the order of its columns' },
  samples: { type: 'string', describe: 'Names of the samples of .npy scores: .npy, a table, or .txt with one a line' },
  patients: { type: 'string', describe: 'Patient of each sample: .npy, a table, or .txt with one a line' },
  thresholds: {
    type: 'string',
    describe: 'JSON object from label to threshold, on the scale of the scores; probability 0.5 unless given',
  },
  prevalence: {
    type: 'string',
    array: true,
    describe:
      'Share of images with a label where the model will be used, for predictive values: LABEL=SHARE or a JSON file; repeat for more; that of these images unless given',
  },
  'films-per-day': {
    type: 'number',
    describe: 'Images a day where the model will be used, for the false alarms a day of each label',
  },
  'scores-are': {
    choices: ['auto', 'logits', 'probabilities'] as const,
    default: 'auto' as const,
    describe: 'Scale of the scores; auto: logits if any score is outside [0, 1]',
  },
  views: {
    choices: viewRules,
    default: 'image' as const,
    describe: 'With --run: score each image, or aggregate the images of each study',
  },
  'label-shift': {
    type: 'boolean',
    default: false,
    describe: 'With --run: adjust probabilities to the prevalence of this data set, estimated without its labels',
  },
  localise: {
    type: 'boolean',
    default: false,
    describe: 'With --run: evaluate localisation maps against boxes: pointing game, overlap, share inside',
  },
  boxes: {
    type: 'string',
    describe: 'Table of boxes: image, label, x, y, w, h; those of the data set, else boxes.csv in --data, unless given',
  },
  'error-thumbnails': {
    type: 'number',
    default: 0,
    describe: 'With --run: number of images with the largest errors shown in the report; they are patient data',
  },
  png: { type: 'boolean', default: false, describe: 'Also write the figures of the report as PNG files' },
  groups: {
    type: 'string',
    describe: 'CSV with a header and one row for each sample: attributes for the subgroup audit',
  },
  resamples: {
    type: 'number',
    default: 1000,
    describe: 'With --scores or a dual encoder: bootstrap resamples of patients; 0 = no intervals',
  },
  'bootstrap-threads': { type: 'number', default: 1, describe: 'Threads of the bootstrap' },
  schema: { type: 'boolean', default: false, describe: 'Print the JSON schema of evaluation.json' },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  data?: string;
  run?: string;
  encoder?: string;
  features?: string;
  graph?: string;
  split?: string;
  out?: string;
  localise: boolean;
  boxes?: string;
  zeroShot: boolean;
  textEncoder?: string;
  scores?: string;
  targets?: string;
  labels?: string;
  patients?: string;
  samples?: string;
  thresholds?: string;
  prevalence?: string[];
  filmsPerDay?: number;
  scoresAre: 'auto' | 'logits' | 'probabilities';
  groups?: string;
  resamples: number;
  bootstrapThreads: number;
  views: Views;
  labelShift: boolean;
  errorThumbnails: number;
  png: boolean;
  schema: boolean;
}

/** `cxr-align evaluate`: a run on a data set, or scores of another program. */
export const evaluate: Command = {
  builder: (yargs) => yargs.options(flags),
  handler: async (given) => {
    const args = given as unknown as Flags;
    if (args.schema) {
      process.stdout.write(`${JSON.stringify(evaluationJsonSchema(), null, 2)}\n`);
      return;
    }
    const { bootstrapThreads: threads } = args;
    if (!Number.isInteger(threads) || threads < 1)
      throw new InputError(`expected --bootstrap-threads to be a whole number of 1 or more, got ${threads}`);
    if (!Number.isInteger(args.resamples) || args.resamples < 0)
      throw new InputError(`expected --resamples to be a whole number of 0 or more, got ${args.resamples}`);
    if (!Number.isInteger(args.errorThumbnails) || args.errorThumbnails < 0)
      throw new InputError(
        `expected --error-thumbnails to be a whole number of 0 or more, got ${args.errorThumbnails}`,
      );
    const { filmsPerDay } = args;
    if (filmsPerDay !== undefined && !(filmsPerDay > 0))
      throw new InputError(`expected --films-per-day to be a number above 0, got ${filmsPerDay}`);
    if (args.scores === undefined) refuseScoreFlags(args);
    const result = args.scores !== undefined ? await evaluateTable(args) : await evaluateStored(args);
    const textOf = (one: Evaluation): string => evaluationText(one, alarmsOf(one, args));
    printResult(args.json, result, () => ('comparisons' in result ? modelsText(result, textOf) : textOf(result)));
  },
};

/** Several models, one after the other, and how they differ. */
function modelsText({ models, comparisons }: EvaluatedModels, textOf: (one: Evaluation) => string): string {
  return [
    ...Object.entries(models).map(([name, one]) => `${name}\n${textOf(one)}\n`),
    ...comparisons.map((comparison) => `${comparisonTable(comparison)}\n${verdict(comparison)}`),
  ].join('\n');
}

/** @throws {InputError} if a flag was given that scores of another program alone have, so that none is ignored. */
function refuseScoreFlags({ targets, labels, patients, samples, groups, thresholds, scoresAre }: Flags): void {
  const given = Object.entries({ targets, labels, patients, samples, groups, thresholds }).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`],
  );
  if (scoresAre !== 'auto') given.push('--scores-are');
  if (given.length > 0)
    throw new InputError(
      `expected ${given.join(', ')} with --scores, got ${given.length > 1 ? 'them' : 'it'} without${thresholds === undefined ? '' : '; the thresholds of a run are changed by: cxr-align thresholds --run RUN --label NAME=THRESHOLD'}`,
    );
}

/** What thresholds mean for a day's work: of the labels whose prevalence was given, or of all. */
function alarmsOf(evaluation: Evaluation, { prevalence, filmsPerDay }: Flags): string[] {
  if (prevalence === undefined && filmsPerDay === undefined) return [];
  const given = prevalencesOf(prevalence);
  return alarmLines(evaluation, { filmsPerDay, ...(given && { labels: Object.keys(given) }) });
}

async function evaluateStored(args: Flags): Promise<Evaluation> {
  if (args.textEncoder !== undefined && !args.zeroShot)
    throw new InputError('expected --text-encoder with --zero-shot, got it alone');
  if (args.boxes !== undefined && !args.localise)
    throw new InputError('expected --boxes with --localise, got it alone');
  if (args.zeroShot && args.run === undefined) {
    const { data, encoder, textEncoder } = args;
    if (!data || !encoder || !textEncoder)
      throw new InputError(
        'expected --run RUN, or --encoder DIR and --text-encoder DIR that share a space, with --zero-shot and --data DIR',
      );
    refuseFlags('--zero-shot', needingRun(args));
    await startEngineOf(args);
    const { features, graph, split, out, resamples, bootstrapThreads } = args;
    const page = await evaluateDualEncoder({
      data: await openDataset(data, openOptions(args), { on: stderrEvents() }),
      encoder,
      textEncoder,
      features,
      graph,
      split,
      out,
      prevalenceInUse: prevalencesOf(args.prevalence),
      resamples,
      bootstrapThreads,
      on: stderrEvents(),
    });
    const thresholds = 'Nothing was trained: probabilities are of prompts, the threshold is 0.5 for every label.';
    if (args.out !== undefined) await evaluationReport(args.out, { ...page, thresholds }, { png: args.png });
    return page.evaluation;
  }
  if (!args.run || !args.data)
    throw new InputError('expected --run RUN --data DIR, or --scores F --targets F --labels F; got neither');
  await startEngineOf(args);
  const { errorThumbnails, views, png } = args;
  if (errorThumbnails > 0 && views !== 'image')
    throw new InputError(`expected --views image with --error-thumbnails, got ${views}: a study is no image`);
  const evaluated = await evaluateRun({
    run: args.run,
    data: await openDataset(args.data, openOptions(args), { on: stderrEvents() }),
    split: args.split,
    out: args.out ?? true,
    graph: args.graph,
    bootstrapThreads: args.bootstrapThreads,
    views,
    labelShift: args.labelShift,
    prevalenceInUse: prevalencesOf(args.prevalence),
    zeroShot: args.zeroShot,
    textEncoder: args.textEncoder,
    localise: args.localise,
    boxes: args.boxes,
    encoder: args.encoder,
    features: args.features,
    on: stderrEvents(),
  });
  const folder = evaluated.folder!;
  await runReport(folder, evaluated, { png, errorThumbnails });
  progress.remark(`evaluation: ${folder}`);
  return evaluated.evaluation;
}

async function evaluateTable(args: Flags): Promise<Evaluation | EvaluatedModels> {
  const { scores, targets, labels, patients, samples, groups, thresholds, out, png, data } = args;
  refuseRunFlags(args);
  if (out !== undefined) refuseRunFolder(out);
  const isTable = !/\.npy$/i.test(scores!);
  if (!isTable && data === undefined && (targets === undefined || labels === undefined))
    throw new InputError('expected --targets F and --labels F beside --scores in .npy, got one of them or none');
  const columns = scoreColumnsOf(args.column);
  const known = data === undefined ? undefined : await targetsOf(data, args);
  return evaluateScoreModels({
    sources: {
      ...{ scores: scores!, targets, labels, patients, samples, groups, known },
      ...(isTable && { columns, split: data === undefined ? args.split : undefined }),
    },
    thresholds,
    options: {
      scoresAre: args.scoresAre,
      resamples: args.resamples,
      prevalenceInUse: prevalencesOf(args.prevalence),
    },
    bootstrapThreads: args.bootstrapThreads,
    ...{ out, png },
  });
}

/** The targets of a data set, for scores by its sample names. */
async function targetsOf(data: string, args: Flags): Promise<KnownTargets> {
  return datasetTargets(await openDataset(data, openOptions({ ...args, column: undefined })), {
    split: args.split,
    graph: args.graph,
  });
}

/** The columns of a table of scores that `--column role=name` names: `sample=file`, `p:Edema=edema`. */
function scoreColumnsOf(given: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, role, name] = /^\s*([^=]+?)\s*=\s*(.+)$/.exec(text) ?? [];
      if (role === undefined || !(['sample', 'patient', 'split'].includes(role) || /^[^:]+:./.test(role)))
        throw new InputError(
          `expected --column with sample, patient, split, y:LABEL or MODEL:LABEL, such as p:Edema=edema_score, got ${text}`,
        );
      return [role, name];
    }),
  );
}

/** The given flags that need a run. */
function needingRun({ views, labelShift, localise, errorThumbnails }: Flags): Record<string, boolean> {
  return {
    '--views': views !== 'image',
    '--label-shift': labelShift,
    '--localise': localise,
    '--error-thumbnails': errorThumbnails > 0,
  };
}

/** @throws {InputError} if a flag was given that needs a run or its images. */
function refuseRunFlags(args: Flags): void {
  const { run, data, encoder, features, graph, zeroShot, textEncoder, boxes } = args;
  refuseFlags('--scores', {
    '--run': run !== undefined,
    '--encoder': encoder !== undefined,
    '--features': features !== undefined,
    '--graph': graph !== undefined && data === undefined,
    '--zero-shot': zeroShot,
    '--text-encoder': textEncoder !== undefined,
    '--boxes': boxes !== undefined,
    ...needingRun(args),
  });
}

/** @throws {InputError} if one of some flags was given. */
function refuseFlags(beside: string, flags: Readonly<Record<string, boolean>>): void {
  const given = Object.entries(flags).flatMap(([flag, isGiven]) => (isGiven ? [flag] : []));
  if (given.length > 0)
    throw new InputError(`expected ${beside} alone or --run with its data, got ${beside} and ${given.join(', ')}`);
}
