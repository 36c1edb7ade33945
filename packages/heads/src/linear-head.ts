import { scaled, type FeatureScaling } from './feature-scaling.js';
import type { FittedHead, HeadArrays, StoredHead } from './head.js';
import { timesTransposed } from './matrix.js';

/** What a linear head was fitted to. */
export interface LinearFit {
  kind: string;
  labels: readonly string[];
  scaling: FeatureScaling;
  /** [labels, dim], of the scaled features. */
  weights: Float64Array;
  /** [labels]. */
  bias: Float64Array;
  settings: Readonly<Record<string, unknown>>;
  remarks: readonly string[];
}

/** A head whose logits are weights · scaled features + bias. */
export function linearHead({ kind, labels, scaling, weights, bias, settings, remarks }: LinearFit): FittedHead {
  const n = labels.length;
  const dim = scaling.offset.length;
  return {
    kind,
    labels,
    settings: { ...settings, isUnit: scaling.isUnit },
    remarks,
    linear: { scaling, weights, bias },
    arrays: new Map([
      ...scalingArrays(scaling),
      ['weights', { shape: [n, dim], data: weights }],
      ['bias', { shape: [n], data: bias }],
    ]),
    scores: ({ pooled }) => {
      const logits = timesTransposed(scaled(pooled, scaling), { rows: n, columns: dim, data: weights }).data;
      return logits.map((value, at) => value + bias[at % n]);
    },
  };
}

/** A linear head that was stored. @throws {RangeError} if arrays are missing or do not fit. */
export function restoreLinear({ kind, labels, arrays, settings }: StoredHead): FittedHead {
  const scaling = storedScaling(arrays, settings);
  const dim = scaling.offset.length;
  return linearHead({
    kind,
    labels,
    scaling,
    weights: arrayOf(arrays, 'weights', [labels.length, dim]),
    bias: arrayOf(arrays, 'bias', [labels.length]),
    settings,
    remarks: [],
  });
}

/** A scaling as arrays. */
export function scalingArrays({
  offset,
  divisor,
}: FeatureScaling): [string, { shape: number[]; data: Float64Array }][] {
  return [
    ['offset', { shape: [offset.length], data: offset }],
    ['divisor', { shape: [divisor.length], data: divisor }],
  ];
}

/** A scaling that was stored. @throws {RangeError} if arrays are missing. */
export function storedScaling(arrays: HeadArrays, settings: StoredHead['settings']): FeatureScaling {
  const offset = arrayOf(arrays, 'offset');
  return { offset, divisor: arrayOf(arrays, 'divisor', [offset.length]), isUnit: settings.isUnit === true };
}

/** An array of a stored head. @throws {RangeError} if it is missing or of another shape. */
export function arrayOf(arrays: HeadArrays, name: string, shape?: readonly number[]): Float64Array {
  const found = arrays.get(name);
  if (!found || (shape && found.shape.join() !== shape.join()))
    throw new RangeError(
      `heads/restore: expected an array ${name}${shape ? ` of shape [${shape.join()}]` : ''}, got ${found ? `one of [${found.shape.join()}]` : 'none'}; store all arrays of the head`,
    );
  return found.data instanceof Float64Array ? found.data : Float64Array.from(found.data);
}
