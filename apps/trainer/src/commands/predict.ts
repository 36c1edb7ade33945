import { InputError } from '@cxr-align/files';
import { coherentProbabilities, labelSetNames, type LabelGraph } from '@cxr-align/label-graph';
import { predictionSet } from '@cxr-align/metrics';
import { decodeImage } from '@cxr-align/image-backbone';
import { calibratedProbabilities, toldProbabilities } from '../calibrated.js';
import { loadModel } from '../evaluate-run.js';
import { loadGraph } from '../label-knowledge.js';
import { orNull } from '../maybe-number.js';
import { explainedProbabilities, RunExplainer, type Explanation } from '../observations.js';
import { predictLogits } from '../predict-images.js';
import { openImageReader } from '../single-images.js';
import { openPair } from '../zero-shot-pair.js';
import { toldLabels } from '../zero-shot.js';
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
    default: 'chexpert-14',
    describe: `Without --run: the labels, ${labelSetNames.join(', ')}, or a file`,
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
} as const;

interface Flags {
  json: boolean;
  engine: Parameters<typeof startAsked>[0]['engine'];
  threads?: number;
  run?: string;
  encoder?: string;
  textEncoder?: string;
  graph: string;
  zeroShot: boolean;
  explain: boolean;
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
type Teller = { tell: (image: string) => Promise<Record<string, ToldLabel>>; dispose: () => Promise<void> };

/** `cxr-align predict`: a line of JSON for each image. */
export const predict: Command<unknown> = {
  command: 'predict <images..>',
  describe: 'Predict images: a line of JSON each',
  builder: (yargs) =>
    yargs.positional('images', { type: 'string', array: true, describe: 'PNG or JPEG files' }).options(flags),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { tell, dispose } = args.run === undefined ? await pairTeller(args) : await runTeller(args, args.run);
    let failed = 0;
    for (const image of args.images) {
      try {
        process.stdout.write(`${JSON.stringify({ image, labels: await tell(image) })}\n`);
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
  if (args.textEncoder !== undefined)
    throw new InputError('expected no --text-encoder with --run: its prompts are encoded already');
  await startAsked(args);
  const loaded = loadModel(run);
  const { model, stored, asked } = loaded;
  const { graph, thresholds, calibrations } = toldLabels(stored, asked);
  const explainer = args.explain || args.zeroShot ? explainerOf(loaded, run) : undefined;
  const reader = await openImageReader(stored, args.encoder);
  return {
    tell: async (image) => {
      const inputs = await reader.read(image);
      const batch = explainer && inputs.batch([0]);
      const explanations = batch && (await explainer.explain(batch));
      batch?.dispose();
      if (args.zeroShot) return byPrompts(graph, explanations!, args.explain);
      const own = calibratedProbabilities(await predictLogits(model, inputs, [0], { asked }), calibrations);
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
    },
    dispose: async () => {
      explainer?.dispose();
      loaded.dispose();
      await reader.dispose();
    },
  };
}

function explainerOf(loaded: ReturnType<typeof loadModel>, run: string): RunExplainer {
  const { texts } = loaded.stored;
  if (!texts?.descriptors || !loaded.model.explain)
    throw new InputError(
      'expected a run that knows the observations of its labels with --explain and --zero-shot (model aligned, prompts encoded by the run itself), got another; train it again',
      { file: run },
    );
  return new RunExplainer(loaded);
}

async function pairTeller({ encoder, textEncoder, graph: choice, zeroShot, explain }: Flags): Promise<Teller> {
  if (!zeroShot || !encoder || !textEncoder)
    throw new InputError(
      'expected --run RUN, or --zero-shot with --encoder DIR and --text-encoder DIR that share a space; got neither',
    );
  const graph = loadGraph(choice);
  const { images, explainer } = await openPair({ encoder, textEncoder }, graph);
  return {
    tell: async (image) => {
      const { pooled } = await images.encode([await decodeImage(image, images.preprocessing)]);
      const [explanations] = explainer.explain(pooled!);
      return byPrompts(graph, explanations, explain);
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
