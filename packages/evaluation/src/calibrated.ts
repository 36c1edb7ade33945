import {
  calibrate,
  chooseThreshold,
  thresholdBetweenScores,
  fitCalibration,
  fitConformal,
  meanDefined,
  type Calibration,
  calibrationKinds,
  type ConformalThresholds,
  type ThresholdRule,
} from '@cxr-align/metrics';
import type { LabelGraph } from '@cxr-align/label-graph';
import { decisionProbabilities } from './decisions.js';
import { orNull } from './maybe-number.js';
import { operatingRules, ruleName } from './operating-points.js';
import { columnOf } from './predictions.js';

/** What is fitted on validation, and how. */
export interface FitOptions {
  /** How probabilities are calibrated, label by label. */
  calibration: 'none' | (typeof calibrationKinds)[number];
  /** Error rate of conformal prediction sets; 0 = none. */
  conformalAlpha: number;
  /** Whether probabilities follow the label graph: a parent is as probable as its likeliest child. */
  enforceHierarchy: boolean;
  /** How the threshold of each label is chosen. */
  threshold: ThresholdRule;
}

/** What is fitted on validation for one label, beside its threshold. */
export interface LabelCalibration {
  calibration: Calibration;
  conformal: ConformalThresholds | null;
  /** Thresholds by other rules ({@link operatingRules}), by the name of the rule; null where there is none. */
  operating: Record<string, number | null>;
  /** Mean calibrated probability: the share of positives that the model takes for granted; null where it is undefined. */
  prior: number | null;
}

/**
 * Fits on validation data the calibration of each label, and then, on the calibrated probabilities, its threshold (in the
 * middle between two of them) and its conformal thresholds.
 *
 * @param truth [samples, labels] row by row: 1, 0, NaN.
 * @param logits of the same size.
 * @returns with `decided`: the probabilities that thresholds were chosen on, of the same size.
 */
export function fitOnValidation(
  config: FitOptions,
  graph: LabelGraph,
  truth: ArrayLike<number>,
  logits: ArrayLike<number>,
): { calibrations: LabelCalibration[]; thresholds: number[]; decided: Float64Array } {
  const { calibration: kind, conformalAlpha, threshold } = config;
  const n = graph.labels.length;
  const targets = graph.labels.map((_, label) => columnOf(truth, n, label));
  const fitted = targets.map((y, label): Calibration =>
    kind === 'none' ? { kind } : fitCalibration(y, columnOf(logits, n, label), kind),
  );
  const calibrated = calibratedProbabilities(
    logits,
    fitted.map((calibration) => ({ calibration })),
  );
  const decided = decisionProbabilities(config, graph, calibrated);
  return {
    calibrations: targets.map((y, label) => ({
      calibration: fitted[label],
      conformal: conformalAlpha === 0 ? null : fitConformal(y, columnOf(decided, n, label), conformalAlpha),
      operating: Object.fromEntries(
        operatingRules.map((rule) => [ruleName(rule), orNull(thresholdOf(y, columnOf(decided, n, label), rule))]),
      ),
      prior: orNull(meanDefined([...columnOf(calibrated, n, label)])),
    })),
    thresholds: targets.map((y, label) => thresholdOf(y, columnOf(decided, n, label), threshold)),
    decided,
  };
}

/** The same where there is nothing to fit on: no thresholds (0.5 decides), no calibration. */
export function notFitted({ labels }: Pick<LabelGraph, 'labels'>): {
  calibrations: LabelCalibration[];
  thresholds: number[];
} {
  return {
    calibrations: labels.map(() => ({ calibration: { kind: 'none' }, conformal: null, operating: {}, prior: null })),
    thresholds: labels.map(() => NaN),
  };
}

/** The threshold on probabilities that a rule chooses, in the middle to the next lower one; NaN where there is none. */
export function thresholdOf(targets: ArrayLike<number>, probabilities: ArrayLike<number>, rule: ThresholdRule): number {
  return thresholdBetweenScores(probabilities, chooseThreshold(targets, probabilities, rule), 0);
}

/**
 * Log-odds of calibrated probabilities, [samples, labels] row by row: they keep an order that probabilities lose where they
 * round to 0 or 1. The ends of an isotonic calibration are ±Infinity.
 */
export function calibratedLogits(
  logits: ArrayLike<number>,
  calibrations: readonly Pick<LabelCalibration, 'calibration'>[],
): Float64Array {
  const n = calibrations.length;
  return Float64Array.from(logits, (z, at) => logOdds(calibrations[at % n].calibration, z));
}

function logOdds(calibration: Calibration, z: number): number {
  switch (calibration.kind) {
    case 'none':
      return z;
    case 'temperature':
      return z / calibration.temperature;
    case 'platt':
      return calibration.slope * z + calibration.intercept;
    case 'isotonic': {
      const [p] = calibrate(calibration, [z]);
      return Math.log(p / (1 - p));
    }
  }
}

/** Calibrated probabilities of logits, [samples, labels] row by row. */
export function calibratedProbabilities(
  logits: ArrayLike<number>,
  calibrations: readonly Pick<LabelCalibration, 'calibration'>[],
): Float64Array {
  const n = calibrations.length;
  const out = new Float64Array(logits.length);
  calibrations.forEach(({ calibration }, label) =>
    calibrate(calibration, columnOf(logits, n, label)).forEach((p, row) => (out[row * n + label] = p)),
  );
  return out;
}
