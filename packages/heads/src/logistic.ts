import { logitsOf, softplus, type BinaryProblem } from './binary-problem.js';
import { fitScaling, scaled, type FeatureScaling } from './feature-scaling.js';
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
import { dot, times, type Matrix } from './matrix.js';
import { patientFolds } from './patient-folds.js';
import { fitRidgeLogistic, type LinearScore } from './ridge-logistic.js';
import { rowSpace, type RowSpace } from './row-space.js';

/** The penalties that cross-validation chooses from, strongest first; features have a mean squared length of 1. */
export const penaltyGrid: readonly number[] = [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001, 0.00003];

/**
 * Logistic regression with an L2 penalty, one for each label, solved to the optimum in float64:
 *
 *   min  Σ_i loss_i / n + λ/2 · ‖w − w₀‖²     over the n images whose target is known
 *
 * w₀ is 0 or κ(t⁺ − t⁻) of the label's texts, κ ≥ 0 fitted first by itself. λ is shared by the labels and chosen by the log loss of
 * images that were left out, by patient.
 *
 * @throws {RangeError} with the prior `prompts` where the problem has no texts.
 *
 * @example
 * const head = fitLogistic({ labels: ['Edema'], features, targets, groups, seed: 0 }, headDefaults);
 * head.scores({ pooled: features }); // logits
 */
export function fitLogistic(problem: HeadProblem, options: HeadOptions): FittedHead {
  const { labels, features, views = 1 } = problem;
  const scaling = fitScaling(features, options.scaling === 'auto' ? 'standardized' : options.scaling);
  const rows = scaled(features, scaling);
  const space = rowSpace(rows);
  const priors = options.prior === 'prompts' ? promptPriors(problem, scaling) : undefined;
  const alongPrior = priors?.map((prior) => times(rows, prior));
  const images = firstNumbers(features.rows / views);
  const all = labels.map((_, label) => labelRows(problem, label, { balance: options.balance, images }));
  const isConstant = all.map((one) => !hasBothClasses(one));
  const chosen = choosePenalty(problem, options, { space, alongPrior, isConstant });
  const weights = new Float64Array(labels.length * features.columns);
  const bias = new Float64Array(labels.length);
  const scales: number[] = [];
  labels.forEach((_, label) => {
    problem.onProgress?.(0.8 + (0.2 * label) / labels.length);
    if (isConstant[label]) {
      bias[label] = constantLogit(all[label]);
      return;
    }
    const fit = fitLabel(space, all[label], { penalty: chosen.penalty, along: alongPrior?.[label] });
    const own = space.toFeatures(fit.weights);
    const prior = priors?.[label];
    if (prior) own.forEach((value, i) => (own[i] = value + fit.scale * prior[i]));
    scales.push(fit.scale);
    weights.set(own, label * features.columns);
    bias[label] = fit.bias;
  });
  return linearHead({
    kind: 'logistic',
    labels,
    scaling,
    weights,
    bias,
    settings: { penalty: chosen.penalty, ...(chosen.tried && { tried: chosen.tried }), ...(priors && { scales }) },
    remarks: [
      ...(chosen.tried ? [penaltyRemark(chosen.penalty, chosen.folds)] : []),
      ...constantRemarks(labels, isConstant),
    ],
  });

  function penaltyRemark(penalty: number, folds: number): string {
    const isEdge = penalty === penaltyGrid[0] || penalty === penaltyGrid.at(-1);
    return `penalty ${penalty} chosen by ${folds}-fold cross-validation of ${images.length} training images by patient${isEdge ? ', at the end of what was tried: set head.penalty to go beyond' : ''}`;
  }
}

export const logistic: HeadType = {
  reads: ['penalty', 'balance', 'prior', 'folds', 'scaling'],
  usesTexts: ({ prior }) => prior === 'prompts',
  fit: fitLogistic,
  restore: restoreLinear,
};

/** A penalty, and the mean log loss of images that were left out. */
export interface TriedPenalty {
  penalty: number;
  loss: number;
}

/** A label's fit in the row space, and the scale of its prior. */
interface LabelFit extends LinearScore {
  scale: number;
}

function fitLabel(
  space: RowSpace,
  problem: LabelRows,
  {
    penalty,
    along,
    start,
    tolerance,
  }: { penalty: number; along?: Float64Array; start?: LinearScore; tolerance?: number },
): LabelFit {
  const scale = along ? scaleOfPrior(problem, along) : 0;
  const offsets = along && Float64Array.from(problem.rows, (row) => scale * along[row]);
  return { ...fitRidgeLogistic(space, { ...problem, offsets }, { penalty, start, tolerance }), scale };
}

/** κ ≥ 0 of the logistic regression on the prior's score alone. */
function scaleOfPrior(problem: BinaryProblem, along: Float64Array): number {
  const column: Matrix = { rows: along.length, columns: 1, data: along };
  const gram = { diagonal: Float64Array.of(dot(along, along)), offDiagonal: new Float64Array() };
  // The tiny penalty keeps it finite where the score separates the classes.
  const spread = gram.diagonal[0] / along.length || 1;
  const { weights } = fitRidgeLogistic({ coordinates: column, gram }, problem, { penalty: 1e-3 * spread });
  return Math.max(0, weights[0]);
}

/** t⁺ − t⁻ of each label as weights of the scaled features. */
function promptPriors({ texts, features }: HeadProblem, { divisor }: FeatureScaling): Float64Array[] {
  if (!texts)
    throw new RangeError(
      'heads/logistic: expected texts of the labels in the space of the features for the prior prompts, got none; use the prior zero, or an encoder that shares a space with a text encoder',
    );
  const { present, absent } = texts;
  return Array.from({ length: present.rows }, (_, label) =>
    Float64Array.from({ length: features.columns }, (__, i) => {
      const at = label * features.columns + i;
      return (present.data[at] - absent.data[at]) * divisor[i];
    }),
  );
}

function choosePenalty(
  problem: HeadProblem,
  options: HeadOptions,
  { space, alongPrior, isConstant }: { space: RowSpace; alongPrior?: Float64Array[]; isConstant: readonly boolean[] },
): { penalty: number; tried?: TriedPenalty[]; folds: number } {
  if (options.penalty !== 'auto') return { penalty: options.penalty, folds: 0 };
  const { labels, targets, views = 1, groups, seed, onProgress } = problem;
  const images = firstNumbers(problem.features.rows / views);
  const foldOf = patientFolds({
    groups,
    targets,
    labels: labels.length,
    folds: options.folds,
    seed,
    purpose: 'penalty',
  });
  const folds = foldOf.reduce((most, fold) => Math.max(most, fold), 0) + 1;
  if (folds < 2) return { penalty: 0.1, folds: 1 };
  const starts = new Map<string, LabelFit>();
  const parts = Array.from({ length: folds }, (_, fold) => ({
    training: images.filter((image) => foldOf[image] !== fold),
    left: images.filter((image) => foldOf[image] === fold),
  }));
  const tried: TriedPenalty[] = [];
  for (const penalty of penaltyGrid) {
    onProgress?.((0.8 * tried.length) / penaltyGrid.length);
    const losses = labels.map((_, label) => {
      const sums = { sum: 0, count: 0 };
      if (isConstant[label]) return sums;
      parts.forEach(({ training, left }, fold) => {
        const own = labelRows(problem, label, { balance: options.balance, images: training });
        if (!hasBothClasses(own)) return;
        const held = labelRows({ ...problem, views: 1 }, label, { balance: 'none', images: left });
        // The first view of each image that is left out.
        const rows = held.rows.map((image) => image * views);
        const key = `${fold}/${label}`;
        const fit = fitLabel(space, own, {
          penalty,
          along: alongPrior?.[label],
          start: starts.get(key),
          tolerance: 1e-4,
        });
        starts.set(key, fit);
        const offsets = alongPrior && Float64Array.from(rows, (row) => fit.scale * alongPrior[label][row]);
        logitsOf(space.coordinates, { rows, offsets }, fit).forEach((z, i) => {
          sums.sum += held.targets[i] * softplus(-z) + (1 - held.targets[i]) * softplus(z);
          sums.count++;
        });
      });
      return sums;
    });
    tried.push({ penalty, loss: meanLoss(losses) });
    // The loss has one valley: weaker penalties would only be worse.
    const [least] = [...tried].sort((a, b) => a.loss - b.loss);
    if (tried.length - tried.indexOf(least) > 2) break;
  }
  if (tried.some(({ loss }) => Number.isNaN(loss))) return { penalty: 0.1, folds: 1 };
  return { penalty: tried.reduce((best, one) => (one.loss < best.loss ? one : best)).penalty, tried, folds };
}

/** The mean over the labels of the mean loss; NaN where no label has one. */
function meanLoss(labels: readonly { sum: number; count: number }[]): number {
  const means = labels.flatMap(({ sum, count }) => (count > 0 ? [sum / count] : []));
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}
