import { fitScaling, scaled, type FeatureScaling } from './feature-scaling.js';
import type { FittedHead, HeadFeatures, HeadOptions, HeadProblem, HeadType, Neighbour, StoredHead } from './head.js';
import { constantRemarks, firstNumbers } from './label-rows.js';
import { arrayOf, scalingArrays, storedScaling } from './linear-head.js';
import { rowsOf, timesTransposed, type Matrix } from './matrix.js';
import { meanLogLoss } from './out-of-fold-scores.js';
import { imagesOf } from './sub-problem.js';

/** The sharpnesses β that cross-validation chooses from. */
export const sharpnessGrid: readonly number[] = [2, 5, 10, 20, 40, 80];

/**
 * A kernel cache: an image has the labels of the training images that are like it,
 *
 *   logit = ln (Σ_i k_i y_i + π) / (Σ_i k_i (1 − y_i) + 1 − π),   k_i = exp(β (cos_i − max cos))
 *
 * over the training images whose label is known, all or the nearest; π is the share of the label. β has the smallest log loss of
 * training images that are scored by those of other patients.
 *
 * @see Zhang et al. 2022, Tip-Adapter, arXiv:2207.09519: the kernel; the sums are those of Nadaraya and Watson, with one prior image.
 */
export function fitNeighbours(problem: HeadProblem, options: HeadOptions): FittedHead {
  const { labels, features, targets, groups, ids, views = 1 } = problem;
  const images = firstNumbers(imagesOf(problem));
  const first = rowsOf(
    features,
    images.map((image) => image * views),
  );
  const scaling = fitScaling(first, options.scaling === 'auto' ? 'centred' : unitScaling(options.scaling));
  const rows = scaled(first, scaling);
  const own = Float64Array.from(targets);
  const prior = sharesOf(own, labels.length);
  const cache = { rows, targets: own, prior, count: options.neighbours };
  let tried: { sharpness: number; loss: number }[] | undefined;
  if (options.sharpness === 'auto') {
    const cosines = timesTransposed(rows, rows);
    // Images of the same patient tell nothing of other patients.
    for (let i = 0; i < rows.rows; i++)
      for (let j = 0; j < rows.rows; j++) if (groups[i] === groups[j]) cosines.data[i * rows.rows + j] = -Infinity;
    tried = sharpnessGrid.map((sharpness) => ({
      sharpness,
      loss: meanLogLoss(own, cacheLogits(cosines, { ...cache, sharpness }), labels.length),
    }));
  }
  const sharpness = tried
    ? tried.reduce((best, one) => (one.loss < best.loss ? one : best)).sharpness
    : (options.sharpness as number);
  const isConstant = Array.from(prior, (share) => share === 0 || share === 1);
  return neighboursHead({
    labels,
    scaling,
    cache: { ...cache, sharpness },
    ids: ids ?? Array.from(images, String),
    settings: { ...(tried && { tried }) },
    remarks: [
      `sharpness ${sharpness}${tried ? ' chosen by leaving out each patient' : ''}; ${rows.rows} training images are kept with the model, their names and features among them`,
      ...constantRemarks(labels, isConstant),
    ],
  });
}

export const neighbours: HeadType = {
  reads: ['neighbours', 'sharpness', 'scaling'],
  fit: fitNeighbours,
  restore: ({ labels, arrays, settings }: StoredHead) => {
    const scaling = storedScaling(arrays, settings);
    const { shape, data } = arrays.get('features') ?? { shape: [0, 0], data: new Float64Array() };
    const ids = settings.ids as string[];
    return neighboursHead({
      labels,
      scaling,
      cache: {
        rows: { rows: shape[0], columns: shape[1], data: Float64Array.from(data) },
        targets: unknownAsNan(arrayOf(arrays, 'targets', [shape[0], labels.length])),
        prior: arrayOf(arrays, 'prior', [labels.length]),
        count: Number(settings.neighbours),
        sharpness: Number(settings.sharpness),
      },
      ids,
      settings,
      remarks: [],
    });
  },
};

interface Cache {
  /** Scaled features of the training images, of length 1. */
  rows: Matrix;
  targets: Float64Array;
  prior: Float64Array;
  /** Nearest images that count; 0 = all. */
  count: number;
  sharpness: number;
}

function neighboursHead({
  labels,
  scaling,
  cache,
  ids,
  settings,
  remarks,
}: {
  labels: readonly string[];
  scaling: FeatureScaling;
  cache: Cache;
  ids: readonly string[];
  settings: StoredHead['settings'];
  remarks: readonly string[];
}): FittedHead {
  const { rows, targets, prior, count, sharpness } = cache;
  const cosinesOf = ({ pooled }: HeadFeatures): Matrix => timesTransposed(scaled(pooled, scaling), rows);
  return {
    kind: 'neighbours',
    labels,
    settings: { ...settings, isUnit: scaling.isUnit, neighbours: count, sharpness, ids },
    remarks,
    arrays: new Map([
      ...scalingArrays(scaling),
      ['features', { shape: [rows.rows, rows.columns], data: rows.data }],
      // A model folder has finite numbers alone.
      [
        'targets',
        { shape: [rows.rows, labels.length], data: targets.map((value) => (Number.isNaN(value) ? -1 : value)) },
      ],
      ['prior', { shape: [labels.length], data: prior }],
    ]),
    scores: (features) => cacheLogits(cosinesOf(features), cache),
    neighboursOf: (features, wanted) => {
      const cosines = cosinesOf(features);
      return Array.from({ length: cosines.rows }, (_, image) => {
        const own = cosines.data.subarray(image * rows.rows, (image + 1) * rows.rows);
        const nearest = Array.from(own.keys()).sort((a, b) => own[b] - own[a] || a - b);
        return nearest.slice(0, wanted).map((at): Neighbour => {
          const withTarget = (value: number): string[] =>
            labels.filter((__, label) => targets[at * labels.length + label] === value);
          return { id: ids[at], similarity: own[at], present: withTarget(1), absent: withTarget(0) };
        });
      });
    },
  };
}

/** Logits from the cosines of images to the training images. */
function cacheLogits(cosines: Matrix, { targets, prior, count, sharpness }: Cache): Float64Array {
  const n = prior.length;
  const out = new Float64Array(cosines.rows * n);
  const { columns } = cosines;
  for (let image = 0; image < cosines.rows; image++) {
    const own = cosines.data.subarray(image * columns, (image + 1) * columns);
    const least = count > 0 && count < columns ? Float64Array.from(own).sort()[columns - count] : -Infinity;
    const most = own.reduce((top, value) => Math.max(top, value), -Infinity);
    const kernel = own.map((value) =>
      value < least || value === -Infinity ? 0 : Math.exp(sharpness * (value - most)),
    );
    for (let label = 0; label < n; label++) {
      let up = Math.max(prior[label], 1e-3);
      let down = Math.max(1 - prior[label], 1e-3);
      for (let i = 0; i < columns; i++) {
        const target = targets[i * n + label];
        if (kernel[i] === 0 || Number.isNaN(target)) continue;
        up += kernel[i] * target;
        down += kernel[i] * (1 - target);
      }
      out[image * n + label] = Math.log(up / down);
    }
  }
  return out;
}

/** The mean known target of each label; 0 where none is known. */
export function sharesOf(targets: Float64Array, labels: number): Float64Array {
  return Float64Array.from({ length: labels }, (_, label) => {
    const known = targets.filter((value, at) => at % labels === label && !Number.isNaN(value));
    return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}

/** Targets whose unknown ones, below 0 in a stored head, are NaN. */
export function unknownAsNan(targets: Float64Array): Float64Array {
  return targets.map((value) => (value < 0 ? NaN : value));
}

/** Cosines need vectors of length 1. */
export function unitScaling(name: Exclude<HeadOptions['scaling'], 'auto'>): 'centred' | 'unit' {
  return name === 'unit' ? 'unit' : 'centred';
}
