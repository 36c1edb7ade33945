import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openTable, type BadRow } from '@cxr-align/datasets';
import { InputError, readNpy, writeFileAtomic, readJson } from '@cxr-align/files';
import { rankingDraws } from '../evaluation/bootstrap-threads.js';
import { tableGroups, type GroupColumns } from '../evaluation/fairness.js';
import { evaluate as score } from '../evaluation/evaluation.js';
import { type Evaluation, evaluationJsonSchema } from '../evaluation/evaluation-schema.js';
import { probabilitiesOf, type Predictions } from '../evaluation/predictions.js';
import { evaluateRun } from '../evaluation/evaluate-run.js';
import { writePredictions } from '../evaluation/predictions-file.js';
import { evaluatePair } from '../evaluation/zero-shot-pair.js';
import { evaluationReport } from '../report/evaluation-report.js';
import { viewRules, type Views } from '../evaluation/study-predictions.js';
import { readLabelNames } from '../labels/label-names.js';
import {
  commonFlags,
  dataFlags,
  encoderFlags,
  engineFlags,
  printResult,
  progress,
  startAsked,
  type Command,
  type DataFlags,
} from './command.js';
import { evaluationText } from './evaluation-text.js';

const flags = {
  ...commonFlags,
  ...engineFlags,
  ...dataFlags,
  ...encoderFlags,
  data: { ...dataFlags.data, demandOption: false },
  run: { type: 'string', describe: 'Run folder of train' },
  graph: { type: 'string', describe: 'Label graph of the data, if its labels are others than those of the run' },
  split: { type: 'string', describe: 'train, val or test; test unless given, val where there is no test' },
  out: { type: 'string', describe: 'Folder for the results; the run folder unless given' },
  'zero-shot': {
    type: 'boolean',
    default: false,
    describe: 'With --run: ask for labels that it was not trained for; without: score by --encoder and --text-encoder',
  },
  'text-encoder': {
    type: 'string',
    describe: 'Text encoder: built-in, use-lite or a folder (ONNX); that of the run unless given (with --zero-shot)',
  },
  scores: { type: 'string', describe: '.npy of scores [samples, labels] that another program made' },
  targets: { type: 'string', describe: '.npy of targets: 1, 0, and -1 or NaN for unknown' },
  labels: { type: 'string', describe: 'JSON list of the label names' },
  patients: { type: 'string', describe: '.npy with the patient of each sample' },
  thresholds: {
    type: 'string',
    describe: 'JSON object of label to threshold, on the scale of the scores; 0.5 (probability) unless given',
  },
  'scores-are': {
    choices: ['auto', 'logits', 'probabilities'] as const,
    default: 'auto' as const,
    describe: 'auto: logits if any is outside [0, 1]',
  },
  views: {
    choices: viewRules,
    default: 'image' as const,
    describe: 'Score each image, or the images of a study together (with --run)',
  },
  'label-shift': {
    type: 'boolean',
    default: false,
    describe: 'Correct probabilities for the prevalence of these images, estimated without their labels (with --run)',
  },
  localise: {
    type: 'boolean',
    default: false,
    describe: 'Score maps of the run against boxes: pointing game, overlap, share inside (with --run)',
  },
  boxes: {
    type: 'string',
    describe: "Table of boxes: image, label, x, y, w, h; the data set's own, else boxes.csv in --data, unless given",
  },
  'error-thumbnails': {
    type: 'number',
    default: 0,
    describe: 'Images with the largest errors that the report shows: patient data (with --run)',
  },
  png: { type: 'boolean', default: false, describe: 'Write the figures of the report as PNG files, too' },
  groups: { type: 'string', describe: 'CSV with a header and a row a sample: attributes to audit' },
  draws: { type: 'number', default: 1000, describe: 'Bootstrap draws without a run' },
  'bootstrap-threads': { type: 'number', default: 1, describe: 'Threads of the bootstrap' },
  schema: { type: 'boolean', default: false, describe: 'Print the JSON schema of evaluation.json' },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: Parameters<typeof startAsked>[0]['engine'];
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
  thresholds?: string;
  scoresAre: 'auto' | 'logits' | 'probabilities';
  groups?: string;
  draws: number;
  bootstrapThreads: number;
  views: Views;
  labelShift: boolean;
  errorThumbnails: number;
  png: boolean;
  schema: boolean;
}

/** `cxr-align evaluate`: a run on a data set, or scores of another program. */
export const evaluate: Command<unknown> = {
  command: 'evaluate',
  describe: 'Evaluate a run on a data set, or scores that another program made',
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
    if (!Number.isInteger(args.errorThumbnails) || args.errorThumbnails < 0)
      throw new InputError(
        `expected --error-thumbnails to be a whole number of 0 or more, got ${args.errorThumbnails}`,
      );
    const evaluation = args.scores !== undefined ? await evaluateScores(args) : await evaluateStored(args);
    printResult(args.json, evaluation, () => evaluationText(evaluation));
  },
};

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
    await startAsked(args);
    return evaluatePair({ ...args, path: data, encoder, textEncoder }, progress);
  }
  if (!args.run || !args.data)
    throw new InputError('expected --run RUN --data DIR, or --scores F --targets F --labels F; got neither');
  await startAsked(args);
  return evaluateRun({ ...args, run: args.run, path: args.data }, progress);
}

async function evaluateScores(args: Flags): Promise<Evaluation> {
  const { scores, targets, labels, patients, thresholds, groups, scoresAre, draws, bootstrapThreads, out } = args;
  refuseRunFlags(args);
  if (!targets || !labels)
    throw new InputError('expected --targets F and --labels F beside --scores, got one of them or none');
  const names = readLabelNames(labels);
  const matrix = (file: string): Float32Array => {
    const { shape, data } = readNpy(readBytes(file), file);
    if (shape.length !== 2 || shape[1] !== names.length)
      throw new InputError(`expected an array [samples, ${names.length}], got [${shape}]`, { file });
    return Float32Array.from(data);
  };
  const given = matrix(scores!);
  const truth = matrix(targets).map((value) => (value === -1 ? NaN : value));
  if (truth.length !== given.length)
    throw new InputError(
      `expected as many targets as scores (${given.length / names.length} samples), got ${truth.length / names.length}`,
      { file: targets },
    );
  const wrong = truth.findIndex((value) => value !== 0 && value !== 1 && !Number.isNaN(value));
  if (wrong >= 0)
    throw new InputError(
      `expected targets of 1, 0, -1 or NaN, got ${truth[wrong]} in row ${Math.floor(wrong / names.length)}`,
      { file: targets },
    );
  if (given.some((value) => !Number.isFinite(value)))
    throw new InputError('expected finite scores, got NaN or an infinity', { file: scores });
  const areLogits = scoresAre === 'auto' ? given.some((value) => value < 0 || value > 1) : scoresAre === 'logits';
  const count = given.length / names.length;
  const ids = patients === undefined ? undefined : readNpy(readBytes(patients), patients).data;
  if (ids && ids.length !== count)
    throw new InputError(`expected a patient for each of ${count} samples, got ${ids.length}`, { file: patients });
  const predictions: Predictions = {
    labels: names,
    samples: Array.from({ length: count }, (_, row) => ({
      id: String(row),
      patient: String(ids ? ids[row] : row),
      split: 'test' as const,
    })),
    targets: truth,
    probabilities: areLogits ? probabilitiesOf(given) : given,
  };
  const cuts = thresholds === undefined ? {} : (readJson(thresholds) as Record<string, number>);
  const evaluation = score(predictions, {
    data: scores!,
    split: 'given',
    thresholds: names.map((name) => {
      const cut = cuts[name];
      return cut === undefined ? 0.5 : areLogits ? 1 / (1 + Math.exp(-cut)) : cut;
    }),
    draws,
    bootstrapped: await rankingDraws(predictions, draws, bootstrapThreads),
    groups: groups === undefined ? {} : await readGroups(groups, count),
  });
  if (out !== undefined) {
    writePredictions(out, predictions);
    writeFileAtomic(join(out, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
    const source = thresholds === undefined ? 'The threshold is 0.5 for every label.' : 'Thresholds were given.';
    const name = basename(scores!);
    await evaluationReport(out, { name, evaluation, predictions, thresholds: source }, { png: args.png });
  }
  return evaluation;
}

/** Which flags were given that need a run. */
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
  const { run, data, encoder, features, graph, split, zeroShot } = args;
  refuseFlags('--scores', {
    '--run': run !== undefined,
    '--data': data !== undefined,
    '--encoder': encoder !== undefined,
    '--features': features !== undefined,
    '--graph': graph !== undefined,
    '--split': split !== undefined,
    '--zero-shot': zeroShot,
    ...needingRun(args),
  });
}

/** @throws {InputError} if one of some flags was given. */
function refuseFlags(beside: string, flags: Readonly<Record<string, boolean>>): void {
  const given = Object.entries(flags).flatMap(([flag, isGiven]) => (isGiven ? [flag] : []));
  if (given.length > 0)
    throw new InputError(`expected ${beside} alone or --run with its data, got ${beside} and ${given.join(', ')}`);
}

/** The attributes of the samples. @throws {InputError} if there is not a row for each. */
async function readGroups(file: string, samples: number): Promise<GroupColumns> {
  const { header, each } = await openTable(file);
  const badRows: BadRow[] = [];
  const rows: string[][] = [];
  await each(
    (cells) => rows.push(cells),
    (row) => badRows.push(row),
  );
  if (badRows.length > 0 || rows.length !== samples) {
    throw new InputError(
      `expected a header and a whole row for each of ${samples} samples, got ${rows.length}${badRows.length > 0 ? ` and ${badRows.length} with another number of cells` : ''}`,
      { file },
    );
  }
  return tableGroups(header, rows);
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new InputError(`expected a file, got ${(error as NodeJS.ErrnoException).code}; check the path`, { file });
  }
}
