import { logitsOf } from './binary-problem.js';
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
import { addScaled, dot, stacked, type Matrix } from './matrix.js';
import { bestScale, macroArea } from './out-of-fold-scores.js';
import { rowSpace, type RowSpace } from './row-space.js';
import { alignFolds } from './align-folds.js';
import { imagesOf, outOfFold } from './sub-problem.js';
import { solveShifted } from './tridiagonal.js';

/** The shares of the identity that cross-validation chooses from. */
export const shrinkageGrid: readonly number[] = [1, 0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01];

/**
 * Gaussian discriminant with one covariance for all labels, estimated on all images, those without labels as well, and shrunk:
 *
 *   Σ = (1 − ρ) S + ρ (tr S / d) I,   w = κ Σ⁻¹(μ⁺ − μ⁻),   b = −w·(μ⁺ + μ⁻)/2 + ln(π⁺/π⁻)
 *
 * ρ is given, by Ledoit and Wolf, or that with the highest macro AUROC of images that were left out, by patient; κ, shared by the labels,
 * makes the logits of those images most probable.
 *
 * @see Wang et al. 2024, A hard-to-beat baseline for training-free CLIP-based adaptation, arXiv:2402.04087; Ledoit and Wolf 2004, A
 *   well-conditioned estimator for large-dimensional covariance matrices.
 */
export function fitGaussian(problem: HeadProblem, options: HeadOptions): FittedHead {
  const { labels, features, archive, targets, views = 1 } = problem;
  const all = archive ? stacked(features, archive) : features;
  const scaling = fitScaling(all, options.scaling === 'auto' ? 'standardized' : options.scaling);
  const rows = scaled(all, scaling);
  const space = rowSpace(rows);
  const moments = { rows: rows.rows, trace: space.gram.diagonal.reduce((sum, value) => sum + value, 0) / rows.rows };
  const solve = (difference: Float64Array, rho: number): Float64Array =>
    solveShifted(
      space.gram,
      { scale: (1 - rho) / moments.rows, shift: (rho * moments.trace) / features.columns },
      difference.slice(),
    );
  const scoresOf = (training: Int32Array, left: Int32Array, rhos: readonly number[]): Float64Array[] => {
    const out = rhos.map(() => new Float64Array(left.length * labels.length));
    const heldRows = left.map((image) => image * views);
    labels.forEach((_, label) => {
      const own = labelRows(problem, label, { balance: 'none', images: training });
      const classes = hasBothClasses(own) ? meansOf(space.coordinates, own) : undefined;
      rhos.forEach((rho, at) => {
        const fit = classes && discriminant(classes, solve(classes.difference, rho));
        const logits = fit && logitsOf(space.coordinates, { rows: heldRows }, fit);
        left.forEach((__, i) => (out[at][i * labels.length + label] = logits ? logits[i] : 0));
      });
    });
    return out;
  };
  const images = firstNumbers(imagesOf(problem));
  const wanted = options.shrinkage;
  const grid =
    wanted === 'cross-validation'
      ? shrinkageGrid
      : [wanted === 'ledoit-wolf' ? ledoitWolf(space, features.columns) : wanted];
  const parts = new Map<number, Float64Array[]>();
  const left = outOfFold(problem, { folds: options.folds, purpose: 'shrinkage' }, (training, held, fold) => {
    problem.onProgress?.(0.5 + 0.1 * Math.min(4, fold));
    parts.set(fold, scoresOf(training, held, grid));
    return parts.get(fold)![0];
  });
  // The other values of ρ in the same folds.
  const scores = left
    ? grid.map(
        (_, at) =>
          outOfFold(problem, { folds: options.folds, purpose: 'shrinkage' }, (__, ___, fold) => parts.get(fold)![at])!
            .scores,
      )
    : [];
  // Ranked together: the shrinkage alone decides, not what each fold has of a rare label.
  const areas = scores.map((one) => macroArea(targets, alignFolds(one, left!.foldOf, labels.length), labels.length));
  const best = areas.reduce((most, area, at) => (area > areas[most] ? at : most), 0);
  const rho = grid[left ? best : grid.length === 1 ? 0 : 1];
  const scale = left ? bestScale(targets, scores[best], labels.length) : 1;
  const own = labels.map((_, label) => labelRows(problem, label, { balance: 'none', images }));
  const isConstant = own.map((one) => !hasBothClasses(one));
  const weights = new Float64Array(labels.length * features.columns);
  const bias = new Float64Array(labels.length);
  labels.forEach((_, label) => {
    if (isConstant[label]) {
      bias[label] = constantLogit(own[label]);
      return;
    }
    const classes = meansOf(space.coordinates, own[label]);
    const fit = discriminant(classes, solve(classes.difference, rho));
    const inFeatures = space.toFeatures(fit.weights);
    inFeatures.forEach((value, i) => (weights[label * features.columns + i] = scale * value));
    bias[label] = scale * (fit.bias - classes.prior) + classes.prior;
  });
  const how =
    wanted === 'cross-validation'
      ? left
        ? `chosen by ${left.folds}-fold cross-validation by patient`
        : 'a default: there is one patient alone'
      : wanted === 'ledoit-wolf'
        ? 'by Ledoit and Wolf'
        : 'as configured';
  return linearHead({
    kind: 'gaussian',
    labels,
    scaling,
    weights,
    bias,
    settings: {
      shrinkage: rho,
      scale,
      ...(grid.length > 1 && { tried: grid.map((value, at) => ({ shrinkage: value, auroc: areas[at] ?? null })) }),
    },
    remarks: [
      `shrinkage ${Number(rho.toPrecision(3))} of a covariance of ${rows.rows} feature vectors, ${how}`,
      ...constantRemarks(labels, isConstant),
    ],
  });
}

export const gaussian: HeadType = {
  reads: ['shrinkage', 'folds', 'scaling'],
  usesArchive: true,
  fit: fitGaussian,
  restore: restoreLinear,
};

interface ClassMeans {
  /** μ⁺ − μ⁻ and the middle between them, in the coordinates. */
  difference: Float64Array;
  middle: Float64Array;
  /** ln(π⁺/π⁻). */
  prior: number;
}

function meansOf(coordinates: Matrix, { rows, targets, present, positives, negatives }: LabelRows): ClassMeans {
  const { columns, data } = coordinates;
  const up = new Float64Array(columns);
  const down = new Float64Array(columns);
  for (let i = 0; i < rows.length; i++) {
    const place = { from: rows[i] * columns, count: columns };
    if (targets[i] > 0) addScaled((present[i] * targets[i]) / positives, data, up, place);
    if (targets[i] < 1) addScaled((present[i] * (1 - targets[i])) / negatives, data, down, place);
  }
  return {
    difference: up.map((value, i) => value - down[i]),
    middle: up.map((value, i) => (value + down[i]) / 2),
    prior: Math.log(positives / negatives),
  };
}

function discriminant({ middle, prior }: ClassMeans, weights: Float64Array): { weights: Float64Array; bias: number } {
  return { weights, bias: prior - dot(weights, middle) };
}

/**
 * The share of the identity that makes the expected distance to the true covariance smallest.
 *
 * @param dim of the features; rows have mean 0.
 * @see Ledoit and Wolf 2004; the same numbers as sklearn.covariance.ledoit_wolf.
 */
export function ledoitWolf({ coordinates, gram }: Pick<RowSpace, 'coordinates' | 'gram'>, dim: number): number {
  const n = coordinates.rows;
  const trace = gram.diagonal.reduce((sum, value) => sum + value, 0) / n;
  const square = (dot(gram.diagonal, gram.diagonal) + 2 * dot(gram.offDiagonal, gram.offDiagonal)) / n ** 2;
  let fourth = 0;
  for (let row = 0; row < n; row++) {
    const place = row * coordinates.columns;
    fourth += dot(coordinates.data, coordinates.data, { from: place, to: place, count: coordinates.columns }) ** 2;
  }
  const delta = (square - trace ** 2 / dim) / dim;
  const beta = Math.min((fourth / n - square) / (dim * n), delta);
  return delta > 0 ? Math.min(1, Math.max(beta / delta, 1e-6)) : 1;
}
