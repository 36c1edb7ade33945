import type { Sample } from '@cxr-align/datasets';
import {
  bootstrapModels,
  bootstrapP,
  clusterRows,
  meanDefined,
  percentileInterval,
  RankedScores,
} from '@cxr-align/metrics';
import type { Evaluation, Interval } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';
import { type Predictions, columnOf, rankedValues } from './predictions.js';

type Metadata = Pick<Sample, 'sex' | 'age' | 'view'>;

/** A logistic regression on age, sex and view: what can be predicted without the image. */
export interface MetadataBaseline {
  /** The attributes that it uses. */
  features: string[];
  age: { mean: number; std: number } | null;
  hasSex: boolean;
  /** Views with an indicator of their own. */
  views: string[];
  /** For each label the coefficients, the constant first; null where a class was missing. */
  coefficients: (number[] | null)[];
}

/**
 * Fits the baseline on training samples; null where neither age, sex nor view is known of any.
 *
 * @param targets [samples, labels] row by row: 1, 0, in between, NaN.
 */
export function fitMetadataBaseline(
  samples: readonly Metadata[],
  targets: ArrayLike<number>,
  labels: number,
): MetadataBaseline | null {
  const ages = samples.flatMap(({ age }) => age ?? []);
  const mean = ages.reduce((sum, age) => sum + age, 0) / ages.length;
  const std = Math.sqrt(ages.reduce((sum, age) => sum + (age - mean) ** 2, 0) / ages.length);
  const counts = new Map<string, number>();
  for (const { view } of samples) if (view !== undefined) counts.set(view, (counts.get(view) ?? 0) + 1);
  const views = [...counts]
    .filter(([, count]) => count >= 5 && count < samples.length)
    .map(([view]) => view)
    .sort();
  const shape = {
    age: std > 0 ? { mean, std } : null,
    hasSex: new Set(samples.map(({ sex }) => sex)).size > 1,
    views,
  };
  const features = [shape.age && 'age', shape.hasSex && 'sex', views.length > 0 && 'view'].filter(
    (name): name is string => typeof name === 'string',
  );
  if (features.length === 0) return null;
  const rows = samples.map((sample) => encode(sample, shape));
  const coefficients = Array.from({ length: labels }, (_, label) => {
    const y = columnOf(targets, labels, label);
    const known = rows.flatMap((row, i) => (Number.isNaN(y[i]) ? [] : [{ row, target: y[i] }]));
    const hasBoth = known.some(({ target }) => target > 0.5) && known.some(({ target }) => target < 0.5);
    return hasBoth
      ? ridgeLogistic(
          known.map(({ row }) => row),
          known.map(({ target }) => target),
        )
      : null;
  });
  return { features, ...shape, coefficients };
}

/** Scores of the baseline, [samples, labels] row by row; NaN for labels that it could not be fitted for. */
export function metadataScores(baseline: MetadataBaseline, samples: readonly Metadata[]): Float64Array {
  const n = baseline.coefficients.length;
  const scores = new Float64Array(samples.length * n);
  samples.forEach((sample, row) => {
    const x = encode(sample, baseline);
    baseline.coefficients.forEach((weights, label) => {
      scores[row * n + label] = weights ? dot(weights, x) : NaN;
    });
  });
  return scores;
}

/** The model beside the baseline, on the labels that both have a score for; paired, by patient. */
export function compareWithMetadata(
  predictions: Predictions,
  baseline: MetadataBaseline,
  metadata: readonly Metadata[],
  resamples: number,
): NonNullable<Evaluation['metadataBaseline']> {
  const { labels, samples, targets } = predictions;
  const n = labels.length;
  const scores = metadataScores(baseline, metadata);
  const both = labels.flatMap((_, i) => (baseline.coefficients[i] ? [i] : []));
  const rank = (values: ArrayLike<number>): RankedScores[] =>
    both.map((i) => new RankedScores(columnOf(targets, n, i), columnOf(values, n, i)));
  const [model, other] = [rank(rankedValues(predictions)), rank(scores)];
  const macro = (ranked: readonly RankedScores[]): number => meanDefined(ranked.map((one) => one.auroc()));
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const resampled = resamples > 0 ? bootstrapModels([model, other], clusters, { resamples }) : undefined;
  const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, resample) => value - b[resample]);
  const intervalOf = (values: Float64Array | undefined): Interval =>
    values ? (percentileInterval(values).map(orNull) as Interval) : [null, null];
  const differences = resampled && minus(resampled[0].auroc.macro, resampled[1].auroc.macro);
  const differenceCi = intervalOf(differences);
  const byLabel = both.map((label, i) => {
    const auroc = other[i].auroc();
    const ci = intervalOf(resampled && minus(resampled[0].auroc.byLabel[i], resampled[1].auroc.byLabel[i]));
    return [
      labels[label],
      { auroc: orNull(auroc), difference: orNull(model[i].auroc() - auroc), differenceCi: ci },
    ] as const;
  });
  return {
    features: baseline.features,
    auroc: orNull(macro(other)),
    difference: orNull(macro(model) - macro(other)),
    differenceCi,
    p: differences ? orNull(bootstrapP(differences)) : null,
    labels: Object.fromEntries(byLabel),
    outperformsBaseline: differenceCi[0] === null ? null : differenceCi[0] > 0,
  };
}

function encode({ age, sex, view }: Metadata, shape: Pick<MetadataBaseline, 'age' | 'hasSex' | 'views'>): number[] {
  const x = [1];
  if (shape.age) {
    const scaled = age === undefined ? 0 : (age - shape.age.mean) / shape.age.std;
    x.push(scaled, scaled * scaled, age === undefined ? 1 : 0);
  }
  if (shape.hasSex) x.push(sex === 'F' ? 1 : 0, sex === undefined ? 1 : 0);
  for (const known of shape.views) x.push(view === known ? 1 : 0);
  return x;
}

/** Logistic regression with a penalty of ½ |w|² on all but the constant, by Newton's method. */
function ridgeLogistic(rows: readonly number[][], targets: readonly number[]): number[] {
  const width = rows[0].length;
  let weights = new Array<number>(width).fill(0);
  for (let round = 0; round < 50; round++) {
    const gradient = weights.map((weight, i) => (i === 0 ? 0 : weight));
    const curvature = weights.map((_, i) => weights.map((__, j) => (i === j ? (i === 0 ? 1e-6 : 1) : 0)));
    rows.forEach((x, row) => {
      const p = 1 / (1 + Math.exp(-dot(weights, x)));
      for (let i = 0; i < width; i++) {
        gradient[i] += (p - targets[row]) * x[i];
        for (let j = 0; j < width; j++) curvature[i][j] += p * (1 - p) * x[i] * x[j];
      }
    });
    const step = solve(curvature, gradient);
    weights = weights.map((weight, i) => weight - step[i]);
    if (Math.max(...step.map(Math.abs)) < 1e-9) break;
  }
  return weights;
}

/** Solves a small system by elimination with pivots. */
function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++)
      if (Math.abs(rows[row][column]) > Math.abs(rows[pivot][column])) pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const factor = rows[row][column] / rows[column][column];
      for (let k = column; k <= n; k++) rows[row][k] -= factor * rows[column][k];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
