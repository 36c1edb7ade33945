import { addScaled, dot, type Matrix } from './matrix.js';

/** The images of one label whose target is known, with what a logistic regression minimises over them. */
export interface BinaryProblem {
  /** Rows of the features. */
  rows: Int32Array;
  /** Of each: a target in [0, 1]. */
  targets: Float64Array;
  /** Of each: the weight of its loss where the label is present, and where it is absent. */
  present: Float64Array;
  absent: Float64Array;
  /** Of each: what is added to its logit; none unless given. */
  offsets?: Float64Array;
}

/** ln(1 + eᶻ) without overflow. */
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

/** The probability of a logit. */
export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** Σ present · t · ln(1 + e⁻ᶻ) + absent · (1 − t) · ln(1 + eᶻ) over the rows. */
export function lossOf({ targets, present, absent }: BinaryProblem, logits: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < targets.length; i++) {
    const t = targets[i];
    if (t > 0) sum += present[i] * t * softplus(-logits[i]);
    if (t < 1) sum += absent[i] * (1 - t) * softplus(logits[i]);
  }
  return sum;
}

/** The first and the second derivative of the loss by each logit. */
export function derivativesOf(
  { targets, present, absent }: BinaryProblem,
  logits: Float64Array,
): { slopes: Float64Array; curvatures: Float64Array } {
  const slopes = new Float64Array(targets.length);
  const curvatures = new Float64Array(targets.length);
  for (let i = 0; i < targets.length; i++) {
    const p = sigmoid(logits[i]);
    const up = present[i] * targets[i];
    const down = absent[i] * (1 - targets[i]);
    slopes[i] = down * p - up * (1 - p);
    curvatures[i] = (up + down) * p * (1 - p);
  }
  return { slopes, curvatures };
}

/** Weights times the chosen rows, plus the bias and the offsets. */
export function logitsOf(
  { data, columns }: Matrix,
  { rows, offsets }: Pick<BinaryProblem, 'rows' | 'offsets'>,
  { weights, bias }: { weights: Float64Array; bias: number },
): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++)
    out[i] = dot(data, weights, { from: rows[i] * columns, count: columns }) + bias + (offsets?.[i] ?? 0);
  return out;
}

/** The sum of the chosen rows, each times its factor. */
export function weightedRows({ data, columns }: Matrix, rows: Int32Array, factors: Float64Array): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < rows.length; i++) addScaled(factors[i], data, out, { from: rows[i] * columns, count: columns });
  return out;
}
