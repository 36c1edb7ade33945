import { join } from 'node:path';
import {
  centredUnits,
  labelWorths,
  patientNumbers,
  pickByValue,
  pickRepresentatives,
  sampleFeatures,
} from '@cxr-align/curation';
import { readDataset, selectSamples } from '@cxr-align/datasets';
import { fitLogistic, headDefaults, rowsOf, type FittedHead } from '@cxr-align/heads';
import { auroc, meanDefined, percentileInterval } from '@cxr-align/metrics';
import { probabilitiesOf } from '@cxr-align/evaluation';
import { RandomStream } from '@cxr-align/random';

export interface NextRequest {
  /** Folder of the data sets, and of their feature stores. */
  data: string;
  stores: string;
  sets: readonly string[];
  draws: number;
  /** Images of the training split, drawn at random where there are more. */
  images: number;
}

const strategies = ['random', 'representatives', 'uncertain'] as const;
type Strategy = (typeof strategies)[number];

type Range = [number, number];

/** One way of choosing on one set. */
export interface NextRow {
  set: string;
  strategy: Strategy;
  budgets: number[];
  /** Mean macro AUROC on the validation split at each budget, over the draws. */
  auroc: number[];
  /** Mean difference to random choice at each budget, and the interval of its mean over the draws. */
  difference: { mean: number; interval: Range }[];
  /** Labels for the AUROC that random choice reaches at the largest budget; Infinity where it is not reached. */
  needed: number;
  /** Of resamples of the draws. */
  neededInterval: Range;
}

const largest = 256;
/** The same for all, so that only the choice differs. */
const penalty = 0.003;

/** Labels images of the training split in the order of each strategy, and evaluates a logistic regression on the validation split. */
export async function benchNext({ data, stores, sets, draws, images }: NextRequest): Promise<NextRow[]> {
  const rows: NextRow[] = [];
  for (const set of sets) {
    const problem = await openSet(join(data, set), join(stores, set), images);
    const budgets = [16, 32, 64, 128, largest].filter((budget) => budget <= problem.training.length);
    const curves = Object.fromEntries(
      strategies.map((strategy) => [
        strategy,
        Array.from({ length: draws }, (_, draw) => {
          console.error(`${set}, ${strategy}, draw ${draw + 1} of ${draws}`);
          return curveOf(problem, strategy, { budgets, draw });
        }),
      ]),
    ) as Record<Strategy, number[][]>;
    for (const strategy of strategies) rows.push({ set, strategy, budgets, ...summary(curves, strategy, budgets) });
  }
  return rows;
}

type OpenSet = Awaited<ReturnType<typeof openSet>>;

async function openSet(path: string, store: string, most: number) {
  const whole = await readDataset(path);
  const order = new RandomStream({ seed: 0, purpose: 'bench/next' }).permutation(whole.samples.length);
  const train = [...order].filter((row) => whole.samples[row].split === 'train').slice(0, most);
  const val = whole.samples.flatMap(({ split }, row) => (split === 'val' ? [row] : []));
  const dataset = selectSamples(whole, [...train, ...val]);
  const { features, rows } = sampleFeatures(store, dataset.samples);
  if (rows.length < dataset.samples.length) throw new Error(`${store} lacks images of ${path}`);
  const { labels, values } = dataset.annotations;
  return {
    labels,
    features,
    units: { columns: features.columns, data: centredUnits(features) },
    targets: Float64Array.from(values, (value) => (value === 0 || value === 1 ? value : NaN)),
    groups: patientNumbers(dataset.samples),
    training: train.map((_, at) => at),
    validation: val.map((_, at) => train.length + at),
  };
}

function curveOf(
  problem: OpenSet,
  strategy: Strategy,
  { budgets, draw }: { budgets: number[]; draw: number },
): number[] {
  const { units, training, groups } = problem;
  const patients = new Set(training.map((row) => groups[row])).size;
  const order = new RandomStream({ seed: draw, purpose: 'bench/next/order' }).permutation(training.length);
  let chosen: number[] = [];
  let head: FittedHead | undefined;
  return budgets.map((budget) => {
    const count = budget - chosen.length;
    // Twice the fair share, where patients have few images each.
    const perPatient = Math.ceil((2 * budget) / patients);
    const isLabelled = new Set(chosen);
    const pick = { units, groups, count, perPatient, candidates: training.filter((row) => !isLabelled.has(row)) };
    if (strategy === 'random') chosen = [...order.slice(0, budget)].map((at) => training[at]);
    else if (strategy === 'representatives')
      chosen = pickRepresentatives({ ...pick, candidates: training, count: budget, seed: draw }).map(({ row }) => row);
    else if (!head) chosen = pickRepresentatives({ ...pick, seed: draw }).map(({ row }) => row);
    else {
      const worths = worthsOf(problem, chosen, head);
      const worth = (row: number): number => worths[row];
      chosen = [...chosen, ...pickByValue({ ...pick, known: chosen, worth }).map(({ row }) => row)];
    }
    head = fit(problem, chosen);
    return scoreOf(problem, head);
  });
}

function fit({ labels, features, targets, groups }: OpenSet, rows: readonly number[]): FittedHead {
  const n = labels.length;
  return fitLogistic(
    {
      labels,
      features: rowsOf(features, rows),
      targets: rows.flatMap((row) => [...targets.subarray(row * n, (row + 1) * n)]),
      groups: rows.map((row) => groups[row]),
      seed: 0,
    },
    { ...headDefaults, penalty },
  );
}

function worthsOf({ labels, features, targets }: OpenSet, chosen: readonly number[], head: FittedHead): Float64Array {
  const n = labels.length;
  const positives = labels.map((_, label) => chosen.filter((row) => targets[row * n + label] === 1).length);
  return labelWorths(probabilitiesOf(head.scores({ pooled: features })), positives);
}

function scoreOf({ labels, features, targets, validation }: OpenSet, head: FittedHead): number {
  const n = labels.length;
  const scores = head.scores({ pooled: rowsOf(features, validation) });
  return meanDefined(
    labels.map((_, label) =>
      auroc(
        validation.map((row) => targets[row * n + label]),
        validation.map((__, at) => scores[at * n + label]),
      ),
    ),
  );
}

function summary(
  curves: Record<Strategy, number[][]>,
  strategy: Strategy,
  budgets: readonly number[],
): Omit<NextRow, 'set' | 'strategy' | 'budgets'> {
  const own = curves[strategy];
  const draws = own.map((_, draw) => draw);
  const meanCurve = (of: readonly number[][], drawn: readonly number[]): number[] =>
    budgets.map((_, at) => drawn.reduce((sum, draw) => sum + of[draw][at], 0) / drawn.length);
  const neededOf = (drawn: readonly number[]): number =>
    crossing(budgets, meanCurve(own, drawn), meanCurve(curves.random, drawn).at(-1)!);
  const random = new RandomStream({ seed: 0, purpose: 'bench/next/resamples' });
  const resamples = Array.from({ length: 1000 }, () => draws.map(() => random.integer(draws.length)));
  return {
    auroc: meanCurve(own, draws),
    difference: budgets.map((_, at) => {
      const differences = own.map((curve, draw) => curve[at] - curves.random[draw][at]);
      const mean = (drawn: readonly number[]): number =>
        drawn.reduce((sum, draw) => sum + differences[draw], 0) / drawn.length;
      return { mean: mean(draws), interval: percentileInterval(resamples.map(mean)) };
    }),
    needed: neededOf(draws),
    neededInterval: rangeOf(resamples.map(neededOf)),
  };
}

/** The middle 95 %; infinite numbers are kept. */
function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[Math.floor(0.025 * sorted.length)], sorted[Math.ceil(0.975 * sorted.length) - 1]];
}

/** Where a curve reaches a value first, interpolated over the logarithm of the labels. */
function crossing(budgets: readonly number[], curve: readonly number[], target: number): number {
  const at = curve.findIndex((value) => value >= target - 1e-12);
  if (at < 0) return Infinity;
  if (at === 0) return budgets[0];
  const share = (target - curve[at - 1]) / (curve[at] - curve[at - 1]);
  return budgets[at - 1] * (budgets[at] / budgets[at - 1]) ** share;
}

/** A table for the documentation. */
export function nextBenchText(rows: readonly NextRow[]): string {
  const labels = (value: number, most: number): string => (value === Infinity ? `over ${most}` : value.toFixed(0));
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  return [
    '| set | choice | labels needed (95 %) | AUROC at 16, 32, 64, 128, 256 labels | difference to random at 64 labels (95 %) |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(({ set, strategy, budgets, auroc: scores, difference, needed, neededInterval }) => {
      const most = budgets.at(-1)!;
      const { mean, interval } = difference[budgets.indexOf(64)];
      const range = neededInterval.map((value) => labels(value, most)).join(' to ');
      const compared = strategy === 'random' ? '–' : `${signed(mean)} (${interval.map(signed).join(' to ')})`;
      return `| ${set} | ${strategy} | ${labels(needed, most)} (${range}) | ${scores.map((score) => score.toFixed(3)).join(', ')} | ${compared} |`;
    }),
  ].join('\n');
}
