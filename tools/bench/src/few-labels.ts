import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterRows, forEachResample, percentileInterval, RankedScores } from '@cxr-align/metrics';
import { RandomStream } from '@cxr-align/random';
import { readPredictions } from '@cxr-align/training';
import { runProgram } from './run-program.js';

/** What is trained: a name of the table, and arguments of `train`. */
export interface FewLabelsModel {
  name: string;
  train: readonly string[];
}

export interface FewLabelsRequest {
  /** Folders of data sets, each with the feature store of the same name in `stores`. */
  data: readonly string[];
  stores: string;
  /** Training images, drawn in whole patients; 0: all. */
  counts: readonly number[];
  draws: number;
  models: readonly FewLabelsModel[];
  /** Arguments that every training has, such as the engine. */
  train: readonly string[];
  /** What was computed is kept here, and not computed again. */
  out: string;
  /** The model that the others are compared with. */
  baseline: string;
}

type Range = [number, number];

/** One model with one number of training images: means over draws, with intervals over draws and patients. */
export interface FewLabelsResult {
  data: string;
  /** 0: all. */
  count: number;
  model: string;
  draws: number;
  auroc: number;
  aurocCi: Range;
  /** To the baseline, on the same draws; of the baseline none. */
  difference: number | null;
  differenceCi: Range | null;
}

/** Scores of one training for the images of the evaluated split. */
interface Cell {
  labels: string[];
  patients: string[];
  targets: number[];
  scores: number[];
}

const bin = fileURLToPath(new URL('../../../apps/trainer/bin/cxr-align.js', import.meta.url));
const resamples = 1000;

/**
 * Trains each model on few images, drawn in whole patients, without a validation split, and scores it on the validation split, which
 * has chosen nothing then. The draws are those of the seed: all models have the same images.
 */
export async function benchFewLabels(request: FewLabelsRequest): Promise<FewLabelsResult[]> {
  const { data, counts, models, baseline } = request;
  if (!models.some(({ name }) => name === baseline))
    throw new Error(`expected the baseline ${baseline} among the models`);
  const results: FewLabelsResult[] = [];
  for (const set of data)
    for (const count of counts) {
      // With all images there is one draw: seeds differ in what is random in training.
      const cells = new Map<string, Cell[]>();
      for (const model of models) {
        const own: Cell[] = [];
        for (let seed = 0; seed < request.draws; seed++) own.push(await cellOf(request, { set, count, model, seed }));
        cells.set(model.name, own);
      }
      results.push(...compared(basename(set), count, { cells, baseline }));
    }
  return results;
}

async function cellOf(
  { stores, train, out }: FewLabelsRequest,
  { set, count, model, seed }: { set: string; count: number; model: FewLabelsModel; seed: number },
): Promise<Cell> {
  const name = [basename(set), model.name, count === 0 ? 'all' : count, seed].join('-').replaceAll(/[^\w.-]/g, '_');
  const file = join(out, `${name}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Cell;
  mkdirSync(out, { recursive: true });
  const run = join(out, `${name}-run`);
  rmSync(run, { recursive: true, force: true });
  const drawn = count === 0 ? [] : ['--train-count', String(count)];
  const settings = ['--set', 'validation=none', '--set', 'bootstrap=0', '--split', 'val', '--seed', String(seed)];
  const features = ['--data', set, '--features', join(stores, basename(set))];
  runProgram(process.execPath, [
    bin,
    'train',
    ...features,
    '--out',
    run,
    ...drawn,
    ...settings,
    ...train,
    ...model.train,
  ]);
  const predictions = await readPredictions(run);
  const cell: Cell = {
    labels: [...predictions.labels],
    patients: predictions.samples.map(({ patient }) => patient),
    targets: [...predictions.targets].map((value) => (Number.isNaN(value) ? -1 : value)),
    scores: [...(predictions.scores ?? predictions.probabilities)],
  };
  writeFileSync(file, JSON.stringify(cell));
  rmSync(run, { recursive: true, force: true });
  console.error(name);
  return cell;
}

/** Means over draws, and their intervals: patients and draws are drawn with replacement, the same for all models. */
function compared(
  data: string,
  count: number,
  { cells, baseline }: { cells: ReadonlyMap<string, Cell[]>; baseline: string },
): FewLabelsResult[] {
  const names = [...cells.keys()];
  const draws = cells.get(baseline)!.length;
  const scorers = new Map(names.map((name) => [name, cells.get(name)!.map(macroAuroc)]));
  const point = (name: string): number => mean(scorers.get(name)!.map((score) => score()));
  const drawn = new Map(names.map((name): [string, number[]] => [name, []]));
  const random = new RandomStream({ seed: 0, purpose: 'few-labels' });
  forEachResample(clusterRows(cells.get(baseline)![0].patients), { resamples }, (weights) => {
    const chosen = Array.from({ length: draws }, () => random.integer(draws));
    for (const name of names) drawn.get(name)!.push(mean(chosen.map((draw) => scorers.get(name)![draw](weights))));
  });
  const interval = (values: readonly number[]): Range => percentileInterval(values.filter(Number.isFinite));
  return names.map((model) => {
    const isBaseline = model === baseline;
    return {
      data,
      count,
      model,
      draws,
      auroc: point(model),
      aurocCi: interval(drawn.get(model)!),
      difference: isBaseline ? null : point(model) - point(baseline),
      differenceCi: isBaseline ? null : interval(drawn.get(model)!.map((value, i) => value - drawn.get(baseline)![i])),
    };
  });
}

/** The mean AUROC over the labels that have both classes, in a resample or in all. */
function macroAuroc({ labels, targets, scores }: Cell): (weights?: Int32Array) => number {
  const ranked = labels.map((_, label) => {
    const column = (values: readonly number[]): number[] => values.filter((__, i) => i % labels.length === label);
    const truth = column(targets).map((value) => (value < 0 ? NaN : value));
    return new RankedScores(truth, column(scores));
  });
  return (weights) => mean(ranked.map((one) => one.auroc(weights)).filter(Number.isFinite));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A table for the documentation. */
export function fewLabelsText(results: readonly FewLabelsResult[]): string {
  const number = (value: number): string => value.toFixed(3);
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const lines = results.map(({ data, count, model, draws, auroc, aurocCi, difference, differenceCi }) => {
    const [low, high] = differenceCi ?? [NaN, NaN];
    const isSure = low > 0 || high < 0;
    const text = difference === null ? '' : `${signed(difference)} (${signed(low)} to ${signed(high)})`;
    return `| ${data} | ${count === 0 ? 'all' : count} | ${model} | ${number(auroc)} (${aurocCi.map(number).join(' to ')}) | ${isSure ? `**${text}**` : text} | ${draws} |`;
  });
  return [
    '| data | training images | model | macro AUROC, 95 % over draws and patients | to the baseline, on the same draws | draws |',
    '| --- | --: | --- | --: | --: | --: |',
    ...lines,
  ].join('\n');
}
