import { InputError } from '@cxr-align/files';
import { coherentProbabilities, labelSetNames, type LabelGraph } from '@cxr-align/label-graph';
import { predictionSet } from '@cxr-align/metrics';
import { decodeImage, imageSize, visibleWindow } from '@cxr-align/image-backbone';
import * as tf from '@tensorflow/tfjs-core';
import { calibratedProbabilities, toldProbabilities } from '../evaluation/calibrated.js';
import { loadModel, type LoadedModel } from '../model/load-model.js';
import type { ModelBatch } from '../inputs/model-inputs.js';
import { labelMaps, mapKinds, mapKindsOf, type MapKind } from '../model/label-maps.js';
import { windowOf } from '../evaluation/localise.js';
import { mapWriter, type DrawnMapFile } from '../map-writer.js';
import type { ModelInputs } from '../inputs/model-inputs.js';
import { loadGraph } from '../labels/label-knowledge.js';
import { orNull } from '../maybe-number.js';
import { explainedProbabilities, RunExplainer, type Explanation } from '../model/observations.js';
import { predictLogits } from '../model/predict-images.js';
import { openImageReader } from '../inputs/single-images.js';
import { openPair } from '../evaluation/zero-shot-pair.js';
import { placeInGraph, toldLabels } from '../evaluation/zero-shot.js';
import { commonFlags, engineFlags, startAsked, type Command } from './command.js';

const flags = {
  ...commonFlags,
  ...engineFlags,
  run: { type: 'string', describe: 'Run folder of train' },
  encoder: {
    type: 'string',
    describe: 'Folder of the frozen encoder of the run (where it was in training unless given), or of a pair',
  },
  'text-encoder': {
    type: 'string',
    describe: 'Without --run: the text encoder that shares a space with --encoder; built-in, use-lite or a folder',
  },
  graph: {
    type: 'string',
    describe: `Without --run: the labels, ${labelSetNames.join(', ')}, or a file; chexpert-14 unless given`,
  },
  'zero-shot': {
    type: 'boolean',
    default: false,
    describe:
      'Tell each label by the prompts of its observations, not by the trained score; all there is without --run',
  },
  explain: {
    type: 'boolean',
    default: false,
    describe: 'Tell the observations of each label, and what each adds to ln of its probability by prompts',
  },
  map: {
    type: 'string',
    describe:
      'PNG file (one image) or folder: the image with a map of one label over it, and boxes around what stands out',
  },
  'map-label': { type: 'string', describe: 'The label of the map; the most probable one that is trained unless given' },
  'map-kind': {
    choices: mapKinds,
    describe: 'What the map shows; occlusion unless given, and similarity without --run',
  },
} as const;

interface Flags {
  json: boolean;
  engine: Parameters<typeof startAsked>[0]['engine'];
  threads?: number;
  run?: string;
  encoder?: string;
  textEncoder?: string;
  graph?: string;
  zeroShot: boolean;
  explain: boolean;
  map?: string;
  mapLabel?: string;
  mapKind?: MapKind;
  images: string[];
}

/** What is told of one label of an image. */
interface ToldLabel {
  probability: number;
  positive: boolean;
  /** The answers that a conformal set holds. */
  set?: string[];
  explanation?: Explanation;
}

/** Tells the labels of one image. */
interface Teller {
  tell: (image: string) => Promise<ToldImage>;
  dispose: () => Promise<void>;
}

/** What is told of an image. */
interface ToldImage {
  labels: Record<string, ToldLabel>;
  map?: DrawnMapFile;
}

/** `cxr-align predict`: a line of JSON for each image. */
export const predict: Command<unknown> = {
  command: 'predict <images..>',
  describe: 'Predict images: a line of JSON each',
  builder: (yargs) =>
    yargs.positional('images', { type: 'string', array: true, describe: 'PNG or JPEG files' }).options(flags),
  handler: async (given) => {
    const args = given as unknown as Flags;
    if (args.map === undefined && (args.mapLabel ?? args.mapKind) !== undefined)
      throw new InputError('expected --map-label and --map-kind with --map, got one of them alone');
    const { tell, dispose } = args.run === undefined ? await pairTeller(args) : await runTeller(args, args.run);
    let failed = 0;
    for (const image of args.images) {
      try {
        process.stdout.write(`${JSON.stringify({ image, ...(await tell(image)) })}\n`);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failed++;
        process.stderr.write(`cxr-align: ${error.message}\n`);
      }
    }
    await dispose();
    if (failed > 0) throw new InputError(`${failed} of ${args.images.length} images could not be read`);
  },
};

async function runTeller(args: Flags, run: string): Promise<Teller> {
  if ((args.textEncoder ?? args.graph) !== undefined)
    throw new InputError('expected no --text-encoder and no --graph with --run: it has labels and prompts of its own');
  await startAsked(args);
  const loaded = loadModel(run);
  const { model, stored, asked } = loaded;
  const { graph, thresholds, calibrations } = toldLabels(stored, asked);
  const explainer = args.explain || args.zeroShot ? explainerOf(loaded, run) : undefined;
  const reader = await openImageReader(stored, args.encoder);
  const draw = args.map === undefined ? undefined : mapDrawer(args, args.map, loaded);
  return {
    tell: async (image) => {
      const inputs = await reader.read(image);
      const batch = inputs.batch([0]);
      try {
        const labels = await labelsOf(inputs, batch);
        return { labels, ...(draw && { map: await draw(image, batch, labels) }) };
      } finally {
        tf.dispose({ ...batch });
      }
    },
    dispose: async () => {
      explainer?.dispose();
      loaded.dispose();
      await reader.dispose();
    },
  };

  async function labelsOf(inputs: Pick<ModelInputs, 'batch'>, batch: ModelBatch): Promise<Record<string, ToldLabel>> {
    const explanations = explainer && (await explainer.explain(batch));
    if (args.zeroShot) return byPrompts(graph, explanations!, args.explain);
    const calibrated = calibratedProbabilities(await predictLogits(model, inputs, [0], { asked }), calibrations);
    const own = placeInGraph(calibrated, graph, stored.graph.labels.length);
    const decided = toldProbabilities(stored.config, graph, own);
    const probabilities = coherentProbabilities(own, graph);
    return labelled(graph, (i) => {
      const probability = rounded(probabilities[i]);
      const { conformal } = calibrations[i];
      return {
        probability,
        positive: probability >= (orNull(thresholds[i]) ?? 0.5),
        ...(conformal && { set: answers(predictionSet(conformal, decided[i])) }),
        ...(args.explain && { explanation: explanations![i] }),
      };
    });
  }
}

function explainerOf(loaded: LoadedModel, run: string): RunExplainer {
  const { texts } = loaded.stored;
  if (!texts?.descriptors || !loaded.model.explain)
    throw new InputError(
      'expected a run that knows the observations of its labels with --explain and --zero-shot (model aligned, prompts encoded by the run itself), got another; train it again',
      { file: run },
    );
  return new RunExplainer(loaded);
}

/** Draws the map of one label of a run over an image. */
function mapDrawer(
  args: Flags,
  place: string,
  { model, stored }: LoadedModel,
): (image: string, batch: ModelBatch, labels: Record<string, ToldLabel>) => Promise<DrawnMapFile> {
  const kinds = mapKindsOf(model);
  const { mapKind = 'occlusion' } = args;
  if (!kinds.includes(mapKind))
    throw new InputError(`expected --map-kind of ${kinds.join(', ')}, which this run has, got ${mapKind}`);
  const trained = stored.graph.labels;
  const write = mapWriter({ ...args, mapKind }, place, trained);
  return async (image, batch, labels) =>
    write(image, labels, await windowOf(image, stored.input, stored.config), async (label) => {
      const { grid, maps } = await labelMaps(model, batch, mapKind, [trained.indexOf(label)]);
      return { grid, values: maps[0] };
    });
}

async function pairTeller(args: Flags): Promise<Teller> {
  const { encoder, textEncoder, graph: choice = 'chexpert-14', zeroShot, explain, mapKind = 'similarity' } = args;
  if (!zeroShot || !encoder || !textEncoder)
    throw new InputError(
      'expected --run RUN, or --zero-shot with --encoder DIR and --text-encoder DIR that share a space; got neither',
    );
  if (mapKind !== 'similarity')
    throw new InputError(`expected --map-kind similarity without --run, got ${mapKind}: a pair has no other map`);
  await startAsked(args);
  const graph = loadGraph(choice);
  const { images, explainer } = await openPair({ encoder, textEncoder }, graph);
  const draw = args.map === undefined ? undefined : mapWriter({ ...args, mapKind }, args.map, graph.labels);
  if (draw && images.map?.dim !== images.dim)
    throw new InputError(
      `expected an encoder whose places are in the space of the texts (${images.dim} numbers) with --map, got ${images.map ? `places of ${images.map.dim}` : 'one without places'}`,
    );
  return {
    tell: async (image) => {
      const features = await images.encode(
        [await decodeImage(image, images.preprocessing)],
        draw ? ['pooled', 'map'] : ['pooled'],
      );
      const [explanations] = explainer.explain(features.pooled!);
      const labels = byPrompts(graph, explanations, explain);
      if (!draw) return { labels };
      const window = visibleWindow(await imageSize(image), images.preprocessing);
      const map = await draw(image, labels, window, async (label) => ({
        grid: images.map!.grid,
        values: explainer.places(features.map!, graph.labels.indexOf(label)).map((value) => Math.max(0, value)),
      }));
      return { labels, map };
    },
    dispose: () => images.dispose(),
  };
}

/** Labels told by the prompts of their observations: present where that is more probable than absent. */
function byPrompts(
  graph: LabelGraph,
  explanations: readonly Explanation[],
  isExplained: boolean,
): Record<string, ToldLabel> {
  const probabilities = explainedProbabilities(explanations, graph);
  return labelled(graph, (i) => ({
    probability: rounded(probabilities[i]),
    positive: probabilities[i] > explanations[i].absent,
    ...(isExplained && { explanation: explanations[i] }),
  }));
}

function labelled(graph: LabelGraph, tell: (label: number) => ToldLabel): Record<string, ToldLabel> {
  return Object.fromEntries(graph.labels.map((label, i) => [label, tell(i)]));
}

function rounded(probability: number): number {
  return Number(probability.toFixed(6));
}

/** The answers that a conformal set holds. */
function answers({ present, absent }: { present: boolean; absent: boolean }): string[] {
  return [...(present ? ['present'] : []), ...(absent ? ['absent'] : [])];
}
