import {
  calibrate,
  chooseThreshold,
  fitCalibration,
  fitConformal,
  meanDefined,
  type Calibration,
  type ConformalThresholds,
} from '@cxr-align/metrics';
import { coherentProbabilities, type LabelGraph } from '@cxr-align/label-graph';
import type { Config } from '../config/config.js';
import { orNull } from '../maybe-number.js';
import { columnOf } from './predictions.js';

/** What is fitted on validation for one label, beside its threshold. */
export interface LabelCalibration {
  calibration: Calibration;
  conformal: ConformalThresholds | null;
  /** Mean calibrated probability: the share of positives that the model takes for granted; null in runs of before. */
  prior: number | null;
}

/**
 * Fits on validation data the calibration of each label, and then, on the probabilities that are told with it, its
 * threshold and its conformal thresholds.
 *
 * @param truth [samples, labels] row by row: 1, 0, NaN.
 * @param logits of the same size.
 */
export function fitOnValidation(
  config: Pick<Config, 'calibration' | 'conformalAlpha' | 'coherentPredictions' | 'threshold'>,
  graph: LabelGraph,
  truth: ArrayLike<number>,
  logits: ArrayLike<number>,
): { calibrations: LabelCalibration[]; thresholds: number[] } {
  const { calibration: kind, conformalAlpha, threshold } = config;
  const n = graph.labels.length;
  const targets = graph.labels.map((_, label) => columnOf(truth, n, label));
  const fitted = targets.map((y, label): Calibration =>
    kind === 'none' ? { kind } : fitCalibration(kind, y, columnOf(logits, n, label)),
  );
  const calibrated = calibratedProbabilities(
    logits,
    fitted.map((calibration) => ({ calibration })),
  );
  const told = toldProbabilities(config, graph, calibrated);
  return {
    calibrations: targets.map((y, label) => ({
      calibration: fitted[label],
      conformal: conformalAlpha === 0 ? null : fitConformal(y, columnOf(told, n, label), conformalAlpha),
      prior: orNull(meanDefined([...columnOf(calibrated, n, label)])),
    })),
    thresholds: targets.map((y, label) => chooseThreshold(y, columnOf(told, n, label), threshold)),
  };
}

/** Calibrated probabilities as they are evaluated and decided by: along the graph where the configuration says so. */
export function toldProbabilities(
  { coherentPredictions }: Pick<Config, 'coherentPredictions'>,
  graph: LabelGraph,
  probabilities: Float32Array,
): Float32Array {
  return coherentPredictions ? coherentProbabilities(probabilities, graph) : probabilities;
}

/** Calibrated probabilities of logits, [samples, labels] row by row. */
export function calibratedProbabilities(
  logits: ArrayLike<number>,
  calibrations: readonly Pick<LabelCalibration, 'calibration'>[],
): Float32Array {
  const n = calibrations.length;
  const out = new Float32Array(logits.length);
  calibrations.forEach(({ calibration }, label) =>
    calibrate(calibration, columnOf(logits, n, label)).forEach((p, row) => (out[row * n + label] = p)),
  );
  return out;
}
