import { sigmoid } from './binary-problem.js';
import { fitScaling, scaled } from './feature-scaling.js';
import type { FittedHead, HeadOptions, HeadProblem, HeadType } from './head.js';
import {
  constantLogit,
  constantRemarks,
  firstNumbers,
  hasBothClasses,
  labelRows,
  type LabelRows,
} from './label-rows.js';
import { linearHead, restoreLinear } from './linear-head.js';
import { addScaled, dot, times, type Matrix } from './matrix.js';
import { fitRidgeLogistic } from './ridge-logistic.js';
import { rowSpace } from './row-space.js';
import { imagesOf } from './sub-problem.js';

/** Cosines are divided by it: that of CLIP. */
const temperature = 0.01;

/**
 * Image and text centroids together, for encoders that share a space; both classes of each label, "X" and "no X". Features of length 1.
 *
 * `ss-text+` (no training):  c = t + (1/N) (1/λ) Σ_{i ∈ class} x_i / τ,  λ = 1/n of the class,  direction ĉ⁺ − ĉ⁻
 *
 * `lp++`:  w = v + α t of each class, cross entropy of the two, gradient descent from the image centroids with steps from the
 * curvature: 4N/λ_max(FᵀF) for v with momentum 0.9, N/(4 max_t Σ (x·t)²) for α every tenth of 300 steps, α₀ = 250 · mean cosine.
 *
 * Scale (0 or more) and offset of a label's score are those of a logistic regression on it alone.
 *
 * @throws {RangeError} if the problem has no texts.
 * @see Huang et al. 2024, LP++, arXiv:2404.02285; Silva-Rodríguez et al. 2025, SS-Text+, arXiv:2506.17500.
 */
export function fitTextCentroids(problem: HeadProblem, options: HeadOptions): FittedHead {
  const { labels, features, texts } = problem;
  if (!texts)
    throw new RangeError(
      'heads/text-centroids: expected texts of the labels in the space of the features, got none; use the two encoders of a dual encoder, or another head',
    );
  const scaling = fitScaling(features, 'unit');
  const rows = scaled(features, scaling);
  const dim = rows.columns;
  const images = firstNumbers(imagesOf(problem));
  const weights = new Float64Array(labels.length * dim);
  const bias = new Float64Array(labels.length);
  const isConstant: boolean[] = [];
  const largest = options.centroids === 'lp++' ? largestEigenvalue(rows) : 0;
  labels.forEach((_, label) => {
    const own = labelRows(problem, label, { balance: 'none', images });
    isConstant.push(!hasBothClasses(own));
    if (isConstant[label]) {
      bias[label] = constantLogit(own);
      return;
    }
    const text = [texts.present, texts.absent].map(({ data }) => data.slice(label * dim, (label + 1) * dim));
    const direction =
      options.centroids === 'ss-text+'
        ? combinedCentroids(rows, own, text)
        : trainedCentroids(rows, own, { text, largest });
    const along = times(rows, direction);
    const column: Matrix = { rows: along.length, columns: 1, data: along };
    const gram = { diagonal: Float64Array.of(dot(along, along)), offDiagonal: new Float64Array() };
    const spread = gram.diagonal[0] / along.length || 1;
    const fit = fitRidgeLogistic({ coordinates: column, gram }, own, { penalty: 1e-3 * spread });
    const scale = Math.max(0, fit.weights[0]);
    direction.forEach((value, i) => (weights[label * dim + i] = scale * value));
    bias[label] = scale > 0 ? fit.bias : constantLogit(own);
  });
  return linearHead({
    kind: 'text-centroids',
    labels,
    scaling,
    weights,
    bias,
    settings: { centroids: options.centroids },
    remarks: [`centroids of images and texts by ${options.centroids}`, ...constantRemarks(labels, isConstant)],
  });
}

export const textCentroids: HeadType = {
  reads: ['centroids'],
  usesTexts: true,
  fit: fitTextCentroids,
  restore: restoreLinear,
};

/** The sums of the images of the two classes. */
function classSums({ data, columns }: Matrix, { rows, targets, present }: LabelRows): [Float64Array, Float64Array] {
  const sums: [Float64Array, Float64Array] = [new Float64Array(columns), new Float64Array(columns)];
  for (let i = 0; i < rows.length; i++) {
    const place = { from: rows[i] * columns, count: columns };
    addScaled(present[i] * targets[i], data, sums[0], place);
    addScaled(present[i] * (1 - targets[i]), data, sums[1], place);
  }
  return sums;
}

function combinedCentroids(rows: Matrix, own: LabelRows, text: readonly Float64Array[]): Float64Array {
  const counts = [own.positives, own.negatives];
  const all = own.positives + own.negatives;
  const [up, down] = classSums(rows, own).map((sum, at) => {
    const lambda = Math.max(1 / counts[at], 1e-3);
    const centre = sum.map((value, i) => text[at][i] + value / temperature / lambda / all);
    const length = Math.sqrt(dot(centre, centre));
    return centre.map((value) => value / length);
  });
  return up.map((value, i) => value - down[i]);
}

function trainedCentroids(
  { data, columns, rows: count }: Matrix,
  own: LabelRows,
  { text, largest }: { text: readonly Float64Array[]; largest: number },
): Float64Array {
  const { rows, targets, present } = own;
  const mass = own.positives + own.negatives;
  const counts = [own.positives, own.negatives];
  const v = classSums({ data, columns, rows: count }, own).map((sum, at) => sum.map((value) => value / counts[at]));
  const cosines = text.map((t) =>
    Float64Array.from(rows, (row) => dot(data, t, { from: row * columns, count: columns })),
  );
  const means = cosines.flatMap((own_) => [
    own_.reduce((sum, value, i) => sum + present[i] * targets[i] * value, 0) / counts[0],
    own_.reduce((sum, value, i) => sum + present[i] * (1 - targets[i]) * value, 0) / counts[1],
  ]);
  const alpha = new Float64Array(2).fill((250 * means.reduce((sum, value) => sum + value, 0)) / 4);
  const stepOfV = (4 * count) / largest;
  const squares = cosines.map((one) => dot(one, one));
  const stepOfAlpha = rows.length / (4 * Math.max(...squares));
  const speed = v.map(() => new Float64Array(columns));
  for (let step = 1; step <= 300; step++) {
    // The cross entropy of two classes depends on the difference of their scores.
    const slopes = Float64Array.from(rows, (row, i) => {
      const place = { from: row * columns, count: columns };
      const z = dot(data, v[0], place) - dot(data, v[1], place) + alpha[0] * cosines[0][i] - alpha[1] * cosines[1][i];
      return (present[i] * (sigmoid(z) - targets[i])) / mass;
    });
    const gradient = new Float64Array(columns);
    rows.forEach((row, i) => addScaled(slopes[i], data, gradient, { from: row * columns, count: columns }));
    [1, -1].forEach((sign, at) => {
      for (let i = 0; i < columns; i++) {
        speed[at][i] = 0.9 * speed[at][i] + sign * gradient[i];
        v[at][i] -= stepOfV * speed[at][i];
      }
      if (step % 10 === 0) alpha[at] -= stepOfAlpha * sign * dot(slopes, cosines[at]);
    });
  }
  return v[0].map((value, i) => value + alpha[0] * text[0][i] - v[1][i] - alpha[1] * text[1][i]);
}

/** The largest eigenvalue of FᵀF, by the power method on its tridiagonal form. */
function largestEigenvalue(rows: Matrix): number {
  const { diagonal, offDiagonal } = rowSpace(rows).gram;
  let x = new Float64Array(diagonal.length).fill(1);
  let value = 0;
  for (let i = 0; i < 1000; i++) {
    const y = x.map(
      (own, k) =>
        diagonal[k] * own +
        (k > 0 ? offDiagonal[k - 1] * x[k - 1] : 0) +
        (k + 1 < x.length ? offDiagonal[k] * x[k + 1] : 0),
    );
    const length = Math.sqrt(dot(y, y));
    const next = length / Math.sqrt(dot(x, x));
    if (Math.abs(next - value) <= 1e-13 * next) return next;
    value = next;
    x = y.map((own) => own / length);
  }
  return value;
}
