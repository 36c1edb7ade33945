import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, sha256 } from '@cxr-align/files';
import { normalizeLabel } from '@cxr-align/label-graph';
import {
  type MapKind,
  type Predictor,
  type ImageSource,
  type PredictorOptions,
  dicomIds,
  dualEncoderHash,
  folderHash,
  mapKinds,
  openDualEncoderPredictor,
  openPredictor,
  thresholdOriginOf,
} from '@cxr-align/classifier';
import { evaluator, labelGraphChoices, loadGraph, readTrainedModel } from '@cxr-align/training';
import { printText } from '../print.js';
import { imagePaths } from '../predictions/image-paths.js';
import { dicomWriter } from '../predictions/dicom-writer.js';
import { mapWriter } from '../predictions/map-writer.js';
import type { ModelIdentity } from '../predictions/model-identity.js';
import { predictOne } from '../predictions/predict-one.js';
import { fileWriter, stdoutWriter } from '../predictions/record-writer.js';
import { each } from '../usage/joined-encoders.js';
import { outputFile, outputFolder } from '../usage/output-path.js';
import { version } from '../version.js';
import {
  type Command,
  commonFlags,
  dataFlags,
  engineFlags,
  printResult,
  startEngineOf,
  withDataFlags,
} from './command.js';

const flags = {
  ...commonFlags,
  ...engineFlags,
  run: { type: 'string', describe: 'Run folder' },
  out: {
    type: 'string',
    describe: 'File of the records: JSON lines (.jsonl) or CSV (.csv); JSON lines on stdout unless given',
    coerce: outputFile('out'),
  },
  encoder: {
    type: 'string',
    ...each,
    describe:
      'Folder of the frozen image encoder of the run (its folder in training unless given; repeat it for a run of several), or of a dual encoder',
  },
  'text-encoder': {
    type: 'string',
    describe: 'Without --run: text encoder of the dual encoder; built-in, use-lite or a folder',
  },
  graph: {
    type: 'string',
    describe: `Without --run: label graph, ${labelGraphChoices().join(', ')}, or a file; chexpert-14 unless given`,
  },
  'zero-shot': {
    type: 'boolean',
    default: false,
    describe:
      'Zero-shot: predict each label by the prompts of its observations, without the trained classifier; required without --run',
  },
  explain: {
    type: 'boolean',
    default: false,
    describe:
      'Explain the probability of each label part by part: ensemble, calibration, hierarchy; of No Finding also the findings against it',
  },
  'dicom-out': {
    type: 'string',
    describe:
      'Folder of the results as DICOM, in the study of each image: structured report (TID 1500), picture with the map and, where the map has boxes, presentation state',
    coerce: outputFolder('dicom-out'),
  },
  'test-views': {
    type: 'number',
    default: 1,
    describe: 'Test-time augmentation: average the logits of so many views of each image, never mirrored',
  },
  'any-modality': dataFlags['any-modality'],
  map: {
    type: 'string',
    describe:
      'PNG file (one image) or folder to write: the image with the map of one label, and boxes around its maxima',
  },
  'map-label': { type: 'string', describe: 'Label of the map; the most probable label that has one unless given' },
  'map-kind': {
    choices: mapKinds,
    describe: 'Kind of the map; occlusion unless given, similarity without --run',
  },
  force: {
    type: 'boolean',
    default: false,
    describe: 'Draw maps also of labels for which they were measured to be no better than a centre map',
  },
} as const;

interface Flags {
  json: boolean;
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  run?: string;
  encoder?: string[];
  textEncoder?: string;
  graph?: string;
  zeroShot: boolean;
  explain: boolean;
  testViews: number;
  anyModality: boolean;
  dicomOut?: string;
  map?: string;
  mapLabel?: string;
  mapKind?: MapKind;
  force: boolean;
  out?: string;
  paths: string[];
}

/** `cxr-align predict`: a record for each image. */
export const predict: Command = {
  builder: (yargs) =>
    yargs
      .positional('paths', {
        type: 'string',
        array: true,
        describe: 'PNG, JPEG, TIFF, WebP or DICOM files, folders, or patterns such as "scans/*.dcm"',
      })
      .options(flags)
      .example('$0 predict --run runs/first scans --out scans.csv', 'all images in a folder, as a table'),
  handler: async (given) => {
    const args = given as unknown as Flags;
    if (
      args.map === undefined &&
      args.dicomOut === undefined &&
      ((args.mapLabel ?? args.mapKind) !== undefined || args.force)
    )
      throw new InputError(
        'expected --map-label, --map-kind and --force with --map or --dicom-out, got one of them alone',
      );
    if (!(Number.isInteger(args.testViews) && args.testViews >= 1))
      throw new InputError(`expected --test-views to be a whole number of 1 or more, got ${args.testViews}`);
    if (args.explain && args.out?.toLowerCase().endsWith('.csv'))
      throw new InputError('expected --out FILE.jsonl with --explain, got CSV, which has no room for explanations');
    const images = imagePaths(args.paths.map(String));
    const predictor = await (args.run === undefined ? openDualEncoder(args) : openRun(args, args.run));
    try {
      await predictAll(predictor, images, args);
    } finally {
      await predictor.dispose();
    }
  },
};

async function openRun({ encoder, ...args }: Flags, run: string): Promise<Predictor<ImageSource>> {
  if ((args.textEncoder ?? args.graph) !== undefined)
    throw new InputError('expected no --text-encoder and no --graph with --run: it has labels and prompts of its own');
  await startEngineOf(args);
  return openPredictor(run, { encoder });
}

async function openDualEncoder(args: Flags): Promise<Predictor<ImageSource>> {
  const { textEncoder, graph = 'chexpert-14', zeroShot } = args;
  const [encoder, ...more] = args.encoder ?? [];
  if (more.length > 0) throw new InputError('expected one --encoder without --run, got several');
  if (!zeroShot || !encoder || !textEncoder)
    throw new InputError(
      'expected --run RUN, or --zero-shot with --encoder DIR and --text-encoder DIR that share a space; got neither',
    );
  await startEngineOf(args);
  return openDualEncoderPredictor({ encoder, textEncoder }, loadGraph(graph));
}

/** Which model predicts, by what. */
function identityOf({ run, encoder, textEncoder, zeroShot }: Flags): ModelIdentity {
  const engine = evaluator().engine ?? 'none';
  const untrained = '0.5: nothing was fitted';
  if (run === undefined) {
    const [folder] = encoder!;
    const hash = dualEncoderHash({ encoder: folder, textEncoder: textEncoder! });
    return { name: folder, hash, version, engine, thresholds: untrained };
  }
  const thresholds = zeroShot ? untrained : thresholdOriginOf(readTrainedModel(run));
  return { name: run, hash: folderHash(join(run, 'model')), version, engine, thresholds };
}

/** Writes a record for each image. @throws {InputError} after the last one if an image could not be predicted. */
async function predictAll(predictor: Predictor<ImageSource>, images: readonly string[], args: Flags): Promise<void> {
  const { explain, zeroShot, anyModality, testViews, out, json } = args;
  const model = identityOf(args);
  const draw = args.map === undefined ? undefined : mapWriter(images, args.map);
  const write = args.dicomOut === undefined ? undefined : dicomWriter(images, args.dicomOut);
  const options = { explain, zeroShot, anyModality, testViews, ...mapOf(predictor, args) };
  predictor.check(options);
  const writer = out === undefined ? stdoutWriter() : fileWriter(out, predictor.labels);
  let failed = 0;
  for (const file of images) {
    const began = performance.now();
    const predicted = await predictOne(predictor, file, { options, draw, write, model });
    if (predicted.error !== undefined) {
      predicted.error = withDataFlags(predicted.error);
      failed++;
      printText(`cxr-align: ${predicted.error}`, process.stderr);
    }
    const seconds = Number(((performance.now() - began) / 1000).toFixed(3));
    writer.write({
      file,
      ...(predicted.error === undefined && { dataHash: sha256(readFileSync(file)) }),
      model,
      ...dicomIds(file),
      ...predicted,
      seconds,
    });
  }
  writer.close();
  if (out !== undefined)
    printResult(
      json,
      { out, images: images.length, failed },
      () => `${out}: ${images.length} images, ${failed} failed`,
    );
  if (failed > 0)
    throw new InputError(
      `${failed} of ${images.length} images could not be ${args.dicomOut === undefined ? 'predicted' : 'predicted and written'}`,
    );
}

/**
 * The map that is wanted: by its flags, or for DICOM results the default one, where such a map can be made.
 *
 * @throws {InputError} if the predictor has no map that the flags name.
 */
function mapOf(predictor: Predictor<ImageSource>, args: Flags): Pick<PredictorOptions, 'map'> {
  const isNamed = args.map !== undefined || (args.mapLabel ?? args.mapKind) !== undefined || args.force;
  if (isNamed) return { map: mapOptionsOf(predictor, args) };
  if (args.dicomOut === undefined) return {};
  const obstacle = predictor.mapObstacle();
  if (obstacle === undefined) return { map: true };
  printText(`DICOM results have no map and no boxes: ${obstacle}`, process.stderr);
  return {};
}

/** @throws {InputError} if the predictor has no such map. */
function mapOptionsOf(
  { mapKinds: kinds, mapLabels }: Predictor<ImageSource>,
  { mapKind, mapLabel, force }: Flags,
): { kind?: MapKind; label?: string; force: boolean } {
  if (mapKind !== undefined && !kinds.includes(mapKind))
    throw new InputError(`expected --map-kind of ${kinds.join(', ')}, which this model has, got ${mapKind}`);
  if (mapLabel !== undefined && !mapLabels.some((label) => normalizeLabel(label) === normalizeLabel(mapLabel)))
    throw new InputError(
      `expected --map-label to be a label that has a map (${mapLabels.join(', ')}), got ${mapLabel}`,
    );
  return { kind: mapKind, label: mapLabel, force };
}
