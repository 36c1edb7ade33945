import type { Matrix } from './matrix.js';

/**
 * How features are scaled before a head sees them; the mean squared length of an image's vector is then 1.
 *
 * - `standardized`: mean 0 and the same standard deviation of each feature.
 * - `centred`: mean 0, then each image's vector to length 1.
 * - `unit`: each image's vector to length 1, as dual encoders compare it.
 */
export const scalingNames = ['standardized', 'centred', 'unit'] as const;
export type ScalingName = (typeof scalingNames)[number];

/** A scaling as it was fitted: (x − offset) / divisor, then to length 1 where `isUnit`. */
export interface FeatureScaling {
  /** [dim]. */
  offset: Float64Array;
  /** [dim], above 0. */
  divisor: Float64Array;
  isUnit: boolean;
}

/** Fits a scaling on rows of features. Features that never change keep a divisor that makes them 0. */
export function fitScaling({ rows, columns, data }: Matrix, name: ScalingName): FeatureScaling {
  const offset = new Float64Array(columns);
  const divisor = new Float64Array(columns).fill(1);
  if (name === 'unit') return { offset, divisor, isUnit: true };
  for (let at = 0; at < data.length; at++) offset[at % columns] += data[at] / rows;
  if (name === 'centred') return { offset, divisor, isUnit: true };
  const variance = new Float64Array(columns);
  for (let at = 0; at < data.length; at++) variance[at % columns] += (data[at] - offset[at % columns]) ** 2 / rows;
  const changing = variance.reduce((count, value) => count + (value > 1e-10 ? 1 : 0), 0);
  variance.forEach((value, i) => (divisor[i] = (value > 1e-10 ? Math.sqrt(value) : 1) * Math.sqrt(changing || 1)));
  return { offset, divisor, isUnit: false };
}

/** Scaled copies of rows [rows, dim]. */
export function scaled({ rows, columns, data }: Matrix, { offset, divisor, isUnit }: FeatureScaling): Matrix {
  const out = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let square = 0;
    for (let i = 0; i < columns; i++) {
      const value = (data[start + i] - offset[i]) / divisor[i];
      out[start + i] = value;
      square += value * value;
    }
    if (!isUnit || square === 0) continue;
    const length = Math.sqrt(square);
    for (let i = 0; i < columns; i++) out[start + i] /= length;
  }
  return { rows, columns, data: out };
}
