import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  ancestorsIn,
  findSuspects,
  nearImages,
  outOfFold,
  patientNumbers,
  sampleFeatures,
  scoreAnnotations,
} from '@cxr-align/curation';
import { readDataset, selectSamples, type Dataset } from '@cxr-align/datasets';
import { auroc } from '@cxr-align/metrics';
import { RandomStream } from '@cxr-align/random';
import { graphFor } from '@cxr-align/training';
import { hasModules, pythons, pythonScript } from './run-program.js';

/** The sets on which labels are flipped. */
export interface SuspectsRequest {
  /** Folder of the data sets, and of their feature stores. */
  data: string;
  stores: string;
  sets: readonly string[];
  draws: number;
  /** Images of a set, drawn at random where there are more. */
  images: number;
}

/** How labels are flipped. */
type Flips = 'random' | 'pairs';

/** AUROC of the detection of flipped annotations, and precision at as many as were flipped. */
interface Detection {
  auroc: number;
  precision: number;
}

/** Means over the draws. */
export interface SuspectsRow {
  set: string;
  flips: Flips;
  images: number;
  flipped: number;
  annotations: number;
  ours: Detection;
  /** Confident learning's self-confidence alone, on the same probabilities. */
  model: Detection;
  /** cleanlab's default score, and its score adjusted by the thresholds; null where no Python has it. */
  cleanlab: Detection | null;
  adjusted: Detection | null;
  /** Draws in which ours is at least cleanlab's default by AUROC, and by precision. */
  atLeast: [auroc: number, precision: number] | null;
}

/** What is found in the sets as they are. */
export interface FoundRow {
  set: string;
  annotations: number;
  suspects: number;
  kinds: Record<string, number>;
  estimatedErrors: number;
}

export interface SuspectsResult {
  share: number;
  draws: number;
  rows: SuspectsRow[];
  found: FoundRow[];
}

/** Share of annotations (random), or of images (pairs), that are flipped. */
const share = 0.05;

/** Flips 5 % of the labels of each set, and measures how well the flipped ones are found, beside cleanlab on the same probabilities. */
export async function benchSuspects({ data, stores, sets, draws, images }: SuspectsRequest): Promise<SuspectsResult> {
  const python = pythons().find((one) => hasModules(one, ['cleanlab']));
  const rows: SuspectsRow[] = [];
  const found: FoundRow[] = [];
  for (const set of sets) {
    const problem = await openSet(join(data, set), join(stores, set), images);
    for (const flips of ['random', 'pairs'] as const) {
      const measured = Array.from({ length: draws }, (_, draw) => {
        console.error(`${set}, ${flips}, draw ${draw + 1} of ${draws}`);
        return measureDraw(problem, flips, { draw, python });
      }).filter((one) => one !== null);
      if (measured.length > 0) rows.push({ set, flips, images: problem.dataset.samples.length, ...meanOf(measured) });
    }
    const { suspects, annotations, kinds, labels } = await findSuspects({
      data: { dataset: problem.dataset },
      features: join(stores, set),
      checkImages: true,
    });
    const estimatedErrors = Object.values(labels).reduce((sum, one) => sum + (one.estimatedErrors ?? 0), 0);
    found.push({ set, annotations, suspects: suspects.length, kinds, estimatedErrors });
  }
  return { share, draws, rows, found };
}

type OpenSet = Awaited<ReturnType<typeof openSet>>;

async function openSet(path: string, store: string, images: number) {
  const whole = await readDataset(path);
  // What is kept back stays so.
  const rows = whole.samples.flatMap(({ split }, row) => (split === 'test' ? [] : [row]));
  const order = new RandomStream({ seed: 0, purpose: 'bench/suspects' }).permutation(rows.length);
  const chosen = rows.length <= images ? rows : [...order.slice(0, images)].map((at) => rows[at]).sort((a, b) => a - b);
  const dataset: Dataset = selectSamples(whole, chosen);
  const { features, rows: stored } = sampleFeatures(store, dataset.samples);
  if (stored.length < dataset.samples.length) throw new Error(`${store} lacks images of ${path}`);
  const groups = patientNumbers(dataset.samples);
  const near = nearImages(features, { groups, count: 10, seed: 0 });
  const graph = graphFor('auto', dataset);
  const { labels } = dataset.annotations;
  return { dataset, features, groups, near, graph, labels, ancestors: ancestorsIn(labels, graph) };
}

interface Measured {
  flipped: number;
  annotations: number;
  ours: Detection;
  model: Detection;
  cleanlab: Detection | null;
  adjusted: Detection | null;
}

function measureDraw(
  { dataset, features, groups, near, labels, ancestors, graph }: OpenSet,
  flips: Flips,
  { draw, python }: { draw: number; python?: string },
): Measured | null {
  const { values } = dataset.annotations;
  const random = new RandomStream({ seed: draw, purpose: `bench/suspects/${flips}` });
  const targets = Float64Array.from(values, (value) => (value === 0 || value === 1 ? value : NaN));
  const places =
    flips === 'random' ? randomPlaces(targets, random) : pairPlaces(targets, labels.length, { graph, labels, random });
  if (places.length === 0) return null;
  const isFlipped = new Uint8Array(targets.length);
  for (const at of places) {
    targets[at] = 1 - targets[at];
    isFlipped[at] = 1;
  }
  const { probabilities } = outOfFold({ labels, features, targets, groups, folds: 5, seed: draw });
  const { suspicion, confident } = scoreAnnotations({ labels, targets, probabilities, near, ancestors });
  const n = labels.length;
  const peers = python === undefined ? null : cleanlabScores(python, { targets, probabilities, n });
  const detect = (score: (at: number) => number): Detection => detection(targets, isFlipped, score);
  return {
    flipped: places.length,
    annotations: targets.filter((target) => !Number.isNaN(target)).length,
    ours: detect((at) => suspicion[at]),
    model: detect((at) => -confident[at % n].quality[Math.floor(at / n)]),
    cleanlab: peers && detect((at) => -peers.quality[at]),
    adjusted: peers && detect((at) => -peers.adjusted[at]),
  };
}

function randomPlaces(targets: Float64Array, random: RandomStream): number[] {
  const known = [...targets.keys()].filter((at) => !Number.isNaN(targets[at]));
  return [...random.permutation(known.length).slice(0, Math.round(share * known.length))].map((at) => known[at]);
}

/** Both labels of a pair in 5 % of the images: siblings in the hierarchy, or labels that come together in 5 images or more. */
function pairPlaces(
  targets: Float64Array,
  n: number,
  { graph, labels, random }: Pick<OpenSet, 'graph' | 'labels'> & { random: RandomStream },
): number[] {
  const images = targets.length / n;
  const together = (a: number, b: number): number => {
    let count = 0;
    for (let start = 0; start < targets.length; start += n)
      if (targets[start + a] === 1 && targets[start + b] === 1) count++;
    return count;
  };
  const pairs = labels.flatMap((a, i) =>
    labels.slice(i + 1).flatMap((b, k): [number, number][] => {
      const j = i + 1 + k;
      if (graph.ancestors(a).includes(b) || graph.ancestors(b).includes(a)) return [];
      const areSiblings = graph
        .labelEdges()
        .some(({ parent }) => graph.parents(a).includes(parent) && graph.parents(b).includes(parent));
      return areSiblings || together(i, j) >= 5 ? [[i, j]] : [];
    }),
  );
  const swaps = pairs.flatMap(([a, b]) =>
    Array.from({ length: images }, (_, image) => image).flatMap((image) =>
      targets[image * n + a] + targets[image * n + b] === 1 ? [[image, a, b]] : [],
    ),
  );
  const used = new Set<number>();
  const places: number[] = [];
  for (const at of random.permutation(swaps.length)) {
    const [image, a, b] = swaps[at];
    if (used.size >= Math.round(share * images)) break;
    if (used.has(image)) continue;
    used.add(image);
    places.push(image * n + a, image * n + b);
  }
  return places;
}

function detection(targets: Float64Array, isFlipped: Uint8Array, score: (at: number) => number): Detection {
  const places = [...targets.keys()].filter((at) => !Number.isNaN(targets[at]));
  const scores = places.map(score);
  const truth = places.map((at) => isFlipped[at]);
  const flipped = truth.reduce((sum, one) => sum + one, 0);
  const order = [...places.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  const right = order.slice(0, flipped).reduce((sum, at) => sum + truth[at], 0);
  return { auroc: auroc(truth, scores), precision: right / flipped };
}

function cleanlabScores(
  python: string,
  { targets, probabilities, n }: { targets: Float64Array; probabilities: Float64Array; n: number },
): { quality: Float64Array; adjusted: Float64Array } {
  const rows = Array.from({ length: n }, (_, label) =>
    [...targets.keys()].filter((at) => at % n === label && !Number.isNaN(targets[at])),
  );
  const input = rows.map((own) => ({
    targets: own.map((at) => targets[at]),
    probabilities: own.map((at) => probabilities[at]),
  }));
  const { status, stdout, stderr } = spawnSync(python, [pythonScript('cleanlab_scores.py')], {
    input: JSON.stringify(input.filter(({ targets: own }) => own.length > 0)),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr.slice(-2000));
  const answers = JSON.parse(stdout) as { quality: number[]; adjusted: number[] }[];
  const quality = new Float64Array(targets.length).fill(NaN);
  const adjusted = quality.slice();
  rows
    .filter((own) => own.length > 0)
    .forEach((own, i) =>
      own.forEach((at, row) => {
        quality[at] = answers[i].quality[row];
        adjusted[at] = answers[i].adjusted[row];
      }),
    );
  return { quality, adjusted };
}

function meanOf(draws: readonly Measured[]): Omit<SuspectsRow, 'set' | 'flips' | 'images'> {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const of = (key: 'ours' | 'model' | 'cleanlab' | 'adjusted'): Detection | null => {
    const found = draws.map((one) => one[key]).filter((one) => one !== null);
    if (found.length < draws.length) return null;
    return { auroc: mean(found.map((one) => one.auroc)), precision: mean(found.map((one) => one.precision)) };
  };
  const wins = (key: keyof Detection): number =>
    draws.filter(({ ours, cleanlab }) => cleanlab !== null && ours[key] >= cleanlab[key]).length;
  return {
    flipped: Math.round(mean(draws.map(({ flipped }) => flipped))),
    annotations: draws[0].annotations,
    ours: of('ours')!,
    model: of('model')!,
    cleanlab: of('cleanlab'),
    adjusted: of('adjusted'),
    atLeast: of('cleanlab') && [wins('auroc'), wins('precision')],
  };
}

/** Tables for the documentation. */
export function suspectsText({ draws, rows, found }: SuspectsResult): string {
  const cell = (one: Detection | null): string => (one ? `${one.auroc.toFixed(3)}, ${one.precision.toFixed(3)}` : '–');
  return [
    `AUROC of detection, precision at the number flipped; means of ${draws} draws`,
    '',
    '| set | flipped | of annotations | data suspects | self-confidence alone | cleanlab | cleanlab, adjusted | draws in which data suspects is not below cleanlab |',
    '| --- | ---: | ---: | --- | --- | --- | --- | --- |',
    ...rows.map(
      (row) =>
        `| ${row.set}, ${row.flips === 'random' ? 'at random' : 'pairs exchanged'} | ${row.flipped} | ${row.annotations} | ${cell(row.ours)} | ${cell(row.model)} | ${cell(row.cleanlab)} | ${cell(row.adjusted)} | ${row.atLeast ? row.atLeast.join(', ') : '–'} |`,
    ),
    '',
    '| set | annotations | suspects | contradicts the hierarchy | same image, other label | model disagrees | similar images disagree | estimated errors |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...found.map(
      ({ set, annotations, suspects, kinds, estimatedErrors }) =>
        `| ${set} | ${annotations} | ${suspects} | ${kinds.hierarchy} | ${kinds.duplicate} | ${kinds.model} | ${kinds.neighbours} | ${estimatedErrors.toFixed(0)} |`,
    ),
  ].join('\n');
}
