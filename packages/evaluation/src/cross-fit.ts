import { fitEnsembleWeights, type ConformalThresholds } from '@cxr-align/metrics';
import type { LabelGraph } from '@cxr-align/label-graph';
import {
  calibratedLogits,
  calibratedProbabilities,
  fitOnValidation,
  type FitOptions,
  type LabelCalibration,
} from './calibrated.js';
import { decideLabels, decisionProbabilities } from './decisions.js';
import { operatingRules, ruleName, type RuledThreshold } from './operating-points.js';
import { probabilitiesOf } from './predictions.js';

/** Predictions of images by models that were not trained on them. */
export interface OutOfFold {
  /** [images, labels] row by row: 1, 0, NaN where unknown. */
  targets: Float32Array;
  /** The logits of each branch of the model, [images, labels] row by row. */
  branches: readonly ArrayLike<number>[];
  /** The fold of each image, from 0 on. */
  foldOf: ArrayLike<number>;
}

/** Fewest images of a fold whose mean logits are worth something. */
const fewestToAlign = 10;

/**
 * Moves the logits of each branch, label and fold so that their mean is that of all images, without their labels: a model that was
 * trained without the images of a fold has seen fewer images with a label where that fold has more, and scores it lower, so that the
 * images of several folds, ranked together as they are, look worse than chance where labels are rare.
 *
 * @returns the same predictions where a fold has fewer than 10 images, whose means would be noise.
 * @see Parker et al. 2007, doi:10.1186/1471-2105-8-326; Airola et al. 2011, doi:10.1016/j.csda.2010.11.023: the bias of pooled
 *   cross-validation.
 */
export function alignFolds({ targets, branches, foldOf }: OutOfFold, labels: number): OutOfFold {
  const rowsOf = new Map<number, number[]>();
  Array.from(foldOf).forEach((fold, row) => rowsOf.set(fold, [...(rowsOf.get(fold) ?? []), row]));
  if ([...rowsOf.values()].some(({ length }) => length < fewestToAlign)) return { targets, branches, foldOf };
  const all = Array.from(foldOf).map((_, row) => row);
  const meanOf = (logits: ArrayLike<number>, rows: readonly number[], label: number): number =>
    rows.reduce((sum, row) => sum + logits[row * labels + label], 0) / rows.length;
  return {
    targets,
    foldOf,
    branches: branches.map((logits) => {
      const moved = Float64Array.from(logits);
      for (let label = 0; label < labels; label++) {
        const mean = meanOf(logits, all, label);
        for (const rows of rowsOf.values()) {
          const shift = mean - meanOf(logits, rows, label);
          for (const row of rows) moved[row * labels + label] += shift;
        }
      }
      return moved;
    }),
  };
}

/** What is fitted on out-of-fold predictions. */
export interface CrossFitOptions {
  config: FitOptions;
  graph: LabelGraph;
  /** Ensemble weights of the branches; fitted unless given. */
  weights?: readonly number[];
}

/** What was fitted on all images: what a model decides by. */
export interface FittedFolds {
  /** Of the branches. */
  weights: number[];
  calibrations: LabelCalibration[];
  thresholds: number[];
  /** Probabilities that the thresholds were chosen on, [images, labels] row by row. */
  decided: Float64Array;
}

/** The same for each image as it was fitted without the images of its fold: what an evaluation is of. */
export interface CrossFitted {
  /** Probabilities that decisions are made on, [images, labels] row by row. */
  probabilities: Float64Array;
  /** Their log-odds, which keep the order of saturated ones. */
  scores: Float64Array;
  uncalibrated: Float64Array;
  /** 1 or 0, [images, labels] row by row, along the label graph. */
  decisions: Uint8Array;
  /** The thresholds of each label and rule, the one that decides first, with that of each image. */
  operating: RuledThreshold[][];
  /** Of each label and image; null without prediction sets. */
  conformal: (ConformalThresholds[] | null)[];
}

/** Fits ensemble weights, calibration, thresholds and prediction sets on out-of-fold predictions of all images. */
export function fitOutOfFold(
  { targets, branches }: OutOfFold,
  { config, graph, weights }: CrossFitOptions,
): FittedFolds {
  const chosen = weights ? [...weights] : fitWeights(targets, branches);
  const fitted = fitOnValidation(config, graph, targets, weighted(branches, chosen));
  return { weights: chosen, ...fitted };
}

/**
 * The same for the images of each fold on those of the other folds alone, so that no image is decided by what was fitted on it.
 * The other images' predictions are of models that were trained on this fold's images: only a cross-validation inside each fold would
 * be without that trace.
 *
 * @see Chernozhukov et al. 2018, doi:10.1111/ectj.12097: cross-fitting.
 */
export function crossFit(outOfFold: OutOfFold, { config, graph, weights }: CrossFitOptions): CrossFitted {
  const { targets, branches, foldOf } = outOfFold;
  const count = graph.labels.length;
  const size = targets.length;
  const images = size / count;
  const all = fitOutOfFold(outOfFold, { config, graph, weights });
  const rules = [
    ruleName(config.threshold),
    ...operatingRules.map(ruleName).filter((one) => one !== ruleName(config.threshold)),
  ];
  const made: CrossFitted = {
    probabilities: new Float64Array(size),
    scores: new Float64Array(size),
    uncalibrated: new Float64Array(size),
    decisions: new Uint8Array(size),
    operating: graph.labels.map((_, label) =>
      rules.map((rule, i) => ({
        rule,
        threshold: i === 0 ? all.thresholds[label] : (all.calibrations[label].operating[rule] ?? NaN),
        byRow: new Float64Array(images),
      })),
    ),
    conformal: graph.labels.map(() => (config.conformalAlpha === 0 ? null : [])),
  };
  for (const fold of new Set(Array.from(foldOf))) {
    const rows = Array.from({ length: images }, (_, row) => row);
    const [own, others] = [rows.filter((row) => foldOf[row] === fold), rows.filter((row) => foldOf[row] !== fold)];
    const part = (values: ArrayLike<number>, of: readonly number[]): Float64Array => selected(values, of, count);
    const fitted = fitOutOfFold(
      {
        targets: Float32Array.from(part(targets, others)),
        branches: branches.map((one) => part(one, others)),
        foldOf: [],
      },
      { config, graph, weights },
    );
    const logits = weighted(
      branches.map((one) => part(one, own)),
      fitted.weights,
    );
    const decided = (values: Float64Array): Float64Array => decisionProbabilities(config, graph, values);
    const probabilities = decided(calibratedProbabilities(logits, fitted.calibrations));
    const scores = decided(calibratedLogits(logits, fitted.calibrations));
    const uncalibrated = probabilitiesOf(logits);
    const decisions = decideLabels({ probabilities, thresholds: fitted.thresholds, graph });
    own.forEach((row, i) => {
      for (let label = 0; label < count; label++) {
        const [from, to] = [i * count + label, row * count + label];
        made.probabilities[to] = probabilities[from];
        made.scores[to] = scores[from];
        made.uncalibrated[to] = uncalibrated[from];
        made.decisions[to] = decisions[from];
        const { operating, conformal } = fitted.calibrations[label];
        made.operating[label].forEach(({ rule, byRow }, at) => {
          const threshold = at === 0 ? fitted.thresholds[label] : (operating[rule] ?? NaN);
          // Where a fold's images have no threshold 0.5 decides.
          (byRow as Float64Array)[row] = at === 0 && Number.isNaN(threshold) ? 0.5 : threshold;
        });
        if (conformal) made.conformal[label]![row] = conformal;
      }
    });
  }
  return made;
}

/** The logits of an ensemble of branches. */
export function weighted(branches: readonly ArrayLike<number>[], weights: readonly number[]): Float64Array {
  return Float64Array.from(branches[0], (_, at) =>
    branches.reduce((sum, logits, i) => sum + weights[i] * logits[at], 0),
  );
}

function fitWeights(targets: Float32Array, branches: readonly ArrayLike<number>[]): number[] {
  return branches.length === 1 ? [1] : fitEnsembleWeights(targets, [...branches]);
}

/** Some rows of a matrix [rows, labels]. */
function selected(values: ArrayLike<number>, rows: readonly number[], labels: number): Float64Array {
  const out = new Float64Array(rows.length * labels);
  rows.forEach((row, i) => {
    for (let label = 0; label < labels; label++) out[i * labels + label] = values[row * labels + label];
  });
  return out;
}
